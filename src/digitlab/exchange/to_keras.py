"""Keras files out: a recogniser as a Keras model that ends in ten probabilities.

Images are (N, 28, 28, 1), 0 to 1, ink light on dark. The temperature is divided into the last layer, so the softmax
gives calibrated probabilities. "Not a digit" is left out: what is exported says which digit, if it is one.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from digitlab.errors import ModelError
from digitlab.exchange.extra import keras
from digitlab.exchange.states import State, state_of
from digitlab.exchange.ways import EPSILON
from digitlab.recipes import ACTIVATIONS, Layer
from digitlab.recognizer import Recognizer

MOMENTUM = 0.9  # of running statistics, as torch's 0.1
WRITTEN = ("conv", "dense", "batchnorm", "maxpool", "avgpool", "globalpool", "flatten", "dropout", *ACTIVATIONS)


def to_keras(recognizer: Recognizer) -> Any:
    """Return a recogniser as a `keras.Sequential`.

    Raises:
        ModelError: it is a judge of pieces or a committee, has a layer that is not written here, or its weights are not
            those of its recipe.
        MissingExtraError: Keras is not installed.
    """
    if recognizer.channels != 1:
        raise ModelError(
            f"{recognizer.name} is a judge of pieces, not a recogniser of ten digits; export it with --to onnx or"
            " --to safetensors"
        )
    k = keras()
    layers, state = state_of(recognizer)
    for number, layer in enumerate(layers, 1):
        if layer.kind not in WRITTEN or layer.pool != "average":
            raise ModelError(
                f'{recognizer.name}: layer {number} "{layer.text}" has no counterpart in the Keras files that are'
                " written here; export it with --to onnx or --to safetensors"
            )
    return _Writer(k, layers, state, recognizer.manifest.temperature).model(recognizer.name)


def keras_file(recognizer: Recognizer) -> bytes:
    """Return the content of a `.keras` file; for errors see `to_keras`."""
    model = to_keras(recognizer)
    with tempfile.TemporaryDirectory() as folder:  # Keras writes to names only, and tells formats by them
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def architecture_and_weights(recognizer: Recognizer) -> tuple[str, bytes]:
    """Return the architecture's JSON and the content of a `.weights.h5` file; for errors see `to_keras`."""
    model = to_keras(recognizer)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.weights.h5"
        model.save_weights(path)
        return model.to_json(indent=1), path.read_bytes()


class _Writer:
    """The walk along a recipe's layers."""

    def __init__(self, k: Any, layers: tuple[Layer, ...], state: State, temperature: float) -> None:
        self.k, self.layers, self.state, self.temperature = k, layers, state, temperature
        self.built: list[Any] = []
        self.arrays: list[list[np.ndarray]] = []
        self.counts: dict[str, int] = {}
        self.order: np.ndarray | None = None  # where a flat value stands channels last, for each channels first

    def model(self, name: str) -> Any:
        """Return the model with its weights."""
        index = 0
        while index < len(self.layers):
            layer = self.layers[index]
            following = self.layers[index + 1].kind if index + 1 < len(self.layers) else "softmax"
            merged = layer.kind in ("conv", "dense") and following in (*ACTIVATIONS, "softmax")
            self.layer(index, layer, following if merged else None)
            index += 2 if merged else 1
        safe = "".join(c if c.isascii() and (c.isalnum() or c in "_-.") else "_" for c in name)
        made = self.k.Sequential([self.k.Input((28, 28, 1), name="images"), *self.built], name=safe or "recognizer")
        for built, arrays in zip(self.built, self.arrays, strict=True):
            if arrays:
                built.set_weights(arrays)
        return made

    def layer(self, index: int, layer: Layer, activation: str | None) -> None:
        """Add one layer of the recipe, with the activation that follows it."""
        weights = [self.state.get(f"stages.{index}.{part}") for part in ("weight", "bias")]
        if layer.kind == "conv":
            even = layer.stride == 1 and layer.kernel == 2 * layer.padding + 1
            if layer.padding and not even:  # Keras knows "same", which is something else at a stride
                self.add("ZeroPadding2D", "zero_padding2d", [], padding=layer.padding)
            padding = "same" if layer.padding and even else "valid"
            kernel = weights[0].transpose(2, 3, 1, 0)  # type: ignore[union-attr]  # (k, k, channels, filters)
            self.add(
                "Conv2D", "conv2d", [kernel, *weights[1 : 1 + layer.bias]], filters=layer.size, padding=padding,
                kernel_size=layer.kernel, strides=layer.stride, use_bias=layer.bias, activation=activation,
            )  # fmt: skip
        elif layer.kind == "dense":
            self.dense(layer, weights, activation)
        elif layer.kind == "batchnorm":
            parts = [self.state[f"stages.{index}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")]
            arrays = [part if self.order is None else part[self.order] for part in parts]
            self.add("BatchNormalization", "batch_normalization", arrays, epsilon=EPSILON, momentum=MOMENTUM)
        elif layer.kind == "maxpool":
            self.add("MaxPooling2D", "max_pooling2d", [], pool_size=layer.size, strides=layer.stride)
        elif layer.kind == "avgpool":
            self.add("AveragePooling2D", "average_pooling2d", [], pool_size=layer.size, strides=layer.stride)
        elif layer.kind == "globalpool":
            self.add("GlobalAveragePooling2D", "global_average_pooling2d", [])
        elif layer.kind == "flatten":
            if len(layer.input_shape) == 3:
                places = np.arange(layer.output_shape[0]).reshape(layer.input_shape)
                self.order = places.transpose(1, 2, 0).ravel()
            self.add("Flatten", "flatten", [])
        elif layer.kind == "dropout":
            self.add("Dropout", "dropout", [], rate=layer.rate)
        else:
            self.add("Activation", "activation", [], activation=layer.kind)

    def dense(self, layer: Layer, weights: list[np.ndarray | None], activation: str | None) -> None:
        """Add a dense layer; the last one gives ten answers and takes the temperature in."""
        kernel, bias = weights[0].T, weights[1]  # type: ignore[union-attr]  # (features, units)
        kernel = kernel if self.order is None else kernel[self.order]
        units, self.order = layer.size, None
        if activation == "softmax":
            units = 10
            kernel = kernel[:, :10] / self.temperature
            bias = None if bias is None else bias[:10] / self.temperature
        arrays = [kernel] if bias is None else [kernel, bias]
        self.add("Dense", "dense", arrays, units=units, use_bias=layer.bias, activation=activation)

    def add(self, kind: str, name: str, arrays: list[Any], **settings: Any) -> None:
        """Add one Keras layer, named as in a fresh process, so that files do not depend on what ran before."""
        count = self.counts.get(name, 0)
        self.counts[name] = count + 1
        numbered = f"{name}_{count}" if count else name
        self.built.append(getattr(self.k.layers, kind)(name=numbered, **settings))
        self.arrays.append(arrays)
