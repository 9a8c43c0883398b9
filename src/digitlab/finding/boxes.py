"""Boxes beside boxes: what they share, and which of them are looks at one piece of ink."""

from __future__ import annotations

import numpy as np

ROWS = 256  # that are compared at a time
TWIN = 0.7  # of the area that two boxes cover together both have: they are two looks at one piece of ink


def areas(boxes: np.ndarray) -> np.ndarray:
    """Return the areas of boxes, (N, 4): left, top, right, bottom; (N,)."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def shared(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the area that each of some boxes, (K, 4), has in common with each of others, (M, 4): (K, M)."""
    left, top, right, bottom = some.T[..., None]
    across, down = np.minimum(right, others[:, 2]), np.minimum(bottom, others[:, 3])
    across -= np.maximum(left, others[:, 0])
    down -= np.maximum(top, others[:, 1])
    np.maximum(across, 0, out=across)
    across *= np.maximum(down, 0, out=down)
    return across


def twins(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return which of some boxes, (K, 4), and which of others, (M, 4), show one piece of ink: (K, M) bool."""
    of = areas(others)
    same = np.empty((len(some), len(of)), bool)
    for first in range(0, len(some), ROWS):  # full pages have thousands of boxes
        rows = some[first : first + ROWS]
        same[first : first + ROWS] = shared(rows, others) * (1 + TWIN) > TWIN * (areas(rows)[:, None] + of)
    return same


def repeated(boxes: np.ndarray) -> np.ndarray:
    """Return which boxes, (N, 4), show the same piece of ink as one before them: (N,) bool."""
    again = np.empty(len(boxes), bool)
    for first in range(0, len(boxes), ROWS):
        rows = boxes[first : first + ROWS]
        before = np.tril(twins(rows, boxes[: first + len(rows)]), first - 1)
        again[first : first + ROWS] = before.any(axis=1)
    return again
