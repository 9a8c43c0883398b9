"""What hangs together comes apart, digit by digit; what is one digit is left in one piece."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data.strokes import draw
from digitlab.finding.candidate import Candidate, make_candidate
from digitlab.finding.darkness import View, views
from digitlab.finding.parter import votes
from digitlab.finding.parting import ROWS, parts_of
from digitlab.finding.propose import candidates_of, propose
from digitlab.reading.choose import conflicts


def widest_of(candidates: list[Candidate]) -> Candidate:
    near = [piece for piece in candidates if piece.kind == "component" and not piece.far]
    return max(near, key=lambda piece: piece.width)


def widest(picture: np.ndarray) -> Candidate:
    return widest_of(candidates_of(picture))


def parts(piece: Candidate) -> list[Candidate]:
    return parts_of([piece], votes)[0]


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


def chain(count: int, height: int) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """Zeros of which each shares a wall with the next: ink and boxes."""
    ink, boxes = np.zeros((3 * height, height * (count + 2)), np.uint8), []
    stroke, half = max(2, height // 12), height // 4
    for number in range(count):
        x = height + number * 2 * half
        cv2.ellipse(ink, (x, 3 * height // 2), (half, height // 2), 0, 0, 360, 255, stroke, cv2.LINE_AA)
        edge = stroke // 2 + 1
        boxes.append((x - half - edge, height - edge, x + half + edge, 2 * height + edge))
    return ink, boxes


@pytest.mark.parametrize("height", [24, 60, 150])
def test_nearly_all_digits_that_touch_come_apart_whoever_wrote_them(height: int, on_paper, overlap) -> None:
    best = []
    for seed in range(16):
        text = "".join(map(str, np.random.default_rng(seed + 99).integers(0, 10, 2 + seed % 3)))
        ink, boxes = touching(text, height, seed)
        found = parts(widest(on_paper(ink)))
        best += [max((overlap(part.box, box) for part in found), default=0.0) for box in boxes]
    assert np.mean(np.array(best) > 0.6) > 0.85


@pytest.mark.parametrize("height", [36, 60, 140])
@pytest.mark.parametrize("count", [2, 4])
def test_zeros_that_share_their_walls_come_apart(count: int, height: int, on_paper, overlap) -> None:
    ink, boxes = chain(count, height)
    found = parts(widest(on_paper(ink)))
    for box in boxes:
        assert max(overlap(part.box, box) for part in found) > 0.6


def test_open_zeros_that_are_closed_by_the_next_one_come_apart(on_paper, overlap) -> None:
    ink, boxes = np.zeros((160, 300), np.uint8), []
    for x in (80, 116, 152):
        cv2.ellipse(ink, (x, 80), (22, 30), 0, 50 if x < 152 else 0, 310 if x < 152 else 360, 255, 5, cv2.LINE_AA)
        boxes.append((x - 25, 47, x + (17 if x < 152 else 25), 113))
    found = parts(widest(on_paper(ink)))
    for box in boxes:
        assert max(overlap(part.box, box) for part in found) > 0.6


def test_slanted_digits_that_touch_come_apart_along_their_slant(on_paper, overlap) -> None:
    ink, boxes = np.zeros((160, 260), np.uint8), []
    for x in (90, 132):  # upright cuts would take a corner of either
        cv2.line(ink, (x + 20, 50), (x - 20, 110), 255, 6, cv2.LINE_AA)
        cv2.line(ink, (x + 20, 50), (x + 48, 56), 255, 6, cv2.LINE_AA)
        boxes.append((x - 23, 47, x + 51, 113))
    found = parts(widest(on_paper(ink)))
    for box in boxes:
        assert max(overlap(part.box, box) for part in found) > 0.7


def test_digits_that_stand_on_a_line_come_off_it(on_paper, overlap) -> None:
    ink, boxes = np.zeros((140, 400), np.uint8), []
    for x in (80, 170, 260):
        cv2.ellipse(ink, (x, 70), (16, 29), 0, 0, 360, 255, 5, cv2.LINE_AA)
        boxes.append((x - 19, 39, x + 19, 102))
    cv2.line(ink, (50, 100), (290, 100), 255, 3)
    found = parts(widest_of(propose(views(on_paper(ink))).candidates))  # the line is left in
    for box in boxes:
        assert max(overlap(part.box, box) for part in found) > 0.5


def test_parts_of_one_digit_exclude_each_other_and_those_of_two_do_not(on_paper, overlap) -> None:
    ink, boxes = touching("46", 60, 32)
    found = parts(widest(on_paper(ink)))
    first, second = (max(found, key=lambda part: overlap(part.box, box)) for box in boxes)
    again = max(parts(widest(on_paper(ink))), key=lambda part: overlap(part.box, boxes[0]))
    excludes = conflicts([first, second, again])
    assert excludes[0, 2]
    assert not excludes[0, 1]


def test_digits_that_stand_alone_are_seldom_parted(on_paper) -> None:
    whole = 0
    for label in range(10):
        for seed in range(4):
            piece = widest(on_paper(np.pad(draw(label, np.random.default_rng(seed), 60), 60)))
            whole += all(part.mass > 0.8 * piece.mass for part in parts(piece))
    assert whole >= 28  # of 40


def never(inks: np.ndarray) -> np.ndarray:
    raise AssertionError


@pytest.mark.parametrize("shape", [(5, 5), (5, 60), (60, 5), (10, 161), (640, 640)])
def test_what_is_too_small_too_long_or_too_large_is_not_shown_to_the_network(shape: tuple[int, int]) -> None:
    darkness = np.full((700, 700), 200, np.uint8)
    box = 10, 10, 10 + shape[1], 10 + shape[0]
    piece = make_candidate(View(darkness, (20.0,), 1.0, False), box, np.ones(shape, bool), 20.0, 200.0, "component")
    assert parts_of([piece], never) == [[]]


def test_parts_are_the_same_on_several_threads_and_beside_others(on_paper) -> None:
    pieces = [
        widest(on_paper(touching(text, 40, seed)[0])) for seed, text in enumerate(("53", "671", "40", "7782", "9"))
    ]
    one, several = parts_of(pieces, votes), parts_of(pieces, votes, threads=2)
    for some, others in zip(one, several, strict=True):
        assert [part.box for part in some] == [part.box for part in others]


@settings(max_examples=20, deadline=None)
@given(text=st.text("0123456789", min_size=2, max_size=4), height=st.integers(16, 120), seed=st.integers(0, 999))
def test_parts_lie_in_the_piece_and_show_its_ink(text: str, height: int, seed: int) -> None:
    ink, _ = touching(text, height, seed, closer=2)
    piece = widest((230 - ink * 0.7).astype(np.uint8))
    for part in parts(piece):
        assert part.kind == "part"
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


@settings(max_examples=20, deadline=None)
@given(widths=st.lists(st.sampled_from([20, 30, 40, 50, 60]), min_size=2, max_size=4))
def test_pixels_that_point_to_one_place_are_one_part(widths: list[int]) -> None:
    """With a network that knows, what is proposed is what it says, whatever the ink looks like."""
    edges = [0, *np.cumsum(widths).tolist()]
    picture = np.full((120, 600), 230, np.uint8)
    for x in range(50, 51 + edges[-1], 10):
        picture[40:80, x - 1 : x + 2] = 60
    picture[58:62, 50 : 50 + edges[-1]] = 60
    piece = widest(picture)

    def say(inks: np.ndarray) -> np.ndarray:
        said = np.full((len(inks), 3, ROWS, inks.shape[3]), 5, np.float32)
        scale = ROWS / len(piece.mask)
        x = np.arange(inks.shape[3]) / scale
        middle = np.array([(first + last) / 2 for first, last in pairwise(edges)])
        middle = middle[np.searchsorted(edges[1:-1], x, side="right")]
        said[:, 1] = (middle - x) * scale / ROWS
        said[:, 2] = (ROWS / 2 - np.arange(ROWS))[:, None] / ROWS
        return said

    boxes = [part.box for part in parts_of([piece], say)[0]]
    for first, last in pairwise(edges):
        assert any(abs(box[0] - 50 - first) <= 4 and abs(box[2] - 50 - last) <= 4 for box in boxes), boxes
