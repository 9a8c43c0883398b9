"""How much darker than its paper each pixel is: the map on which strokes are looked for, page-wide.

Two views of a page, because strokes come in all widths. The near view takes what is wider than a pen's stroke for
paper, so shadows, desks and fingers drop out and their edges hardly show; the far view, on a small copy, keeps
strokes as broad as a digit that fills the picture needs. Light ink on dark is turned over first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from digitlab.finding.ink import DIM, contrast_grey, find_ink, ink_is_dark, shrunk

PAPER_SIDE = 400  # longer side of the copy on which the near view looks for paper, pixels
BROADEST = 1 / 24  # strokes up to this share of the longer side are strokes to the near view
FAINTEST = 9.0  # the lowest level at which ink is looked for, in 255ths of the paper's brightness
CLEAREST = 3.5  # and at least this many times the paper's own unevenness
STEP = 1.8  # from one level to the next
TOP = 190.0  # no level above
FAR_SIDE = 320  # longer side of the far view, pixels


@dataclass(frozen=True)
class View:
    """A map of darkness.

    Attributes:
        darkness: (height, width) uint8, 0 as bright as the paper, 255 black.
        levels: thresholds worth trying, lowest first.
        scale: pixels of the opened picture for each pixel of the map.
        far: whether this is the far view.
    """

    darkness: np.ndarray
    levels: tuple[float, ...]
    scale: float
    far: bool


def views(grey: np.ndarray, rgb: np.ndarray | None = None) -> list[View]:
    """Return the near and the far view of a picture.

    Args:
        grey: (height, width) uint8, as a person sees it.
        rgb: (height, width, 3) uint8, where the picture has colours.
    """
    contrast = None if rgb is None else contrast_grey(rgb)
    grey = grey if contrast is None else contrast
    far = shrunk(grey, FAR_SIDE)
    if not ink_is_dark(shrunk(grey, 256)):
        grey = ~grey
    ink = find_ink(far)
    return [_near(grey), View(ink, (50.0, 115.0), max(grey.shape) / max(far.shape), True)]


def _continued(small: np.ndarray, reach: int) -> np.ndarray:
    """Return a picture with a margin all around, in which the trend of its light goes on."""
    import cv2

    trend = cv2.blur(small, (reach, reach))
    trend = trend.astype(np.int16)
    mirrored, edge = np.pad(trend, reach, mode="reflect"), np.pad(trend, reach, mode="edge")
    padded = (2 * edge - mirrored).clip(0, 255).astype(np.uint8)
    padded[reach:-reach, reach:-reach] = small
    return padded


def _near(grey: np.ndarray) -> View:
    import cv2

    small = shrunk(grey, PAPER_SIDE)
    window = max(9, int(max(small.shape) * BROADEST) | 1)
    # Light that falls off towards the border goes on falling beyond it: else the border would look inked.
    closed = cv2.morphologyEx(_continued(small, window), cv2.MORPH_CLOSE, np.ones((window, window), np.uint8))
    paper = cv2.GaussianBlur(closed, (0, 0), window / 4)[window:-window, window:-window]
    if paper.shape != grey.shape:
        paper = cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    if max(grey.shape) > 700:
        grey = cv2.GaussianBlur(grey, (3, 3), 0)  # a photo's grain is finer than its strokes
    darkness = cv2.divide(cv2.subtract(paper, grey), cv2.max(paper, DIM), scale=255)
    # Paper is most of a page: the darkness of its middling pixel is its unevenness.
    level = max(FAINTEST, CLEAREST * float(np.median(darkness[:: max(1, len(darkness) // 256)])))
    levels = [level]
    while levels[-1] * STEP < TOP:
        levels.append(levels[-1] * STEP)
    return View(darkness, tuple(levels), 1.0, False)
