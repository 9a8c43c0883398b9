"""Boxes that are drawn for digits are told from digits, however small they are."""

import cv2
import numpy as np
import pytest

from digitlab.finding.cells import find_cells
from digitlab.finding.darkness import View
from digitlab.finding.propose import components_of
from digitlab.finding.rulings import without_rulings


def form(side=44, count=5, thickness=2, tilt=0.0, apart=8):
    """A row of boxes on white paper and their middles; (image, [(x, y)])."""
    image = np.full((160, 80 + count * (side + apart)), 240, np.uint8)
    middles = []
    for index in range(count):
        left = 40 + index * (side + apart)
        top = 60 + tilt * left
        corners = [(left, top), (left + side, top + tilt * side), (left + side, top + side), (left, top + side)]
        cv2.polylines(image, [np.rint(np.array(corners)).astype(np.int32)], True, 60, thickness, cv2.LINE_AA)
        middles.append((left + side // 2, round(top + side / 2)))
    return image, middles


def mask_of(image):
    return (image < 160).astype(np.uint8)


@pytest.mark.parametrize("thickness", [1, 2, 5])
@pytest.mark.parametrize("tilt", [0.0, 0.06, -0.06])
def test_boxes_of_a_form_are_found_and_their_lines_are_covered(thickness, tilt):
    image, _ = form(thickness=thickness, tilt=tilt)
    mask = mask_of(image)
    cells = find_cells(mask)
    assert cells.width == pytest.approx(44, abs=6)
    assert ((cells.level | cells.upright) & mask).sum() > 0.9 * mask.sum()


@pytest.mark.parametrize("degrees", [-14, -10, 10, 14])
def test_lines_of_a_table_drawn_on_a_turned_sheet_are_covered(degrees):
    ink = np.zeros((500, 500), np.uint8)
    for at in range(100, 401, 100):
        cv2.line(ink, (at, 100), (at, 400), 255, 9)
        cv2.line(ink, (100, at), (400, at), 255, 9)
    for x in range(150, 400, 100):
        for y in range(150, 400, 100):
            cv2.ellipse(ink, (x, y), (14, 24), 0, 0, 360, 255, 5)
    lines = cv2.warpAffine(ink, cv2.getRotationMatrix2D((250, 250), degrees, 1), (500, 500)) // 128
    cells = find_cells(lines)
    assert cells.width == pytest.approx(100, abs=14)
    found = (cells.level | cells.upright) & lines
    digit = cv2.ellipse(np.zeros((100, 100), np.uint8), (50, 50), (14, 24), 0, 0, 360, 1, 5)
    assert found.sum() > 0.7 * (lines.sum() - 9 * int(digit.sum()))
    for x in range(150, 400, 100):
        turned = cv2.getRotationMatrix2D((250, 250), degrees, 1) @ (x, 250, 1)
        left, top = np.rint(turned).astype(int) - 28
        assert not found[top : top + 56, left : left + 56].any()


def test_two_boxes_alone_may_be_writing():
    assert find_cells(mask_of(form(count=2)[0])).width == 0


def test_zeros_are_no_cells():
    image = np.full((120, 400), 240, np.uint8)
    for x in range(40, 400, 60):
        cv2.ellipse(image, (x, 60), (18, 28), 0, 0, 360, 30, 4, cv2.LINE_AA)
    assert find_cells(mask_of(image)).width == 0


def test_a_digit_in_a_small_box_is_proposed_without_its_box():
    image, middles = form()
    for x, y in middles:  # a 7, clear of the box
        cv2.polylines(image, [np.array([(x - 9, y - 13), (x + 9, y - 13), (x - 3, y + 14)])], False, 20, 4, cv2.LINE_AA)
    boxes = [candidate.box for candidate in components_of(image).candidates if not candidate.far]
    for x, y in middles:
        own = [box for box in boxes if box[0] < x < box[2] and box[1] < y < box[3]]
        assert any(box[2] - box[0] < 30 and box[3] - box[1] < 38 for box in own)
        assert not any(box[2] - box[0] > 40 for box in own)


def test_a_page_of_noise_is_no_form():
    mask = (np.random.default_rng(0).random((200, 300)) < 0.4).astype(np.uint8)
    cells = find_cells(mask)
    assert cells.width == 0
    assert not cells.level.any()


def struck_through(middles, image, where):
    """Write a stroke from above to below some of the boxes: the paper that they enclose is in two pieces."""
    for x, y in (middles[index] for index in where):
        cv2.line(image, (x + 14, y - 30), (x - 14, y + 30), 20, 4, cv2.LINE_AA)


@pytest.mark.parametrize("apart", [-2, 8])
@pytest.mark.parametrize("tilt", [0.0, 0.05])
def test_cells_whose_lines_digits_cross_are_known_by_their_neighbours(apart, tilt):
    image, middles = form(count=7, apart=apart, tilt=tilt)
    lines = mask_of(image).astype(bool)
    struck_through(middles, image, (1, 4, 5))
    cells = find_cells(mask_of(image))
    found = (cells.level | cells.upright).astype(bool)
    assert (found & lines).sum() > 0.9 * lines.sum()


def test_no_cell_is_made_up_where_a_side_has_no_ink():
    image, _ = form(count=5, apart=-2)
    row = find_cells(mask_of(image))
    left = 40 + 5 * 42
    cv2.polylines(image, [np.array([(left, 60), (left + 44, 60), (left + 44, 104)])], False, 60, 2)  # no lower side
    assert (find_cells(mask_of(image)).level[:, left + 6 :] == row.level[:, left + 6 :]).all()


def test_a_cell_that_is_closed_at_another_threshold_only_is_found():
    image, _ = form()
    gone = image.copy()
    gone[80:84] = 240  # a gap in every upright side
    assert find_cells(mask_of(gone)).width == 0
    assert find_cells(mask_of(gone), mask_of(image)).width == pytest.approx(44, abs=6)


def test_not_even_the_corners_of_cells_are_left():
    image, _ = form(count=6, side=60, thickness=5, tilt=0.06, apart=-2)
    grey = View(255 - image, (40.0, 80.0, 160.0), 1.0, False)
    left = without_rulings(grey).darkness > 80
    assert left.sum() < 0.02 * (grey.darkness > 80).sum()


def test_the_stems_of_digits_that_nearly_fill_their_cells_stay():
    ink = np.zeros((120, 700), np.uint8)
    for left in range(40, 660, 50):
        cv2.rectangle(ink, (left, 30), (left + 50, 90), 150, 3)
    stems = np.zeros_like(ink)
    for left in range(40, 640, 50):
        cv2.line(stems, (left + 25, 37), (left + 25, 83), 150, 4)
    left = without_rulings(View(np.maximum(ink, stems), (20.0, 40.0, 80.0), 1.0, False)).darkness
    assert (left[stems > 0] > 40).mean() > 0.95
    assert (left[(ink > 0) & (cv2.dilate(stems, np.ones((9, 9), np.uint8)) == 0)] > 40).mean() < 0.05
