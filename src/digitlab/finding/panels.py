"""Panels: patches with straight sides that look like ink, and have something of another colour on them.

Labels, keys, plates and displays are such, and images in plots. To a view that looks for ink of the panels' colour they
are all that there is, and what is written on them is paper.
"""

from __future__ import annotations

import numpy as np

SMALLEST, LARGEST = 120, 0.9  # pixels that a panel has, at least; and of the picture, at most: what has more is paper
SQUARE = 0.85  # of the upright rectangle, or the tilted one, around a panel is the panel's, at least
# Of all ink so much is panels, and of the picture; and of the panels so much is of their own colour, since what is on
# them is of another.
OF_INK, OF_PICTURE, PLAIN = 0.6, 0.015, (0.5, 0.98)


def has_panels(grey: np.ndarray, light: bool) -> bool:
    """Say whether what looks like ink in a picture is panels.

    Args:
        grey: (height, width) uint8.
        light: whether light patches are looked at, or dark ones.
    """
    import cv2

    _, ink = cv2.threshold(~grey if light else grey, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    edges, _ = cv2.findContours(ink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    panels = [edge for edge in edges if _straight(edge) and cv2.contourArea(edge) < LARGEST * grey.size]
    within = cv2.fillPoly(np.zeros_like(ink), panels, 1) > 0 if panels else np.zeros(ink.shape, bool)
    own = np.count_nonzero(ink[within])
    large = own > OF_PICTURE * grey.size and own > OF_INK * cv2.countNonZero(ink)
    return bool(large and PLAIN[0] < own / np.count_nonzero(within) < PLAIN[1])


def _straight(edge: np.ndarray) -> bool:
    """Say whether a closed line goes along the sides of a rectangle."""
    import cv2

    area = cv2.contourArea(edge)
    if area < SMALLEST:
        return False
    _, sides, _ = cv2.minAreaRect(edge)
    return area > SQUARE * sides[0] * sides[1]
