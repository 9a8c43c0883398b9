"""Marks that are no digits: operators, points, dashes, specks and lines, as they stand between digits."""

from __future__ import annotations

import numpy as np

OPERATORS = ("plus", "minus", "times", "divided", "equals", "point_times")
SEPARATORS = ("dash", "point", "comma", "colon", "slash")


def mark(rng: np.random.Generator, height: int, kind: str, width: float) -> np.ndarray:
    """Write a mark by hand.

    Args:
        rng: decides how shaky it is.
        height: of the box that it is written in, pixels.
        kind: one of OPERATORS, SEPARATORS or "specks".
        width: of the stroke, pixels.

    Returns:
        (h, w) uint8, 255 is full ink, tightly cropped; flat marks are lower than `height`.
    """
    import cv2

    strokes = {
        "plus": [[(0, 0.5), (0.9, 0.5)], [(0.45, 0.05), (0.45, 0.95)]],
        "minus": [[(0, 0.5), (0.9, 0.5)]],
        "times": [[(0.05, 0.1), (0.8, 0.9)], [(0.8, 0.1), (0.05, 0.9)]],
        "divided": [[(0, 0.5), (0.9, 0.5)], [(0.45, 0.12), (0.46, 0.14)], [(0.45, 0.86), (0.46, 0.88)]],
        "equals": [[(0, 0.33), (0.9, 0.33)], [(0, 0.67), (0.9, 0.67)]],
        "point_times": [[(0.5, 0.5), (0.51, 0.52)]],
        "dash": [[(0, 0.5), (0.6, 0.5)]],
        "point": [[(0.5, 0.9), (0.52, 0.92)]],
        "comma": [[(0.5, 0.8), (0.35, 1.0)]],
        "colon": [[(0.5, 0.3), (0.51, 0.32)], [(0.5, 0.7), (0.51, 0.72)]],
        "slash": [[(0, 1.0), (0.55, 0.0)]],
        "specks": [[tuple(place), tuple(place + 0.01)] for place in rng.random((3, 2))],
    }[kind]
    thick = max(1, round(width * rng.uniform(0.8, 1.2)))
    if kind in ("point", "colon", "divided", "point_times"):
        thick = max(thick, round(0.06 * height), 2)
    edge = thick + 2
    paper = np.zeros((2 * height + 2 * edge, 2 * height + 2 * edge), np.uint8)
    lean = 0.1 * rng.standard_normal()
    for stroke in strokes:
        points = np.float32(stroke) + rng.normal(0, 0.03, (len(stroke), 2)) * (kind not in ("point", "colon"))
        points[:, 0] += lean * (0.5 - points[:, 1]) + 0.3
        dots = np.int32((points * height + edge) * 8)
        cv2.polylines(paper, [dots], False, 255, thick, cv2.LINE_AA, 3)
    rows, columns = np.flatnonzero(paper.max(axis=1)), np.flatnonzero(paper.max(axis=0))
    return paper[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def stray(rng: np.random.Generator, height: int, kind: str | None, width: float) -> np.ndarray:
    """Write something else than digits about `height` pixels high: (h, w) uint8, tightly cropped."""
    import cv2

    edge = round(width) + 3
    long = round(height * (rng.uniform(1.5, 5) if kind == "word" else rng.uniform(0.5, 2)))
    paper = np.zeros((height + 2 * edge, long + 2 * edge), np.uint8)
    count = max(4, round(6 * long / height))
    x = np.linspace(0, long, count * 2) + 0.3 * height * rng.standard_normal(count * 2) * 0.3
    y = np.tile([0.3, 1.0], count) * height * rng.uniform(0.6, 1.0, count * 2)
    dots = np.int32((np.stack([x, y], axis=1) + edge) * 8)
    cv2.polylines(paper, [dots], False, 255, max(1, round(width)), cv2.LINE_AA, 3)
    rows, columns = np.flatnonzero(paper.max(axis=1)), np.flatnonzero(paper.max(axis=0))
    return paper[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
