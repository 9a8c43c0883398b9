"""What was read: frozen results that know how to show themselves."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from digitlab.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

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
    """Digits that stand in one row, left to right.

    Attributes:
        digits: at least one.
        confidence: calibrated probability that all of the line is right; if not given, the product of its digits'.
        expected: how the line compares with the form that was asked for: "as read" (it fits), "changed" (it was
            brought to fit), "unmet" (nothing that fits could be read); None where no form was asked for.
    """

    digits: tuple[Digit, ...]
    confidence: float = field(default=None)  # type: ignore[assignment]  # always a float once made
    expected: str | None = None

    def __post_init__(self) -> None:
        if self.confidence is None:
            object.__setattr__(self, "confidence", math.prod(digit.confidence for digit in self.digits))

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
        """Return a JSON-ready dictionary: text, confidence, expected, box, digits."""
        return {
            "text": self.text,
            "confidence": round(self.confidence, 6),
            "expected": self.expected,
            "box": list(self.box),
            "digits": [digit.to_dict() for digit in self.digits],
        }


@dataclass(frozen=True)
class Reading:
    """All that was read in one image or on one page: lines in reading order, none where there is no digit.

    Attributes:
        lines: top to bottom.
        file: the image's name as it was given, or None.
        page: of a TIFF or PDF, from 1.
        pages: how many the file has.
        size: (width, height) in whose pixels the boxes are, or None if unknown.
        picture: a small PNG or JPEG of the image for `draw`, or None.
    """

    lines: tuple[Line, ...] = ()
    file: str | None = None
    page: int = 1
    pages: int = 1
    size: tuple[int, int] | None = None
    picture: bytes | None = field(default=None, repr=False, compare=False)

    @property
    def text(self) -> str:
        """The lines as text, one a line; empty where nothing was read."""
        return "\n".join(line.text for line in self.lines)

    @property
    def digits(self) -> tuple[Digit, ...]:
        """All digits, line by line."""
        return tuple(digit for line in self.lines for digit in line.digits)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary: file, page, pages, size, text, lines."""
        return {
            "file": self.file,
            "page": self.page,
            "pages": self.pages,
            "size": list(self.size) if self.size else None,
            "text": self.text,
            "lines": [line.to_dict() for line in self.lines],
        }

    def draw(self, image: Any = None) -> Image:
        """Return a picture with every digit's box, label and confidence; see `digitlab.drawing.draw`.

        Args:
            image: what to draw on, a PIL image or an array (H, W) or (H, W, 3) uint8, at any resolution; without
                it, the small picture that the reading keeps.

        Raises:
            UsageError: no image is given, and the reading keeps none.
        """
        from PIL import Image, ImageOps  # drawing alone needs them

        from digitlab.drawing import Mark, draw

        if image is None:
            if self.picture is None:
                raise UsageError("this reading keeps no picture; give the image to draw on: reading.draw(image)")
            image = Image.open(io.BytesIO(self.picture))
        elif not isinstance(image, Image.Image):
            image = Image.fromarray(image)
        image = ImageOps.exif_transpose(image)
        width, height = self.size or image.size
        across, down = image.width / width, image.height / height
        rows = [
            [Mark(str(d.label), d.confidence, _scaled(d.box, across, down)) for d in line.digits] for line in self.lines
        ]
        return draw(image, rows)

    def _repr_png_(self) -> bytes | None:
        """Show the drawn picture in a notebook."""
        if self.picture is None:
            return None
        file = io.BytesIO()
        self.draw().save(file, "PNG")
        return file.getvalue()

    def _repr_html_(self) -> str:
        """Show the drawn picture and the lines in a notebook."""
        import base64
        import html

        png = self._repr_png_()
        shown = "" if png is None else f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}"><br>'
        lines = "<br>".join(f"{line.text} ({math.floor(1000 * line.confidence) / 10:.1f} %)" for line in self.lines)
        name = f"<b>{html.escape(self.file)}</b><br>" if self.file else ""
        return f"<div>{name}{shown}{lines or 'no digit'}</div>"


def _scaled(box: Box, across: float, down: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    return left * across, top * down, right * across, bottom * down


CSV_COLUMNS = (
    "file", "line", "position", "label", "confidence", "left", "top", "right", "bottom",
    "page", "line_confidence", "expected",
)  # fmt: skip


def csv_rows(readings: Sequence[Reading]) -> list[tuple[Any, ...]]:
    """Return one row a digit, in the order of CSV_COLUMNS; line and position count from 1."""
    return [
        (
            reading.file or "", row, column, digit.label, round(digit.confidence, 6), *digit.box,
            reading.page, round(line.confidence, 6), line.expected or "",
        )
        for reading in readings
        for row, line in enumerate(reading.lines, 1)
        for column, digit in enumerate(line.digits, 1)
    ]  # fmt: skip
