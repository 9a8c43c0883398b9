"""Keras files in: architecture and weights, whole models of Keras 3 and of Keras 2, to layers and a state.

The architecture is read by `architecture` and `ways`. Keras then gets the same chain built anew from plain numbers, so
that nothing of a file is ever deserialised, and reads the weights into it: in each of its formats, by its own rules.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from digitlab.errors import ModelError, RecipeError
from digitlab.exchange import hdf5
from digitlab.exchange.architecture import Architecture, Step, read_architecture, shown
from digitlab.exchange.extra import keras
from digitlab.exchange.ways import walk
from digitlab.inspection import LARGEST_FILE
from digitlab.recipes import Layer, count_parameters, read_layers

Weights = dict[str, np.ndarray]


def from_keras(config: str | bytes, weights: bytes, where: str) -> tuple[str, tuple[Layer, ...], Weights]:
    """Return a Keras model's name ("" if it has none), its layers, and its state as `to_onnx` takes it.

    Args:
        config: the architecture's JSON.
        weights: an HDF5 file, in any of Keras's layouts, that has passed `hdf5.check`.
        where: what to call the model in messages.

    Raises:
        ModelError: the files do not belong together, or a layer can't be taken.
        MissingExtraError: Keras is not installed.
    """
    architecture = read_architecture(config, where)
    lines = walk(architecture, where)
    try:
        layers = read_layers([line.text for line in lines], where)
    except RecipeError as error:
        raise ModelError(str(error)) from None
    if 4 * count_parameters(layers) > LARGEST_FILE:
        raise ModelError(f"{where} has {count_parameters(layers):,} parameters; a recogniser of digits has fewer")
    arrays = _read_weights(architecture, weights, where)
    state = {}
    for index, line in enumerate(lines):
        for name, value in line.convert(arrays.get(line.source, [])).items():
            state[f"stages.{index}.{name}"] = np.ascontiguousarray(value, np.float32)
    return architecture.name, layers, state


def _read_weights(architecture: Architecture, content: bytes, where: str) -> dict[str, list[np.ndarray]]:
    """Return the arrays of each layer by its `here`, as Keras reads them. Raises ModelError."""
    k = keras()
    legacy = hdf5.is_legacy(content, where)
    mirrored = {}
    try:
        built = [k.Input(architecture.shape)]
        for step in architecture.steps:
            if step.kind in _BUILDERS:
                built.append(_BUILDERS[step.kind](k, step))
                mirrored[step.here] = built[-1]
        model = k.Sequential(built)
        with tempfile.TemporaryDirectory() as folder:  # Keras tells its formats apart by the file's name
            path = Path(folder) / ("model.h5" if legacy else "model.weights.h5")
            path.write_bytes(content)
            model.load_weights(path)
    except Exception as error:  # Keras's own have no common root
        raise ModelError(
            f"{where}: the weights do not belong to this architecture ({shown(_first_sentence(error))}); name the two"
            " files of one model"
        ) from None
    return {here: layer.get_weights() for here, layer in mirrored.items()}


def _first_sentence(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


def _plain(step: Step, *names: str) -> dict[str, Any]:
    """Return those settings that shape a layer; all have been checked by `ways`."""
    return {name: step.settings[name] for name in names if step.settings.get(name) is not None}


# Only what has weights or changes shapes: to Keras's formats the rest does not matter.
_BUILDERS: dict[str, Callable[[Any, Step], Any]] = {
    "Conv2D": lambda k, step: k.layers.Conv2D(
        **_plain(step, "filters", "kernel_size", "strides", "padding", "use_bias")
    ),
    "BatchNormalization": lambda k, step: k.layers.BatchNormalization(**_plain(step, "center", "scale")),
    "Dense": lambda k, step: k.layers.Dense(**_plain(step, "units", "use_bias")),
    "MaxPooling2D": lambda k, step: k.layers.MaxPooling2D(**_plain(step, "pool_size", "strides", "padding")),
    "AveragePooling2D": lambda k, step: k.layers.AveragePooling2D(
        **{"pool_size": 2} | _plain(step, "pool_size", "strides", "padding")
    ),
    "GlobalAveragePooling2D": lambda k, step: k.layers.GlobalAveragePooling2D(),
    "GlobalMaxPooling2D": lambda k, step: k.layers.GlobalMaxPooling2D(),
    "ZeroPadding2D": lambda k, step: k.layers.ZeroPadding2D(**_plain(step, "padding")),
    "Flatten": lambda k, step: k.layers.Flatten(),
    "Reshape": lambda k, step: k.layers.Reshape(**_plain(step, "target_shape")),
}
