"""The layer language: a network as a list of short lines, read, checked and counted without any framework.

    "conv FILTERS KERNEL [pad P | same] [stride S] [nobias]"   "relu"   "tanh"   "sigmoid"
    "maxpool SIZE [stride S]"   "avgpool SIZE [stride S]"      "globalpool"   "batchnorm"
    "dropout RATE"   "flatten"                                 "dense UNITS [nobias]"

Convolutions are unpadded ("valid") with stride 1 unless told otherwise, pools move by their own size, dropout rates are
the share that is dropped, and a network ends in ten logits: the softmax belongs to the recogniser, not to the list.
The same list draws the table, builds the torch module and writes the ONNX graph.
"""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass, replace

from digitlab.errors import RecipeError

Shape = tuple[int, ...]
"""(channels, height, width) for images, (features,) after "flatten"."""

USAGE = {
    "conv": "conv FILTERS KERNEL [pad P | same] [stride S] [nobias]",
    "maxpool": "maxpool SIZE [stride S]",
    "avgpool": "avgpool SIZE [stride S]",
    "globalpool": "globalpool",
    "batchnorm": "batchnorm",
    "relu": "relu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "dropout": "dropout RATE",
    "flatten": "flatten",
    "dense": "dense UNITS [nobias]",
}


ACTIVATIONS = ("relu", "tanh", "sigmoid")
POOLS = ("maxpool", "avgpool")


@dataclass(frozen=True)
class Layer:
    """One layer, read and placed: what it does, and the shapes on both its sides.

    Attributes:
        kind: a key of USAGE.
        text: the line it was read from.
        size: filters of "conv", units of "dense", window of a pool; else 0.
        kernel, padding: of "conv", in pixels.
        stride: of "conv" and of a pool, in pixels.
        rate: the share that "dropout" drops, 0 to 1.
        bias: whether "conv" or "dense" add one.
        input_shape, output_shape: see Shape.
        parameters: trained ones and the running statistics of batch norm, as Keras counts them.
    """

    kind: str
    text: str
    size: int = 0
    kernel: int = 0
    padding: int = 0
    stride: int = 1
    rate: float = 0.0
    bias: bool = True
    input_shape: Shape = ()
    output_shape: Shape = ()
    parameters: int = 0


def read_layers(lines: list[str], where: str = "recipe", channels: int = 1) -> tuple[Layer, ...]:
    """Read a list of lines into placed layers, for images of (channels, 28, 28) and ten digits.

    Raises:
        RecipeError: a word is unknown, a value is impossible, or shapes do not fit; names the layer and the fix.
    """
    shape: Shape = (channels, 28, 28)
    layers = []
    for number, line in enumerate(lines, 1):
        here = f'{where}: layer {number} "{line}"'
        layer = _place(_parse(line, here), shape, here)
        layers.append(layer)
        shape = layer.output_shape
    if shape not in ((10,), (11,), (13,)):
        ends = '"dense 10" ("dense 11" where the eleventh answer is "no digit", "dense 13" for a judge of pieces)'
        raise RecipeError(f"{where}: the last layer gives {shape}, not ten logits; end the list with {ends}")
    if layers[-1].kind != "dense":
        raise RecipeError(f'{where}: the list ends in "{layers[-1].text}"; end it with "dense 10" (softmax is implied)')
    return tuple(layers)


def table(layers: tuple[Layer, ...]) -> list[tuple[str, str, int]]:
    """Return rows of (layer, output shape, parameters) as Keras prints them: channels last, activations merged."""
    rows: list[tuple[str, str, int]] = []
    for layer in layers:
        if layer.kind in ACTIVATIONS and rows:
            name, shape, count = rows[-1]
            rows[-1] = (f"{name}, {layer.kind}", shape, count)
            continue
        placed = layer.output_shape
        shown = (*placed[1:], placed[0]) if len(placed) == 3 else placed
        rows.append((layer.text, f"({', '.join(map(str, shown))}{',' if len(shown) == 1 else ''})", layer.parameters))
    return rows


def count_parameters(layers: tuple[Layer, ...]) -> int:
    """Return the sum over all layers."""
    return sum(layer.parameters for layer in layers)


def count_multiplications(layers: tuple[Layer, ...]) -> int:
    """Return the multiply-adds of one forward pass on one image, in convolutions and dense layers."""
    total = 0
    for layer in layers:
        if layer.kind == "conv":
            filters, height, width = layer.output_shape
            total += filters * height * width * layer.input_shape[0] * layer.kernel**2
        elif layer.kind == "dense":
            total += layer.input_shape[0] * layer.size
    return total


def _parse(line: str, here: str) -> Layer:
    """Read the words of one line; shapes come later."""
    if not isinstance(line, str):
        raise RecipeError(f'{here}: a layer is a line of text, like "conv 32 3"')
    kind, *words = line.split() or [""]
    if kind == "softmax":
        raise RecipeError(f"{here}: leave the softmax out; the recogniser applies it, the network ends in logits")
    if kind not in USAGE:
        close = difflib.get_close_matches(kind, USAGE, 1)
        hint = f'did you mean "{close[0]}"?' if close else f"known layers: {', '.join(USAGE)}"
        raise RecipeError(f'{here}: unknown layer "{kind}"; {hint}')
    numbers = {"conv": 2, "maxpool": 1, "avgpool": 1, "dense": 1, "dropout": 1}.get(kind, 0)
    try:
        if kind == "dropout":
            layer, rest = Layer(kind, line, rate=float(words[0])), words[1:]
        else:
            values = [int(word) for word in words[:numbers]]
            if len(values) < numbers or any(value < 1 for value in values):
                raise ValueError
            sizes = dict(zip(("size", "kernel"), values, strict=False))
            if kind in POOLS:
                sizes["stride"] = values[0]
            layer, rest = Layer(kind, line, **sizes), words[numbers:]  # type: ignore[arg-type]
        layer = _with_options(layer, rest)
    except (ValueError, IndexError):
        raise RecipeError(
            f'{here}: not understood; write it as "{USAGE[kind]}" with whole numbers above zero'
        ) from None
    if not (0 <= layer.rate < 1) or math.isnan(layer.rate):
        raise RecipeError(f"{here}: the dropout rate is the share that is dropped, from 0 to below 1")
    return layer


def _with_options(layer: Layer, words: list[str]) -> Layer:
    """Apply the words after the numbers; raises ValueError on any that do not belong there."""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "nobias" and layer.kind in ("conv", "dense"):
            layer = replace(layer, bias=False)
        elif word == "same" and layer.kind == "conv" and layer.kernel % 2:
            layer = replace(layer, padding=layer.kernel // 2)
        elif rest and (
            (word == "stride" and layer.kind in ("conv", *POOLS)) or (word == "pad" and layer.kind == "conv")
        ):
            value = int(rest.pop(0))
            if value < (0 if word == "pad" else 1):
                raise ValueError(word)
            layer = replace(layer, padding=value) if word == "pad" else replace(layer, stride=value)
        else:
            raise ValueError(word)
    return layer


def _place(layer: Layer, shape: Shape, here: str) -> Layer:
    """Give a layer its input shape; work out its output shape and parameters."""
    spatial = len(shape) == 3
    if layer.kind in ("conv", *POOLS, "globalpool") and not spatial:
        raise RecipeError(f'{here} needs an image, but gets {shape}; put it before "flatten"')
    if layer.kind == "dense" and spatial:
        raise RecipeError(f'{here} needs a flat input, but gets {shape}; put "flatten" before it')
    output, parameters = shape, 0
    if layer.kind == "conv":
        sides = [(side + 2 * layer.padding - layer.kernel) // layer.stride + 1 for side in shape[1:]]
        output = (layer.size, *sides)
        parameters = layer.size * (shape[0] * layer.kernel**2 + layer.bias)
    elif layer.kind in POOLS:
        output = (shape[0], *((side - layer.size) // layer.stride + 1 for side in shape[1:]))
    elif layer.kind == "globalpool":
        output = (shape[0],)
    elif layer.kind == "flatten":
        output = (math.prod(shape),)
    elif layer.kind == "dense":
        output, parameters = (layer.size,), layer.size * (shape[0] + layer.bias)
    elif layer.kind == "batchnorm":
        parameters = 4 * shape[0]
    if min(output) < 1:
        raise RecipeError(
            f"{here} gets {shape}, which is too small for it; use a smaller size or fewer pools before it"
        )
    return replace(layer, input_shape=shape, output_shape=output, parameters=parameters)
