"""Loops of a piece: paper that ink encloses, with the strokes around it. A chain of zeros is a row of them.

Zeros written in one go share their walls, as in the round sums of money, so no seam parts them: each wall belongs to
the loop on its left and to the one on its right.
"""

from __future__ import annotations

import math

import numpy as np

from digitlab.finding.candidate import Candidate

HIGH = 0.45  # of the piece's height: what is enclosed is at least so high
NARROW, WIDE = 0.12, 1.3  # of its own height: how wide it may be
THICK = 0.35  # of its own height: no stroke is thicker


def loops(piece: Candidate, ink: np.ndarray) -> list[Candidate]:
    """Return the high loops of a piece as candidates of kind "loop".

    Args:
        piece: that may be several digits.
        ink: (height, width) uint8 of its mask, how full its ink is.
    """
    import cv2

    padded = np.pad(piece.mask.view(np.uint8), 1)
    count, label, boxes, _ = cv2.connectedComponentsWithStats(1 - padded, connectivity=4)
    outside, found = label[0, 0], []
    high, stroke = HIGH * len(piece.mask), _stroke(padded)
    for hole in range(1, count):
        left, top, width, height = boxes[hole, :4].tolist()
        if hole == outside or height < high or not NARROW * height <= width <= WIDE * height:
            continue
        reach = math.ceil(min(stroke, THICK * height)) + 1
        around = np.s_[max(0, top - reach) : top + height + reach, max(0, left - reach) : left + width + reach]
        tip = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        near = cv2.dilate((label[around] == hole).astype(np.uint8), tip)
        mask = np.zeros_like(padded)
        mask[around] = padded[around] & near
        found.append(_cropped(piece, ink, mask[1:-1, 1:-1].view(bool)))
    return found


def _stroke(mask: np.ndarray) -> float:
    """Return the mean width of the strokes of a mask with a margin, pixels; see `digitlab.finding.pen`."""
    import cv2

    return 4 * (float(cv2.distanceTransform(mask, cv2.DIST_L2, 3)[mask > 0].mean()) - 0.25)


def _cropped(piece: Candidate, ink: np.ndarray, mask: np.ndarray) -> Candidate:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    where = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    mask = np.ascontiguousarray(mask[where])
    return piece.part(int(columns[0]), int(rows[0]), mask, ink[where] * mask, "loop")
