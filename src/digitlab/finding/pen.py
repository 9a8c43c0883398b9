"""A pen of MNIST's width: strokes that are far thinner or thicker than any in MNIST are made as wide as its own.

A 3-pixel line through a large photo would be next to nothing once its digit is 20 pixels tall; a broad marker would
fill the loops. The recogniser has seen neither.
"""

from __future__ import annotations

import numpy as np

from digitlab.framing import BOX

CANVAS = 80  # longer side on which strokes are measured and changed, pixels: four for each of the frame's
# Widths in pixels of the framed digit. Measured on MNIST's training images: 5 % are thinner than 2.0, half than 2.8,
# 95 % than 4.2.
THINNEST, WIDEN_TO = 1.9, 2.3
THICKEST, NARROW_TO = 4.4, 3.0
FAINTEST = 40  # level above which a pixel of the canvas is ink, of which the fullest tell how full a stroke is
BROADER, FINER = 4, 2  # how far the other two pens of `pens` differ, pixels of the canvas


def normal_strokes(ink: np.ndarray, thickest: float = THICKEST) -> np.ndarray:
    """Return a digit's ink with strokes of a usual width; unchanged where they are so already.

    Args:
        ink: (height, width) uint8, one digit cropped to its ink, 255 is full ink.
        thickest: width up to which strokes are left as they are, pixels of the framed digit.

    Returns:
        uint8, the same digit, perhaps at another size and with a margin; for `digitlab.framing.frame`.
    """
    import cv2

    pixel = CANVAS / BOX
    canvas = _on_canvas(ink)
    width, full = _stroke(canvas)
    if THINNEST * pixel <= width <= thickest * pixel:
        return ink
    canvas = cv2.convertScaleAbs(canvas, alpha=255 / full)  # lines thinner than a pixel came out grey
    wanted = (WIDEN_TO if width < THINNEST * pixel else NARROW_TO) * pixel
    return _traced(canvas, round(wanted - width))


def pens(ink: np.ndarray) -> list[np.ndarray]:
    """Return the same digit as written by three pens: as it is, by a broader one, by a finer one.

    A recogniser asked for all three and averaged is wrong less often and less sure when it is wrong.

    Args:
        ink: (height, width) uint8, from `normal_strokes`.
    """
    canvas = _on_canvas(ink)
    return [ink, _traced(canvas, BROADER), _traced(canvas, -FINER)]


def _on_canvas(ink: np.ndarray) -> np.ndarray:
    import cv2

    scale = CANVAS / max(ink.shape)
    size = max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
    return cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def _traced(canvas: np.ndarray, wider: int) -> np.ndarray:
    """Make strokes wider by so many pixels of the canvas, or narrower where negative."""
    import cv2

    tip = abs(wider) + 1
    canvas = cv2.copyMakeBorder(canvas, tip, tip, tip, tip, cv2.BORDER_CONSTANT)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (tip, tip))
    return cv2.dilate(canvas, kernel) if wider > 0 else cv2.erode(canvas, kernel)


def _stroke(canvas: np.ndarray) -> tuple[float, float]:
    """Measure the mean width of strokes, pixels, and their ink's level."""
    import cv2

    counts = np.bincount(canvas.ravel(), minlength=256)[FAINTEST + 1 :].cumsum()
    inked = int(counts[-1])
    # The 80th percentile, counted, which is faster than sorting.
    full = max(60, FAINTEST + 1 + int(counts.searchsorted(int(0.8 * inked), "right"))) if inked else 255
    _, solid = cv2.threshold(canvas, 0.45 * full, 1, cv2.THRESH_BINARY)
    area = cv2.countNonZero(solid)
    if not area:
        return 0.0, float(full)
    solid = cv2.copyMakeBorder(solid, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    depth = cv2.sumElems(cv2.distanceTransform(solid, cv2.DIST_L2, 3))[0] / area
    # Across a stroke of width w the distance to its edge is w/4 on average (and a quarter pixel more on a grid).
    return 4 * (depth - 0.25), float(full)
