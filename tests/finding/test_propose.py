"""Every digit of a page is among its candidates, broken ones joined, whatever their sizes."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.finding.darkness import View
from digitlab.finding.propose import MOST, candidates_of, components_of, propose


def found_best(candidates, box, overlap) -> float:
    return max((overlap(piece.box, box) for piece in candidates), default=0.0)


@pytest.mark.parametrize("height", [12, 20, 40, 90])
def test_every_digit_of_a_clean_row_is_among_the_candidates(height: int, row, on_paper, overlap) -> None:
    ink, boxes = row("0123456789", height)
    found = candidates_of(on_paper(ink))
    assert min(found_best(found, box, overlap) for box in boxes) > 0.7


def test_colours_and_light_ink_change_nothing_about_it(row, on_paper, overlap) -> None:
    ink, boxes = row("0123456789")
    grey = on_paper(ink)
    blue = np.stack([grey, grey, np.full_like(grey, 220)], axis=-1)
    for picture in (255 - grey, blue, 255 - blue):
        found = candidates_of(picture)
        assert min(found_best(found, box, overlap) for box in boxes) > 0.7


def test_several_sizes_on_one_page_are_all_found(row, on_paper, overlap) -> None:
    page = np.zeros((700, 1000), np.uint8)
    expected, top = [], 20
    for height, text in ((14, "314159"), (40, "2653"), (120, "589"), (260, "79")):
        ink, boxes = row(text, height, margin=6)
        page[top : top + ink.shape[0], 30 : 30 + ink.shape[1]] = ink
        expected += [(a + 30, b + top, c + 30, d + top) for a, b, c, d in boxes]
        top += height + 40
    found = candidates_of(on_paper(page))
    assert min(found_best(found, box, overlap) for box in expected) > 0.7


def test_a_digit_that_fills_the_picture_is_found(row, on_paper, overlap) -> None:
    ink, _ = row("3", 500, margin=100, seed=5)
    ink = cv2.dilate(ink, np.ones((45, 45), np.uint8))  # as broad a marker as that
    rows, columns = np.flatnonzero(ink.max(axis=1)), np.flatnonzero(ink.max(axis=0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    assert found_best(candidates_of(on_paper(ink)), box, overlap) > 0.7


def test_boxes_of_the_far_view_are_in_pixels_of_the_picture(row, on_paper, overlap) -> None:
    ink, boxes = row("0246", height=300, margin=150)
    far = [piece for piece in candidates_of(on_paper(ink)) if piece.far]
    assert far
    assert all(piece.scale > 2 for piece in far)
    for box in boxes:
        best = max(far, key=lambda piece: overlap(piece.box, box))
        np.testing.assert_allclose(best.box, box, atol=2 * best.scale)


def test_boxes_of_the_closer_view_are_in_pixels_of_the_picture(row, on_paper, overlap) -> None:
    ink, boxes = row("0246", height=14)
    fine = [piece for piece in candidates_of(on_paper(ink)) if piece.scale < 1]
    for box in boxes:
        best = max(fine, key=lambda piece: overlap(piece.box, box))
        np.testing.assert_allclose(best.box, box, atol=1)
        assert best.covers(best.points) == 1.0
        assert best.mass == pytest.approx(ink[box[1] : box[3], box[0] : box[2]].sum() / 255, rel=0.4)


def test_what_is_large_is_not_proposed_from_the_closer_view(row, on_paper) -> None:
    ink, _ = row("02", height=90, margin=270)  # as large as pictures are that only the closer view enlarges
    assert not [piece for piece in candidates_of(on_paper(ink)) if piece.scale < 1]
    assert [piece for piece in candidates_of(on_paper(row("02", height=20, margin=290)[0])) if piece.scale < 1]


def broken_five(gap: int) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """A five whose bar stands apart, on a page; and its box."""
    ink = np.zeros((200, 200), np.uint8)
    body = [(84, 92), (82, 84 + 12), (100, 94), (112, 106), (106, 126), (80, 128)]
    cv2.polylines(ink, [np.array(body)], False, 255, 5, cv2.LINE_AA)
    cv2.line(ink, (86, 92 - 5 - gap), (116, 90 - 5 - gap), 255, 5, cv2.LINE_AA)
    rows, columns = np.flatnonzero(ink.max(axis=1)), np.flatnonzero(ink.max(axis=0))
    return ink, (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


@pytest.mark.parametrize("gap", [3, 5, 7])
def test_the_two_parts_of_a_broken_five_are_proposed_as_one(gap: int, on_paper, overlap) -> None:
    ink, box = broken_five(gap)
    merged = [piece for piece in candidates_of(on_paper(ink)) if piece.kind == "merge"]
    assert found_best(merged, box, overlap) > 0.85


@pytest.mark.parametrize("line", [0, 14])
def test_what_a_thick_line_lay_between_is_proposed_as_one(line: int, overlap) -> None:
    ink, ruled = np.zeros((300, 300), np.uint8), np.zeros((300, 300), np.uint8)
    cv2.line(ink, (150, 100), (150, 180), 200, 6)
    ink[145:163] = 0
    ruled[145:163] = line > 0
    view = View(ink, (20.0, 40.0), 1.0, False, ruled=ruled, ruling=float(line))
    found = propose([view])
    merged = found.merges(np.ones(len(found.candidates), bool))
    assert (found_best(merged, (147, 97, 154, 184), overlap) > 0.8) == (line > 0)


def two_broken_fives() -> tuple[np.ndarray, list[tuple[int, int, int, int]]]:
    """Two fives far apart, and their boxes."""
    ink, (left, top, right, bottom) = broken_five(5)
    return np.hstack([ink, ink]), [(left, top, right, bottom), (left + 200, top, right + 200, bottom)]


def test_components_come_first_and_without_their_merges(row, on_paper, overlap) -> None:
    ink, boxes = two_broken_fives()
    found = components_of(on_paper(ink))
    assert {piece.kind for piece in found.candidates} == {"component"}
    assert max(found_best(found.candidates, box, overlap) for box in boxes) < 0.85
    ink, boxes = row("0123456789")
    assert min(found_best(components_of(on_paper(ink)).candidates, box, overlap) for box in boxes) > 0.7


def test_only_what_is_said_to_be_a_part_is_merged(on_paper, overlap) -> None:
    ink, boxes = two_broken_fives()
    found = components_of(on_paper(ink))
    parts = np.array([piece.box[2] <= 200 for piece in found.candidates])
    assert 0 < parts.sum() < len(parts)
    merged = found.merges(parts)
    assert {piece.kind for piece in merged} == {"merge"}
    assert found_best(merged, boxes[0], overlap) > 0.85
    assert all(piece.box[2] <= 200 for piece in merged)
    assert found.merges(np.zeros(len(parts), bool)) == []


def test_either_part_of_a_broken_digit_is_enough_to_join_them(on_paper, overlap) -> None:
    ink, box = broken_five(5)
    found = components_of(on_paper(ink))
    bars = np.array([piece.height < 20 for piece in found.candidates])
    for parts in (bars, ~bars):
        assert parts.any()
        assert found_best(found.merges(parts), box, overlap) > 0.85


def test_neighbours_of_a_part_are_not_merged_without_it(on_paper) -> None:
    ink = np.zeros((120, 140), np.uint8)
    for left in (40, 51, 62):
        ink[40:80, left : left + 5] = 255
    found = components_of(on_paper(ink))
    merged = found.merges(np.array([piece.box[2] < 50 for piece in found.candidates]))
    assert merged
    assert all(piece.box[0] < 45 for piece in merged)


def test_all_candidates_are_components_and_what_is_merged_when_all_may_be_parts(on_paper) -> None:
    picture = on_paper(two_broken_fives()[0])
    found = components_of(picture)
    both = found, found.closer()
    every = [piece for some in both for piece in some.candidates + some.merges(np.ones(len(some.candidates), bool))]
    assert sorted((piece.kind, piece.box) for piece in every) == sorted(
        (piece.kind, piece.box) for piece in candidates_of(picture)
    )


def test_parts_far_apart_are_not_joined(row, on_paper) -> None:
    ink, _ = row("17", gap=60)
    assert all(piece.width < 60 for piece in candidates_of(on_paper(ink)))


def crowded() -> np.ndarray:
    """More specks than there may be candidates."""
    page = (np.random.default_rng(0).random((800, 800)) < 0.012).astype(np.uint8) * np.uint8(255)
    return cv2.dilate(page, np.ones((8, 2), np.uint8))


def test_of_a_full_page_too_only_what_is_said_to_be_a_part_is_merged(on_paper) -> None:
    found = components_of(on_paper(crowded()))
    assert len(found.candidates) == MOST
    merged = found.merges(np.array([piece.box[2] <= 200 for piece in found.candidates]))
    assert merged
    assert all(piece.box[0] < 200 for piece in merged)


def test_of_a_full_page_the_candidates_with_most_ink_are_kept(row, on_paper, overlap) -> None:
    page = crowded()
    page[400:500, 300:600] = 0
    ink, boxes = row("88", 80, margin=10)
    page[400 : 400 + ink.shape[0], 340 : 340 + ink.shape[1]] = ink
    found = candidates_of(on_paper(page))
    assert len(found) == MOST
    for left, top, right, bottom in boxes:
        assert found_best(found, (left + 340, top + 400, right + 340, bottom + 400), overlap) > 0.7


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    kind=st.sampled_from(["blobs", "noise", "strokes", "black", "blank"]),
    seed=st.integers(0, 1000),
)
def test_candidates_lie_within_the_picture(height: int, width: int, kind: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = np.full((height, width), {"black": 0, "blank": 255}.get(kind, 210), np.uint8)
    if kind == "noise":
        picture = rng.integers(0, 256, (height, width), dtype=np.uint8)
    elif kind == "blobs":
        picture = cv2.GaussianBlur(rng.integers(0, 256, (height, width), dtype=np.uint8), (0, 0), 4)
        picture = cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX)
    elif kind == "strokes":
        for _ in range(6):
            ends = rng.integers(-20, 320, 4).tolist()
            cv2.line(picture, tuple(ends[:2]), tuple(ends[2:]), int(rng.integers(0, 256)), int(rng.integers(1, 12)))
    found = candidates_of(picture)
    assert len(found) <= MOST
    for piece in found:
        left, top, right, bottom = piece.box
        assert 0 <= left < right <= width + 1  # sides of enlarged pictures are rounded
        assert 0 <= top < bottom <= height + 1
        assert (piece.points >= (left - 0.5, top - 0.5)).all()  # boxes are rounded
        assert (piece.points < (right + 0.5, bottom + 0.5)).all()
        assert piece.mask.any()
        assert piece.mass > 0
        assert piece.cut_off or (left > 0 and top > 0 and right < width and bottom < height)


def test_parts_of_a_broad_digit_are_no_small_ink() -> None:
    """A stroke broader than the near view's window falls to pieces there; the far view has it whole."""
    picture = np.full((500, 400), 240, np.uint8)
    cv2.polylines(picture, [np.array([[100, 90], [285, 90], [170, 345]])], False, 50, 24, cv2.LINE_AA)
    found = components_of(picture)
    assert any(layer.view.far and len(layer.proposed) for layer in found.layers)
    assert not found.small().any()
    cv2.ellipse(picture, (60, 440), (6, 10), 0, 0, 360, 50, 3, cv2.LINE_AA)  # a small digit beside it
    assert components_of(picture).small().any()


@pytest.mark.parametrize("height", [14, 40])
def test_small_digits_of_a_large_picture_are_among_the_candidates(height: int, row, on_paper, overlap) -> None:
    ink, boxes = row("0123456789", height, margin=600)
    found = candidates_of(on_paper(ink))
    assert min(found_best(found, box, overlap) for box in boxes) > 0.7


def test_a_faint_part_joins_what_another_level_shows_better(on_paper, overlap) -> None:
    """A pen that dries up: at the level where the pale half shows, the dark one's twin is no longer proposed."""
    ink = np.zeros((200, 300), np.uint8)
    cv2.ellipse(ink, (150, 70), (30, 30), 0, 0, 360, 70, 6, cv2.LINE_AA)
    cv2.ellipse(ink, (150, 136), (34, 34), 0, 0, 360, 250, 6, cv2.LINE_AA)
    found = components_of(on_paper(ink))
    whole = (113, 37, 188, 174)
    every = found.candidates + found.merges(np.ones(len(found.candidates), bool))
    assert found_best(every, whole, overlap) > 0.9
    for layer in found.layers:
        assert not np.isin(layer.twins, layer.proposed).any()


def test_of_one_colour_of_ink_only_that_is_looked_at_closer(on_paper) -> None:
    """Dark digits and light ones on grey paper: both are proposed, until it is known which of them count."""
    picture = on_paper(np.zeros((300, 600), np.uint8), light=120)
    for x in range(40, 380, 60):
        cv2.ellipse(picture, (x, 100), (9, 16), 0, 0, 360, 30, 4, cv2.LINE_AA)
        cv2.ellipse(picture, (x, 200), (9, 16), 0, 0, 360, 215, 4, cv2.LINE_AA)
    found = components_of(picture)
    assert {piece.view.light for piece in found.closer().candidates} == {False, True}
    for light in (False, True):
        some = found.of(light)
        assert len(some.candidates) == len(some.places) > 0
        closer = some.closer()
        assert {piece.view.light for piece in some.candidates + closer.candidates} == {light}
        assert len(closer.candidates) > 3
        assert {piece.view.light for piece in some.merges(np.ones(len(some.candidates), bool))} <= {light}
