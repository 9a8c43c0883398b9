"""Pages that are tilted by a lot, turned upright: their digits lean too far, and their lines are not seen as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from digitlab.finding.ink import shrunk
from digitlab.finding.median import median
from digitlab.reading.open import Opened
from digitlab.readings import Box

TILTED = 0.12  # slope, as tangent, from which on a page is turned
STEEPEST = 0.6  # and beyond which what slopes is no ruling, nor the edge of a sheet
LINE_SIDE = 640  # longer side of the copy on which straight lines are looked for, pixels
LONG, GAP = 0.5, 0.015  # of that: lines reach at least so far, with gaps no longer than this
FEWEST, ALIKE, MOST_OF_THEM = 3, 0.03, 0.7  # of their edges: so many, of which such a share has nearly the same slope


def slope_of_lines(grey: np.ndarray) -> float:
    """Return the slope of the long straight lines of a picture, as tangent; 0 where it has none that agree.

    Args:
        grey: (height, width) uint8.
    """
    import cv2

    small = cv2.GaussianBlur(shrunk(grey, LINE_SIDE), (3, 3), 0)
    side = max(small.shape)
    step = float(np.abs(cv2.Sobel(small, cv2.CV_16S, 1, 0)).mean() + np.abs(cv2.Sobel(small, cv2.CV_16S, 0, 1)).mean())
    edges = cv2.Canny(small, 2 * step + 20, 4 * step + 40)
    found = cv2.HoughLinesP(edges, 1, np.pi / 360, 60, minLineLength=LONG * side, maxLineGap=GAP * side)
    if found is None:
        return 0.0
    across, down = (found.reshape(-1, 2, 2)[:, 1] - found.reshape(-1, 2, 2)[:, 0]).T.astype(float)
    slopes = down[level := np.abs(down) < STEEPEST * np.abs(across)] / across[level]
    if len(slopes) < FEWEST:
        return 0.0
    usual = median(slopes)
    return usual if (np.abs(slopes - usual) < ALIKE).mean() >= MOST_OF_THEM else 0.0


def turned(opened: Opened, slope: float) -> tuple[Opened, np.ndarray]:
    """Return a picture turned so that what slopes runs level, whole, and what leads back to the one given.

    Args:
        opened: the picture.
        slope: as tangent, positive where rows fall to the right.

    Returns:
        The picture, beyond whose border its edges go on, and a (2, 3) matrix for x, y, 1.
    """
    import cv2

    height, width = opened.grey.shape
    angle = np.arctan(slope)
    cos, sin = np.cos(angle), abs(np.sin(angle))
    size = round(width * cos + height * sin), round(width * sin + height * cos)
    there = cv2.getRotationMatrix2D((width / 2, height / 2), float(np.degrees(angle)), 1)
    there[:, 2] += (np.array(size) - (width, height)) / 2

    def turn(picture: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(picture, there, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    rgb = None if opened.rgb is None else turn(opened.rgb)
    return replace(opened, grey=turn(opened.grey), rgb=rgb, size=size), cv2.invertAffineTransform(there)


def box_back(points: np.ndarray, back: np.ndarray, shape: Sequence[int]) -> Box:
    """Return the box of points (P, 2) of a turned picture in the one that it was, (height, width) pixels in size."""
    x, y = np.clip((points @ back[:, :2].T + back[:, 2]).T, 0, [[shape[1]], [shape[0]]])
    left, top = int(np.floor(x.min())), int(np.floor(y.min()))
    return left, top, max(left + 1, int(np.ceil(x.max()))), max(top + 1, int(np.ceil(y.max())))
