"""How much of each layer's input is ever read: pools and strides that do not come out even throw the rest away.

A pool of 2 over three positions looks at two of them. What nobody reads has no gradient either, so a network that is
given the upper left part that is read, and no more, has the same answers and learns the same, for less work.
"""

from __future__ import annotations

from collections.abc import Sequence

from digitlab.recipes import BLOCKS, Layer
from digitlab.recipes.layer import ACTIVATIONS, CONVOLUTIONS, POOLS


def reach(layers: tuple[Layer, ...], order: Sequence[int]) -> dict[int, int]:
    """Return of how many rows and columns, from the upper left, a layer's input is read, where that is not all.

    Args:
        layers: of a network; one with blocks is taken to read everything.
        order: numbers of the layers, as they are run.
    """
    if any(layer.kind in BLOCKS for layer in layers):
        return {}
    found: dict[int, int] = {}
    read = 0  # rows and columns of what comes after; 0 is all
    for index in reversed(order):
        layer = layers[index]
        read = _read_by(layer, read)
        if read and read < layer.input_shape[1]:
            found[index] = read
    return found


def _read_by(layer: Layer, read: int) -> int:
    """Return how many rows and columns of its input a layer needs for so many of its output; 0 is all, of both."""
    if len(layer.input_shape) < 3:
        return 0
    if layer.kind in (*ACTIVATIONS, "dropout"):
        return read
    if layer.kind in POOLS:
        return _windows(read or layer.output_shape[1], layer.size, layer.stride)
    if layer.kind in CONVOLUTIONS:
        return _windows(read or layer.output_shape[1], layer.kernel, layer.stride) - layer.padding
    return 0  # batch norm's statistics are of everything; all others look at everything too


def _windows(count: int, size: int, stride: int) -> int:
    return (count - 1) * stride + size
