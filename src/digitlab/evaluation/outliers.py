"""What is no digit, made to measure by: the same images for the same seed, with no download.

    letters     single letters by the pen, without those that look like a digit
    scribbles   hatchings, tangles and loops
    halves      digits by the pen, moved half out of the frame
    pairs       two digits by the pen, side by side
    noise       grain, fine and coarse
    blank       paper without ink
    garments    silhouettes of clothes, as solid as those of Fashion-MNIST

The first four resemble what recognisers that know "not a digit" were shown, by the same pen with other seeds; the
last three do not. Like the corruptions they are for measuring alone: an import contract keeps them from data/ and
training/.
"""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Callable

import numpy as np

from digitlab.data import strokes
from digitlab.data.distractors import distractor
from digitlab.errors import UsageError
from digitlab.evaluation.garments import garment
from digitlab.framing import SIDE, frame

_DRAWN = 80  # height at which things are written before they are framed, pixels


def make_outliers(name: str, count: int, seed: int = 0) -> np.ndarray:
    """Make images of what is no digit.

    Image i depends on the name, the seed and i alone, so that fewer images are the first of more.

    Args:
        name: one of SETS.
        count: how many.
        seed: 0 or more.

    Returns:
        (count, 28, 28) uint8, ink light on dark.

    Raises:
        UsageError: there is no such set, or `count` or `seed` is negative.
    """
    if name not in SETS:
        near = difflib.get_close_matches(name, SETS, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(SETS)}"
        raise UsageError(f"there is no set of outliers {name!r}; {hint}")
    if count < 0 or seed < 0:
        raise UsageError(f"count and seed of outliers must be 0 or more, but are {count} and {seed}")
    kind = zlib.crc32(f"outliers {name}".encode())
    images = np.empty((count, SIDE, SIDE), np.uint8)
    for index in range(count):
        images[index] = SETS[name](np.random.default_rng([seed, kind, index]))
    return images


def _letter(rng: np.random.Generator) -> np.ndarray:
    return frame(distractor(rng, _DRAWN, "letter")[0])


def _scribble(rng: np.random.Generator) -> np.ndarray:
    return frame(distractor(rng, _DRAWN, "scribble")[0])


def _pair(rng: np.random.Generator) -> np.ndarray:
    return frame(distractor(rng, _DRAWN, "pair")[0])


def _half(rng: np.random.Generator) -> np.ndarray:
    """Move a digit out of the frame, to one of four sides, until half of its ink is gone."""
    digit = frame(strokes.draw(int(rng.integers(10)), rng, _DRAWN))
    turned = np.rot90(digit, quarter := int(rng.integers(4)))  # so that up is where it goes
    gone = np.cumsum(turned.sum(axis=1)) / max(1, int(digit.sum()))
    rows = int(np.searchsorted(gone, 0.5)) + 1
    left = np.zeros_like(turned)
    left[: SIDE - rows] = turned[rows:]
    return np.rot90(left, -quarter)


def _noise(rng: np.random.Generator) -> np.ndarray:
    """Draw grain: of each pixel, or coarser; all over, or as sparse specks."""
    import cv2

    cells = int(rng.choice((28, 14, 9, 6)))
    grain = cv2.resize(rng.random((cells, cells), np.float32), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    sparse = rng.uniform(0, 0.8)  # so much of it is paper
    least = float(np.quantile(grain, sparse))
    return np.rint(255 * rng.uniform(0.4, 1) * (grain - least).clip(0) / (1 - least)).astype(np.uint8)


def _blank(rng: np.random.Generator) -> np.ndarray:
    """Return paper: a shade up to a tenth of full ink, with less grain than that; every fourth is quite clean."""
    if rng.random() < 0.25:
        return np.zeros((SIDE, SIDE), np.uint8)
    shade = rng.uniform(0, 25) + rng.normal(0, rng.uniform(0, 5), (SIDE, SIDE))
    return np.rint(shade.clip(0, 255)).astype(np.uint8)


SETS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "letters": _letter,
    "scribbles": _scribble,
    "halves": _half,
    "pairs": _pair,
    "noise": _noise,
    "blank": _blank,
    "garments": garment,
}
"""The sets by their names; each makes one image, (28, 28) uint8."""

FAMILIAR = ("letters", "scribbles", "halves", "pairs")
"""Sets that resemble what recognisers are shown as "not a digit"."""
