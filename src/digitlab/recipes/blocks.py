"""Blocks: layers between a line that ends in "[" and its "]".

"residual [", ..., "]"                    what the layers give is added to what went in
"residual [", ..., "shortcut", ..., "]"   ... to what the layers after "shortcut" make of what went in
"repeat 3 [", ..., "]"                    the layers three times over, with the same weights each time

Only batch norm has weights and statistics of its own for each pass: what passes differs from one to the next, and the
mean of these statistics, by which it would be judged, fits none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from digitlab.errors import RecipeError
from digitlab.recipes.layer import BLOCKS, Layer, Shape

DEEPEST = 4  # blocks inside each other
MOST_PASSES = 32  # through a layer: each is written into the recogniser's file


@dataclass(frozen=True)
class Block:
    """A block as it is computed.

    Attributes:
        layer: the one that opens it.
        end: the number of its "]".
        body, shortcut: what it holds; the shortcut of a residual block is empty where the input itself is added.
    """

    layer: Layer
    end: int
    body: Steps
    shortcut: Steps = ()


Steps = tuple["int | Block", ...]
"""What to do in order: layers by their numbers, counted from 0, and blocks."""


def nest(layers: tuple[Layer, ...], order: Sequence[int] | None = None) -> Steps:
    """Return a flat list of layers, each once and in `order` (their own by default), as steps with blocks."""
    return _steps(layers, iter(order if order is not None else range(len(layers))))[0]


def _steps(layers: tuple[Layer, ...], rest: Iterator[int]) -> tuple[Steps, int]:
    """Return steps up to a "shortcut", a "]" or the end, and the number of that line, -1 at the end."""
    found: list[int | Block] = []
    for index in rest:
        layer = layers[index]
        if layer.kind in ("shortcut", "]"):
            return tuple(found), index
        if layer.kind not in BLOCKS:
            found.append(index)
            continue
        body, end = _steps(layers, rest)
        shortcut: Steps = ()
        if layers[end].kind == "shortcut":
            shortcut, end = _steps(layers, rest)
        found.append(Block(layer, end, body, shortcut))
    return tuple(found), -1


class Opened:
    """The blocks that are open at one point of the list, outermost first, while it is read."""

    def __init__(self) -> None:
        self._blocks: list[_Open] = []

    @property
    def passes(self) -> int:
        """How often an image passes here."""
        passes = 1
        for block in self._blocks:
            passes *= block.layer.size or 1
        return passes

    def place(self, layer: Layer, shape: Shape, here: str) -> Layer:
        """Place a line that opens, parts or closes a block. Raises RecipeError, which begins with `here`."""
        if layer.kind in BLOCKS:
            if len(self._blocks) == DEEPEST:
                raise RecipeError(f'{here} lies in {DEEPEST} blocks, which is the most; close one with "]" before it')
            self._blocks.append(_Open(layer, shape, here))
            if self.passes > MOST_PASSES:
                raise RecipeError(f"{here}: an image would pass {self.passes} times; repeat up to {MOST_PASSES} times")
            return replace(layer, input_shape=shape, output_shape=shape)
        if not self._blocks:
            what = "closes a block" if layer.kind == "]" else "is a part of a residual block"
            raise RecipeError(f'{here} {what}, but none is open; put "residual [" before it')
        block = self._blocks[-1]
        if layer.kind == "shortcut":
            if block.layer.kind != "residual" or block.given is not None:
                raise RecipeError(f'{here} parts a residual block in two; leave it out of "{block.layer.text}" here')
            block.given = shape
            return replace(layer, input_shape=block.shape, output_shape=block.shape)
        self._blocks.pop()
        return replace(layer, input_shape=shape, output_shape=block.close(shape, here))

    def refuse_rest(self) -> None:
        """Raise RecipeError where a block was never closed."""
        if self._blocks:
            raise RecipeError(f'{self._blocks[-1].here} is never closed; put "]" after its last layer')


@dataclass
class _Open:
    """A block that is not closed yet: its input's shape, and what its body gave if "shortcut" has come."""

    layer: Layer
    shape: Shape
    here: str
    given: Shape | None = None

    def close(self, shape: Shape, here: str) -> Shape:
        """Return the block's own shape, given that of its last layer. Raises RecipeError."""
        opened = f'"{self.layer.text}"'
        if self.layer.kind == "repeat" and shape != self.shape:
            raise RecipeError(
                f"{here} of {opened}: its layers make {shape} of {self.shape}, so they cannot go round again;"
                ' pad with "same", and keep the number of channels'
            )
        body, beside = (shape, self.shape) if self.given is None else (self.given, shape)
        if body != beside and self.given is None:
            raise RecipeError(
                f"{here} of {opened}: its layers make {body} of {beside}, which cannot be added up; keep the shape"
                ' (pad with "same"), or put "shortcut" and a "conv FILTERS 1" that gives that shape before "]"'
            )
        if body != beside:
            raise RecipeError(
                f'{here} of {opened}: its layers give {body}, but those after "shortcut" {beside}; make them alike'
            )
        return body
