"""Solid ink is no digit, however round."""

import cv2
import numpy as np
import pytest

from digitlab.finding.blots import solid
from digitlab.finding.components import components
from digitlab.finding.propose import components_of


def paper(side=300):
    return np.full((side, side), 235, np.uint8)


def proposed_at(grey, x, y):
    """Whether a component around a point is proposed."""
    boxes = [candidate.box for candidate in components_of(grey).candidates]
    return any(left <= x < right and top <= y < bottom for left, top, right, bottom in boxes)


@pytest.mark.parametrize("radius", [14, 30, 60])
def test_a_disc_of_any_size_is_not_proposed_but_a_ring_is(radius):
    disc, ring = paper(), paper()
    cv2.circle(disc, (150, 150), radius, 30, -1, cv2.LINE_AA)
    cv2.circle(ring, (150, 150), radius, 30, max(3, radius // 5), cv2.LINE_AA)
    assert not proposed_at(disc, 150, 150)
    assert proposed_at(ring, 150, 150)


@pytest.mark.parametrize(("loops", "proposed"), [(0, False), (1, False), (2, True), (3, False)])
def test_a_bold_eight_is_proposed_for_its_two_loops(loops, proposed):
    grey = paper(700)
    cv2.rectangle(grey, (336, 330), (362, 370), 30, -1)
    for y in [(), (350,), (341, 359), (337, 350, 363)][loops]:
        cv2.rectangle(grey, (345, y - 3), (352, y + 3), 235, -1)
    sizes = [(piece.width, piece.height) for piece in components_of(grey).candidates]
    assert any(width > 20 and height > 35 for width, height in sizes) == proposed


def test_a_bold_one_is_proposed():
    grey = paper()
    cv2.line(grey, (150, 90), (150, 210), 30, 40)
    assert proposed_at(grey, 150, 150)


def test_a_ring_in_the_shade_is_proposed():
    grey = paper()
    cv2.circle(grey, (100, 150), 40, 40, 9, cv2.LINE_AA)
    grey[:, :200] = (grey[:, :200] * 0.45).astype(np.uint8)
    assert proposed_at(grey, 100, 150)


def test_hardly_any_digit_is_solid():
    from digitlab.data import strokes

    digits = strokes.generate(1000, seed=3)
    found = [components((image > 100).astype(np.uint8)) for image in digits.images]
    largest = [(one.area.argmax(), one) for one in found]
    area = np.array([one.area[i] for i, one in largest])
    boxes = np.array([one.boxes[i] for i, one in largest])
    assert solid(area, boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]).mean() <= 0.004
