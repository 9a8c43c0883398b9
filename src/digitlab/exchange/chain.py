"""A chain of layers as it grows: lines of the layer language, and where the weights of each come from.

Keras keeps channels last, the language keeps them first: values that a Flatten has laid out lie in another order, which
the chain remembers until a dense layer has taken it in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from digitlab.errors import ModelError
from digitlab.exchange.architecture import Step

LARGEST_LAYER = 1_000_000  # values an image

Arrays = list[np.ndarray]
Named = dict[str, np.ndarray]


def _nothing(arrays: Arrays) -> Named:
    return {}


@dataclass(frozen=True)
class Line:
    """One line of the layer language and where its weights come from.

    Attributes:
        text: the line.
        source: the step that has its weights, by its `here`; or "".
        convert: makes them the line's own, by torch's names: "weight", "bias", "running_mean", "running_var".
    """

    text: str
    source: str = ""
    convert: Callable[[Arrays], Named] = _nothing


@dataclass
class Chain:
    """Where the walk along a Keras model's layers stands.

    Attributes:
        shape: of one image at this place, as Keras has it.
        lines: so far.
        order: where a flat value stood channels last, for each channels first; None where nothing moved.
        padding: of a ZeroPadding2D that waits for its convolution: top, bottom, left, right.
        answered: whether a softmax ended the network.
        started: whether a layer has been taken.
    """

    shape: tuple[int, ...]
    lines: list[Line] = field(default_factory=list)
    order: np.ndarray | None = None
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    answered: bool = False
    started: bool = False

    def add(self, text: str, source: str = "", convert: Callable[[Arrays], Named] = _nothing) -> None:
        """Add a line; "flatten" first where Keras was given flat images and the first layer works on them."""
        if not self.lines and len(self.shape) == 1:
            self.lines.append(Line("flatten"))
        self.lines.append(Line(text, source, convert))

    def activate(self, step: Step, name: str) -> None:
        """Add an activation by its name; softmax ends the network, since a recogniser applies it by itself."""
        if name == "softmax":
            if len(self.shape) != 1:
                raise ModelError(f"{step.here} is a softmax over {self.shape}; a recogniser ends in ten logits")
            self.answered = True
        elif name != "linear":
            self.add(name)

    def place(self, step: Step, shape: tuple[int, ...]) -> None:
        """Note the shape after a layer. Raises ModelError if nothing is left, or far too much."""
        if min(shape) < 1:
            raise ModelError(f"{step.here} gets {self.shape}, which is too small for it")
        if math.prod(shape) > LARGEST_LAYER:
            raise ModelError(
                f"{step.here} gives {math.prod(shape):,} values an image; layers of a recogniser give fewer"
            )
        self.shape = shape

    def image(self, step: Step) -> tuple[int, int, int]:
        """Return height, width and channels here. Raises ModelError where values lie flat or without channels."""
        if len(self.shape) != 3:
            raise ModelError(f"{step.here} needs an image, but gets {self.shape}; put Reshape((28, 28, 1)) before it")
        height, width, channels = self.shape
        return height, width, channels
