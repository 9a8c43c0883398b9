"""Blots: solid ink that is broader than any stroke. Eyes, dots and filled shapes are no zeros.

Of 30,000 digits of MNIST one in 2,000 fills as much of its box as a disc does.
"""

from __future__ import annotations

import numpy as np

from digitlab.finding.darkness import View

FILLED = 0.72  # of its box: a disc fills 0.79, a digit less
BROAD = 0.45  # width by height: a bold 1 is narrower
OPEN = 20  # height from which on the loops of a digit are open, pixels of the opened picture
AROUND = 0.3  # of its size: so far around a blot
BESIDE = 0.25  # there is at most this share of ink
LOOP = 0.004  # of its box: the least paper that a loop encloses
LARGE = 0.06  # of the longer side: from this height on the near view may see no more of a blot than its edge


def solid(area: np.ndarray, width: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Say which components are solid, by their ink's area and the sides of their boxes, pixels; (N,) each."""
    return (area > FILLED * width * height) & (width > BROAD * height)


def looped(mask: np.ndarray) -> bool:
    """Say whether a solid component, (h, w) bool, encloses paper twice, as a bold 8 does and no blot."""
    import cv2

    paper = cv2.copyMakeBorder((~mask).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, _, pieces, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    enclosed = pieces[2:, cv2.CC_STAT_AREA]  # the first is the ink, the second lies around it
    return int(np.count_nonzero(enclosed >= LOOP * mask.size)) == 2


def hollow(boxes: np.ndarray, far: View) -> np.ndarray:
    """Say which boxes hold a blot of which the near view sees the edge only.

    To the near view the middle of a blot, wider than any pen's stroke, is paper. The far view sees it full of ink, with
    little around it; a shadow goes on beyond the box.

    Args:
        boxes: (N, 4), of components of the near view, in pixels of the opened picture.
        far: the far view of the same picture.
    """
    import cv2

    ink = cv2.integral((far.darkness > far.levels[-1]).astype(np.uint8))
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    margin = np.stack([-width, -height, width, height], axis=1) * AROUND
    (inside, area), (within, more) = (_sums(ink, (boxes + by) / far.scale) for by in (0, margin))
    alone = within - inside <= BESIDE * (more - area)
    large = height > LARGE * max(far.darkness.shape) * far.scale
    return (inside > FILLED * area) & (width > BROAD * height) & alone & large


def _sums(total: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what boxes (N, 4) hold by an integral image, and their areas in pixels, (N,) float each."""
    height, width = total.shape[0] - 1, total.shape[1] - 1
    left, top, right, bottom = np.rint(boxes).astype(int).clip(0, [width, height, width, height]).T
    sums = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return sums.astype(float), ((right - left) * (bottom - top)).astype(float)
