"""From a recipe's layers and trained weights to the ONNX graph of a recogniser.

Written operator by operator from the same list that makes the torch module, so the file holds exactly what the recipe
says and nothing that an exporter left behind.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from digitlab.inspection import inspect
from digitlab.manifest import KEY, Manifest
from digitlab.recipes import ACTIVATIONS, CONVOLUTIONS, Layer, Steps, nest

OPSET, IR_VERSION = 17, 8  # old enough for every ONNX tool of the last years


def to_onnx(layers: tuple[Layer, ...], weights: dict[str, np.ndarray], manifest: Manifest) -> bytes:
    """Return the bytes of a recogniser file.

    Args:
        layers: of the recipe.
        weights: the torch module's state dict as float32 arrays, "stages.0.weight" and so on.
        manifest: what the file is to know about itself.
    """
    graph = _Graph(layers, weights)
    last = len(layers) - 1
    value = graph.walk(nest(layers)[:-1], "images")
    if value != "features":
        value = graph.add("Identity", [value], "features")
    if layers[-1].size > 10:  # the rows from the eleventh on are an output of their own
        graph.split_last(last, value)
    else:
        graph.layer(last, value, "logits")
    features = layers[-1].input_shape[0]
    beyond = layers[-1].size - 10
    other = [helper.make_tensor_value_info("other", TensorProto.FLOAT, ["N", beyond])] if beyond else []
    described = helper.make_graph(
        graph.nodes,
        "digitlab",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", *layers[0].input_shape])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", 10]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", features]),
            *other,
        ],
        graph.constants,
    )
    return finished(described, manifest)


def finished(graph: Any, manifest: Manifest) -> bytes:
    """Return the bytes of a recogniser file with this graph, checked."""
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="digitlab",
    )
    helper.set_model_props(model, {KEY: manifest.to_json()})
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


class _Graph:
    """Nodes and constants as they gather."""

    def __init__(self, layers: tuple[Layer, ...], weights: dict[str, np.ndarray]) -> None:
        self.layers, self.weights = layers, weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, name: str) -> str:
        if any(tensor.name == name for tensor in self.constants):  # a block that is repeated
            return name
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(self.weights[name], np.float32), name))
        return name

    def split_last(self, index: int, value: str) -> None:
        """Add the last dense layer as two: ten rows give "logits", the others "other"."""
        weight, bias = self.weights[f"stages.{index}.weight"], self.weights[f"stages.{index}.bias"]
        for output, rows in (("logits", slice(0, 10)), ("other", slice(10, None))):
            self.weights = self.weights | {f"{output}.weight": weight[rows], f"{output}.bias": bias[rows]}
            names = [self.constant(f"{output}.weight"), self.constant(f"{output}.bias")]
            self.add("Gemm", [value, *names], output, transB=1)

    def walk(self, steps: Steps, value: str, turn: int | None = None) -> str:
        """Add layers and blocks; return the name of their result. `turn` counts passes through repeated blocks."""
        at = "" if turn is None else f".{turn}"
        for step in steps:
            if isinstance(step, int):
                value = self.layer(step, value, f"x{step}{at}", turn or 0)
            elif step.layer.kind == "residual":
                parts = [self.walk(step.body, value, turn), self.walk(step.shortcut, value, turn)]
                value = self.add("Add", parts, f"x{step.end}{at}")
            else:
                for number in range(step.layer.size):
                    value = self.walk(step.body, value, (turn or 0) * step.layer.size + number)
        return value

    def layer(self, index: int, value: str, output: str, turn: int = 0) -> str:
        """Add one layer; return the name of its result, which is `value` itself where a layer does nothing."""
        layer, own = self.layers[index], f"stages.{index}"
        bias = [self.constant(f"{own}.bias")] if layer.kind in (*CONVOLUTIONS, "dense") and layer.bias else []
        if layer.kind in CONVOLUTIONS:
            return self.add(
                "Conv",
                [value, self.constant(f"{own}.weight"), *bias],
                output,
                kernel_shape=[layer.kernel] * 2,
                strides=[layer.stride] * 2,
                pads=[layer.padding] * 4,
                **({"group": layer.input_shape[0]} if layer.kind == "depthwise" else {}),
            )
        if layer.kind == "dense":
            return self.add("Gemm", [value, self.constant(f"{own}.weight"), *bias], output, transB=1)
        if layer.kind == "batchnorm":
            parts = ("weight", "bias", "running_mean", "running_var")
            own = own if layer.passes == 1 else f"{own}.{turn}"
            constants = [self.constant(f"{own}.{part}") for part in parts]
            return self.add("BatchNormalization", [value, *constants], output, epsilon=1e-5)
        if layer.kind in ("maxpool", "avgpool"):
            operator = "MaxPool" if layer.kind == "maxpool" else "AveragePool"
            return self.add(operator, [value], output, kernel_shape=[layer.size] * 2, strides=[layer.stride] * 2)
        if layer.kind == "crop":
            return self.crop(layer, value, output)
        if layer.kind == "globalpool":
            return self.add("Flatten", [self.pooled(layer, value, output)], output)
        if layer.kind == "se":
            return self.squeeze_and_excite(own, value, output)
        if layer.kind == "flatten":
            return self.add("Flatten", [value], output)
        if layer.kind in ACTIVATIONS:
            return self.add(layer.kind.capitalize(), [value], output)  # Relu, Tanh, Sigmoid
        return value  # dropout acts while training only

    def crop(self, layer: Layer, value: str, output: str) -> str:
        """Add the cut of an image's middle."""
        first = [(side - layer.size) // 2 for side in layer.input_shape[1:]]
        bounds = {"from": first, "to": [start + layer.size for start in first], "axes": [2, 3]}
        for name, numbers in bounds.items():
            self.constants.append(numpy_helper.from_array(np.array(numbers, np.int64), f"{output}.{name}"))
        return self.add("Slice", [value, *(f"{output}.{name}" for name in bounds)], output)

    def pooled(self, layer: Layer, value: str, output: str) -> str:
        """Add what "globalpool" takes of each channel; return its name, (N, channels, 1, 1)."""
        found = []
        if layer.pool in ("average", "both"):
            found.append(self.add("GlobalAveragePool", [value], f"{output}.pooled"))
        if layer.pool in ("max", "both"):
            found.append(self.add("MaxPool", [value], f"{output}.largest", kernel_shape=layer.input_shape[1:]))
        return found[0] if len(found) == 1 else self.add("Concat", found, f"{output}.both", axis=1)

    def squeeze_and_excite(self, own: str, value: str, output: str) -> str:
        """Add the scaling of channels by what their means say."""
        step = self.add("GlobalAveragePool", [value], f"{output}.means")
        for part, activation in (("squeeze", "Relu"), ("excite", "Sigmoid")):
            constants = [self.constant(f"{own}.{part}.{kind}") for kind in ("weight", "bias")]
            step = self.add("Conv", [step, *constants], f"{output}.{part}", kernel_shape=[1, 1])
            step = self.add(activation, [step], f"{output}.{part}d")
        return self.add("Mul", [value, step], output)


def with_manifest(content: bytes, manifest: Manifest) -> bytes:
    """Return the bytes of a recogniser file with another manifest; its graph and weights stay as they are.

    Raises:
        ModelError: `content` is no recogniser.
    """
    inspect(content, "this model")
    model = onnx.load_model_from_string(content)
    kept = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, kept | {KEY: manifest.to_json()})
    return model.SerializeToString(deterministic=True)
