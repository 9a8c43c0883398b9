"""A candidate knows its ink, what lies around it, and how it looks to those who judge it."""

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitlab.finding.candidate import OUTSIDE, Candidate, box_of, make_candidate
from digitlab.finding.darkness import RULED, View
from digitlab.finding.parter import votes
from digitlab.finding.parting import parts_of
from digitlab.finding.pen import normal_strokes
from digitlab.finding.propose import candidates_of
from digitlab.framing import frame


def view_of(*strokes: tuple[int, int, int, int], shape: tuple[int, int] = (100, 140), level: int = 160) -> View:
    """A near view of upright and level strokes: left, top, right, bottom."""
    darkness = np.zeros(shape, np.uint8)
    for left, top, right, bottom in strokes:
        darkness[top:bottom, left:right] = level
    return View(darkness, (20.0, 80.0), 1.0, False)


def piece_of(view: View, box: tuple[int, int, int, int], level: float = 160) -> Candidate:
    left, top, right, bottom = box
    mask = view.darkness[top:bottom, left:right] > 80
    return make_candidate(view, box, mask, 80.0, level, "component")


def test_box_mass_and_points_are_in_pixels_of_the_picture() -> None:
    view = view_of((30, 20, 40, 60))
    far = View(view.darkness, view.levels, 3.0, True)
    near_piece, far_piece = piece_of(view, (30, 20, 40, 60)), piece_of(far, (30, 20, 40, 60))
    assert near_piece.box == (30, 20, 40, 60)
    assert far_piece.box == (90, 60, 120, 180)
    assert (far_piece.width, far_piece.height, far_piece.scale) == (30, 120, 3.0)
    assert near_piece.mass == pytest.approx(400, rel=0.05)
    assert far_piece.mass == pytest.approx(9 * near_piece.mass)
    for piece in (near_piece, far_piece):
        assert (piece.points >= piece.box[:2]).all()
        assert (piece.points < piece.box[2:]).all()


@given(
    corner=st.tuples(*[st.integers(0, 700)] * 2),
    size=st.tuples(*[st.integers(1, 90)] * 2),
    scale=st.floats(0.25, 2.0),
)
def test_sides_of_boxes_are_those_of_the_ink_to_the_nearest_pixel(corner, size, scale) -> None:
    box = box_of(corner, np.ones(size[::-1], bool), scale)
    ends = corner[0] + size[0], corner[1] + size[1]
    exact = np.array([*corner, *ends]) * scale
    assert np.abs(np.array(box) - exact)[:2].max() <= 0.5
    narrow = np.array(size) * scale < 1
    assert (np.abs(np.array(box) - exact)[2:] <= np.where(narrow, 1.5, 0.5)).all()
    assert box[0] < box[2]
    assert box[1] < box[3]


def test_a_piece_covers_its_own_points_and_no_others() -> None:
    view = view_of((30, 20, 40, 60), (60, 20, 70, 60), (30, 52, 70, 60))
    left, right = piece_of(view, (30, 20, 40, 60)), piece_of(view, (60, 20, 70, 60))
    both = piece_of(view, (30, 20, 70, 60))
    for piece in (left, right, both):
        assert piece.covers(piece.points) == 1.0
    assert left.covers(right.points) == 0.0
    assert both.covers(left.points) == both.covers(right.points) == 1.0
    assert 0.2 < left.covers(both.points) < 0.5
    outside = np.array([[-5, 30], [35, -5], [35, 500], [500, 30], [35, 30]])
    assert left.covers(outside) == pytest.approx(0.2)


def test_reach_lets_points_lie_beside_the_ink() -> None:
    piece = piece_of(view_of((30, 20, 40, 60)), (30, 20, 40, 60))
    beside = np.array([[28, 30], [41, 30], [35, 18], [35, 61]])
    assert piece.covers(beside) == 0.0
    assert piece.covers(beside, reach=2) == 1.0
    assert piece.covers(beside + 9 * np.sign(beside - [35, 40]), reach=2) == 0.0


def test_far_and_near_pieces_of_the_same_ink_cover_each_other() -> None:
    darkness = cv2.resize(view_of((30, 20, 45, 80)).darkness, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    near = piece_of(View(darkness, (20.0, 80.0), 1.0, False), (90, 60, 135, 240))
    far = piece_of(View(view_of((30, 20, 45, 80)).darkness, (20.0, 80.0), 3.0, True), (30, 20, 45, 80))
    assert near.covers(far.points) > 0.9
    assert far.covers(near.points) > 0.9


def test_it_is_seen_with_its_surroundings_and_knows_its_own() -> None:
    view = view_of((160, 130, 166, 170), (184, 130, 190, 170), shape=(300, 300))
    own, around, mine = piece_of(view, (160, 130, 166, 170)).seen()
    assert own.shape == around.shape == mine.shape == (28, 28)
    assert own.dtype == around.dtype == mine.dtype == np.uint8
    centre = slice(12, 16)
    assert own.max() > 200
    assert mine[centre, centre].max() > 127  # its own ink is in the middle
    assert mine[:, 18:].max() == 0  # its neighbour's is not its own
    itself, share = float(around[centre, centre].max()), float(mine[centre, centre].max()) / 255
    assert itself == pytest.approx(127 * share, abs=10)  # ink as dark as its own is 127
    assert around[10:18, 18:26].max() > 0.9 * itself  # its neighbour shows
    assert around[:, :10].max() == 0


def test_ink_darker_than_its_own_shows_as_darker() -> None:
    view = view_of((60, 30, 66, 70), (84, 30, 90, 70), level=80)
    view.darkness[30:70, 84:90] = 160
    mask = np.ones((40, 6), bool)
    around = make_candidate(view, (60, 30, 66, 70), mask, 20.0, 80.0, "component").seen()[1]
    assert around[14, 18:26].max() > 1.5 * around[14, 12:16].max()


@pytest.mark.parametrize("corner", ["left top", "right bottom"])
def test_what_lies_beyond_the_picture_is_marked(corner: str) -> None:
    view = view_of((0, 0, 6, 40)) if corner == "left top" else view_of((134, 60, 140, 100))
    box = (0, 0, 6, 40) if corner == "left top" else (134, 60, 140, 100)
    piece = piece_of(view, box)
    assert piece.cut_off
    _, around, mine = piece.seen()
    beyond = mine[:12, :12] if corner == "left top" else mine[17:, 17:]
    within = mine[20:, 17:] if corner == "left top" else mine[:8, :10]
    assert (beyond == OUTSIDE).all()
    assert (within == 0).all()
    assert (around[mine == OUTSIDE] == 0).all()


@pytest.mark.parametrize("side", [40, 160])
def test_where_lines_were_taken_away_is_marked(side: int) -> None:
    view = view_of((200, 200, 200 + side // 4, 200 + side), shape=(640, 640))
    ruled = np.zeros((640, 640), np.uint8)
    ruled[200 + side : 200 + side + side // 4] = 1
    view = dataclasses.replace(view, ruled=ruled)
    mine = piece_of(view, (200, 200, 200 + side // 4, 200 + side)).seen()[2]
    assert mine[19:21, 4:24].max() == RULED
    assert mine[4:8, 4:24].max() == 0
    assert mine[10:18, 13:15].min() > RULED


def test_pieces_within_the_picture_see_no_border() -> None:
    piece = piece_of(view_of((200, 200, 210, 240), shape=(440, 410)), (200, 200, 210, 240))
    assert not piece.cut_off
    assert OUTSIDE not in piece.seen()[2]


def test_it_is_framed_as_the_recogniser_wants_it(row, on_paper) -> None:
    found = candidates_of(on_paper(row("0123456789")[0]))
    assert found
    for piece in found:
        np.testing.assert_array_equal(piece.framed, frame(normal_strokes(piece.ink)))
        np.testing.assert_array_equal(piece.seen()[0], piece.framed)


def test_the_frame_shows_the_digit_that_was_written(row, on_paper, overlap) -> None:
    ink, boxes = row("0235689")
    found = candidates_of(on_paper(ink))
    for left, top, right, bottom in boxes:
        best = max(found, key=lambda piece: overlap(piece.box, (left, top, right, bottom)))
        written = frame(normal_strokes(ink[top:bottom, left:right]))
        assert np.corrcoef(best.framed.ravel(), written.ravel())[0, 1] > 0.75


def test_other_ink_within_its_box_is_wiped_out(on_paper) -> None:
    ring = np.zeros((120, 120), np.uint8)
    cv2.circle(ring, (60, 60), 40, 255, 5, cv2.LINE_AA)
    dotted = ring.copy()
    cv2.circle(dotted, (60, 60), 6, 255, -1, cv2.LINE_AA)
    pieces = [
        max((c for c in candidates_of(on_paper(ink)) if c.kind == "component" and not c.far), key=lambda c: c.mass)
        for ink in (ring, dotted)
    ]
    np.testing.assert_allclose(pieces[0].framed, pieces[1].framed, atol=12)


def test_parts_are_seen_as_pieces_are(on_paper) -> None:
    ink = np.zeros((120, 200), np.uint8)
    for x in (75, 115):
        cv2.circle(ink, (x, 60), 22, 255, 5, cv2.LINE_AA)
    pair = max((c for c in candidates_of(on_paper(ink)) if not c.far), key=lambda c: c.width)
    (parts,) = parts_of([pair], votes)
    assert parts
    for part in parts:
        assert part.seen().shape == (3, 28, 28)
        assert part.seen()[2, 9:19].max() > 100  # its own ink, in the middle of what is shown
        np.testing.assert_array_equal(part.seen()[0], frame(normal_strokes(part.ink)))


def test_a_large_piece_looks_as_its_small_copy_does():
    small = np.full((240, 240), 235, np.uint8)
    cv2.ellipse(small, (110, 120), (26, 40), 0, 0, 360, 40, 9, cv2.LINE_AA)
    cv2.line(small, (190, 80), (190, 160), 90, 8, cv2.LINE_AA)
    large = cv2.resize(small, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)

    def seen(grey, mask, box):
        view = View((235 - grey.clip(max=235)).astype(np.uint8), (50.0,), 1.0, False)
        left, top, right, bottom = box
        return make_candidate(view, box, mask[top:bottom, left:right], 50.0, 195.0, "component").seen()

    box = 78, 74, 142, 166
    looks = [
        seen(grey, grey < 150, tuple(scale * edge for edge in box)).astype(float)
        for grey, scale in ((small, 1), (large, 5))
    ]
    for channel in (1, 2):
        assert np.abs(looks[0][channel] - looks[1][channel]).mean() < 6
        assert np.corrcoef(looks[0][channel].ravel(), looks[1][channel].ravel())[0, 1] > 0.97
