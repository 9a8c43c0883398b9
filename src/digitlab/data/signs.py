"""Invented signs: a few strokes drawn at random, as letters of scripts that nobody here can name.

The reader meets writing of every language; what is no digit is not only what the pen's letters look like.
"""

from __future__ import annotations

import math

import numpy as np

from digitlab.data.doodles import drawn, thickness
from digitlab.data.skeletons import spline

APART = 0.3  # heights: two points of a stroke that follow each other are at least so far apart
CORNER = 0.15  # share of the points at which the pen turns sharply
DETAIL = 12  # samples of the curve from one point to the next, and of an arc
ROUND = 0.5  # share of the strokes that are made of arcs, not of points
ONE, TWO = 0.3, 0.45  # shares of signs of one stroke and of two; the others have three
BAR, FULL = 0.45, 0.5  # a sign narrower than this, by its height, is like a 1; with more ink in its box it is a blot


def sign(rng: np.random.Generator, height: int) -> np.ndarray:
    """Draw an invented sign: (h, w) uint8, tightly cropped, 255 is full ink on paper 0; `height` as of a digit.

    One stroke alone winds a good deal, since with fewer turns it would be a 1, a 2 or a 7 too often.
    """
    for _ in range(8):
        way = rng.random()
        count = 1 if way < ONE else 2 if way < ONE + TWO else 3
        size, width = height * rng.uniform(0.6, 1.2), rng.uniform(0.45, 1.3)
        runs = [_rounded(rng, count) if rng.random() < ROUND else _pointed(rng, count, width) for _ in range(count)]
        ink = drawn([run * size for run in runs], thickness(rng, 0.03, 0.2) * height, rng, turn=0.0)
        if ink.shape[1] >= BAR * ink.shape[0] and (ink > 100).mean() <= FULL:
            break
    return ink


def _pointed(rng: np.random.Generator, strokes: int, width: float) -> np.ndarray:
    """Return the samples, (S, 2), of a stroke through points in a box of `width` by 1; more where it is alone."""
    least, most = {1: (5, 7), 2: (2, 5), 3: (2, 4)}[strokes]
    points = [rng.random(2) * (width, 1)]
    while len(points) < rng.integers(least, most + 1):
        point = rng.random(2) * (width, 1)
        if math.dist(point, points[-1]) >= APART:
            points.append(point)
    shape = np.array(points)
    return np.asarray(spline(shape, rng.random(len(shape)) < CORNER, DETAIL) @ shape)


def _rounded(rng: np.random.Generator, strokes: int) -> np.ndarray:
    """Return the samples, (S, 2), of a stroke of arcs, about 1 high; more of them where it is alone."""
    arcs = int(rng.integers(*((3, 6) if strokes == 1 else (1, 3))))
    turns = np.repeat(rng.uniform(-1.6, 1.6, arcs) * math.pi / DETAIL, DETAIL)
    steps = np.repeat(rng.uniform(0.3, 1.0, arcs) / DETAIL, DETAIL)
    angles = rng.uniform(0, 2 * math.pi) + np.cumsum(turns)
    path = np.cumsum(np.stack([np.cos(angles), np.sin(angles)], axis=1) * steps[:, None], axis=0)
    path -= path.min(axis=0)
    path /= max(path.max(), 0.1)
    return path * rng.uniform(0.5, 1) + rng.random(2) * 0.4
