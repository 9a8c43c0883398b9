"""What on a ruled page is the pen's: a small network looks at every pixel of a page on which lines were found.

Lines that are as dark as the pen, or darker, cannot be told from it pixel by pixel; by what goes on beside them, and by
their colour, they can. So strokes stay whole where they cross lines, and run along them.
"""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from digitlab.finding.darkness import View, quantile
from digitlab.sessions import open_session

FILE = Path(__file__).parent.parent / "weights" / "finding" / "penmap.onnx"
CHANNELS = 4  # what the network sees of a pixel: how dark it is, and its colour
STEP = 16  # pixels: the sides of what it sees are multiples of this
AROUND = 41  # pixels, odd: the surroundings that a colour is relative to
# Log odds more of being the pen's where lines were found, and where none were: the best of ten pairs on development
# pages; and so is the limit below, of four.
WIPED, SPARED = -1.5, 2.0
# So many times as dark as the lines is the pen, by this quantile of what rules leave, where rules alone will do.
DARKER, PEN = 8.0, 0.75
NONE, ALL = -2.2, 0.4  # log odds up to which nothing of a pixel is kept, and from which on all is


def without_lines(bare: View, view: View, colours: np.ndarray, threads: int = 1) -> View:
    """Return a view without its lines, as the network sees them.

    Args:
        bare: the view without the lines that were found; where none were, the network's word alone counts.
        view: as it was before.
        colours: (H, W, 3) or (H, W) uint8, the picture in the size of the view.
        threads: that the network may take.
    """
    import cv2

    padded = _padded(seen(view, colours))
    said = _session(threads).run(["said"], {"seen": padded})[0][0, 0]  # on half of the rows and columns
    said = cv2.resize(said, padded.shape[:1:-1], interpolation=cv2.INTER_LINEAR)
    said = said[: view.darkness.shape[0], : view.darkness.shape[1]]
    if bare.ruled is not None:
        said = said + np.array([SPARED, WIPED], np.float32)[bare.ruled]
    kept = np.clip((said - NONE) * np.float32(255 / (ALL - NONE)), 0, 255).astype(np.uint8)
    darkness = cv2.multiply(view.darkness, kept, scale=1 / 255)
    ruled = ((view.darkness > view.levels[0]) & (kept < 128)).view(np.uint8)
    return dataclasses.replace(view, darkness=darkness, ruled=ruled, ruling=bare.ruling, lines=bare.ruled)


def in_doubt(bare: View, view: View, darker: float = DARKER) -> bool:
    """Say whether the lines of a view are so dark that rules cannot tell them from the pen.

    For `bare` and `view` see `without_lines`; rules can where the pen is `darker` times as dark as the lines.
    """
    if bare.ruled is None:
        return False
    lines = view.darkness[bare.ruled > 0]
    ink = bare.darkness[bare.darkness > view.levels[0]]
    return bool(len(lines) and len(ink)) and quantile(lines, 0.5) * darker > quantile(ink, PEN)


def seen(view: View, colours: np.ndarray) -> np.ndarray:
    """Return what the network sees of a view, (H, W, CHANNELS) uint8: darkness, and colour against what is around."""
    import cv2

    if colours.ndim == 2:
        colours = cv2.cvtColor(colours, cv2.COLOR_GRAY2RGB)
    if colours.shape[:2] != view.darkness.shape:
        colours = cv2.resize(colours, view.darkness.shape[::-1], interpolation=cv2.INTER_AREA)
    if view.light:
        colours = ~colours
    around = cv2.blur(colours, (AROUND, AROUND))
    return cv2.merge([view.darkness, cv2.addWeighted(colours, 1, around, -1, 128)])


def _padded(picture: np.ndarray) -> np.ndarray:
    """Return a picture as the network wants it: (1, CHANNELS, H, W) float32, 0 to 1, with margins below and right."""
    import cv2

    height, width = picture.shape[:2]
    padded = np.zeros((1, CHANNELS, -(-height // STEP) * STEP, -(-width // STEP) * STEP), np.float32)
    padded[0, 1:, height:] = padded[0, 1:, :, width:] = 128 / 255
    for channel, plane in zip(padded[0], cv2.split(picture), strict=True):
        np.multiply(plane, np.float32(1 / 255), out=channel[:height, :width])
    return padded


@cache
def _session(threads: int) -> Any:
    """Return the network, opened when it is first needed: most pages have no lines."""
    return open_session(FILE.read_bytes(), threads, any_size=True)
