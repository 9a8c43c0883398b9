"""The layer language: a network as a list of short lines, read, checked and counted without any framework.

    "conv 32 3", "batchnorm", "relu", "maxpool 2",
    "residual [", "conv 32 3 same", "relu", "conv 32 3 same", "]",
    "flatten", "dense 10"

docs/layers.md has a line for every layer. Convolutions are unpadded ("valid") with stride 1 unless told otherwise,
pools move by their own size, dropout rates are the share that is dropped, and a network ends in ten logits: the softmax
belongs to the recogniser, not to the list. A line that ends in "[" opens a block, and "]" closes it; the list stays
flat, so that a layer's number is its line's. The same list draws the table, builds the torch module and writes the ONNX
graph.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from digitlab.errors import RecipeError
from digitlab.recipes.blocks import Opened
from digitlab.recipes.layer import ACTIVATIONS, BLOCKS, CONVOLUTIONS, Layer, Shape
from digitlab.recipes.shapes import place
from digitlab.recipes.words import parse


def read_layers(lines: Sequence[str], where: str = "recipe", channels: int = 1) -> tuple[Layer, ...]:
    """Read a list of lines into placed layers, for images of (channels, 28, 28) and ten digits.

    Raises:
        RecipeError: a word is unknown, a value is impossible, or shapes do not fit; names the layer and the fix.
    """
    shape: Shape = (channels, 28, 28)
    layers: list[Layer] = []
    opened = Opened()
    for number, line in enumerate(lines, 1):
        here = f'{where}: layer {number} "{line}"'
        layer = parse(line, here)
        if layer.kind in (*BLOCKS, "shortcut", "]"):
            if layer.kind in ("shortcut", "]") and layers and layers[-1].kind in (*BLOCKS, "shortcut"):
                raise RecipeError(f'{here} comes right after "{layers[-1].text}"; put layers between them')
            layer = opened.place(layer, shape, here)
        else:
            layer = place(replace(layer, passes=opened.passes), shape, here)
        if layer.whitened and any(before.kind != "crop" for before in layers):
            raise RecipeError(f'{here} finds its filters in the images; put it first, or right after "crop"')
        layers.append(layer)
        shape = layer.output_shape
    opened.refuse_rest()
    if shape not in ((10,), (11,), (13,)):
        ends = '"dense 10" ("dense 11" where the eleventh answer is "no digit", "dense 13" for a judge of pieces)'
        raise RecipeError(f"{where}: the last layer gives {shape}, not ten logits; end the list with {ends}")
    if layers[-1].kind != "dense":
        raise RecipeError(f'{where}: the list ends in "{layers[-1].text}"; end it with "dense 10" (softmax is implied)')
    return tuple(layers)


def table(layers: tuple[Layer, ...]) -> list[tuple[str, str, int]]:
    """Return rows of (layer, output shape, parameters) as Keras prints them: channels last, activations merged.

    Layers inside a block are indented by two spaces for each.
    """
    rows: list[tuple[str, str, int]] = []
    depth = 0
    for before, layer in zip((None, *layers), layers, strict=False):
        if layer.kind in ACTIVATIONS and before and before.kind not in (*BLOCKS, "shortcut"):
            name, shape, count = rows[-1]
            rows[-1] = (f"{name}, {layer.kind}", shape, count)
            continue
        placed = layer.output_shape
        shown = (*placed[1:], placed[0]) if len(placed) == 3 else placed
        depth -= layer.kind == "]"
        name = "  " * (depth - (layer.kind == "shortcut")) + layer.text
        depth += layer.kind in BLOCKS
        rows.append((name, f"({', '.join(map(str, shown))}{',' if len(shown) == 1 else ''})", layer.parameters))
    return rows


def count_parameters(layers: tuple[Layer, ...]) -> int:
    """Return the sum over all layers; weights that are used again count once."""
    return sum(layer.parameters for layer in layers)


def count_multiplications(layers: tuple[Layer, ...]) -> int:
    """Return the multiply-adds of one forward pass on one image, in convolutions and dense layers."""
    total = 0
    for layer in layers:
        if layer.kind in CONVOLUTIONS:
            met = layer.input_shape[0] if layer.kind == "conv" else 1
            total += layer.passes * math.prod(layer.output_shape) * met * layer.kernel**2
        elif layer.kind == "dense":
            total += layer.passes * layer.input_shape[0] * layer.size
        elif layer.kind == "se":  # two dense layers
            total += layer.passes * 2 * layer.input_shape[0] * layer.size
    return total
