"""Pictures that are far longer than broad: as a whole their digits are too small to be read, so parts are read too.

A till's receipt, a tape, a strip of film, a screen's whole scroll. Parts overlap, so that each digit lies whole in one
of them; what two of them show is counted once, and rows that go on from part to part are one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from digitlab.finding.ink import shrunk
from digitlab.reading.choose import rows
from digitlab.reading.open import Opened
from digitlab.readings import Box, Digit, Line

TOO_LONG = 1.1  # times the longer side that other pictures are read with: a strip has been opened with more
OVERLAP = 0.75  # of the shorter side: a digit that fills it is no broader
SLACK = 0.15  # of a digit: two parts may see its middle on different sides of where one part ends for the other
SHARED = 0.5  # of the smaller box: two that share so much are of one digit


@dataclass(frozen=True)
class Part:
    """One part of a strip.

    Attributes:
        opened: the part, as a picture of its own.
        corner: its upper left corner in the whole picture, in full resolution.
        first, last: from where to where its digits count, along the strip, in full resolution.
        upright: whether the strip is higher than broad.
    """

    opened: Opened
    corner: tuple[int, int]
    first: float
    last: float
    upright: bool

    def has(self, box: Box) -> bool:
        """Tell whether a digit of the whole picture is this part's, or may be."""
        start, end = box[self.upright], box[self.upright + 2]
        slack = SLACK * (end - start)
        return self.first - slack <= (start + end) / 2 < self.last + slack

    def moved(self, digit: Digit) -> Digit:
        """Return a digit of the part as one of the whole picture."""
        left, top = self.corner
        box = digit.box
        return replace(digit, box=(box[0] + left, box[1] + top, box[2] + left, box[3] + top))


def is_strip(opened: Opened, longest: int) -> bool:
    """Tell whether a picture was opened as a strip, with more than `longest` pixels of its longer side."""
    return max(opened.grey.shape) > TOO_LONG * longest


def whole(opened: Opened, longest: int) -> Opened:
    """Return a picture whose longer side has about `longest` pixels at most."""
    if not is_strip(opened, longest):
        return opened
    rgb = None if opened.rgb is None else shrunk(opened.rgb, longest, quick=True)
    return replace(opened, grey=shrunk(opened.grey, longest, quick=True), rgb=rgb)


def parts(opened: Opened, longest: int) -> list[Part]:
    """Return the parts of a strip, along it, each about `longest` pixels long."""
    height, width = opened.grey.shape
    upright = height > width
    along, across = max(height, width), min(height, width)
    overlap = min(OVERLAP * across, longest / 2)
    count = max(1, math.ceil((along - overlap) / (longest - overlap)))
    step, times = (along - overlap) / count, opened.size[upright] / along
    found = []
    for number in range(count):
        start, end = round(number * step), min(along, round((number + 1) * step + overlap))
        cut = (slice(start, end), slice(None)) if upright else (slice(None), slice(start, end))
        corner, length = round(start * times), round(end * times) - round(start * times)
        size = (opened.size[0], length) if upright else (length, opened.size[1])
        one = replace(opened, grey=opened.grey[cut], rgb=None if opened.rgb is None else opened.rgb[cut], size=size)
        first = (start + overlap / 2) * times if number else -math.inf
        last = (end - overlap / 2) * times if number < count - 1 else math.inf
        found.append(Part(one, (0, corner) if upright else (corner, 0), first, last, upright))
    return found


def joined(strip: Sequence[Part], read: Sequence[Sequence[Line]]) -> tuple[Line, ...]:
    """Return the lines of a strip from those of its parts, (part, line): each digit once, rows across parts joined."""
    digits: list[Digit] = []
    of_line: list[tuple[int, int]] = []
    rest = {}  # what a line's confidence has beside its digits': that nothing is missing in it
    for number, (part, lines) in enumerate(zip(strip, read, strict=True)):
        begins = part.corner[part.upright]
        near = [digit.box for digit in digits if digit.box[part.upright + 2] > begins]  # this part may show them, too
        for place, line in enumerate(lines):
            rest[number, place] = line.confidence / max(1e-12, math.prod(digit.confidence for digit in line.digits))
            moved = [part.moved(digit) for digit in line.digits]
            new = [digit for digit in moved if part.has(digit.box) and not any(_same(digit.box, box) for box in near)]
            digits += new
            of_line += [(number, place)] * len(new)
    return tuple(
        Line(
            tuple(digits[i] for i in row),
            math.prod(digits[i].confidence for i in row) * math.prod(rest[of] for of in {of_line[i] for i in row}),
        )
        for row in rows([digit.box for digit in digits])
    )


def _same(one: Box, other: Box) -> bool:
    """Tell whether two boxes are of one digit that two parts show."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width > 0 and height > 0 and width * height >= SHARED * smaller
