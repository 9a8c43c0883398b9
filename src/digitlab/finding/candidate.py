"""A candidate: a piece of ink that could be one digit, and how it looks to those who judge it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from digitlab.finding.darkness import View
from digitlab.finding.pen import normal_strokes
from digitlab.framing import SIDE, frame
from digitlab.readings import Box

POINTS = 24  # of a candidate's ink, by which shared ink is found
AROUND = 2.8  # the surroundings that are shown reach this far across, by the candidate's longer side
OUTSIDE = 100  # in the mask: beyond the picture's border

_LEVELS = np.arange(256)
_EVENLY = np.arange(POINTS)
_BESIDE = np.ones((3, 3), np.uint8)


@dataclass(eq=False)
class Candidate:
    """A piece of ink that could be one digit.

    Attributes:
        box: in pixels of the opened picture.
        mask: (height, width) bool in pixels of its view, its ink.
        ink: (height, width) uint8 of the same size, how full the ink is.
        view: where it was found.
        corner: (left, top) of the mask in pixels of the view.
        mass: how much ink, in full pixels of the opened picture.
        dark: how dark its ink is, 0 to 255, against the paper; of the far view, relative to that view's ink.
        kind: "component", "merge" or "part".
        cut_off: whether it touches the picture's border.
        several: of a part, the probability that what it was part of is several digits; else 0.
    """

    box: Box
    mask: np.ndarray
    ink: np.ndarray
    view: View
    corner: tuple[int, int]
    mass: float
    dark: float
    kind: str
    cut_off: bool
    several: float = 0.0

    @property
    def scale(self) -> float:
        """Pixels of the opened picture for each pixel of the mask."""
        return self.view.scale

    @property
    def far(self) -> bool:
        """Whether it comes from the far view."""
        return self.view.far

    @property
    def height(self) -> int:
        """In pixels of the opened picture."""
        return self.box[3] - self.box[1]

    @property
    def width(self) -> int:
        """In pixels of the opened picture."""
        return self.box[2] - self.box[0]

    @cached_property
    def points(self) -> np.ndarray:
        """Some of its ink: (P, 2) float, x and y in the opened picture, whose first pixel reaches from 0 to 1."""
        inked = np.flatnonzero(self.mask)
        y, x = np.divmod(inked[_EVENLY * (len(inked) - 1) // (POINTS - 1)], self.mask.shape[1])
        return (np.stack([x, y], axis=1) + self.corner + 0.5) * self.scale

    @cached_property
    def strokes(self) -> np.ndarray:
        """Its ink with strokes of a usual width; see `digitlab.finding.pen`."""
        return normal_strokes(self.ink)

    @cached_property
    def framed(self) -> np.ndarray:
        """The candidate as the recogniser wants it: (28, 28) uint8."""
        return frame(self.strokes)

    def part(self, left: int, top: int, mask: np.ndarray, ink: np.ndarray) -> Candidate:
        """Return a part of it, whose mask and ink begin at (left, top) of its own mask."""
        corner = self.corner[0] + left, self.corner[1] + top
        mass = float(ink.sum()) / 255 * self.scale**2
        box = box_of(corner, mask, self.scale)
        return Candidate(box, mask, ink, self.view, corner, mass, self.dark, "part", self.cut_off)

    def covers(self, points: np.ndarray, reach: int = 0) -> float:
        """Return the share of points (P, 2) of the opened picture that lie on this candidate's ink.

        Args:
            points: x and y; a pixel's middle lies half a pixel from its corner.
            reach: how far beside the ink a point may lie, pixels of the view.
        """
        import cv2

        mask = self.mask
        if reach:
            padded = np.pad(mask.astype(np.uint8), reach)
            mask = cv2.dilate(padded, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
        x, y = np.floor(points / self.scale - self.corner).astype(int).T + reach
        height, width = mask.shape
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        return float(mask[y[inside], x[inside]].sum()) / len(points)

    def seen(self) -> np.ndarray:
        """Return the candidate with its surroundings: (3, 28, 28) uint8.

        The candidate as the recogniser wants it; all ink around it, in which ink as dark as its own is 127; and
        which of that ink is its own, where lines were taken away, under which more of it may lie, and where the
        picture ends.
        """
        import cv2

        height, width = self.mask.shape
        reach = max(4, round(AROUND * max(height, width)))
        # A large piece is looked at on a smaller map: all that it shows are 28 x 28 means.
        step = 2 ** max(0, (reach // (2 * SIDE)).bit_length() - 1)
        side = -(-reach // step)
        left, top = (
            (at + size // 2 - reach // 2) // step for at, size in zip(self.corner, (width, height), strict=True)
        )
        darkness, ruled = self.view.smaller(step)
        # How far the square reaches beyond the map: above, below, on the left, on the right.
        beyond = (
            max(0, -top),
            max(0, top + side - darkness.shape[0]),
            max(0, -left),
            max(0, left + side - darkness.shape[1]),
        )
        where = np.s_[max(0, top) : top + side, max(0, left) : left + side]
        ink = darkness[where]
        own = np.zeros(ink.shape, np.uint8) if ruled is None else ruled[where].copy()
        if any(beyond):
            ink = cv2.copyMakeBorder(ink, *beyond, cv2.BORDER_CONSTANT, value=0)
            own = cv2.copyMakeBorder(own, *beyond, cv2.BORDER_CONSTANT, value=OUTSIDE)
        mine = self._mask_by(step)
        y, x = self.corner[1] // step - top, self.corner[0] // step - left
        within = own[y : y + mine.shape[0], x : x + mine.shape[1]]
        np.maximum(within, mine[: within.shape[0], : within.shape[1]], out=within)
        seen = np.empty((3, SIDE, SIDE), np.uint8)
        seen[0] = self.framed
        shape = cv2.INTER_AREA if side >= SIDE else cv2.INTER_LINEAR
        small = cv2.resize(ink, (SIDE, SIDE), interpolation=shape)
        cv2.convertScaleAbs(small, seen[1], 127 / max(1.0, self.dark))
        cv2.resize(own, (SIDE, SIDE), seen[2], interpolation=shape)
        return seen

    def _mask_by(self, step: int) -> np.ndarray:
        """Return its mask, 0 or 255, with `step` x `step` pixels averaged into one, on the grid of `View.smaller`."""
        import cv2

        mask = self.mask.view(np.uint8)
        if step == 1:
            return mask * np.uint8(255)
        (height, width), (x, y) = mask.shape, self.corner
        x, y = x % step, y % step
        grid = np.zeros((-(-(y + height) // step) * step, -(-(x + width) // step) * step), np.uint8)
        np.multiply(mask, np.uint8(255), out=grid[y : y + height, x : x + width])
        return cv2.resize(grid, (grid.shape[1] // step, grid.shape[0] // step), interpolation=cv2.INTER_AREA)


def make_candidate(
    view: View, box: tuple[int, int, int, int], mask: np.ndarray, threshold: float, dark: float, kind: str
) -> Candidate:
    """Make a candidate of a mask.

    Args:
        view: where it was found.
        box: left, top, right, bottom of the mask in pixels of the view.
        mask: (height, width) bool.
        threshold: the level at which it was found.
        dark: how dark its ink is.
        kind: "component" or "merge".
    """
    import cv2

    left, top, right, bottom = box
    height, width = view.darkness.shape
    # Soft edges reach a pixel beyond the threshold.
    reach = left > 0, top > 0, right < width, bottom < height
    outer = left - reach[0], top - reach[1], right + reach[2], bottom + reach[3]
    padded = np.zeros((outer[3] - outer[1], outer[2] - outer[0]), np.uint8)
    inner = slice(int(reach[1]), int(reach[1]) + bottom - top), slice(int(reach[0]), int(reach[0]) + right - left)
    padded[inner] = mask
    near = cv2.dilate(padded, _BESIDE)
    floor = min(0.6 * threshold, 0.25 * dark)
    darkness = view.darkness[outer[1] : outer[3], outer[0] : outer[2]]
    table = np.minimum(np.maximum((_LEVELS - floor) * (255 / (0.9 * dark - floor)), 0), 255).astype(np.uint8)
    ink = cv2.multiply(cv2.LUT(darkness, table), near)
    scale = view.scale
    return Candidate(
        box=box_of((left, top), mask, scale),
        mask=mask,
        ink=ink,
        view=view,
        corner=(left, top),
        mass=cv2.sumElems(ink)[0] / 255 * scale * scale,
        dark=dark,
        kind=kind,
        cut_off=min(left, top) * scale < 1 or min(width - right, height - bottom) * scale < 1,
    )


def box_of(corner: tuple[int, int], mask: np.ndarray, scale: float) -> Box:
    """Return the box, in pixels of the opened picture, of a mask whose (left, top) lies at `corner` of its view."""
    (left, top), (height, width) = corner, mask.shape
    sides = (left, top, left + width, top + height)
    left, top, right, bottom = (math.floor(side * scale + 0.5) for side in sides)
    return left, top, max(right, left + 1), max(bottom, top + 1)  # of an enlarged picture it may be less than a pixel
