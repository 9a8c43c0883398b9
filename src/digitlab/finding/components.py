"""Connected components with their boxes, quickly.

OpenCV's own statistics visit every pixel of the paper and take three times as long as its labels. What a box needs is
known from the runs of ink alone: where each begins, where it ends, and whose it is.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Components(NamedTuple):
    """The connected components (8 neighbours) of a mask; the first entry of each array is the paper's.

    Attributes:
        label: (height, width) int32, 0 for paper.
        boxes: (n, 4) int64: left, top, right, bottom, the last two exclusive; zeros for paper.
        area: (n,) int64, pixels of ink; 0 for paper.
        inked: (P,) indices of all ink in the flattened mask, in reading order.
    """

    label: np.ndarray
    boxes: np.ndarray
    area: np.ndarray
    inked: np.ndarray


def components(mask: np.ndarray) -> Components:
    """Return the components of a mask.

    Args:
        mask: (height, width) uint8, 1 where there is ink, else 0; contiguous.
    """
    import cv2

    width = mask.shape[1]
    count, label = cv2.connectedComponentsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_BBDT)
    owner_of = label.ravel()
    inked = np.flatnonzero(mask.view(bool))  # seven times as fast as of bytes
    boxes, area = np.zeros((count, 4), np.int64), np.zeros(count, np.int64)
    if not len(inked):
        return Components(label, boxes, area, inked)
    # A run ends where the next pixel of ink is not the next pixel, or where a row ends.
    last = np.flatnonzero((np.diff(inked) != 1) | (inked[1:] % width == 0))
    starts, ends = inked[np.append(0, last + 1)], inked[np.append(last, len(inked) - 1)]
    owner = owner_of[starts]
    row, first = np.divmod(starts, width)
    after = ends - starts + first + 1
    boxes[1:, :2] = max(mask.shape)
    np.minimum.at(boxes[:, 0], owner, first)
    np.minimum.at(boxes[:, 1], owner, row)
    np.maximum.at(boxes[:, 2], owner, after)
    np.maximum.at(boxes[:, 3], owner, row + 1)
    np.add.at(area, owner, after - first)
    return Components(label, boxes, area, inked)
