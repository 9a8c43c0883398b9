"""Ink around a candidate that no digit explains: a page of words, a drawing, dirt.

A lone digit in clean surroundings is more likely one than a ring among letters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from digitlab.finding.candidate import Candidate

REACH = 8.0  # heights: no farther away is a digit of the same row


class Measured(NamedTuple):
    """Boxes and ink of a page's candidates, (N,) each, in pixels of the opened picture."""

    left: np.ndarray
    top: np.ndarray
    right: np.ndarray
    bottom: np.ndarray
    dark: np.ndarray
    mass: np.ndarray
    far: np.ndarray

    @property
    def height(self) -> np.ndarray:
        """Of the boxes."""
        return self.bottom - self.top

    @property
    def middle(self) -> np.ndarray:
        """Down the picture."""
        return (self.top + self.bottom) / 2

    @property
    def x(self) -> np.ndarray:
        """The middle, across the picture."""
        return (self.left + self.right) / 2


def measured(candidates: Sequence[Candidate]) -> Measured:
    """Measure the candidates of a page."""
    boxes = np.array([c.box for c in candidates], float).T
    return Measured(*boxes, *(np.array([getattr(c, what) for c in candidates]) for what in ("dark", "mass", "far")))


def surroundings(
    heard: np.ndarray,
    others: list[int],
    pieces: Measured,
    digits: float,
    few: bool,
    table: dict[str, np.ndarray],
) -> None:
    """Fill in how much ink around candidates nothing explains, and how much of it looks like writing beside them.

    Args:
        heard: indices of the candidates.
        others: of pieces that are no digits.
        pieces: all of them.
        digits: the mass of all that would be chosen.
        few: whether there are few digits on the page.
        table: of columns, (N,) each.
    """
    left, top, right, bottom, dark, mass, far = pieces
    height, middle, x = pieces.height, pieces.middle, pieces.x
    j, i = np.array(others)[None, :], heard[:, None]
    within = (left[i] <= x[j]) & (x[j] <= right[i]) & (top[i] <= middle[j]) & (middle[j] <= bottom[i])
    apart, level = np.abs(x[j] - x[i]) / height[i], np.abs(middle[j] - middle[i]) < 0.6 * height[i]
    outside, size = ~within & (i != j), height[j] / height[i]
    # Dirt far paler than the digit, and what lies inside it, ask for no explanation.
    ink = mass[j] * outside * np.where(far[i], 1, np.minimum(1, dark[j] / dark[i])) ** 2
    explained = np.maximum(mass[heard], digits).clip(1)
    left_over = ink.sum(axis=1) / (ink.sum(axis=1) + explained)
    table["unexplained ink"][heard] = left_over
    table["alone and unexplained"][heard] = few * left_over
    alike = outside & level & (size > 0.4) & (size < 2.5)
    close = apart < 1.2 + (right[j] - left[j]) / 2 / height[i]
    table["crowd"][heard] = np.minimum(3, (alike & close).sum(axis=1))
    table["words in row"][heard] = np.minimum(5, (alike & (apart < REACH)).sum(axis=1)) / 5


def unexplained(candidates: Sequence[Candidate], odds: np.ndarray) -> list[int]:
    """Return components that are no digits, each piece of ink once; what has the other colour is paper, no ink."""
    boxes = np.array([c.box for c in candidates])
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2

    def covered_by(some: np.ndarray) -> np.ndarray:
        """Say for boxes (K, 4) which candidates' middles lie in them, (K, N)."""
        left, top, right, bottom = some.T[..., None]
        return (left <= x) & (x < right) & (top <= y) & (y < bottom)

    light = np.array([c.view.light for c in candidates])
    free = np.array([c.kind == "component" and not c.far for c in candidates]) & (odds <= -1)
    free &= light == light[odds.argmax()]
    free &= ~covered_by(boxes[odds > -1]).any(axis=0)
    taken: list[int] = []
    for i in np.argsort([-c.mass for c in candidates], kind="stable").tolist():
        if free[i]:
            taken.append(i)
            free &= ~covered_by(boxes[i : i + 1])[0]
    return taken
