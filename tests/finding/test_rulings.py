"""Printed lines go; the strokes that cross them stay, and so do strokes that are lines themselves."""

import cv2
import numpy as np
import pytest

from digitlab.finding.darkness import View
from digitlab.finding.rulings import _long_runs, without_rulings

LEVELS = (20.0, 40.0, 80.0)


def view(ink: np.ndarray) -> View:
    return View(ink, LEVELS, 1.0, False)


def inked(darkness: np.ndarray) -> np.ndarray:
    return darkness > LEVELS[1]


def share_left(ink: np.ndarray, left: View) -> float:
    """How much of some ink is left."""
    return float(inked(left.darkness)[inked(ink)].mean())


def ruled(shape: tuple[int, int], every: int, thick: int = 2, tilt: float = 0.0, level: int = 150) -> np.ndarray:
    lines = np.zeros(shape, np.uint8)
    for y in range(every, shape[0], every):
        cv2.line(lines, (0, y), (shape[1] - 1, round(y + tilt * shape[1])), level, thick, cv2.LINE_AA)
    return lines


@pytest.fixture
def written(row):
    """Rows of digits on a large page, without lines: (500, 700) uint8."""
    ink = np.zeros((500, 700), np.uint8)
    for number, text in enumerate(("0123456789", "9876543210", "4711815")):
        line, _ = row(text, height=44, gap=14, margin=4, seed=number)
        ink[60 + 130 * number :, 30:][: line.shape[0], : line.shape[1]] = line
    return ink


@pytest.mark.parametrize("tilt", [0.0, 0.02, -0.03])
@pytest.mark.parametrize("thick", [1, 2, 3])
def test_rulings_go_and_digits_that_cross_them_keep_their_ink(written, thick: int, tilt: float) -> None:
    lines = ruled(written.shape, 43, thick, tilt)
    left = without_rulings(view(np.maximum(written, lines)))
    alone = lines * (cv2.dilate(written, np.ones((9, 9), np.uint8)) == 0)
    assert share_left(alone, left) < 0.05
    assert share_left(written, left) > 0.88


def test_a_digit_that_a_ruling_crosses_stays_in_one_piece() -> None:
    ink = np.zeros((200, 600), np.uint8)
    cv2.line(ink, (300, 60), (296, 140), 255, 4, cv2.LINE_AA)
    left = without_rulings(view(np.maximum(ink, ruled(ink.shape, 100))))
    stroke = inked(left.darkness[:, 280:320])
    assert stroke.any(axis=1)[62:138].all()
    assert cv2.connectedComponents(inked(left.darkness).astype(np.uint8))[0] == 2  # paper and the stroke


def test_the_lines_of_a_table_go_and_its_digits_stay(written) -> None:
    lines = ruled(written.shape, 65, 2)
    for x in range(10, 700, 85):
        cv2.line(lines, (x, 0), (x, 499), 150, 2, cv2.LINE_AA)
    left = without_rulings(view(np.maximum(written, lines)))
    alone = lines * (cv2.dilate(written, np.ones((9, 9), np.uint8)) == 0)
    assert share_left(alone, left) < 0.05
    assert share_left(written, left) > 0.9


def test_of_squared_paper_at_most_specks_are_left() -> None:
    lines = np.maximum(ruled((500, 700), 25, 1), ruled((700, 500), 25, 1).T)
    left = inked(without_rulings(view(lines)).darkness).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(left)
    assert stats[1:, 2:4].max(initial=0) <= 4


def test_the_bars_between_two_rules_of_a_form_go(row) -> None:
    ink, boxes = row("314159", height=44, gap=16, margin=4)
    page = np.zeros((160, 700), np.uint8)
    page[48 : 48 + ink.shape[0], 20 : 20 + ink.shape[1]] = ink
    lines = np.zeros_like(page)
    for y in (40, 106):
        cv2.line(lines, (8, y), (690, y), 160, 2)
    bars = [8, *(20 + box[2] + 8 for box in boxes), *range(20 + boxes[-1][2] + 60, 690, 50)]
    for x in bars:
        cv2.line(lines, (x, 40), (x, 106), 160, 2)
    left = without_rulings(view(np.maximum(page, lines)))
    alone = lines * (cv2.dilate(page, np.ones((9, 9), np.uint8)) == 0)
    assert share_left(alone, left) < 0.1
    assert share_left(page, left) > 0.9


@pytest.mark.xfail(reason="stems that reach from one ruling to the next are taken for the bars of a form")
def test_stems_as_high_as_the_rulings_are_apart_stay() -> None:
    ink = np.zeros((320, 620), np.uint8)
    for number in range(8):
        cv2.line(ink, (62 + 50 * number, 84), (56 + 50 * number, 130), 255, 5, cv2.LINE_AA)
    lines = ruled(ink.shape, 43, 1, level=60)
    left = without_rulings(view(np.maximum(ink, lines)))
    assert share_left(ink, left) > 0.9


def test_a_page_without_lines_is_returned_as_it_is(written) -> None:
    page = view(written)
    assert without_rulings(page) is page
    blank = view(np.zeros((300, 300), np.uint8))
    assert without_rulings(blank) is blank


@pytest.mark.parametrize("shape", [(120, 120), (300, 500), (900, 600)])
def test_a_lone_one_stays(shape: tuple[int, int]) -> None:
    ink = np.zeros(shape, np.uint8)
    x, y = shape[1] // 2, shape[0] // 2
    tall = min(shape) // 8
    cv2.line(ink, (x, y - tall), (x, y + tall), 255, 5, cv2.LINE_AA)
    left = without_rulings(view(ink))
    np.testing.assert_array_equal(left.darkness, ink)


def test_a_column_of_ones_stays_beside_rulings() -> None:
    ink = np.zeros((400, 600), np.uint8)
    for y in range(20, 400, 40):
        cv2.line(ink, (300, y), (300, y + 26), 255, 4, cv2.LINE_AA)
    left = without_rulings(view(np.maximum(ink, ruled(ink.shape, 40))))
    assert share_left(ink, left) > 0.9


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (40, 40)])
def test_pages_of_any_shape_are_looked_at(shape: tuple[int, int]) -> None:
    ink = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert without_rulings(view(ink)).darkness.shape == shape


def test_strokes_far_darker_than_the_line_that_they_run_along_stay() -> None:
    lines = ruled((400, 600), 40, level=60)
    ink = np.zeros_like(lines)
    for x in range(40, 560, 60):  # the bars of sevens, each right on a line
        cv2.line(ink, (x, 120), (x + 30, 120), 200, 4, cv2.LINE_AA)
    left = without_rulings(view(np.maximum(ink, lines)))
    assert share_left(ink, left) > 0.9
    assert share_left(lines * (cv2.dilate(ink, np.ones((9, 9), np.uint8)) == 0), left) < 0.05


@pytest.mark.parametrize("level", [150, 190])
def test_a_pen_a_little_darker_than_the_line_that_it_covers_stays(level: int) -> None:
    """Where a 0's upright stroke covers a line of squared paper, it is darker than the line above and below."""
    lines = np.maximum(ruled((500, 700), 50, 5, level=level), ruled((700, 500), 50, 5, level=level).T)
    pen = np.zeros_like(lines)
    cv2.ellipse(pen, (320, 226), (20, 32), 0, 0, 360, 240, 5, cv2.LINE_AA)  # its left stroke lies on the line at 300
    left = without_rulings(view(np.maximum(pen, lines)))
    assert inked(left.darkness[214:238, 295:306]).any(axis=1).all()
    alone = lines * (cv2.dilate(pen, np.ones((15, 15), np.uint8)) == 0)
    assert share_left(alone, left) < 0.01


def test_where_lines_cross_they_may_be_darker_and_no_pen_was_there() -> None:
    across, down = ruled((500, 700), 50, 5, level=140), ruled((700, 500), 50, 5, level=140).T
    both = np.where((across > 40) & (down > 40), np.uint8(180), np.maximum(across, down))
    assert inked(without_rulings(view(both)).darkness).mean() < 0.001


def test_stems_that_stand_under_each_other_make_no_line() -> None:
    ink = np.zeros((400, 400), np.uint8)
    for top in range(10, 380, 20):
        cv2.line(ink, (100, top), (100, top + 12), 200, 2)
        cv2.line(ink, (160, top), (160, top + 12), 200, 2)
    assert share_left(ink, without_rulings(view(ink))) == 1


def test_one_line_alone_is_a_ruling_only_where_it_reaches_far() -> None:
    short, long = (np.zeros((300, 300), np.uint8) for _ in range(2))
    cv2.line(short, (150, 80), (150, 220), 200, 3)
    cv2.line(long, (150, 5), (150, 295), 200, 3)
    assert share_left(short, without_rulings(view(short))) == 1
    assert share_left(long, without_rulings(view(long))) < 0.01


@pytest.mark.parametrize("least", [3, 9, 25])
def test_long_runs_are_what_an_opening_keeps(least: int) -> None:
    rng = np.random.default_rng(least)
    for share in (0.3, 0.8, 0.95, 1.0):
        mask = (rng.random((20, 90)) < share).astype(np.uint8)
        opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, least), np.uint8))
        kept = _long_runs(mask, least)
        np.testing.assert_array_equal(np.zeros_like(mask) if kept is None else kept, opened)


def test_where_a_line_was_taken_away_is_known() -> None:
    lines = ruled((300, 600), 60, 3)
    left = without_rulings(view(lines))
    assert left.ruled is not None
    assert left.ruled[inked(lines)].mean() > 0.9
    assert left.ruled[:20].max() == 0
    assert left.ruling == pytest.approx(4, abs=2)


def test_a_page_without_lines_has_none_to_know_of(written) -> None:
    assert without_rulings(view(written)).ruled is None


def test_a_line_from_border_to_border_may_be_thick(written) -> None:
    lines = ruled((300, 300), 70, 12)
    assert inked(without_rulings(view(lines)).darkness).mean() < 0.01 * inked(lines).mean()
    strokes = np.zeros((300, 300), np.uint8)
    for x in range(40, 300, 60):
        cv2.line(strokes, (x, 60), (x, 220), 150, 12)  # as thick, and not from border to border: ones
    assert share_left(strokes, without_rulings(view(strokes))) == 1.0


def test_small_cells_make_no_lines_of_strokes_far_from_them() -> None:
    """A ladder's rungs are closer than strokes are long; a 5 beside it isn't made of its lines."""
    five = np.zeros((340, 170), np.uint8)
    points = np.array([(40, 60), (14, 60), (14, 100), (40, 105), (42, 125), (16, 130)])
    cv2.polylines(five, [points], False, 150, 2, cv2.LINE_AA)
    ladder = np.zeros_like(five)
    for y in range(250, 310, 13):
        cv2.line(ladder, (110, y), (142, y), 150, 2)
    for x in (112, 140):
        cv2.line(ladder, (x, 250), (x, 302), 150, 2)
    left = without_rulings(view(np.maximum(five, ladder)))
    assert share_left(ladder, left) < 0.2
    assert share_left(five, left) > 0.95


@pytest.mark.parametrize("height", [14, 18, 20])
def test_digits_that_touch_each_other_all_through_a_page_are_no_broad_line(row, height: int) -> None:
    page = np.zeros((500, 800), np.uint8)
    for top in (60, 200, 340):
        line, _ = row("0123456789" * 15, height=height, gap=-3, margin=0, seed=top)
        page[top : top + height] = line[:, :800]
    assert without_rulings(view(page)).ruled is None
