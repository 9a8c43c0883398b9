"""Another look for a digit that fills its picture: under a shadow, in a frame, on a sheet that lies on a dark desk.

The near view takes strokes so broad for paper, and the far view knows one light and one kind of ink for the whole
picture: the edge of a shadow, or a dark frame, is all that it sees of such a one. These views tell paper from ink near
by, as the near view does, but of strokes up to a quarter of the picture; both colours of ink are looked for where it is
hard to say which it is, or where what would be ink is a panel with something on it; and what surrounds the sheet is no
ink.
"""

from __future__ import annotations

import numpy as np

from digitlab.finding.darkness import (
    FAR_SIDE,
    TONE_SIDE,
    View,
    darker,
    lowest_level,
    paper_near_by,
    rising,
    without_specks,
)
from digitlab.finding.ink import find_ink, shares_of_dark, shrunk
from digitlab.finding.panels import has_panels

BROADEST = 0.25  # of the longer side: strokes up to this width are strokes
SMOOTH = 0.1  # of that width is the blur of the paper, 1 sigma
FAINTEST = 25.0  # the lowest level: what fills a picture is no fainter
LEVELS = (50.0, 115.0)  # of what is told from paper by one light for all of the picture
# Shares of the picture and of its edges that are dark, together: between these it is hard to say whether ink is.
SURELY_DARK, SURELY_LIGHT = 0.5, 1.75
AROUND = 0.5  # of the border is covered by what surrounds a sheet, at least
SOFT = 5  # pixels, odd: so wide a window reaches from what surrounds a sheet to the end of its soft edges


def broad_views(grey: np.ndarray) -> list[View]:
    """Return views of broad strokes: of dark ink, of light ink, or of both.

    Args:
        grey: (height, width) uint8, the picture of the near view; `View.scale` is in its pixels.
    """
    import cv2

    far = shrunk(grey, FAR_SIDE)
    scale = max(grey.shape) / max(far.shape)
    dark = sum(shares_of_dark(shrunk(far, TONE_SIDE)))
    likely = dark >= 1
    doubtful = SURELY_DARK < dark < SURELY_LIGHT or has_panels(far, likely)
    small = cv2.GaussianBlur(far, (3, 3), 0)
    seen = []
    for light in (likely, not likely) if doubtful else (likely,):
        turned, smooth = (~far, ~small) if light else (far, small)
        window = min(max(9, int(BROADEST * max(far.shape)) | 1), (min(far.shape) - 1) | 1)
        paper, _ = paper_near_by(smooth, window, max(0.5, SMOOTH * window))
        darkness = darker(turned, paper)
        levels = without_specks(darkness, rising(max(FAINTEST, lowest_level(darkness))))
        seen.append(View(_without_surroundings(darkness, levels), levels, scale, True, light))
    if doubtful:  # the far view has looked for the likely one so
        ink = _without_surroundings(find_ink(far, likely), LEVELS)
        seen.append(View(ink, LEVELS, scale, True, not likely))
    return seen


def _without_surroundings(darkness: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Return a map of darkness without what lies around a sheet: what goes along most of the border."""
    import cv2

    rest = darkness
    for level in reversed(levels):  # the highest first: there a stroke that comes close to it stands apart
        label = cv2.connectedComponents((rest > level).view(np.uint8), connectivity=8)[1]
        border = np.concatenate([label[0], label[-1], label[1:-1, 0], label[1:-1, -1]])
        counts = np.bincount(border)
        counts[0] = 0
        if counts.max() > AROUND * len(border):
            around = cv2.dilate((label == counts.argmax()).view(np.uint8), np.ones((SOFT, SOFT), np.uint8))
            rest = rest * (1 - around)
    return rest
