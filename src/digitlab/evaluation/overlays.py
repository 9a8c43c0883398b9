"""Corruptions that lie over a digit or change its light: see corruptions.py, which names them all.

Each takes (N, 28, 28) float32, 0 to 1, with a generator of random numbers for each image, and returns the same;
what lies outside of 0 to 1 is cut off by whoever calls.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digitlab.evaluation.extra import needs_extra

Randoms = Sequence[np.random.Generator]

_FOG = 3.0  # strength of the fog, in full inks
_DECAY = 1.4**2  # by which heights of the fog differ less, from one scale to the next finer one
_PLACE = np.arange(28, dtype=np.float32)


def brightness(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Add half of full ink to all pixels."""
    return images + np.float32(0.5)


def stripe(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Invert the first and the last seven columns."""
    striped = images.copy()
    striped[:, :, :7] = 1 - images[:, :, :7]
    striped[:, :, 21:] = 1 - images[:, :, 21:]
    return striped


def fog(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Lay fog over the digit: a corner of a landscape of 256 x 256, made by midpoint displacement.

    The landscape is made whole down to steps of four pixels, which settle its least and its greatest height to about
    a hundredth; the finer steps are made for the corner that is seen.
    """
    land, amplitude = np.zeros((len(images), 1, 1), np.float32), 1.0
    for _ in range(6):  # 1 to 64 points a side
        land, amplitude = _finer(land, amplitude, randoms), amplitude / _DECAY
    low, high = land.min(axis=(1, 2), keepdims=True), land.max(axis=(1, 2), keepdims=True)
    land = np.roll(land, 1, (1, 2))[:, :10, :10]  # one point more on each side: there the edges are wrong
    for _ in range(2):
        land, amplitude = _finer(land, amplitude, randoms), amplitude / _DECAY
    heights = ((land[:, 4:32, 4:32] - low) / (high - low)).clip(0, 1)
    most = images.max(axis=(1, 2), keepdims=True)
    return (images + _FOG * heights) * most / (most + _FOG)


def spatter(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Cover parts with drops of mud, a quarter as light as ink."""
    wet = np.stack([rng.normal(0.65, 0.3, (28, 28)) for rng in randoms]).astype(np.float32)
    mud = smooth((smooth(wet, (1, 1)) > 0.65).astype(np.float32), (1.5, 1.5))
    mud[mud < 0.8] = 0
    return images * (1 - mud) + 63 / 255 * mud


def dotted_line(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Draw a line from the left edge to the right, two columns of every four."""
    ends = np.array([rng.integers(0, 27, 2) for rng in randoms], np.float32)  # rows at the left and at the right
    zeros = np.zeros(len(images), np.float32)
    drawn = _line(zeros, ends[:, 0], zeros + 27, ends[:, 1])
    drawn[:, :, _PLACE % 4 < 2] = 0
    return images + drawn


def zigzag(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Draw a zigzag across, teeth of 2 pixels height every 4, about a line that climbs or falls by up to 5."""
    start = np.array([rng.integers(0, 27) for rng in randoms], np.float32)
    rise = np.array([rng.integers(-5, 5) for rng in randoms], np.float32)
    length = np.hypot(23, rise)
    cos, sin = 23 / length, rise / length
    along = np.stack([0 * length, *(0 * length + 2 + 4 * tooth for tooth in range(6)), length])  # (8, N)
    across = np.stack([0 * length, *(0 * length + 2 * (-1) ** tooth for tooth in range(6)), -1 / (length - 20)])
    columns, rows = 2 + cos * along - sin * across, start + sin * along + cos * across
    zigzagged = images
    for left, right in zip(range(7), range(1, 8), strict=True):
        zigzagged = zigzagged + _line(columns[left], rows[left], columns[right], rows[right])
    return zigzagged


def smooth(images: np.ndarray, sigmas: tuple[float, float]) -> np.ndarray:
    """Blur (N, 28, 28) by a Gaussian, with edges that go on as they are. Raises MissingExtraError.

    Args:
        images: to blur.
        sigmas: deviation up and down, and to the sides, pixels.
    """
    with needs_extra("corrupting images"):
        from scipy import ndimage
    return ndimage.gaussian_filter(images, (0, *sigmas), mode="nearest")


def _finer(land: np.ndarray, amplitude: float, randoms: Randoms) -> np.ndarray:
    """Double the points of landscapes, (N, S, S), that go on around their edges; new ones are means, displaced.

    First the middles of squares, from their corners; then the middles of edges, from both ends and both middles
    beside them. Source: Fournier, Fussell and Carpenter, "Computer Rendering of Stochastic Models", 1982.
    """
    side = land.shape[1]
    noise = np.stack([rng.uniform(-amplitude, amplitude, (3, side, side)) for rng in randoms]).astype(np.float32)
    pairs = land + np.roll(land, -1, 1)
    middles = (pairs + np.roll(pairs, -1, 2)) / 4 + noise[:, 0]
    level = (land + np.roll(land, -1, 2) + middles + np.roll(middles, 1, 1)) / 4 + noise[:, 1]
    upright = (pairs + middles + np.roll(middles, 1, 2)) / 4 + noise[:, 2]
    finer = np.empty((len(land), 2 * side, 2 * side), np.float32)
    finer[:, ::2, ::2], finer[:, 1::2, 1::2] = land, middles
    finer[:, ::2, 1::2], finer[:, 1::2, ::2] = level, upright
    return finer


def _line(left: np.ndarray, top: np.ndarray, right: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """Return soft lines, (N, 28, 28), from columns `left`, rows `top` to columns `right`, rows `bottom`, (N,) each.

    A pixel d rows off the line gets 1 + log(1 - d / 2.3), at least 0.
    """
    slope = (bottom - top) / (right - left)
    height = top[:, None] + slope[:, None] * (_PLACE - left[:, None])  # (N, 28), the line's row in each column
    height[(np.floor(left)[:, None] > _PLACE) | (np.ceil(right)[:, None] <= _PLACE)] = np.inf
    distance = np.abs(_PLACE[:, None] - height[:, None, :])  # (N, 28, 28)
    return 1 + np.log(1 - np.minimum(distance, 1.5) / 2.3).clip(-1)
