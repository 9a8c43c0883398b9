"""Doodles: rulings, scribbles, dots, textures, little pictures and outlines, that is, ink that no one means as writing.

Each function returns a tightly cropped uint8 picture, 255 is full ink on paper 0, about as large as such a thing is
beside a digit of `height` pixels. All are drawn at twice their size and shrunk, so that edges are smooth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from digitlab.data.writing import cropped

_OVER = 2  # times as large as asked for, before shrinking


def line(rng: np.random.Generator, height: int) -> np.ndarray:
    """Draw rulings, corners, crossings, boxes and grids; never a single upright bar, which may be a 1."""
    width = thickness(rng, 0.015, 0.14)
    long, short = height * rng.uniform(0.8, 6), height * rng.uniform(0.3, 1.5)
    form = rng.integers(7)
    if form == 0:  # a piece of a ruling
        runs = [[(0.0, 0.0), (long, long * rng.normal(0, 0.03))]]
    elif form == 1:  # several rulings
        gaps = np.cumsum(height * rng.uniform(0.2, 1.2, rng.integers(2, 5)))
        runs = [[(0.0, float(y)), (long, float(y) + long * rng.normal(0, 0.01))] for y in gaps]
    elif form == 2:  # a corner open to the right, the lower or the upper one
        y = 0.0 if rng.random() < 0.5 else short
        runs = [[(0.0, short - y), (0.0, y), (max(short, 0.4 * long), y)]]
    elif form == 3:  # a crossing of rulings
        x, y = long * rng.uniform(0.2, 0.8), short * rng.uniform(0.2, 0.8)
        runs = [[(0.0, y), (long, y)], [(x, 0.0), (x, short)]]
    elif form == 4:  # a box, wider than high
        wide = short * rng.uniform(1.3, 5)
        runs = [[(0.0, 0.0), (wide, 0.0), (wide, short), (0.0, short), (0.0, 0.0), (wide * 0.02, 0.0)]]
    elif form == 5:  # a piece of squared paper or of a table
        columns = np.cumsum(rng.uniform(0.4, 1, rng.integers(2, 5))) * height * rng.uniform(0.4, 1.2)
        rows = np.arange(rng.integers(2, 5)) * height * rng.uniform(0.3, 1)
        runs = [[(float(x), -0.1 * short), (float(x), float(rows[-1]) + 0.1 * short)] for x in columns]
        runs += [[(float(columns[0]) - 0.1 * short, float(y)), (float(columns[-1]), float(y))] for y in rows]
    else:  # a bracket of a fraction, a root or a division: a long bar with a foot
        runs = [[(0.0, 0.6 * short), (0.2 * short, short), (0.5 * short, 0.0), (long + short, 0.0)]]
    shake = rng.normal(0, 0.012 * height, (64, 2)) if rng.random() < 0.6 else np.zeros((64, 2))
    return drawn([np.array(run) + shake[: len(run)] for run in runs], width * height, rng, turn=0.03)


def scribble(rng: np.random.Generator, height: int) -> np.ndarray:
    """Draw what crosses out or fills: a hatching, a tangle, or a run of loops."""
    form = rng.integers(3)
    size = height * rng.uniform(0.5, 1.6)
    if form == 0:  # to and fro, slowly moving on
        turns = int(rng.integers(7, 20))
        wide = size * rng.uniform(0.6, 3)
        x = np.repeat(np.linspace(0, wide, turns), 2) + rng.normal(0, 0.03 * size, 2 * turns)
        y = np.tile([0.0, size], turns) + rng.normal(0, 0.08 * size, 2 * turns)
        path = np.stack([x + rng.uniform(-0.5, 0.5) * y, y], axis=1)
        if rng.random() < 0.4:
            path = path[:, ::-1]
    elif form == 1:  # a tangle of waves
        t = np.linspace(0, 2 * math.pi * rng.uniform(0.7, 1.2), 160)
        rates = rng.uniform(1, 9, (6, 2)) + np.arange(6)[:, None] * 0.8
        waves = np.sin(rates * t[:, None, None] + 2 * math.pi * rng.random((6, 2)))
        path = (waves * rng.uniform(0.3, 1, (6, 2))).sum(axis=1) * size / 5 * [rng.uniform(1, 2), 1]
    else:  # loops in a row, as when trying a pen
        loops = rng.uniform(3, 9)
        t = np.linspace(0, 2 * math.pi * loops, int(24 * loops))
        wobble = 1 + 0.3 * np.sin(t * rng.uniform(0.1, 0.4) + rng.uniform(0, 6))
        advance = size * rng.uniform(0.06, 0.14)
        path = np.stack([t * advance + 0.4 * size * np.cos(t) * wobble, 0.5 * size * np.sin(t) * wobble], axis=1)
    return drawn([path], thickness(rng, 0.025, 0.14) * height, rng, turn=0.3)


def dot(rng: np.random.Generator, height: int) -> np.ndarray:
    """Draw a speck, a full stop, a blot or a smear, often several."""
    import cv2

    size = height * (0.05 + 0.9 * rng.random() ** 2.5)
    blots: list[np.ndarray] = []
    for _ in range(1 if rng.random() < 0.7 else int(rng.integers(2, 5))):
        angles = np.linspace(0, 2 * math.pi, 40, endpoint=False)
        radius = 1 + sum(rng.normal(0, 0.3 / k) * np.cos(k * angles + rng.uniform(0, 6)) for k in (2, 3, 4, 5, 7))
        edge = np.maximum(radius, 0.3)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        edge = edge * [size * rng.uniform(0.7, 1.6) / 2, size / 2] * (1 if not blots else rng.uniform(0.2, 1))
        blots.append(edge + (rng.normal(0, 1.2 * size, 2) if blots else 0))
    ink = _paper(blots, 2)
    cv2.fillPoly(ink[0], [np.rint((blot - ink[1]) * _OVER).astype(np.int32) for blot in blots], 255)
    return _finished(ink[0], rng)


def texture(rng: np.random.Generator, height: int) -> np.ndarray:
    """Draw a patch of paper, cloth or wood: thresholded noise, squares, points or stripes."""
    import cv2

    rows, columns = (int(height * rng.uniform(0.4, 1.5)) + 2 for _ in range(2))
    form = rng.integers(4)
    if form == 0:
        cells = int(rng.integers(3, 14))
        noise = rng.standard_normal((cells, max(2, int(cells * rng.uniform(0.3, 2))))).astype(np.float32)
        noise = cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_CUBIC)
        ink = ((noise > np.quantile(noise, rng.uniform(0.3, 0.7))) * 255).astype(np.uint8)
    elif form == 1:
        y, x = np.mgrid[:rows, :columns] // max(1, int(height * rng.uniform(0.05, 0.25)))
        ink = ((x + y) % 2 * 255).astype(np.uint8)
    elif form == 2:
        ink = ((rng.random((rows, columns)) < rng.uniform(0.05, 0.4)) * 255).astype(np.uint8)
        ink = cv2.dilate(ink, np.ones((2, 2), np.uint8)) if rng.random() < 0.5 else ink
    else:
        y, x = np.mgrid[:rows, :columns] / (height * rng.uniform(0.04, 0.12))
        angle = rng.uniform(0, math.pi)
        ink = ((np.sin(x * math.cos(angle) + y * math.sin(angle)) > rng.uniform(-0.3, 0.5)) * 255).astype(np.uint8)
    if rng.random() < 0.5:  # not all patches are rectangles
        hull = cv2.convexHull((rng.random((7, 2)) * [columns, rows]).astype(np.int32))
        patch = cv2.fillConvexPoly(np.zeros_like(ink), hull, 1)
        ink = ink * patch if (ink * patch).any() else ink
    ink[0, 0] = max(ink[0, 0], 255 * (not ink.any()))
    if rng.random() < 0.6:
        ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.4, 1))
    return cropped(ink)


def shape(rng: np.random.Generator, height: int) -> np.ndarray:
    """Draw a triangle, a square, a star, a leaf, a face, a house, a flower or a cloud, full or as an outline."""
    import cv2

    size, form = height * rng.uniform(0.5, 1.2), rng.integers(7)
    circle = _ring(24)
    if form == 0:  # a triangle or a square; with more corners it would be like a 0
        runs = [_ring(int(rng.integers(3, 5)), rng.uniform(0, 1)) * rng.uniform(0.7, 1, 2)]
    elif form == 1:
        points = int(rng.integers(4, 9))
        runs = [_ring(2 * points) * np.tile([1.0, rng.uniform(0.35, 0.6)], points)[:, None]]
    elif form == 2:  # a leaf with its vein, lying: standing it would be like a slashed 0
        lying = _turned(rng.uniform(-0.35, 0.35))
        t = np.linspace(0, math.pi, 12)
        arc = np.stack([-np.cos(t), 0.4 * np.sin(t)], axis=1)
        runs = [np.concatenate([arc, -arc]) @ lying, np.array([[-1, 0], [1.3, 0]]) @ lying]
    elif form == 3:  # a face
        mouth = np.linspace(0.15 * math.pi, 0.85 * math.pi, 8)
        smile = np.stack([0.6 * np.cos(mouth), 0.6 * np.sin(mouth)], axis=1)
        runs = [circle, smile if rng.random() < 0.5 else smile * [1, -1] + [0, 0.85]]
        runs += [0.08 * circle + [x, -0.3] for x in (-0.35, 0.35)]
    elif form == 4:  # a house
        runs = [np.array([[-0.8, 1], [-0.8, -0.1], [0.8, -0.1], [0.8, 1], [-0.8, 1.0]])]
        runs.append(np.array([[-1, 0], [0, -1.0], [1, 0]]))
    elif form == 5:  # a flower or a sun
        rays = int(rng.integers(5, 11))
        runs = [0.4 * circle] + [np.stack([0.5 * ray, ray]) for ray in _ring(rays)]
    else:  # a cloud
        t = np.linspace(0, 2 * math.pi, 80)
        radius = 0.7 + 0.28 * np.abs(np.sin(t * rng.integers(5, 9) / 2))
        runs = [np.stack([1.3 * radius * np.cos(t), 0.7 * radius * np.sin(t)], axis=1)]
    closed = form in (0, 1, 2, 6)
    runs = [np.concatenate([run, run[:1]]) if index == 0 and closed else run for index, run in enumerate(runs)]
    runs = [(run + rng.normal(0, 0.02, run.shape)) * size / 2 for run in runs]
    if form in (0, 1, 2, 6) and rng.random() < 0.3:
        paper, low = _paper(runs[:1], 2)
        cv2.fillPoly(paper, [np.rint((runs[0] - low) * _OVER).astype(np.int32)], 255)
        return _finished(paper, rng)
    return drawn(runs, thickness(rng, 0.03, 0.12) * height, rng, turn=0.15)


def outline(rng: np.random.Generator, height: int) -> np.ndarray:
    """Draw the outline of a bird, a fish or a beast: of a body, lying or standing, with limbs on all sides."""
    import cv2

    side = 256
    body = rng.uniform(0.1, 0.21, 2) * side
    mask = np.zeros((side, side), np.uint8)
    axes, centre = np.rint(body).astype(int).tolist(), (side // 2, side // 2)
    cv2.ellipse(mask, centre, axes, float(rng.uniform(-40, 40)), 0, 360, 1, -1)
    limbs = int(rng.integers(3, 7))
    for angle in 2 * math.pi * (np.arange(limbs) + rng.uniform(-0.3, 0.3, limbs)) / limbs + rng.uniform(0, 6):
        reach = rng.uniform(1.6, 2.3) * body.max()  # from the body's middle
        wide = rng.uniform(0.25, 0.6) * body.min()
        along, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
        tip = side / 2 + reach * along + rng.normal(0, 0.2 * reach) * across
        foot = [side / 2 + sign * rng.uniform(1, 2) * wide * across for sign in (1, -1)]
        cv2.fillConvexPoly(mask, np.rint([*foot, tip]).astype(np.int32), 1)
        if rng.random() < 0.4:  # round, not pointed
            cv2.circle(mask, np.rint(tip).astype(int).tolist(), round(wide * 0.6), 1, -1)
    mask = (cv2.GaussianBlur(mask.astype(np.float32), (0, 0), rng.uniform(1, 5)) > 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=len)[:, 0].astype(float)
    run = np.concatenate([contour, contour[:1]]) * height * rng.uniform(0.5, 1.2) / np.ptp(contour, axis=0).max()
    return drawn([run], thickness(rng, 0.03, 0.12) * height, rng, turn=0.1)


def thickness(rng: np.random.Generator, least: float, most: float) -> float:
    """Draw the width of a stroke between two; small ones are as likely as large ones by ratio."""
    return least * (most / least) ** rng.random()


def _ring(count: int, start: float = 0.0) -> np.ndarray:
    """Return (count, 2) points on a circle of radius 1, the first at the top or `start` radians on."""
    angles = np.linspace(0, 2 * math.pi, count, endpoint=False) - math.pi / 2 + start
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _turned(angle: float) -> np.ndarray:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _paper(runs: Sequence[np.ndarray], margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Return empty paper for points in `runs`, enlarged, and the point at its upper left corner."""
    points = np.concatenate(runs)
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    columns, rows = np.ceil((high - low) * _OVER).astype(int).tolist()
    return np.zeros((rows, columns), np.uint8), low


def drawn(runs: Sequence[np.ndarray], width: float, rng: np.random.Generator, turn: float) -> np.ndarray:
    """Return the picture of polylines, `width` pixels wide, turned by a random angle of deviation `turn`."""
    import cv2

    runs = [run @ _turned(turn * rng.standard_normal()) for run in runs] if len(runs) == 1 else list(runs)
    paper, low = _paper(runs, width + 2)
    dots = [np.rint((run - low) * (_OVER * 16)).astype(np.int32) for run in runs]
    cv2.polylines(paper, dots, False, 255, max(1, round(width * _OVER)), cv2.LINE_8, 4)
    return _finished(paper, rng)


def _finished(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shrink to the size asked for, at times grained, and crop."""
    import cv2

    if rng.random() < 0.3:
        cells = max(2, ink.shape[0] // 4), max(2, ink.shape[1] // 4)
        tooth = cv2.resize(rng.random(cells, dtype=np.float32), ink.shape[::-1], interpolation=cv2.INTER_LINEAR)
        ink = (ink * (1 - rng.uniform(0.1, 0.5) * tooth)).astype(np.uint8)
    size = max(1, ink.shape[1] // _OVER), max(1, ink.shape[0] // _OVER)
    return cropped(cv2.resize(ink, size, interpolation=cv2.INTER_AREA))
