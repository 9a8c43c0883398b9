"""A picture of a reading: boxes, digits and how sure each is, to be checked at a glance.

Sure digits have a solid blue box, doubtful ones a dashed orange one, and what may well be wrong a thick dotted red one
with a question mark: the pattern tells it without the colour. Labels stand between the lines, above their digit, or
below it where there is more room; the picture grows a margin where they stand out of it, and is enlarged where digits
are too small, or lines too close, for labels that can be read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Area = tuple[float, float, float, float]
"""left, top, right, bottom in pixels."""

SURE, DOUBTFUL = 0.95, 0.6  # confidence from which a digit is drawn as sure, and as doubtful
SMALLEST_DIGIT = 34  # pixels: a lower one is enlarged, so that its label can be read
SMALLEST_GAP = 26  # pixels between lines: where it is less, the picture is enlarged, so that labels fit
LARGEST = 6000  # pixels of a side: nothing is enlarged beyond this
MARGIN = (255, 255, 255)


class Mark(NamedTuple):
    """One digit to draw: its label, its confidence from 0 to 1, and its box in pixels of the picture."""

    text: str
    confidence: float
    box: Area


class Style(NamedTuple):
    """How a level of confidence looks: colour of the box, of the text on it, dash and gap in line widths, line width.

    The colours are Okabe and Ito's, told apart by the colour-blind.
    """

    colour: tuple[int, int, int]
    text: tuple[int, int, int]
    dash: tuple[float, float] | None
    weight: float


_SURE = Style((0, 114, 178), (255, 255, 255), None, 1.0)
_DOUBTFUL = Style((230, 159, 0), (0, 0, 0), (5, 3), 1.3)
_UNSURE = Style((213, 40, 0), (255, 255, 255), (1.2, 1.6), 1.8)


_HEIGHT = 0.95 * 1.62  # of a label: a figure and a smaller one under it, in sizes of the larger


def style_of(confidence: float) -> Style:
    """Return how a digit of this confidence is drawn."""
    return _SURE if confidence >= SURE else _DOUBTFUL if confidence >= DOUBTFUL else _UNSURE


@dataclass
class _Tag:
    """A label's place: lines of text with their sizes, on a filled area."""

    area: Area
    lines: list[tuple[str, float]]
    style: Style


def draw(image: Image.Image, rows: Sequence[Sequence[Mark]]) -> Image.Image:
    """Draw what was read.

    Args:
        image: any picture.
        rows: the lines in reading order, each with its digits from left to right.

    Returns:
        A new RGB picture: enlarged where digits are too small for labels, with margins where labels need them.
    """
    rows = [row for row in rows if row]
    scale = _enlargement(image.size, [mark.box for row in rows for mark in row])
    picture = image.convert("RGB")
    if scale > 1:
        size = (round(image.width * scale), round(image.height * scale))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
        rows = [[mark._replace(box=_times(mark.box, scale)) for mark in row] for row in rows]
    boxes = [mark.box for row in rows for mark in row]
    thick = _line_width(picture.size, boxes)
    tags: list[_Tag] = []
    above, below = (iter(side) for side in _gaps(boxes))
    for row in rows:
        tags += _labels(row, min(next(above) for _ in row), min(next(below) for _ in row), thick)
    for number, row in enumerate(rows, 1):
        tags.append(_row_number(number, row, boxes, thick))
    canvas, right, down = _with_margins(picture, [tag.area for tag in tags], thick)
    pen = ImageDraw.Draw(canvas)
    for row in rows:
        for mark in row:
            _outline(pen, _moved(mark.box, right, down), style_of(mark.confidence), thick)
    for tag in tags:
        _write(pen, tag, right, down)
    return canvas


def _enlargement(size: tuple[int, int], boxes: Sequence[Area]) -> float:
    """Return how many times larger the picture must be so that most digits, and most gaps, are high enough."""
    if not boxes:
        return 1.0
    heights = [max(box[3] - box[1], 1.0) for box in boxes]
    needed = [SMALLEST_DIGIT / np.quantile(heights, 0.1)]  # a few specks need not set the scale
    gaps = _gaps(boxes)[0]
    gaps = gaps[(gaps > 2) & np.isfinite(gaps)]  # where lines touch, no size helps
    if len(gaps):
        needed.append(min(4.0, SMALLEST_GAP / np.quantile(gaps, 0.1)))
    return max(1.0, min(math.ceil(max(needed)), LARGEST / max(size)))


def _gaps(boxes: Sequence[Area]) -> tuple[np.ndarray, np.ndarray]:
    """Return how much is free above and below each box up to the next one, infinite where there is none."""
    left, top, right, bottom = np.asarray(boxes, np.float64).reshape(-1, 4).T
    beside = (left[:, None] < right) & (left < right[:, None])
    middle = (top + bottom) / 2
    over = np.where(beside & (middle < top[:, None]), top[:, None] - bottom, np.inf)
    under = np.where(beside & (middle > bottom[:, None]), top - bottom[:, None], np.inf)
    return over.min(axis=1, initial=np.inf), under.min(axis=1, initial=np.inf)


def _line_width(size: tuple[int, int], boxes: Sequence[Area]) -> float:
    """Return a line's width: a 25th of the usual digit, within what suits the whole picture and the gaps."""
    gaps = _gaps(boxes)[0]
    gaps = gaps[(gaps > 2) & np.isfinite(gaps)]
    widest = float(np.quantile(gaps, 0.1)) / 12 if len(gaps) else math.inf
    heights = sorted(box[3] - box[1] for box in boxes) or [0.0]
    longer = max(size)
    return max(1.0, min(max(heights[len(heights) // 2] / 25, longer / 1000), longer / 150, widest))


def _room(row: Sequence[Mark], index: int) -> float:
    """Return how wide a digit's label may be before it meets the labels of its neighbours."""
    box = row[index].box
    middle = (box[0] + box[2]) / 2
    sides = [abs((row[i].box[0] + row[i].box[2]) / 2 - middle) for i in (index - 1, index + 1) if 0 <= i < len(row)]
    height = box[3] - box[1]
    return max(min([*sides, max(1.5 * height, box[2] - box[0])]) - 1, 8.0)


def _labels(row: Sequence[Mark], above: float, below: float, thick: float) -> list[_Tag]:
    """Set a line's labels, each digit over its confidence, all on the side with room, and small enough for it."""
    middle = float(np.median([mark.box[3] - mark.box[1] for mark in row]))
    gap, pad = 2.5 * thick, thick
    usual = max(12.0, min(0.5 * middle, 40 * thick))
    top_edge = min(mark.box[1] for mark in row)
    if top_edge > SMALLEST_GAP:  # the picture's edge is a limit too, unless a margin is needed anyway
        above = min(above, top_edge)
    on_top = above >= below or above >= _HEIGHT * 12 + 2 * pad + gap
    room = (above if on_top else below) - gap - 2 * pad
    large = max(11.0, min(usual, room / _HEIGHT))
    tags = []
    for index, mark in enumerate(row):
        style = style_of(mark.confidence)
        percent = f"{min(math.floor(100 * mark.confidence), 99)}" + ("?" if style is _UNSURE else "")
        beside = _room(row, index)
        lines = [(mark.text, _fitting(mark.text, large, beside)), (percent, _fitting(percent, 0.62 * large, beside))]
        width = max(_extent(text, size)[0] for text, size in lines) + 2 * pad
        height = sum(_extent(text, size)[1] for text, size in lines) + 2 * pad
        left, top, right, bottom = mark.box
        start, edge = (left + right - width) / 2, top - gap - height if on_top else bottom + gap
        tags.append(_Tag((start, edge, start + width, edge + height), lines, style))
    return tags


def _row_number(number: int, row: Sequence[Mark], boxes: Sequence[Area], thick: float) -> _Tag:
    """Set a line's number to the left of its first digit."""
    left, top, _, bottom = row[0].box
    size = max(11.0, min(0.4 * (bottom - top), 30 * thick))
    text = f"{number}."
    width, height = _extent(text, size)
    width, height = width + 4 * thick, height + 2 * thick
    middle = (top + bottom) / 2
    area = (left - 4 * thick - width, middle - height / 2, left - 4 * thick, middle + height / 2)
    if any(_overlap(area, box) for box in boxes):  # a digit of another line is there: at the picture's left edge
        area = (-width - thick, area[1], -thick, area[3])
    return _Tag(area, [(text, size)], Style((60, 60, 60), (255, 255, 255), None, 1))


def _with_margins(picture: Image.Image, areas: Sequence[Area], thick: float) -> tuple[Image.Image, int, int]:
    """Return the picture with margins for all that stands out of it, and by how much it moved right and down."""
    lefts, tops, rights, bottoms = zip(*areas, strict=True) if areas else ((0,), (0,), (0,), (0,))
    pad = 2 * thick
    right, down = (math.ceil(max(0.0, pad - min(side))) if min(side) < 0 else 0 for side in (lefts, tops))
    width = max(picture.width, math.ceil(max(rights) + pad) if max(rights) > picture.width else 0) + right
    height = max(picture.height, math.ceil(max(bottoms) + pad) if max(bottoms) > picture.height else 0) + down
    canvas = Image.new("RGB", (width, height), MARGIN)
    canvas.paste(picture, (right, down))
    return canvas, right, down


def _outline(pen: ImageDraw.ImageDraw, box: Area, style: Style, thick: float) -> None:
    """Draw a box around the ink, not on it, with a light edge that shows it on dark paper."""
    width = max(1, round(thick * style.weight))
    away = width / 2 + thick
    left, top, right, bottom = box[0] - away, box[1] - away, box[2] + away, box[3] + away
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    for start, end in pairwise(corners):
        pen.line([start, end], fill=(255, 255, 255), width=width + max(2, round(thick)))
    for start, end in pairwise(corners):
        for piece in _dashes(start, end, style.dash, width):
            pen.line(piece, fill=style.colour, width=width)


def _dashes(
    start: tuple[float, float], end: tuple[float, float], dash: tuple[float, float] | None, width: int
) -> list[list[tuple[float, float]]]:
    """Return the pieces of a straight line."""
    length = math.dist(start, end)
    if dash is None or length == 0:
        return [[start, end]]
    on, off = dash[0] * width, dash[1] * width
    steps = max(1, round(length / (on + off)))
    share = on / (on + off)

    def at(t: float) -> tuple[float, float]:
        return start[0] + (end[0] - start[0]) * t, start[1] + (end[1] - start[1]) * t

    return [[at(i / steps), at((i + share) / steps)] for i in range(steps)]


def _write(pen: ImageDraw.ImageDraw, tag: _Tag, right: int, down: int) -> None:
    """Draw a label: its area filled, its lines centred."""
    area = _moved(tag.area, right, down)
    pen.rectangle(area, fill=tag.style.colour)
    pad = (area[3] - area[1] - sum(_extent(text, size)[1] for text, size in tag.lines)) / 2
    y = area[1] + pad
    for text, size in tag.lines:
        height = _extent(text, size)[1]
        at = ((area[0] + area[2]) / 2, y + height / 2)
        pen.text(at, text, fill=tag.style.text, font=_font(round(size)), anchor="mm")
        y += height


def _fitting(text: str, size: float, room: float) -> float:
    """Return the size at which a text is at most this wide: `size` or less, but still readable."""
    return max(9.0, min(size, size * room / max(_extent(text, size)[0], 1.0)))


def _extent(text: str, size: float) -> tuple[float, float]:
    """Return how wide and high a text of figures is."""
    return float(_font(round(size)).getlength(text)), 0.95 * size


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _overlap(a: Area, b: Area) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _times(box: Area, scale: float) -> Area:
    return box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale


def _moved(box: Area, right: float, down: float) -> Area:
    return box[0] + right, box[1] + down, box[2] + right, box[3] + down
