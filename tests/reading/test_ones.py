"""What tells a 1 from the other lone strokes of its page: its lean, its like, its place in the rows beside."""

import numpy as np
import pytest

from digitlab.finding.candidate import Candidate, make_candidate
from digitlab.finding.darkness import View
from digitlab.reading.ones import NAMES, about_ones

VIEW = View(np.full((500, 900), 150, np.uint8), (20.0, 80.0), 1.0, False)
LEFTS = (100, 140, 180, 260, 300, 340)  # of digits in a row; between the third and the fourth is room for one more
BETWEEN = 225


def stroke(left: int, top: int, lean: float = 0.0, high: int = 40, bend: float = 0.0) -> Candidate:
    """A stroke whose foot is at `left`, three pixels broad, bent to the right in its middle by `bend` pixels."""
    import cv2

    y = np.arange(high)
    x = lean * (high - 1 - y) + bend * np.sin(np.pi * y / high)
    mask = np.zeros((high, int(np.ceil(x.max() - min(0, x.min()))) + 3), np.uint8)
    points = np.stack([x - min(0, x.min()) + 1, y], axis=1).round().astype(np.int32)
    cv2.polylines(mask, [points], False, 1, 3)
    return make_candidate(
        VIEW, (left, top, left + mask.shape[1], top + high), mask.astype(bool), 40.0, 150.0, "component"
    )


def told(strokes: list[Candidate], odds: list[float], tops: tuple[int, ...] = (50, 130, 210, 290)) -> dict:
    """What is known of strokes on a page with rows of upright digits."""
    digits = [[stroke(left, top, bend=12) for left in LEFTS] for top in tops]
    pieces = [*strokes, *(digit for row in digits for digit in row)]
    rows = [[len(strokes) + len(LEFTS) * row + place for place in range(len(LEFTS))] for row in range(len(tops))]
    table = {name: np.zeros(len(pieces)) for name in NAMES}
    all_odds = np.array([*odds, *[5.0] * (len(pieces) - len(strokes))], np.float32)
    about_ones(pieces, np.arange(len(strokes)), all_odds, rows, table)
    assert not any(table[name][len(strokes) :].any() for name in NAMES)  # nothing of what is no 1
    return {name: table[name][: len(strokes)] for name in NAMES}


def test_a_slash_leans_more_than_the_digits_of_its_page_and_a_1_does_not() -> None:
    leans = told([stroke(BETWEEN, 50, 0.5), stroke(420, 50, 0.05), stroke(480, 50, -0.5)], [1, 1, 1])["1 that leans"]
    assert leans[0] > 0.25
    assert leans[1] == leans[2] == 0


def test_among_leaning_digits_a_1_may_lean() -> None:
    pieces = [stroke(left, 50, 0.5) for left in (100, 160, 220, 280)]
    table = {name: np.zeros(4) for name in NAMES}
    about_ones(pieces, np.arange(4), np.full(4, 4, np.float32), [[0, 1, 2, 3]], table)
    assert not table["1 that leans"].any()


def test_a_bent_stroke_is_crooked_and_a_straight_one_is_not_however_it_leans() -> None:
    crooked = told([stroke(420, 50, 0.4), stroke(500, 50), stroke(560, 50, bend=10)], [1, 1, 1])["1 that is crooked"]
    assert crooked[2] > 2 * max(crooked[0], crooked[1])


@pytest.mark.parametrize("tilt", [0, 10])
def test_a_stroke_in_the_same_place_of_every_row_is_known_even_on_tilted_paper(tilt: int) -> None:
    again = [stroke(BETWEEN + tilt * row, top, 0.3) for row, top in enumerate((50, 130, 210, 290))]
    once = stroke(420, 130)
    beside = told([*again, once], [1.0] * 5)["1 in rows beside"]
    assert beside[1] == beside[2] == 0.75  # three of the four rows that it may have on either side
    assert beside[0] == beside[3] == 0.5
    assert beside[4] == 0


def test_a_stroke_that_cannot_be_a_1_does_not_count_in_the_rows_beside() -> None:
    strokes = [stroke(BETWEEN, top) for top in (50, 130)]
    assert told(strokes, [1.0, -5.5])["1 in rows beside"].tolist() == [0, 0]


def test_one_stroke_of_many_that_are_in_doubt_is_in_doubt_too() -> None:
    places = [420, 480, 540, 600, 660]
    sides = told([stroke(left, 50) for left in places], [3.0, -2.0, -1.0, 0.0, -3.0])["1s alike in doubt"]
    ones = told([stroke(left, 50) for left in places], [3.0, 4.0, 5.0, 6.0, 7.0])["1s alike in doubt"]
    lower = [stroke(420, 50), *(stroke(left, 50, high=20) for left in places[1:])]
    unlike = told(lower, [3.0, -2.0, -1.0, 0.0, -3.0])["1s alike in doubt"]
    assert sides[0] < -0.7
    assert not ones.any()
    assert unlike[0] == 0


def test_strokes_alike_in_one_row_are_counted_and_others_are_not() -> None:
    dates = [stroke(420, 50, 0.4), stroke(520, 52, 0.4)]
    lower, shorter, steeper = stroke(620, 130, 0.4), stroke(700, 60, 0.4, high=20), stroke(780, 50, -0.2)
    in_row = told([*dates, lower, shorter, steeper], [1.0] * 5)["1s alike in row"]
    assert in_row[0] == in_row[1] > 0
    assert not in_row[2:].any()
    assert not told(dates, [1.0, -5.5])["1s alike in row"][0]  # the other cannot be a 1
    many = told([stroke(left, 50) for left in range(420, 800, 60)], [1.0] * 7)["1s alike in row"]
    assert (many == 1).all()


def test_other_looks_at_its_own_ink_say_nothing_of_a_stroke() -> None:
    looks = [stroke(420, 50), stroke(420, 51), stroke(421, 50)]
    assert not told(looks, [3.0, -4.0, -4.0])["1s alike in doubt"].any()


def test_a_page_without_strokes_or_without_digits_is_no_trouble() -> None:
    assert all(len(column) == 0 for column in told([], []).values())
    table = {name: np.zeros(1) for name in NAMES}
    about_ones([stroke(10, 10)], np.arange(1), np.array([1.0]), [], table)
    assert all(np.isfinite(column).all() for column in table.values())
