"""Skeletons: the shapes of glyphs as smooth curves through points, before any hand or pen.

The shapes of the digits stand in skeletons.toml, those of letters and marks in letters.toml. Between two points the
curve is a cubic whose tangents are those of a Catmull-Rom spline with centripetal knots: no cusps and no loops of its
own where points lie close together.
Source: Yuksel, Schaefer and Keyser, "Parameterization and applications of Catmull-Rom curves", 2011.

Such a curve is linear in its points. Every skeleton therefore keeps two matrices that turn its points into
samples of the curve, one that honours sharp corners and one that rounds them off, and a pen mixes the two.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise

import numpy as np

from digitlab.errors import UsageError


@dataclass(frozen=True)
class Skeleton:
    """One habit of writing one glyph.

    Attributes:
        habit: what sets it apart, for people.
        weight: how common it is among the habits of its glyph.
        points: (P, 2) float64, x and y of all strokes' points one after another; y from about 0 (top) to 1.
        corners: (P,) bool, where the pen turns sharply.
        lengths: how many of the points belong to each stroke.
        boldness: factor of the pen's width: above 1 for dots, below 1 where a broad pen would fill the shape.
    """

    habit: str
    weight: float
    points: np.ndarray
    corners: np.ndarray
    lengths: tuple[int, ...]
    boldness: float = 1.0

    @cached_property
    def structure(self) -> tuple[tuple[int, ...], bytes]:
        """What two skeletons share if what lies between them is a shape too."""
        return self.lengths, self.corners.tobytes()

    @cached_property
    def breadth(self) -> float:
        """How far the points spread in the direction in which they spread least: about 0 for a bar."""
        return breadth(self.points)

    @cached_property
    def flat(self) -> bool:
        """Whether it is far wider than high, such as a minus: then its width says how large it is."""
        wide, high = np.ptp(self.points, axis=0)
        return bool(wide > 1.7 * high)

    def curves(self, detail: int) -> tuple[np.ndarray, np.ndarray, list[int]]:
        """Return what turns points into curves.

        Args:
            detail: samples between two points, 1 or more.

        Returns:
            sharp: (S, P), `sharp @ points` are the samples of the curve with its corners.
            rounded: (S, P), the same with the corners rounded off.
            starts: the index in S where each stroke starts, and at last S itself.
        """
        return _curves(self, detail)

    # Skeletons are few and live as long as the process: identity is all that caching needs.
    __hash__ = object.__hash__
    __eq__ = object.__eq__


def breadth(points: np.ndarray) -> float:
    """Return the standard deviation of points (N, 2) in the direction in which it is least."""
    x, y = (points - points.mean(axis=0)).T
    xx, yy, xy = float(x @ x), float(y @ y), float(x @ y)
    return math.sqrt(max(0.0, (xx + yy - math.hypot(xx - yy, 2 * xy)) / 2 / len(points)))


@cache
def glyphs() -> dict[str, tuple[Skeleton, ...]]:
    """Return the habits of every digit by its name: "0" to "9"."""
    return _load("skeletons.toml")


@cache
def letters() -> dict[str, tuple[Skeleton, ...]]:
    """Return the habits of every letter and mark by its name: "A", "a", "alpha", "plus"."""
    return _load("letters.toml")


def habits(glyph: str) -> tuple[Skeleton, ...]:
    """Return the habits of one digit, letter or mark; raises UsageError where the pen does not know it."""
    found = glyphs().get(glyph) or letters().get(glyph)
    if found is None:
        known = " ".join([*sorted(glyphs()), *sorted(letters())])
        raise UsageError(f"the pen cannot write {glyph!r}; it knows {known}")
    return found


@cache
def chances(glyph: str) -> np.ndarray:
    """Return the running sum of the weights of a glyph's habits, up to 1: (habits,) float64."""
    total = np.cumsum([skeleton.weight for skeleton in habits(glyph)])
    return total / total[-1]


@cache
def poses(skeleton: Skeleton, glyph: str) -> tuple[Skeleton, ...]:
    """Return the habits of `glyph` that have the structure of `skeleton`, itself among them."""
    return tuple(other for other in habits(glyph) if other.structure == skeleton.structure)


def _load(name: str) -> dict[str, tuple[Skeleton, ...]]:
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return {glyph: tuple(map(_parse, habits)) for glyph, habits in tomllib.loads(text)["glyph"].items()}


def _parse(entry: dict) -> Skeleton:
    strokes = [stroke.split() for stroke in entry["strokes"]]
    marks = [mark for stroke in strokes for mark in stroke]
    points = np.array([[float(number) for number in mark.rstrip("!").split(",")] for mark in marks]) / 100
    corners = np.array([mark.endswith("!") for mark in marks])
    lengths = tuple(map(len, strokes))
    return Skeleton(entry["habit"], entry.get("weight", 1.0), points, corners, lengths, entry.get("boldness", 1.0))


@cache
def _curves(skeleton: Skeleton, detail: int) -> tuple[np.ndarray, np.ndarray, list[int]]:
    samples = [(length - 1) * detail + 1 for length in skeleton.lengths]
    sharp = np.zeros((sum(samples), len(skeleton.points)))
    rounded = np.zeros_like(sharp)
    row = column = 0
    for count, length in zip(samples, skeleton.lengths, strict=True):
        points = skeleton.points[column : column + length]
        corners = skeleton.corners[column : column + length]
        block = slice(row, row + count), slice(column, column + length)
        sharp[block] = spline(points, corners, detail)
        rounded[block] = spline(points, np.zeros_like(corners), detail)
        row, column = row + count, column + length
    return sharp, rounded, [0, *np.cumsum(samples).tolist()]


def spline(points: np.ndarray, corners: np.ndarray, detail: int) -> np.ndarray:
    """Return the matrix (samples, P) of one stroke: a spline from corner to corner."""
    last = len(points) - 1
    breaks = [0, *(index for index in range(1, last) if corners[index]), last]
    matrix = np.zeros((last * detail + 1, len(points)))
    for start, end in pairwise(breaks):
        rows = slice(start * detail, end * detail + 1)
        matrix[rows] = 0.0
        matrix[rows, start : end + 1] = _smooth(points[start : end + 1], detail)
    return matrix


def _smooth(points: np.ndarray, detail: int) -> np.ndarray:
    """Return the matrix (samples, P) of a smooth piece through `points` (P, 2)."""
    count = len(points)
    identity = np.eye(count)
    gaps = np.sqrt(np.linalg.norm(np.diff(points, axis=0), axis=1))  # centripetal knots
    slopes = np.diff(identity, axis=0) / gaps[:, None]
    tangents = np.empty((count, count))
    for i in range(1, count - 1):
        tangents[i] = (slopes[i - 1] * gaps[i] + slopes[i] * gaps[i - 1]) / (gaps[i - 1] + gaps[i])
    if count == 2:
        tangents[:] = slopes[0]
    else:  # the ends bend as the neighbouring parabola does
        tangents[0] = 1.5 * slopes[0] - 0.5 * tangents[1]
        tangents[-1] = 1.5 * slopes[-1] - 0.5 * tangents[-2]
    matrix = np.empty(((count - 1) * detail + 1, count))
    t = np.arange(detail)[:, None] / detail
    for i, gap in enumerate(gaps):
        matrix[i * detail : (i + 1) * detail] = (
            (2 * t**3 - 3 * t**2 + 1) * identity[i]
            + (t**3 - 2 * t**2 + t) * gap * tangents[i]
            + (3 * t**2 - 2 * t**3) * identity[i + 1]
            + (t**3 - t**2) * gap * tangents[i + 1]
        )
    matrix[-1] = identity[-1]
    return matrix
