"""The sheet that a layout fills: it takes digits, marks, rulings and litter, and keeps every digit legible.

A sheet takes no digit that would not be whole on it, or that others would cover.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from digitlab.data.digits import Digits
from digitlab.data.distractors import KINDS, distractor
from digitlab.data.writers import Writer, broader

LINKED = 0.1  # share of numbers whose last digits are zeros in one stroke
MARGIN = 3  # pixels that stay free between a digit and the edge of the sheet


@dataclass(frozen=True)
class Placed:
    """A piece of ink on a sheet: its label (None where it is no digit), its ink, its place, and its writer's number.

    Print has the number after the last writer's.
    """

    label: int | None
    ink: np.ndarray
    left: int
    top: int
    line: int
    pen: int


@dataclass(frozen=True)
class Rule:
    """A line drawn with print or pen: (N, 2) points in pixels, its width, and which of the two it is."""

    points: np.ndarray
    width: float
    printed: bool


@dataclass
class Sheet:
    """A page being filled.

    Attributes:
        rng: decides on everything.
        bank: digits for the writers, or None.
        height, width: pixels.
        pieces: digits and marks, in the order in which they were written.
        rules: lines of print and of pens, under the pieces.
        facts: what is to be known of the page.
        ratio: width of the stroke in heights, where the layout wants a certain one.
        stroke: width of the stroke in pixels, where the kind of picture wants a certain one.
        writers: whose pens there are; pieces name them by their number.
        lines: how many lines there are so far.
        size: usual height of the digits, pixels.
        ink: (height, width) uint8, the pieces' ink so far.
    """

    rng: np.random.Generator
    bank: Digits | None
    height: int
    width: int
    pieces: list[Placed] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=lambda: {"order": "rows"})
    ratio: float | None = None
    writers: list[Writer] = field(default_factory=list)
    lines: int = 0
    size: float = 0.0
    stroke: float | None = None
    ink: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.ink = np.zeros((self.height, self.width), np.uint8)

    def begin(self, size: float) -> None:
        """Invite the writers, whose digits are about `size` pixels high."""
        self.size = size
        ratio = self.ratio if self.stroke is None else self.stroke / size
        self.writers = [Writer.random(self.rng, size, self.bank, ratio)]
        if self.rng.random() < 0.12:
            self.writers.append(Writer.random(self.rng, size, self.bank))
        if self.rng.random() < 0.04:
            for writer in self.writers:
                writer.only = int(self.rng.integers(10))

    def cut(self, width: int) -> None:
        """Cut off what is beyond a width, pixels."""
        self.width = min(width, self.width)
        self.ink = self.ink[:, : self.width]

    def line(self) -> int:
        """Begin a line; return its number."""
        self.lines += 1
        return self.lines - 1

    def digit(self, left: float, foot: float, line: int, size: float | None = None, pen: int | None = None) -> float:
        """Write a digit from `left`, standing on `foot`; return where it ends, or infinity where it has no room."""
        pen = (line if self.rng.random() < 0.9 else 0) % len(self.writers) if pen is None else pen
        label, ink = self.writers[pen].digit(size)
        last = self.pieces[-1] if self.pieces else None
        if last and last.label is not None and last.line == line and (_narrow(ink) or _narrow(last.ink)):
            left = max(left, last.left + last.ink.shape[1] + 0.04 * self.size)  # two crossing bars would be a letter
        top = foot - ink.shape[0] + 0.04 * self.size * self.rng.standard_normal()
        inside = min(max(top, MARGIN), self.height - MARGIN - ink.shape[0])
        top = inside if abs(inside - top) < 0.3 * self.size else top
        return self.place(label, ink, left, top, line, pen)

    def place(
        self,
        label: int | None,
        ink: np.ndarray,
        left: float,
        top: float,
        line: int = 0,
        pen: int = 0,
        most: float = 0.12,
    ) -> float:
        """Put a piece of ink at a place; return where it ends, or infinity where it has no room.

        `most` is the share of a digit's ink that may lie on other ink.
        """
        x, y = round(left), round(top)
        room = self.width - MARGIN - ink.shape[1], self.height - MARGIN - ink.shape[0]
        if not (MARGIN <= x <= room[0] and MARGIN <= y <= room[1]):
            return math.inf
        where = np.s_[y : y + ink.shape[0], x : x + ink.shape[1]]
        covered = np.count_nonzero((self.ink[where] > 60) & (ink > 60))
        if covered > (most if label is not None else 0.01) * np.count_nonzero(ink > 60):
            return math.inf  # a digit that touches others can be read, one that is covered cannot
        np.maximum(self.ink[where], ink, out=self.ink[where])
        self.pieces.append(Placed(label, ink, x, y, line, pen))
        return x + ink.shape[1]

    def number(self, left: float, foot: float, count: int, gap: float, line: int, slope: float = 0.0) -> float:
        """Write `count` digits, `gap` heights apart, on a line that falls by `slope`; return where they end."""
        right = left
        zeros = min(count - 1, int(self.rng.integers(2, 5))) if count > 2 and self.rng.random() < LINKED else 0
        for index in range(count - zeros):
            jitter = 0.06 * self.rng.standard_normal() if gap > -0.05 else 0.03 * self.rng.standard_normal()
            start = right + max(gap + jitter, -0.15) * self.size if index else right
            right = self.digit(start, foot + slope * (start - left), line)
            if right == math.inf:
                return right
        if not zeros:
            return right
        start = right + max(gap, 0.0) * self.size
        return self._zeros(start, foot + slope * (start - left), zeros, line, slope)

    def _zeros(self, left: float, foot: float, count: int, line: int, slope: float) -> float:
        """Write zeros that hang together, open to the right but for the last or not; return where they end.

        An open one is closed by the next one's stroke: so people write the round sums of money.
        """
        pen = line % len(self.writers)
        writer = replace(self.writers[pen], only=0, share=0.0)
        opened, right = self.rng.random() < 0.5, left
        for index in range(count):
            _, ink = writer.digit()
            width, overlap = ink.shape[1], self.rng.uniform(0.6, 1.5) * writer.width
            middle = ink[len(ink) // 3 : -(len(ink) // 3), width // 3 : -(width // 3)]
            if opened and index < count - 1 and middle.size and middle.max() < 100:  # one without a bar
                ink = ink.copy()
                high, low = self.rng.uniform(0.12, 0.3), self.rng.uniform(0.7, 0.88)
                ink[round(high * len(ink)) : round(low * len(ink)), round(self.rng.uniform(0.55, 0.75) * width) :] = 0
                overlap = self.rng.uniform(0.12, 0.3) * width
            top = foot + slope * (right - left) - len(ink) + 0.03 * self.size * self.rng.standard_normal()
            end = self.place(0, ink, right, top, line, pen, most=0.35)
            if end == math.inf:
                return end
            right = end - overlap
        return end

    def mark(self, name: str, left: float, foot: float) -> float:
        """Write one of the MARKS where digits stand on `foot`; return where it ends."""
        ink = self.writers[0].mark(name, self.size)
        below = {"point": 0.0, "comma": 0.15 * self.size}.get(name, 0.5 * (ink.shape[0] - self.size))
        end = self.place(None, ink, left, foot + below - ink.shape[0])
        return left if end == math.inf else end

    def distractor(
        self, left: float, foot: float, size: float, kind: str | None = None, clear: float = 0.0, bolder: int = 0
    ) -> float:
        """Write or print something that is no digit, `clear` pixels away from all; return where it ends.

        `bolder` is by how many pixels its strokes are broader than usual.

        Parts of digits and pairs of them are left out: on a page, they would be digits.
        """
        shares = {name: share for name, share in KINDS.items() if name not in ("fragment", "pair", "dot")}
        if kind is None:
            kind = str(self.rng.choice(list(shares), p=np.array(list(shares.values())) / sum(shares.values())))
        ink = distractor(self.rng, min(max(10, round(size)), 1000), kind)[0]
        if bolder:
            ink = broader(ink, bolder)
        height, width = ink.shape
        top, edge = round(foot) - height, round(clear)
        if self.ink[
            max(0, top - edge) : top + height + edge, max(0, round(left) - edge) : round(left) + width + edge
        ].any():
            return left
        printed = kind in ("print", "text", "line", "texture") or self.rng.random() < 0.2
        end = self.place(None, ink, left, top, pen=len(self.writers) if printed else 0)
        return left if end == math.inf else end

    def rule(self, x0: float, y0: float, x1: float, y1: float, width: float, printed: bool = True) -> None:
        """Draw a line; by hand it is not quite straight."""
        count = 2 if printed else 6
        points = np.stack([np.linspace(x0, x1, count), np.linspace(y0, y1, count)], axis=1)
        if not printed:
            points += np.cumsum(self.rng.normal(0, 0.012 * self.size, (count, 2)), axis=0)
        self.rules.append(Rule(points, width, printed))


def _narrow(ink: np.ndarray) -> bool:
    """Whether a digit is little more than a bar."""
    return ink.shape[1] < 0.45 * ink.shape[0]
