"""Labels, keys and images in plots are panels; digits, letters, rings and boxes are none."""

import cv2
import numpy as np
import pytest

from digitlab.finding.panels import has_panels
from digitlab.finding.propose import components_of


def labels(row, on_paper, sheet: float = 40) -> tuple[np.ndarray, list[tuple[int, int, int, int]]]:
    """White labels on a dark sheet, one digit on each: the picture, (H, W) uint8, and the digits' boxes."""
    picture, boxes = np.full((420, 900), sheet, np.uint8), []
    for number in range(24):
        ink, ((left, top, right, bottom),) = row(str(number % 10), height=34, margin=10, seed=number)
        x, y = 30 + 110 * (number % 8), 40 + 130 * (number // 8)
        picture[y : y + ink.shape[0], x : x + ink.shape[1]] = on_paper(ink)
        boxes.append((x + left, y + top, x + right, y + bottom))
    return picture, boxes


@pytest.mark.parametrize("negative", [False, True])
def test_labels_are_panels_and_the_digits_on_them_are_found_when_looked_for_again(
    row, on_paper, overlap, negative: bool
) -> None:
    picture, boxes = labels(row, on_paper)
    picture = 255 - picture if negative else picture
    assert has_panels(picture, light=not negative)
    assert not has_panels(picture, light=negative)
    found = components_of(picture)
    again = found.and_of(found.broader()).candidates
    assert min(max(overlap(piece.box, box) for piece in again) for box in boxes) > 0.7


def test_a_page_of_digits_has_none(row, on_paper) -> None:
    for text in ("0123456789", "11111111", "0808080"):
        ink, _ = row(text, 60)
        ink = cv2.dilate(ink, np.ones((5, 5), np.uint8))
        for picture in (on_paper(ink), 255 - on_paper(ink)):
            assert not has_panels(picture, light=False)
            assert not has_panels(picture, light=True)


def test_a_box_a_bar_and_a_ring_are_none() -> None:
    for draw in (
        lambda page: cv2.rectangle(page, (60, 60), (300, 240), 30, 5),
        lambda page: cv2.rectangle(page, (60, 60), (300, 240), 30, -1),
        lambda page: cv2.circle(page, (200, 150), 100, 30, 40),
    ):
        page = np.full((300, 400), 230, np.uint8)
        draw(page)
        assert not has_panels(page, light=False)


def test_an_empty_page_has_none() -> None:
    assert not has_panels(np.full((60, 80), 200, np.uint8), light=False)
    assert not has_panels(np.full((1, 1), 200, np.uint8), light=True)
