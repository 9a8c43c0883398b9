"""The fifteen corruptions of MNIST-C, to measure by: digits as bad cameras, pens and scanners leave them.

    noise      shot_noise, impulse_noise
    blur       glass_blur, motion_blur
    geometry   shear, scale, rotate, translate
    light      brightness, stripe, fog
    overlaid   spatter, dotted_line, zigzag        (these and the light are in overlays.py)
    edges      canny_edges

Written anew from the paper and its parameters, one severity each. They are for measuring alone: an import contract
keeps them from data/ and training/, so that no recogniser can have seen them as they are.
Source: Mu and Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision", 2019 (arXiv 1906.02337).
"""

from __future__ import annotations

import difflib
import math
import zlib
from collections.abc import Callable, Sequence

import numpy as np

from digitlab.errors import UsageError
from digitlab.evaluation import overlays
from digitlab.evaluation.extra import needs_extra

CHUNK = 500  # images at once: what they take in between stays within a hundred megabytes

Randoms = Sequence[np.random.Generator]
Corruption = Callable[[np.ndarray, Randoms], np.ndarray]  # (N, 28, 28) float32 0..1, a generator for each -> the same

_CENTRE = 13.5  # of 28 pixels, counted from 0


def corrupt(name: str, images: np.ndarray, seed: int = 0, indices: np.ndarray | None = None) -> np.ndarray:
    """Corrupt digits.

    What becomes of an image depends on the name, the seed and the image's index alone, so any part of a collection
    is corrupted just as the whole is.

    Args:
        name: one of CORRUPTIONS.
        images: (N, 28, 28) uint8, ink light on dark.
        seed: 0 or more.
        indices: (N,) int, the images' places in their collection; 0 to N - 1 by default.

    Returns:
        (N, 28, 28) uint8.

    Raises:
        UsageError: there is no such corruption, or the arguments do not fit each other.
        MissingExtraError: SciPy is not installed.
    """
    if name not in CORRUPTIONS:
        near = difflib.get_close_matches(name, CORRUPTIONS, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(CORRUPTIONS)}"
        raise UsageError(f"there is no corruption {name!r}; {hint}")
    if images.shape[1:] != (28, 28) or images.dtype != np.uint8 or seed < 0:
        given = f"{images.dtype} {images.shape} and seed {seed}"
        raise UsageError(f"corruptions take uint8 images (N, 28, 28) and a seed of 0 or more, not {given}")
    indices = np.arange(len(images)) if indices is None else np.asarray(indices)
    if indices.shape != (len(images),):
        raise UsageError(f"{len(images)} images need as many indices, but there are {indices.shape}")
    kind = zlib.crc32(name.encode())  # not the place in the table, which may change
    corrupted = np.empty_like(images)
    for at in range(0, len(images), CHUNK):
        part = slice(at, at + CHUNK)
        randoms = [np.random.default_rng([seed, kind, index]) for index in indices[part].tolist()]
        made = CORRUPTIONS[name](images[part].astype(np.float32) / 255, randoms)
        corrupted[part] = np.rint(made.clip(0, 1) * 255)
    return corrupted


def shot_noise(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Count light in threes: full ink is three photons on average."""
    return np.stack([rng.poisson(3.0 * image) for image, rng in zip(images, randoms, strict=True)]) / 3.0


def impulse_noise(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Set 17 % of the pixels to black or white, as often one as the other."""
    drawn = np.stack([rng.random((28, 28), np.float32) for rng in randoms])
    return np.where(drawn < 0.085, 0, np.where(drawn < 0.17, 1, images))


def glass_blur(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Blur, let pixels change places with their neighbours, twice over, and blur again.

    The published images are blurred up and down only, by a slip of their making, and so are these; blurred both ways,
    digits are much easier to read.
    """
    blurred = overlays.smooth(images, (0.7, 0))
    moves = np.stack([rng.integers(0, 2, (2, 28, 28, 3), np.int8) for rng in randoms])
    every = np.arange(len(images))
    for turn in range(2):
        for row in range(27, 1, -1):  # one after another: a pixel may travel on with the next change
            for column in range(27, 1, -1):
                changes, up, left = moves[:, turn, row, column].T
                # Half of the pixels stay, the others go to one of four places up to one pixel up and left.
                there = every, row - changes * up, column - changes * left
                here = blurred[:, row, column].copy()
                blurred[:, row, column] = blurred[there]
                blurred[there] = here
    return overlays.smooth(blurred, (0.7, 0))


def motion_blur(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Smear along a line of -45 to 45 degrees: half a Gaussian of deviation 3 pixels, cut off after 21."""
    angles = np.radians([rng.uniform(-45, 45) for rng in randoms])[:, None]  # (N, 1)
    weights = np.exp(-(np.arange(21.0) ** 2) / (2 * 3**2))
    weights /= weights.sum()
    every, place = np.arange(len(images))[:, None, None], np.arange(28)
    smeared = np.zeros_like(images)
    for step, weight in enumerate(weights):
        rows = (place + np.rint(step * np.sin(angles)).astype(np.int64)).clip(0, 27)  # (N, 28)
        columns = (place + np.rint(step * np.cos(angles)).astype(np.int64)).clip(0, 27)
        smeared += np.float32(weight) * images[every, rows[:, :, None], columns[:, None, :]]
    return smeared


def shear(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Lean all upright strokes by 0.4 radians to the left or to the right."""
    return _either_way(images, randoms, lambda way: [[math.cos(0.4), 0], [-math.sin(0.4) * way, 1]])


def scale(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Shrink to 0.7 of the size."""
    return _warped(images, np.eye(2) / 0.7)


def rotate(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Turn by 0.4 radians to the left or to the right."""
    cos, sin = math.cos(0.4), math.sin(0.4)
    return _either_way(images, randoms, lambda way: [[cos, way * sin], [-way * sin, cos]])


def translate(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Move by 3 pixels up or down, and 3 to the left or to the right; what leaves the frame is lost."""
    moved = np.zeros_like(images)
    for image, target, rng in zip(images, moved, randoms, strict=True):
        down, right = rng.choice((-3, 3), 2).tolist()
        to, of = _overlap(down), _overlap(-down)
        target[to, _overlap(right)] = image[of, _overlap(-right)]
    return moved


def canny_edges(images: np.ndarray, randoms: Randoms) -> np.ndarray:
    """Keep edges only, after Canny: blurred by 1 pixel, thresholds 0.1 and 0.2 of full ink for Sobel's gradient."""
    import cv2

    with needs_extra("corrupting images"):
        from scipy import ndimage
    unit = 4000  # for full ink; Sobel's gradient is 4 at most, which fits what OpenCV takes
    blurred = ndimage.gaussian_filter(unit * images, (0, 1, 1), mode="constant")
    slopes = [  # Sobel's: the difference along one axis, weighed along the other
        np.rint(ndimage.correlate1d(ndimage.correlate1d(blurred, (-1, 0, 1), axis), (1, 2, 1), 3 - axis))
        for axis in (2, 1)
    ]
    found = [
        cv2.Canny(right, down, 0.1 * unit, 0.2 * unit, L2gradient=True)
        for right, down in zip(*(slope.astype(np.int16) for slope in slopes), strict=True)
    ]
    return np.stack(found) / 255


def _either_way(images: np.ndarray, randoms: Randoms, matrix: Callable[[int], Sequence[Sequence[float]]]) -> np.ndarray:
    """Warp each image by the matrix of 1 or of -1, as its generator decides."""
    ways = np.array([rng.choice((-1, 1)) for rng in randoms])
    warped = np.empty_like(images)
    for way in (-1, 1):
        warped[ways == way] = _warped(images[ways == way], np.array(matrix(way)))
    return warped


def _warped(images: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return images whose pixel at p (row, column from the centre) is what was at `matrix` p; outside is paper."""
    with needs_extra("corrupting images"):
        from scipy import ndimage
    whole = np.eye(3)
    whole[1:, 1:] = matrix
    centre = np.array([0, _CENTRE, _CENTRE])
    return ndimage.affine_transform(images, whole, centre - whole @ centre, order=1)


def _overlap(shift: int) -> slice:
    """Return where, of 28 pixels, what was moved by `shift` comes to lie."""
    return slice(max(shift, 0), 28 + min(shift, 0))


CORRUPTIONS: dict[str, Corruption] = {
    "shot_noise": shot_noise,
    "impulse_noise": impulse_noise,
    "glass_blur": glass_blur,
    "motion_blur": motion_blur,
    "shear": shear,
    "scale": scale,
    "rotate": rotate,
    "brightness": overlays.brightness,
    "translate": translate,
    "stripe": overlays.stripe,
    "fog": overlays.fog,
    "spatter": overlays.spatter,
    "dotted_line": overlays.dotted_line,
    "zigzag": overlays.zigzag,
    "canny_edges": canny_edges,
}
"""The corruptions by their names, in the order of the paper."""
