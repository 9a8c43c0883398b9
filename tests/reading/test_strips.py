"""Pictures far longer than broad: receipts, tapes, screens that were scrolled."""

import io
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digitlab.reading import Reader
from digitlab.reading.open import Opened, open_image
from digitlab.reading.page import LONGEST
from digitlab.reading.pixels import MOST_PARTS, enough
from digitlab.reading.strips import is_strip, joined, parts, whole
from digitlab.readings import Box, Digit, Line


def right(read: str, said: list[str]) -> float:
    """Return the share of lines that are said, and read, in that place; of one line, of its digits."""
    lines = read.split("\n")
    if len(said) == 1:
        lines, said = list(lines[0]), list(said[0])
    assert abs(len(lines) - len(said)) <= 0.02 * len(said)
    return float(np.mean([one == other for one, other in zip(lines, said, strict=False)]))


def test_a_long_receipt_is_read(scripts: Any) -> None:
    """As a whole its digits are five pixels high, and nothing is read."""
    picture, said = scripts.strips.write(300, 6000, 26, 80, 0)
    assert right(Reader(picture=0).read(picture).text, said) > 0.7


def test_a_long_row_is_one_line(scripts: Any) -> None:
    """Digits that two parts show are read once, and boxes lie where the digits do."""
    picture, said = scripts.strips.write(6000, 70, 40, 1, 0)
    reading = Reader(picture=0).read(picture)
    assert len(reading.lines) == 1
    assert abs(len(reading.text) - len(said[0])) <= 2
    for digit in reading.lines[0].digits:
        left, top, right_, bottom = digit.box
        assert picture[top:bottom, left:right_].min() < 120
        assert picture[top:bottom, left:right_].shape[0] < 60
    lefts = [digit.box[0] for digit in reading.lines[0].digits]
    assert lefts == sorted(lefts)
    assert lefts[-1] > 5700


def test_a_picture_that_is_read_as_well_as_a_whole_stays_whole(scripts: Any) -> None:
    picture, said = scripts.strips.write(6000, 1200, 500, 1, 0)
    assert Reader(picture=0).read(picture).text == said[0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "array"])
def test_strips_are_opened_with_more_pixels(kind: str) -> None:
    picture = Image.fromarray(np.full((9000, 500), 200, np.uint8))
    file = io.BytesIO()
    if kind != "array":
        picture.save(file, kind)
    opened = open_image(np.asarray(picture) if kind == "array" else file.getvalue(), LONGEST)
    assert opened.size == (500, 9000)
    assert 8000 <= max(opened.grey.shape) <= 1.1 * enough((500, 9000), LONGEST)
    assert is_strip(opened, LONGEST)
    assert max(whole(opened, LONGEST).grey.shape) == LONGEST
    assert whole(opened, LONGEST).size == (500, 9000)


def test_a_long_page_of_a_pdf_is_drawn_with_more_pixels() -> None:
    pytest.importorskip("pypdfium2")
    file = io.BytesIO()
    Image.fromarray(np.full((9000, 500), 200, np.uint8)).save(file, "PDF")
    opened = open_image(file.getvalue(), LONGEST)
    assert is_strip(opened, LONGEST)
    assert 8000 <= max(opened.grey.shape) <= 1.1 * enough((500, 9000), LONGEST)


@pytest.mark.parametrize("size", [(1600, 1200), (4800, 1600), (900, 2700)])
def test_other_pictures_are_opened_as_before(size: tuple[int, int]) -> None:
    assert enough(size, LONGEST) == LONGEST
    opened = open_image(np.full(size[::-1], 200, np.uint8), LONGEST)
    assert not is_strip(opened, LONGEST)
    assert whole(opened, LONGEST) is opened


def test_what_is_hardly_a_strip_is_read_once() -> None:
    opened = open_image(np.full((500, 2000), 200, np.uint8), LONGEST)
    assert max(opened.grey.shape) == LONGEST
    assert not is_strip(opened, LONGEST)


def test_the_longest_strip_has_its_limit() -> None:
    assert enough((60_000, 10), LONGEST) == MOST_PARTS * LONGEST
    assert enough((1, 1), LONGEST) == LONGEST


@settings(deadline=None, max_examples=60)
@given(
    across=st.integers(20, 700),
    times=st.floats(5, 40),
    full=st.floats(1, 3),
    upright=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_each_digit_counts_once_and_stays_where_it_is(
    across: int, times: float, full: float, upright: bool, seed: int
) -> None:
    """Whatever parts show it whole; and how sure a line is that nothing is missing stays, too."""
    along = max(round(times * across), 2 * LONGEST)
    shape = (along, across) if upright else (across, along)
    opened = Opened(np.zeros(shape, np.uint8), None, (round(shape[1] * full), round(shape[0] * full)))
    strip_parts = parts(opened, LONGEST)
    assert max(max(part.opened.grey.shape) for part in strip_parts) <= LONGEST + 1
    rng = np.random.default_rng(seed)
    high = rng.uniform(0.1, 0.7) * across * full
    boxes: list[Box] = []
    place = rng.uniform(0, high)
    while place + high < along * full - 1:  # one after the other along the strip
        start, side = round(place), int(rng.uniform(0, across * full - high - 2))
        box = (start, side, round(place + high), round(side + high))
        boxes.append((box[1], box[0], box[3], box[2]) if upright else box)
        place += high * rng.uniform(1.1, 4)
    read = []
    for part in strip_parts:
        left, top = part.corner
        width, height = part.opened.size
        inside = [
            (b[0] - left, b[1] - top, b[2] - left, b[3] - top)
            for b in boxes
            if b[0] >= left and b[1] >= top and b[2] <= left + width and b[3] <= top + height
        ]
        read.append([Line((Digit(3, 0.9, box),), 0.9 * 0.8) for box in inside])
    lines = joined(strip_parts, read)
    assert sorted(digit.box for line in lines for digit in line.digits) == sorted(boxes)
    for line in lines:
        assert math.isclose(line.confidence, 0.9 ** len(line.digits) * 0.8 ** len(line.digits))
