"""What a hand and a pen make of a skeleton: the path that the hand takes, and the ink that the pen leaves."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from digitlab.data.hands import Hand, Pen
from digitlab.data.skeletons import Skeleton

_SUBPIXEL = 4  # fractional bits of the coordinates that OpenCV draws at


def trace(
    skeleton: Skeleton, shapes: tuple[Skeleton, ...], hand: Hand, rng: np.random.Generator, detail: int
) -> tuple[np.ndarray, list[int]]:
    """Return the path of the pen (S, 2) in heights, around (0, 0), and where in S each stroke starts."""
    other = shapes[rng.integers(len(shapes))]
    points = skeleton.points + hand.blend * (other.points - skeleton.points)
    slips = rng.standard_normal((len(points) + 2, 2))
    points = points + hand.miss * (0.6 * slips[:-2] + 0.7 * slips[1:-1] + 0.4 * slips[2:])
    points += np.repeat(hand.apart * rng.standard_normal((len(skeleton.lengths), 2)), skeleton.lengths, axis=0)
    sharp, rounded, starts = skeleton.curves(detail)
    path = (sharp + hand.rounding * (rounded - sharp)) @ points
    if hand.trim:
        path, starts = _trimmed(path, starts, hand.trim * np.abs(rng.standard_normal((len(starts) - 1, 2))))
    if hand.tremor > 0.0005:
        path = path + hand.tremor * _ripple(len(path), rng)
    x, y = (path - (path.min(axis=0) + path.max(axis=0)) / 2).T
    arch_x, arch_y = 1 - 4 * x * x, 1 - 4 * y * y  # 1 in the middle, 0 at the edges of the glyph
    bent = np.empty_like(path)
    x, y = x + hand.lift[1] * arch_x + hand.bow[0] * arch_y, y + hand.lift[0] * arch_y + hand.bow[1] * arch_x
    bent[:, 0] = x * (1 + 2 * hand.keystone[0] * y)
    bent[:, 1] = y * (1 + 2 * hand.keystone[1] * x)
    return bent @ _leaning(hand).T, starts


def _leaning(hand: Hand) -> np.ndarray:
    """Return the (2, 2) matrix that widens, then slants, then lets climb, then turns."""
    cos, sin = math.cos(hand.turn), math.sin(hand.turn)
    slanted = np.array([[hand.widen, -hand.slant], [0.0, 1.0]])
    climbing = np.array([[1.0, 0.0], [-hand.climb, 1.0]])
    return np.array([[cos, -sin], [sin, cos]]) @ climbing @ slanted


def _trimmed(path: np.ndarray, starts: list[int], parts: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Leave out a part (0 to 0.2) of each stroke at its start and its end."""
    pieces = []
    for start, end, (head, tail) in zip(starts, starts[1:], np.minimum(parts, 0.2), strict=False):
        length = end - start
        pieces.append(path[start + int(head * length) : end - int(tail * length)])
    return np.concatenate(pieces), [0, *np.cumsum([len(piece) for piece in pieces]).tolist()]


def _ripple(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return (count, 2) smooth noise of unit variance: five waves along x and along y, of random phase."""
    along = np.arange(count)[:, None, None] * (2 * math.pi / count)
    waves = np.array([3.0, 7.0, 11.0, 14.0, 18.0])[:, None]
    return np.sin(waves * along + 2 * math.pi * rng.random((5, 2))).sum(axis=1) * math.sqrt(2 / 5)


def breadths(path: np.ndarray, starts: list[int], pen: Pen, rng: np.random.Generator) -> np.ndarray:
    """Return the width of the stroke at each of the samples (S,), 1 on average for a round point."""
    count = len(path)
    along = np.arange(count) * (2 * math.pi / count)
    phases, rates = 2 * math.pi * rng.random(2), 0.5 + 2.5 * rng.random(2)
    widths = 1 + pen.pressure * (np.sin(rates[0] * along + phases[0]) + np.sin(rates[1] * along + phases[1]))
    if pen.nib:
        steps = np.gradient(path, axis=0)
        across = np.abs(np.sin(np.arctan2(-steps[:, 1], steps[:, 0]) - pen.nib_angle))
        widths *= 1 + pen.nib * (1.6 * across - 1)
    if pen.taper:
        for start, end in pairwise(starts):
            part = 1 + (end - start) // 5  # of the stroke, at each end
            narrowing = 1 - pen.taper * np.linspace(1, 0, part, endpoint=False) ** 1.5
            widths[start : start + part] *= narrowing
            widths[end - part : end] *= narrowing[::-1]
    return np.maximum(widths, 0.25)


def run_pen(
    path: np.ndarray,
    widths: np.ndarray,
    starts: list[int],
    shape: tuple[int, int],
    pen: Pen,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the picture, uint8 of `shape`, of a pen that ran along `path` with `widths`, all in pixels."""
    import cv2

    paper = np.zeros(shape, np.uint8)
    thickness = np.maximum(1, np.rint((widths[:-1] + widths[1:]) / 2)).astype(int)
    dots = np.rint(path * (1 << _SUBPIXEL)).astype(np.int32)
    changes = {0, *(np.flatnonzero(np.diff(thickness)) + 1).tolist()}
    for start, end in pairwise(starts):
        cuts = sorted({start, end - 1, *(cut for cut in changes if start < cut < end - 1)})
        for first, last in pairwise(cuts):  # one call for each run of equal thickness
            run = [dots[first : last + 1]]
            cv2.polylines(paper, run, False, 255, int(thickness[first]), cv2.LINE_8, _SUBPIXEL)
    blur = pen.softness * float(widths.mean())
    if blur > 0.3:
        paper = cv2.GaussianBlur(paper, (0, 0), blur)
    if pen.grain:
        cells = min(120, max(2, shape[0] // 3)), min(120, max(2, shape[1] // 3))
        tooth = cv2.resize(rng.random(cells, dtype=np.float32), shape[::-1], interpolation=cv2.INTER_LINEAR)
        paper = (paper * (pen.ink * (1 - pen.grain * tooth))).astype(np.uint8)
    return paper


def cropped(picture: np.ndarray, least: int | None = None) -> np.ndarray:
    """Cut off the edges of a picture, not all empty, whose ink is `least` at most; by default a quarter of the most."""
    if least is None:
        least = int(picture.max()) // 4
    rows, columns = np.flatnonzero(picture.max(axis=1) > least), np.flatnonzero(picture.max(axis=0) > least)
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def shrunk(picture: np.ndarray, scale: float) -> np.ndarray:
    """Return the picture at `scale` (0 to 1) of its size, at least a pixel high and wide."""
    import cv2

    width, height = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
