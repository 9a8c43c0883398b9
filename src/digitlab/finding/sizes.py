"""In how many pixels a picture is looked at: small ones are enlarged, and the near view is of no more than it needs."""

from __future__ import annotations

import numpy as np

from digitlab.finding.ink import shrunk

NEAR_SIDE = 800  # longer side of the near view, pixels, for the most
SHRINK = 1.1  # times: a picture is not brought to another size that is nearer to its own
# Pixels of the longer side, and times, to which a small picture is enlarged: where strokes are two pixels broad, little
# tells a line of the page from the pen. Of 7,873 lines on 2,400 development pages 474 are wrong so instead of 518.
LEAST_SIDE, MOST_TIMES = 600, 4.0


def enlarged(picture: np.ndarray) -> np.ndarray:
    """Return a small picture with more pixels; a picture that is not small, or hardly, as it is."""
    import cv2

    times = min(MOST_TIMES, LEAST_SIDE / max(picture.shape[:2]))
    if times < SHRINK:
        return picture
    height, width = (max(1, round(times * side)) for side in picture.shape[:2])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)


def near_copy(picture: np.ndarray) -> np.ndarray:
    """Return what the near view is of: a picture, from `enlarged`, or a smaller copy of a large one."""
    return shrunk(picture, NEAR_SIDE) if max(picture.shape) > SHRINK * NEAR_SIDE else picture
