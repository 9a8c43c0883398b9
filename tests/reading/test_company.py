"""What stands beside a piece speaks for it or against it."""

import numpy as np
import pytest

from digitlab.finding.candidate import Candidate, make_candidate
from digitlab.finding.darkness import View
from digitlab.reading import company
from digitlab.reading.company import in_company, row_at
from digitlab.reading.evidence import NAMES, gather

ROW = [(50 + 45 * i, 100, 76 + 45 * i, 140) for i in range(6)]
NEXT = (50 + 45 * 6, 100, 76 + 45 * 6, 140)  # where the seventh would stand
VIEW = View(np.full((400, 900), 150, np.uint8), (20.0, 80.0), 1.0, False)


def piece(box: tuple[int, int, int, int], dark: float = 150) -> Candidate:
    left, top, right, bottom = box
    return make_candidate(VIEW, box, np.ones((bottom - top, right - left), bool), 40.0, dark, "component")


def labels(count: int) -> np.ndarray:
    """Probabilities by which each piece is a 3."""
    return np.tile(np.where(np.arange(10) == 3, 0.91, 0.01), (count, 1)).astype(np.float32)


def judged(*others: tuple[tuple[int, int, int, int], float], row=ROW, sure: float = 6.0, dark: float = 150):
    """Log odds of others beside a row of sure digits, with what that company says."""
    pieces = [piece(box) for box in row] + [piece(box, dark) for box, _ in others]
    odds = np.array([sure] * len(row) + [odd for _, odd in others], np.float32)
    fitting = in_company(pieces, labels(len(pieces)), odds, list(range(len(row))))
    assert fitting.shape == odds.shape
    return fitting[len(row) :]


def test_a_piece_as_low_as_a_comma_loses_among_tall_digits() -> None:
    comma = (NEXT[0], 130, NEXT[0] + 6, 146)
    as_comma, as_digit = judged((comma, 2.0)), judged((NEXT, 2.0))
    assert as_comma[0] < as_digit[0] - 1
    assert as_comma[0] < 2.0


def test_a_piece_far_higher_than_its_row_loses() -> None:
    brace = (NEXT[0], 70, NEXT[0] + 26, 170)
    assert judged((brace, 2.0))[0] < judged((NEXT, 2.0))[0]


def test_a_stroke_higher_than_its_row_is_known_to_be_where_it_may_be_a_1() -> None:
    slash = (NEXT[0], 90, NEXT[0] + 12, 146)
    pieces, said = [piece(box) for box in (*ROW, slash, slash)], labels(8)
    said[7] = said[7][[0, 3, 2, 1, *range(4, 10)]]  # the last one looks like a 1
    known = gather(pieces, said, np.full(8, 3, np.float32), list(range(6)))[:, NAMES.index("1 higher than row")]
    assert known[7] == pytest.approx(np.log(56 / 40))
    assert not known[:7].any()


def test_a_doubtful_piece_in_a_row_of_sure_digits_gains() -> None:
    beside, astray = judged((NEXT, 1.0))[0], judged(((700, 320, 726, 360), 1.0))[0]
    alone = judged((NEXT, 1.0), row=[])[0]
    assert beside > 0
    assert beside > astray + 0.5
    assert beside > alone + 0.5


def test_the_gap_that_a_digit_would_fill_speaks_for_it() -> None:
    row = [box for box in ROW if box != ROW[3]]
    assert judged((ROW[3], 1.0), row=row)[0] > judged((ROW[3], 1.0), row=ROW[:0])[0]


def test_ink_far_fainter_than_the_rows_loses() -> None:
    assert judged((NEXT, 2.0), dark=25)[0] < judged((NEXT, 2.0), dark=140)[0] - 0.5


def test_what_is_surely_no_digit_stays_none() -> None:
    assert judged((NEXT, -9.0))[0] < -4


@pytest.mark.parametrize("count", [1, 2])
def test_few_digits_are_looked_at_too(count: int) -> None:
    pieces, odds = [piece(box) for box in ROW[:count]], np.full(count, 3.0, np.float32)
    assert np.isfinite(in_company(pieces, labels(count), odds, list(range(count)))).all()


def test_surer_pieces_stay_surer_in_the_same_company() -> None:
    odds = (-4.0, -1.0, 0.5, 3.0, 8.0)
    fitting = [float(judged((NEXT, odd))[0]) for odd in odds]
    assert fitting == sorted(fitting)


def test_a_piece_stands_in_the_line_at_whose_height_it_is() -> None:
    lower = [(left, top + 120, right, bottom + 120) for left, top, right, bottom in ROW]
    beside = (NEXT[0], 215, NEXT[2], 262)
    boxes = np.array([*ROW, *lower, beside, (860, 100, 886, 140), (300, 160, 326, 200)], float)
    lines = [list(range(6)), list(range(6, 12))]
    assert row_at(12, lines, boxes) == 1
    assert row_at(13, lines, boxes) is None  # out of reach
    assert row_at(14, lines, boxes) is None  # between the lines


def test_another_look_at_the_same_ink_is_no_company() -> None:
    left, top, right, bottom = NEXT
    twin = (left + 1, top, right + 1, bottom)
    alone = gather([piece(NEXT)], labels(1), np.array([0.9], np.float32), [0])
    beside_twin = gather([piece(NEXT), piece(twin)], labels(2), np.array([0.9, 3.0], np.float32), [1])
    column = NAMES.index("one digit in row")
    assert alone[0, column] == beside_twin[0, column] == 0


def test_ink_that_is_chosen_is_explained_however_unsure() -> None:
    column = NAMES.index("unexplained ink")
    lone = gather([piece(NEXT)], labels(1), np.array([0.3], np.float32), [0])
    assert lone[0, column] == 0
    beside = gather([piece(NEXT), piece(ROW[0])], labels(2), np.array([0.3, -5.0], np.float32), [0])
    assert beside[0, column] == pytest.approx(0.5)


def test_what_has_a_picture_to_itself_is_known_to_by_what_it_fills_of_it() -> None:
    large, middling, low = (300, 40, 420, 360), (300, 140, 360, 260), (300, 180, 330, 240)  # of 400 pixels of height

    def lone(*pieces: tuple[tuple[int, int, int, int], float]) -> dict[str, float]:
        odds = np.array([odd for _, odd in pieces], np.float32)
        known = gather([piece(box) for box, _ in pieces], labels(len(pieces)), odds, [0])
        return {name: float(known[0, NAMES.index(name)]) for name in NAMES if name.startswith("lone")}

    assert lone((large, 1.0)) == {"lone": 1, "lone odds": 1, "lone and far": 0, "lone and 1": 0}
    assert lone((middling, 3.0))["lone"] == pytest.approx(0.5)
    assert lone((middling, 3.0))["lone odds"] == pytest.approx(1.5)
    assert lone((low, 1.0))["lone"] == 0
    assert lone((middling, 1.0), ((100, 200, 160, 260), -3.0))["lone"] == 0  # beside something else


@pytest.mark.parametrize("one", [True, False])
def test_what_lies_on_lines_of_the_page_is_known_to(one: bool) -> None:
    lines = np.zeros_like(VIEW.darkness)
    lines[50:70, 100:105] = 1  # in the view, whose pixels are two of the picture
    views = [View(VIEW.darkness, VIEW.levels, 2.0, False, lines=where) for where in (lines, None)]
    places = ((100, 50, 105, 70), (100, 60, 110, 70), (300, 50, 305, 70))  # of the views
    pieces = [
        make_candidate(view, box, np.ones((box[3] - box[1], box[2] - box[0]), bool), 40.0, 150, "component")
        for view in views for box in places
    ]  # fmt: skip
    said = np.eye(10, dtype=np.float32)[[1 if one else 3] * len(pieces)]
    known = gather(pieces, said, np.full(len(pieces), 2, np.float32), [0])
    shares, ones = (known[:, NAMES.index(name)] for name in ("on lines", "1 on lines"))
    np.testing.assert_allclose(shares, [1, 0.5, 0, 0, 0, 0], atol=0.1)
    np.testing.assert_array_equal(ones, shares * one)


@pytest.mark.parametrize("odds", [-2.0, -0.5, 1.0])
def test_a_side_of_a_box_is_less_likely_than_a_1_away_from_it(odds: float) -> None:
    lines = np.zeros_like(VIEW.darkness)
    lines[:, 322:326] = 1
    view = View(VIEW.darkness, VIEW.levels, 1.0, False, lines=lines)
    row = [piece(box) for box in ROW]
    strokes = [make_candidate(view, (x, 100, x + 4, 140), np.ones((40, 4), bool), 40.0, 150, "component")
               for x in (322, 362)]  # fmt: skip
    said = np.concatenate([labels(len(row)), np.eye(10, dtype=np.float32)[[1, 1]]])
    doubtful = np.array([6.0] * len(row) + [odds, odds], np.float32)
    side, one = in_company([*row, *strokes], said, doubtful, [0, 1, 2])[-2:]
    assert side < one - 0.25


def test_who_shows_one_thing_means_a_digit(monkeypatch) -> None:
    large, small = ((300, 100, 390, 300), 1.0), ((300, 100, 320, 130), 1.0)
    beside = ((100, 150, 200, 260), -3.0)

    def gain(*pieces: tuple[tuple[int, int, int, int], float]) -> float:
        with_it = float(judged(*pieces, row=[])[0])
        monkeypatch.setattr(company, "MEANT", 0.0)
        without = float(judged(*pieces, row=[])[0])
        monkeypatch.undo()
        return with_it - without

    assert [gain(large), gain(small)] == pytest.approx([company.MEANT] * 2, abs=1e-5)
    assert gain(large, beside) == gain(small, beside) == 0


def test_what_has_the_other_colour_is_no_ink_to_explain() -> None:
    """The white beside a dark digit looks like light writing, which the judge's losing side is silenced for."""
    light = View(VIEW.darkness, VIEW.levels, 1.0, False, light=True)

    def alone(view: View) -> float:
        digit, beside = piece((100, 100, 160, 220)), piece((170, 100, 230, 220))
        beside.view = view
        odds = np.array([2.0, -20.0], np.float32)
        return float(in_company([digit, beside], labels(2), odds, [0])[0])

    assert alone(light) > alone(VIEW) + 0.5
