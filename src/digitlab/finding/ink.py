"""Paper away: from any grey picture to a soft map of its ink, and to the ink of its single digit.

The paper's own brightness is estimated on a small copy: a morphological closing wider than any stroke fills the ink
in, and a blur of the pixels that closing did not touch smooths it. What is darker than that, in proportion, is ink;
so shadows and vignettes, which darken ink and paper alike, drop out. Light ink on dark is turned over first.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from digitlab.finding.median import median
from digitlab.readings import Box

SMALL = 256  # longer side of the copy on which ink is told from paper, pixels
SMALLER = 128  # and of the one on which light is judged
DIM = 80  # paper darker than this counts as this bright: so little light has too few levels to compare
FAINTEST = 10  # ink must be this much darker than paper, in 255ths of the paper's brightness
CLEAREST = 4.0  # and this many times the noise of the paper
TWO_KINDS = 0.74  # share of the variance that lies between ink and paper; noise has 0.64, blurred writing 0.78
WEAK, STRONG = 50, 115  # levels of the ink map: strokes reach as far as WEAK goes on from a STRONG pixel
LEADING = 0.15  # the leading piece holds at least this share of all ink, or it is one speck of many
REACH = 0.25  # a part of a broken digit lies within this share of the digit's size


class Piece(NamedTuple):
    """A piece of ink, taken for a digit.

    Attributes:
        ink: (height, width) uint8, 0 paper to 255 full ink, cropped to `box`; other pieces are wiped out.
        box: where it lies in the ink map.
    """

    ink: np.ndarray
    box: Box


def contrast_grey(rgb: np.ndarray) -> np.ndarray | None:
    """Return the grey picture in which coloured ink stands out most, or None where plain luminance does as well.

    Method: the principal axis of the colours' fine detail (strokes, not light), found on a small copy.

    Args:
        rgb: (height, width, 3) uint8.

    Returns:
        (height, width) uint8, or None.
    """
    import cv2

    step = max(1, max(rgb.shape) // (4 * SMALLER))  # every pixel would say the same again
    small = shrunk(rgb[::step, ::step], SMALLER).astype(np.float32)
    thin = shrunk(small, SMALLER // 4)  # so wide a blur is the same on a small copy
    broad = cv2.GaussianBlur(thin, (0, 0), max(thin.shape) / 8)
    detail = (small - cv2.resize(broad, small.shape[1::-1], interpolation=cv2.INTER_LINEAR)).reshape(-1, 3)
    covariance = detail.T @ detail / len(detail)
    luminance = np.array([0.299, 0.587, 0.114], np.float32)
    axis = np.linalg.eigh(covariance)[1][:, -1]
    axis *= np.sign(axis.sum()) or 1
    axis /= np.abs(axis).sum()
    if axis @ covariance @ axis < 2 * (luminance @ covariance @ luminance):
        return None
    offset = -255 * axis[axis < 0].sum()  # so that the darkest possible is 0 and the lightest 255
    return cv2.transform(rgb, np.append(axis, offset)[None].astype(np.float32))


def find_ink(grey: np.ndarray, dark: bool | None = None) -> np.ndarray:
    """Separate ink from paper.

    Args:
        grey: (height, width) uint8, any size, as a person sees it.
        dark: whether ink is darker than paper; found out if not given.

    Returns:
        (height, width) uint8: 0 paper, 255 full ink, grey levels at the edges of strokes as anti-aliasing left
        them. All zeros where nothing stands out from the paper.
    """
    import cv2

    small = shrunk(grey, SMALL)
    if not (ink_is_dark(small) if dark is None else dark):
        grey, small = ~grey, ~small
    paper, noise = _paper(shrunk(small, SMALLER))
    if paper.shape != grey.shape:
        paper = cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    if max(grey.shape) > 3 * SMALLER:
        grey = cv2.GaussianBlur(grey, (3, 3), 0)  # a photo's grain is finer than its strokes
    # Ink takes a share of the light away; but where there is hardly any light, shares are mostly noise.
    darkness = cv2.divide(cv2.subtract(paper, grey), cv2.max(paper, DIM), scale=255)
    threshold, _ = cv2.threshold(darkness, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    counts = cv2.calcHist([darkness], [0], None, [256], [0, 256]).ravel()
    if not _two_kinds(counts, int(threshold)):
        return np.zeros_like(grey)
    counts[: int(threshold) + 1] = 0
    full = float(np.searchsorted(np.cumsum(counts), 0.8 * counts.sum()))  # the 80th percentile of the ink
    if full < max(FAINTEST, CLEAREST * _grain(cv2.subtract(grey, paper), paper)):
        return np.zeros_like(grey)
    floor = min(3 * noise, 0.35 * full)
    levels = np.clip((np.arange(256) - floor) * (255 / (full - floor)), 0, 255)
    return cv2.LUT(darkness, levels.astype(np.uint8))


def _two_kinds(counts: np.ndarray, threshold: int) -> bool:
    """Say whether a histogram of darkness has two kinds of pixels, ink and paper, or just one that is noisy."""
    share = counts / counts.sum()
    value = np.arange(256)
    mean, ink = share @ value, share[threshold + 1 :].sum()
    if ink < 0.05:  # so little ink that any noise outweighs it: its contrast must speak
        return bool(ink > 0)
    if ink > 0.999:
        return False
    ink_mean = share[threshold + 1 :] @ value[threshold + 1 :] / ink
    between = ink / (1 - ink) * (ink_mean - mean) ** 2
    return bool(between >= TWO_KINDS * (share @ (value - mean) ** 2))


def _grain(lighter: np.ndarray, paper: np.ndarray) -> float:
    """Return the noise of paper (1 sigma, in 255ths of its brightness), from what is lighter than it: never ink."""
    some = lighter[:: max(1, len(lighter) // 256)]
    above = some[some > 0]
    if above.size < 0.1 * some.size:
        return 0.0
    return 1.4826 * median(above) * 255 / max(float(DIM), median(paper))


def shrunk(picture: np.ndarray, longest: int, quick: bool = False) -> np.ndarray:
    """Return a picture whose longer side has `longest` pixels, or the picture itself if it is smaller.

    `quick` takes a fifth of the time: what is left once the picture was halved is no mean any more, but interpolated.
    """
    import cv2

    scale = longest / max(picture.shape[:2])
    if scale >= 1:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    while min(picture.shape[1] // size[0], picture.shape[0] // size[1]) >= 2:  # to halve is fifty times as fast
        height, width = picture.shape[0] // 2, picture.shape[1] // 2
        picture = cv2.resize(picture[: 2 * height, : 2 * width], (width, height), interpolation=cv2.INTER_AREA)
    return cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR if quick else cv2.INTER_AREA)


def ink_is_dark(small: np.ndarray) -> bool:
    """Say whether ink is darker than paper: paper is what there is more of, on the whole and along the edges."""
    return sum(shares_of_dark(small)) < 1


def shares_of_dark(small: np.ndarray) -> tuple[float, float]:
    """Return which share of a picture, (height, width) uint8, is dark, on the whole and along the edges."""
    import cv2

    side = max(small.shape)
    level = small.astype(np.float32)
    thin = shrunk(level, SMALLER // 2)  # so wide a blur is the same on a small copy
    broad = cv2.GaussianBlur(thin, (0, 0), max(thin.shape) / 6, borderType=cv2.BORDER_REPLICATE)
    detail = level - cv2.resize(broad, level.shape[::-1], interpolation=cv2.INTER_LINEAR)
    centred = np.clip(np.rint(detail + 128), 0, 255).astype(np.uint8)
    _, dark = cv2.threshold(centred, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    rim = max(1, side // 24)
    edges = np.concatenate([dark[:rim].ravel(), dark[-rim:].ravel(), dark[:, :rim].ravel(), dark[:, -rim:].ravel()])
    return float(dark.mean()), float(edges.mean())


def _light(small: np.ndarray) -> np.ndarray:
    """Fit the light that falls on paper with dark ink: (h, w) float32, 1 where the paper is brightest.

    A quadratic surface in x and y, drawn to the lighter pixels by asymmetric least squares (Newey and Powell,
    "Asymmetric Least Squares Estimation and Testing", 1987), then fitted again to those near it.
    """
    thin = shrunk(small, 48)
    points = _quadratic(*thin.shape)
    level = thin.ravel().astype(np.float32)
    weight = np.ones_like(level)
    for _ in range(6):
        surface = points @ _least_squares(points, level, weight)
        weight = np.where(level > surface, np.float32(1), np.float32(0.04))
    for _ in range(3):
        rest = level - surface
        above = rest[rest > 0]
        near = np.abs(rest) <= max(4.0, 4.5 * median(above) if above.size else 0.0)
        if near.mean() < 0.3:  # not one sheet under one light
            return np.ones(small.shape, np.float32)
        terms = _least_squares(points, level, near.astype(np.float32))
        surface = points @ terms
    fitted = (_quadratic(*small.shape) @ terms).reshape(small.shape)
    return np.maximum(fitted, 1) / max(1.0, float(fitted.max()))


def _least_squares(points: np.ndarray, level: np.ndarray, weight: np.ndarray) -> np.ndarray:
    weighted = points.T.astype(np.float64) * weight
    return np.linalg.lstsq(weighted @ points, weighted @ level, rcond=None)[0].astype(np.float32)


@lru_cache(maxsize=8)
def _quadratic(height: int, width: int) -> np.ndarray:
    rows, columns = ((2 * np.arange(count) + 1) / count - 1 for count in (height, width))  # pixels' centres
    y, x = np.meshgrid(rows, columns, indexing="ij")
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6).astype(np.float32)


def _paper(small: np.ndarray) -> tuple[np.ndarray, float]:
    """Estimate the paper under dark ink: its brightness, uint8 of the same shape, and its noise (1 sigma)."""
    import cv2

    side = max(small.shape)
    light = _light(small)
    level = np.minimum(small / light, 255)
    width = max(3, int(0.55 * side) | 1)  # wider than the stroke of any digit that fits the picture
    closed = cv2.morphologyEx(level, cv2.MORPH_CLOSE, np.ones((width, width), np.uint8))
    depth = np.rint(closed - level).astype(np.uint8)
    threshold, _ = cv2.threshold(depth, 0, 1, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    inked = cv2.dilate((depth > 0.6 * threshold).astype(np.uint8), np.ones((3, 3), np.uint8))
    bare = (1 - inked).astype(np.float32)
    # A blur of the bare paper; where all is ink within reach, the faint vote of a wider blur decides, or of the mean.
    total, weight = 1e-6 * (level * bare).mean() + 1e-9 * level.max(), 1e-6 * bare.mean() + 1e-9
    wide = (side // 2 | 1, side // 2 | 1)
    total = total + cv2.GaussianBlur(level * bare, (0, 0), side / 12) + 1e-3 * cv2.blur(level * bare, wide)
    weight = weight + cv2.GaussianBlur(bare, (0, 0), side / 12) + 1e-3 * cv2.blur(bare, wide)
    # Both err to the light side only: the closing along a slope of light, the blur beyond the edge of the paper.
    paper = np.rint(np.minimum(total / weight, closed) * light)
    rest = np.clip(paper[inked == 0] - small[inked == 0], -40, 40)
    return paper.clip(0, 255).astype(np.uint8), float(np.sqrt(np.mean(rest**2))) if rest.size else 0.0


def single_digit(ink: np.ndarray) -> Piece | None:
    """Pick the piece of ink, or the pieces close together, that are the picture's one digit.

    The piece with the most ink leads, pieces that run into the picture's edge and frames around it only if there
    is no other; parts of the digit that lie near it (the bar of a 5) join.

    Args:
        ink: (height, width) uint8, from `find_ink`.

    Returns:
        The digit, or None where there is nothing but specks.
    """
    import cv2

    height, width = ink.shape
    count, label, stats, _ = cv2.connectedComponentsWithStats((ink > WEAK).astype(np.uint8), connectivity=8)
    inked = np.flatnonzero(label)  # label 0 is the paper
    owner, level = label.ravel()[inked], ink.ravel()[inked]
    mass = np.bincount(owner, level, count)
    solid = np.bincount(owner[level > STRONG], minlength=count) > 0
    if not solid.any():
        return None
    x, y, w, h = stats[:, 0], stats[:, 1], stats[:, 2], stats[:, 3]
    cut = (x == 0) | (y == 0) | (x + w == width) | (y + h == height)
    around = (w > 0.9 * width) & (h > 0.9 * height) & (stats[:, 4] < 0.2 * w * h)
    worth = mass * solid * np.where(cut, 0.3, 1.0) * np.where(around, 0.1, 1.0)
    main = int(worth.argmax())
    if mass[main] < LEADING * mass.sum() or max(w[main], h[main]) < max(4, 0.01 * max(ink.shape)):
        return None
    chosen = {main}
    left, top, right, bottom = x[main], y[main], x[main] + w[main], y[main] + h[main]
    candidates = [i for i in np.flatnonzero(solid & (mass > 0.03 * mass[main])) if not cut[i] or cut[main]]
    grown = True
    while grown:
        grown = False
        size = max(right - left, bottom - top)
        for i in candidates:
            gap = max(x[i] - right, left - x[i] - w[i], y[i] - bottom, top - y[i] - h[i], 0)
            if i not in chosen and gap <= REACH * size and max(w[i], h[i]) < 1.2 * size:
                chosen.add(int(i))
                left, top = min(left, x[i]), min(top, y[i])
                right, bottom = max(right, x[i] + w[i]), max(bottom, y[i] + h[i])
                grown = True
    inside = label[top:bottom, left:right]
    keep = np.isin(inside, list(chosen))
    keep |= (inside == 0) & (cv2.dilate(keep.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)  # its soft edges
    return Piece(ink[top:bottom, left:right] * keep, (int(left), int(top), int(right), int(bottom)))
