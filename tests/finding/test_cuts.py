"""What touches is cut apart; what is one digit is left in one piece."""

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data.strokes import draw
from digitlab.finding import cuts as seams
from digitlab.finding.candidate import Candidate
from digitlab.finding.cuts import _least_ink, cuts
from digitlab.finding.darkness import views
from digitlab.finding.propose import candidates_of, propose


def widest_of(candidates: list[Candidate]) -> Candidate:
    near = [piece for piece in candidates if piece.kind == "component" and not piece.far]
    return max(near, key=lambda piece: piece.width)


def widest(picture: np.ndarray) -> Candidate:
    return widest_of(candidates_of(picture))


def touching(text: str, height: int, seed: int, closer: int = 1) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """Digits pushed together until their ink meets, and a little on: ink and boxes."""
    rng = np.random.default_rng(seed)
    page = np.zeros((3 * height, 2 * height * (len(text) + 1)), np.uint8)
    boxes: list[tuple[int, ...]] = []
    left = height
    for label in text:
        digit = draw(int(label), rng, height)
        if digit.shape[1] > 0.8 * height:  # some hands write broad
            digit = cv2.resize(digit, (round(0.8 * height), height), interpolation=cv2.INTER_AREA)
        if boxes:
            meets = [
                x
                for x in range(boxes[-1][0], boxes[-1][2] + 2)
                if (np.minimum(page[height : 2 * height, x : x + digit.shape[1]], digit) > 100).any()
            ]
            left = (max(meets) if meets else boxes[-1][2]) - closer
        where = page[height : 2 * height, left : left + digit.shape[1]]
        np.maximum(where, digit, out=where)
        boxes.append((left, height, left + digit.shape[1], 2 * height))
    return page, boxes


PAIRS = {"53": 4, "67": 16, "87": 25, "46": 32, "48": 38, "78": 5}


@pytest.mark.parametrize("height", [24, 60, 150])
@pytest.mark.parametrize("text", PAIRS)
def test_among_the_parts_of_two_touching_digits_are_both(text: str, height: int, on_paper, overlap) -> None:
    ink, boxes = touching(text, height, PAIRS[text])
    piece = widest(on_paper(ink))
    assert piece.width > 0.9 * (boxes[1][2] - boxes[0][0])
    parts = cuts(piece)
    for box in boxes:
        assert max(overlap(part.box, box) for part in parts) > 0.6


def test_most_digits_come_apart_whoever_wrote_them(on_paper, overlap) -> None:
    best = []
    for seed in range(24):
        text = "".join(str(label) for label in np.random.default_rng(seed + 99).integers(2, 10, 2))
        ink, boxes = touching(text, 40, seed)
        parts = cuts(widest(on_paper(ink)))
        best += [max((overlap(part.box, box) for part in parts), default=0.0) for box in boxes]
    assert np.mean(np.array(best) > 0.6) > 0.5


def test_two_narrow_zeros_come_apart_where_they_look_like_several(on_paper, overlap) -> None:
    ink = np.zeros((160, 200), np.uint8)
    for x in (80, 99):
        cv2.ellipse(ink, (x, 80), (8, 27), 0, 0, 360, 255, 5, cv2.LINE_AA)
    piece = widest(on_paper(ink))
    assert piece.width < 0.9 * piece.height
    assert cuts(piece) == []
    parts = cuts(piece, several=0.9)
    for box in ((69, 50, 91, 110), (88, 50, 110, 110)):
        assert max(overlap(part.box, box) for part in parts) > 0.6


def test_a_chain_of_three_comes_apart(on_paper, overlap) -> None:
    ink, boxes = np.zeros((160, 260), np.uint8), []
    for x in (70, 122, 174):
        cv2.ellipse(ink, (x, 80), (18, 29), 0, 0, 360, 255, 5, cv2.LINE_AA)
        boxes.append((x - 21, 49, x + 21, 112))
    for x in (96, 148):
        cv2.line(ink, (x - 10, 84), (x + 10, 78), 255, 4, cv2.LINE_AA)
    parts = cuts(widest(on_paper(ink)))
    for box in boxes:
        assert max(overlap(part.box, box) for part in parts) > 0.6


def test_digits_that_stand_on_a_line_come_off_it(on_paper, overlap) -> None:
    ink, boxes = np.zeros((140, 400), np.uint8), []
    for x in (80, 170, 260):
        cv2.ellipse(ink, (x, 70), (16, 29), 0, 0, 360, 255, 5, cv2.LINE_AA)
        boxes.append((x - 19, 39, x + 19, 102))
    cv2.line(ink, (50, 100), (290, 100), 255, 3)
    parts = cuts(widest_of(propose(views(on_paper(ink))).candidates))  # the line is left in
    for box in boxes:
        assert max(overlap(part.box, box) for part in parts) > 0.5


@pytest.mark.parametrize("slant", [-14, 14, 22])
def test_a_seam_follows_the_gap_between_two_slanted_strokes(slant: int) -> None:
    ink = np.zeros((40, 70), np.float32)
    for x in (26, 40):
        cv2.line(ink, (x + slant // 2, 0), (x - slant // 2, 39), 1.0, 4)
    gap = 33 + slant // 2 - slant * np.arange(40) / 39  # its middle, in each row
    paths, costs = _least_ink(ink, np.array([33.0]), np.array([0.0]))
    np.testing.assert_allclose(paths[0], gap, atol=6)  # within it
    assert ink[np.arange(40), paths[0].astype(int)].max() == 0
    straight = ink[:, 33].sum()
    assert costs[0] < 0.3 * straight
    leaning, least = _least_ink(ink, np.array([33.0]), np.array([slant / 40]))
    np.testing.assert_allclose(leaning[0], gap, atol=2)
    assert least[0] < costs[0]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), start=st.integers(0, 11))
def test_no_way_near_the_column_crosses_less_ink_than_the_seam(seed: int, start: int) -> None:
    height, width, reach = 5, 12, 2
    ink = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    paths, costs = _least_ink(ink, np.array([float(start)]), np.array([0.0]))
    ways = [
        [first, *(first + np.cumsum(steps))]
        for first in range(start - reach, start + reach + 1)
        for steps in itertools.product((-1, 0, 1), repeat=height - 1)
    ]
    ways = np.array([way for way in ways if all(abs(at - start) <= reach and 0 <= at < width for at in way)])

    def crossed(way: np.ndarray) -> float:
        aside = float(seams.ASIDE) * np.abs(np.diff(way)).sum()
        return float(ink[np.arange(height), way].sum() + seams.STRAY * np.abs(way - start).sum() + aside)

    assert costs[0] == pytest.approx(min(map(crossed, ways)), abs=1e-5)
    assert crossed(paths[0].astype(int)) == pytest.approx(costs[0], abs=1e-5)


def test_slanted_digits_that_touch_come_apart_along_their_slant(on_paper, overlap) -> None:
    ink, boxes = np.zeros((160, 260), np.uint8), []
    for x in (90, 132):  # upright cuts would take a corner of either
        cv2.line(ink, (x + 20, 50), (x - 20, 110), 255, 6, cv2.LINE_AA)
        cv2.line(ink, (x + 20, 50), (x + 48, 56), 255, 6, cv2.LINE_AA)
        boxes.append((x - 23, 47, x + 51, 113))
    parts = cuts(widest(on_paper(ink)))
    for box in boxes:
        assert max(overlap(part.box, box) for part in parts) > 0.8


@pytest.mark.parametrize("label", [1, 7])
def test_a_thin_digit_is_left_whole(label: int, on_paper) -> None:
    ink = np.zeros((120, 120), np.uint8)
    cv2.line(ink, (64, 30), (56, 90), 255, 4, cv2.LINE_AA)
    if label == 7:
        cv2.line(ink, (30, 30), (64, 30), 255, 4, cv2.LINE_AA)
    assert cuts(widest(on_paper(ink))) == []


def test_a_piece_is_cut_where_its_neighbours_are_narrower(on_paper) -> None:
    ink = np.zeros((120, 160), np.uint8)
    for x in (60, 88):
        cv2.ellipse(ink, (x, 60), (14, 30), 0, 0, 360, 255, 4, cv2.LINE_AA)
    piece = widest(on_paper(ink))
    alone, beside = cuts(piece), cuts(piece, usual=0.6 * piece.height)
    assert len(beside) >= len(alone)
    assert beside


@settings(max_examples=20, deadline=None)
@given(text=st.text("0123456789", min_size=2, max_size=4), height=st.integers(16, 120), seed=st.integers(0, 999))
def test_parts_are_no_wider_than_digits_and_lie_in_the_piece(text: str, height: int, seed: int) -> None:
    ink, _ = touching(text, height, seed, closer=2)
    piece = widest((230 - ink * 0.7).astype(np.uint8))
    for part in cuts(piece):
        assert part.kind in ("cut", "loop")
        # A zero may be written wide, what lies between two seams is no digit then.
        assert part.kind == "loop" or part.mask.shape[1] <= 1.4 * part.mask.shape[0]
        left, top, right, bottom = part.box
        assert piece.box[0] <= left < right <= piece.box[2]
        assert piece.box[1] <= top < bottom <= piece.box[3]
        assert part.mask.shape == part.ink.shape
        assert part.mask[[0, -1]].any(axis=1).all()
        assert part.mask[:, [0, -1]].any(axis=0).all()
        assert 0 < part.mass <= piece.mass
        assert piece.covers(part.points) == 1.0
        x, y = part.corner[0] - piece.corner[0], part.corner[1] - piece.corner[1]
        inside = piece.mask[y : y + part.mask.shape[0], x : x + part.mask.shape[1]]
        assert (inside | ~part.mask).all()
