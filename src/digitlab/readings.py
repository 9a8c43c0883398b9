"""What was read: frozen results that know how to show themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels of the image as a person sees it (EXIF turned); right and bottom are exclusive."""


@dataclass(frozen=True)
class Digit:
    """One digit that was read.

    Attributes:
        label: 0 to 9.
        confidence: calibrated probability that the label is right, 0 to 1.
        box: where the ink is.
        alternatives: (label, probability) of the other labels, most probable first.
    """

    label: int
    confidence: float
    box: Box
    alternatives: tuple[tuple[int, float], ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary: label, confidence, box, alternatives."""
        alternatives = [{"label": label, "confidence": round(p, 6)} for label, p in self.alternatives]
        return {
            "label": self.label,
            "confidence": round(self.confidence, 6),
            "box": list(self.box),
            "alternatives": alternatives,
        }


@dataclass(frozen=True)
class Line:
    """Digits that stand in one row, left to right."""

    digits: tuple[Digit, ...]

    @property
    def text(self) -> str:
        """The digits as a string."""
        return "".join(str(digit.label) for digit in self.digits)

    @property
    def box(self) -> Box:
        """The smallest box around all digits of the line."""
        left, top, right, bottom = zip(*(digit.box for digit in self.digits), strict=True)
        return min(left), min(top), max(right), max(bottom)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary: text, box, digits."""
        return {
            "text": self.text,
            "box": list(self.box),
            "digits": [digit.to_dict() for digit in self.digits],
        }


@dataclass(frozen=True)
class Reading:
    """All that was read in one image: lines in reading order, none where there is no digit.

    Attributes:
        lines: top to bottom.
        file: the image's name as it was given, or None.
    """

    lines: tuple[Line, ...] = ()
    file: str | None = None

    @property
    def text(self) -> str:
        """The lines as text, one a line; empty where nothing was read."""
        return "\n".join(line.text for line in self.lines)

    @property
    def digits(self) -> tuple[Digit, ...]:
        """All digits, line by line."""
        return tuple(digit for line in self.lines for digit in line.digits)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary: file, text, lines."""
        return {"file": self.file, "text": self.text, "lines": [line.to_dict() for line in self.lines]}


CSV_COLUMNS = ("file", "line", "position", "label", "confidence", "left", "top", "right", "bottom")


def csv_rows(readings: Sequence[Reading]) -> list[tuple[Any, ...]]:
    """Return one row a digit, in the order of CSV_COLUMNS; line and position count from 1."""
    return [
        (reading.file or "", row, column, digit.label, round(digit.confidence, 6), *digit.box)
        for reading in readings
        for row, line in enumerate(reading.lines, 1)
        for column, digit in enumerate(line.digits, 1)
    ]
