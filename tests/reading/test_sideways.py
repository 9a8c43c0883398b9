"""Pages that lie on their side or their head are read as if they had been taken upright."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data.strokes import draw
from digitlab.reading import Reader, open_image, page
from digitlab.reading.judging import SILENT, judged
from digitlab.reading.sideways import better, lines_back, may_lie, quarter_turns, turned_by, worth
from digitlab.readings import Digit, Line
from digitlab.recognizer import load
from judges import always, overlap, write

QUARTERS = pytest.mark.parametrize("quarters", [1, 2, 3])
TEXTS = ["20461", "73958"]


def line(*sure: float) -> Line:
    return Line(tuple(Digit(4, one, (9 * i, 0, 9 * i + 8, 12)) for i, one in enumerate(sure)))


def around(box, quarters: int, height: int, width: int):
    """Return the box of a picture's part once the picture is turned anticlockwise, by turning its pixels."""
    mask = np.zeros((height, width), bool)
    mask[box[1] : box[3], box[0] : box[2]] = True
    y, x = np.nonzero(np.rot90(mask, quarters))
    return int(x.min()), int(y.min()), int(x.max()) + 1, int(y.max()) + 1


@QUARTERS
def test_a_page_that_lies_otherwise_is_read_with_boxes_where_its_digits_are(quarters: int) -> None:
    picture, boxes = write(TEXTS, height=44, seed=4)
    reading = Reader(picture=0).read(np.rot90(picture, quarters))
    assert reading.text.split() == TEXTS
    assert reading.size == np.rot90(picture, quarters).shape[::-1]
    for read, row in zip(reading.lines, boxes, strict=True):
        for digit, box in zip(read.digits, row, strict=True):
            assert overlap(digit.box, around(box, quarters, *picture.shape)) > 0.75


@QUARTERS
def test_boxes_are_in_pixels_of_the_full_resolution(quarters: int) -> None:
    picture, boxes = write(TEXTS, height=44, seed=3)
    large = np.repeat(np.repeat(picture, 4, axis=0), 4, axis=1)  # opened with fewer pixels than it has
    reading = Reader(picture=0).read(np.rot90(large, quarters))
    first = tuple(4 * side for side in boxes[0][0])
    assert overlap(reading.lines[0].digits[0].box, around(first, quarters, *large.shape)) > 0.75


@QUARTERS
def test_colours_are_turned_as_well(quarters: int) -> None:
    picture, _ = write(TEXTS, height=44, seed=3)
    ink = (255 - picture)[..., None] / 255
    paper, pen = np.array([90, 160, 200.0]), np.array([190, 80, 120.0])  # of nearly the same brightness
    seen = (paper * (1 - ink) + pen * ink).astype(np.uint8)
    assert Reader(picture=0).read(np.rot90(seen, quarters)).text.split() == TEXTS


def test_a_page_that_is_read_with_hardly_a_doubt_is_not_looked_at_otherwise(monkeypatch) -> None:
    monkeypatch.setattr(page, "quarter_turns", lambda *of: pytest.fail("it was"))
    picture, _ = write(TEXTS, height=44, seed=3)
    assert Reader(picture=0).read(picture).text.split() == TEXTS


@pytest.mark.parametrize("label", [6, 9])
def test_one_digit_alone_is_read_as_it_stands(label: int) -> None:
    ink = np.pad(draw(label, np.random.default_rng(2), 60), 40)
    assert Reader(picture=0).read(np.rot90(255 - ink, 2)).text == str(15 - label)


def test_a_page_may_lie_otherwise_where_nothing_is_read_or_with_doubt() -> None:
    assert may_lie((), [], np.empty(0))
    assert may_lie([line(0.99, 0.6), line(0.9)], [], np.empty(0))
    assert not may_lie([line(0.99, 0.99), line(0.9)], [], np.empty(0))


@pytest.mark.parametrize(("height", "way"), [(40, True), (6, False), (150, False)])
def test_a_page_may_lie_otherwise_where_as_many_pieces_as_large_are_no_digits(height: int, way: bool) -> None:
    boxes = [*((at, 10, at + 30, 50) for at in (0, 50)), *((at, 200, at + 4, 200 + height) for at in (0, 50))]
    pieces, odds = [SimpleNamespace(box=box) for box in boxes], np.array([6.0, 6.0, -6.0, -6.0])
    assert may_lie([line(1, 1)], pieces, odds) == way
    assert not may_lie([line(1, 1)], pieces[:3], odds[:3])
    assert not may_lie([line(1, 1)], [*pieces[:3], pieces[2]], odds)  # two looks at one piece
    assert not may_lie([line(1, 1)], [*pieces[:2], *pieces[:2]], odds)  # and at a digit
    assert not may_lie([line(1, 1)], pieces, np.array([6.0, 6.0, SILENT, SILENT]))  # of which nobody was asked


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_pieces_tell_how_far_their_page_is_to_be_turned(quarters: int) -> None:
    picture, _ = write(TEXTS, height=44, seed=4)
    judge = load(page.JUDGE, threads=1)
    pieces = judged(np.ascontiguousarray(np.rot90(picture, quarters)), None, judge)
    assert quarter_turns(*pieces, judge) == -quarters % 4


def test_pieces_of_which_the_judge_was_not_asked_are_not_shown_to_it_otherwise() -> None:
    picture, _ = write(TEXTS, height=44, seed=4)
    candidates, labels, _ = judged(picture, None, always(3))
    judge = always(3)
    silent = np.full(len(candidates), SILENT)
    assert quarter_turns(candidates, labels, silent, judge) == 0
    assert not judge.asked
    silent[0] = 1.0
    quarter_turns(candidates, labels, silent, judge)
    assert judge.asked == [(1, 3, 28, 28)] * 3


def test_many_looks_at_one_piece_leave_others_a_say(monkeypatch) -> None:
    monkeypatch.setattr("digitlab.reading.sideways.SOME", 3)
    picture, _ = write(TEXTS, height=44, seed=4)
    candidates, labels, _ = judged(picture, None, always(3))
    largest = max(candidates, key=lambda piece: piece.mass)
    found, judge = [*[largest] * 40, *candidates], always(3)
    says = np.tile(labels[:1], (len(found), 1))
    quarter_turns(found, says, np.ones(len(found)), judge)
    assert judge.asked == [(3, 3, 28, 28)] * 3


def test_a_page_that_reads_no_better_otherwise_is_read_as_it_lies(monkeypatch) -> None:
    monkeypatch.setattr(page, "may_lie", lambda *of: True)
    monkeypatch.setattr(page, "quarter_turns", lambda *of: 2)
    picture, _ = write(TEXTS, height=44, seed=4)
    assert Reader(picture=0).read(picture).text.split() == TEXTS


def test_another_way_round_must_say_clearly_more_in_rows_and_with_little_doubt() -> None:
    assert better([line(0.99, 0.98)], [])
    assert better([line(0.99, 0.98, 0.99)], [line(0.8, 0.8)])
    assert not better([line(0.99, 0.98)], [line(0.9, 0.7)])  # hardly more
    assert not better([line(0.99)], [])  # one digit
    assert not better([line(0.99), line(0.98), line(0.99)], [])  # here and there
    assert not better([line(0.9, 0.8, 0.85)], [])  # with doubt


def test_lines_are_worth_what_they_say_beyond_doubt() -> None:
    assert worth([line(1.0, 0.5), line(0.75)]) == pytest.approx(1.5)


@settings(max_examples=60, deadline=None)
@given(
    quarters=st.integers(1, 3),
    height=st.integers(2, 40),
    width=st.integers(2, 40),
    sides=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_boxes_are_led_back_to_where_they_were(quarters: int, height: int, width: int, sides) -> None:
    left, right = sorted(round(side * (width - 1)) for side in sides[:2])
    top, bottom = sorted(round(side * (height - 1)) for side in sides[2:])
    box = left, top, right + 1, bottom + 1
    opened = open_image(np.zeros((height, width, 3), np.uint8))
    upright = turned_by(opened, quarters)
    there = around(box, quarters, height, width)
    assert upright.size == np.rot90(np.zeros((height, width)), quarters).shape[::-1]
    assert upright.grey.shape == upright.size[::-1]
    (back,) = lines_back([Line((Digit(3, 0.9, there),), 0.7)], quarters, opened.size)
    assert back == Line((Digit(3, 0.9, box),), 0.7)
