"""Cells: the boxes of forms, tables and squared paper, known by the paper that they enclose.

A box that is drawn for one digit has sides no longer than a stroke, so its lines do not tell it from writing. But what
it encloses has four straight sides and comes more than once; what strokes enclose is round, or like nothing else. From
those that are found, the row or table goes on to those whose lines a digit touches.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from digitlab.finding.median import median
from digitlab.jobs import at_once

SMALLEST = 10  # shorter side, pixels
LARGEST = 0.5  # of the picture's longer side
SQUARE = 0.92  # of the quadrilateral around it: what a cell's outline fills, notches filled up; a circle has 0.64
TILT = 0.3  # slope of a side
FEWEST = 3  # cells alike on a page
MANY = 24  # cells at one threshold: others are not asked, their neighbours will do
ALIKE = 1.25  # times as wide or high
CORNERS = 0.04  # of the outline's length: bends smaller than this are no corners
THICKEST = 0.3  # of a cell's shorter side: its lines
CLEAR = 0.08  # of it: so far from its sides nothing belongs to them
INKED = 0.85  # of its length: a side that is guessed at has ink
REACH = 2.0  # cells: so far from one a line may be one of theirs, even if no cell was found beside it
ASTRAY = 0.12  # of a cell: so far from the guess
FARTHEST = 2.5  # cells: the middles of neighbours
MOST = 3000  # cells of a page, from which on no more are guessed at
NEXT = [1, 2, 3, 0]  # of four corners: where the side from each of them leads
PLACES = np.linspace(0.15, 0.85, 8)  # along a side, where its line's thickness is measured


class Cells(NamedTuple):
    """The cells of a page.

    Attributes:
        level, upright: (height, width) uint8, 1 on the ink of their level and of their upright sides.
        inside: the same, 1 where a cell is, clear of its sides: what runs straight there is writing.
        around: the same, 1 on cells and as far from them as their lines may go on.
        width, height: their usual size, pixels; 0 where there are none.
    """

    level: np.ndarray
    upright: np.ndarray
    inside: np.ndarray
    around: np.ndarray
    width: float = 0.0
    height: float = 0.0


def find_cells(mask: np.ndarray, *others: np.ndarray, threads: int = 1) -> Cells:
    """Find the cells of a page and the lines around them.

    Args:
        mask: (height, width) uint8, 1 where there is ink.
        others: the same at other thresholds, where a digit that touches its cell may stand clear of it.
        threads: that look at masks.
    """
    import cv2

    level, upright, inside, around = (np.zeros_like(mask) for _ in range(4))
    found = [_quadrilaterals(mask)]
    if len(found[0]) < MANY:
        found += at_once([partial(_quadrilaterals, some) for some in others], threads)
    cells = _alike(_once(np.concatenate(found)))
    if not len(cells):
        return Cells(level, upright, inside, around)
    thickness = _thickness(mask, cells, _outwards(cells))
    cells = _continued(mask, cells, thickness)
    outwards = _outwards(cells)
    moved = outwards * ((thickness + 1) / 2)  # from the paper's edge to the middle of the line
    starts, ends = np.rint(cells + moved).astype(int), np.rint(np.roll(cells, -1, axis=1) + moved).astype(int)
    for (x0, y0), (x1, y1) in zip(starts.reshape(-1, 2).tolist(), ends.reshape(-1, 2).tolist(), strict=True):
        lies = abs(x1 - x0) > abs(y1 - y0)
        cv2.line(level if lies else upright, (x0, y0), (x1, y1), 1, thickness + 2)
    width, height = np.median(np.ptp(cells, axis=1), axis=0).tolist()
    cv2.fillPoly(inside, list(cells.astype(np.int32)), 1)
    cv2.polylines(inside, list(cells.astype(np.int32)), True, 0, 2 * max(2, round(CLEAR * min(width, height))) + 1)
    reach = np.array([REACH * width, REACH * height], int)
    for box in np.hstack([cells.min(axis=1) - reach, cells.max(axis=1) + reach]).tolist():
        cv2.rectangle(around, box[:2], box[2:], 1, cv2.FILLED)
    return Cells(level & mask, upright & mask, inside, around, width, height)


def _quadrilaterals(mask: np.ndarray) -> np.ndarray:
    """Return the corners of enclosed paper with four straight sides, (N, 4, 2) int, in order around it."""
    import cv2

    outlines, ranks = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for outline, rank in zip(outlines, ranks[0, :, 3].tolist() if len(outlines) else (), strict=True):
        if rank < 0 or len(outline) < 4:  # not of a hole
            continue
        _, _, width, height = cv2.boundingRect(outline)
        if min(width, height) < SMALLEST or max(width, height) > LARGEST * max(mask.shape):
            continue
        hull = cv2.convexHull(outline)
        corners = cv2.approxPolyDP(hull, CORNERS * cv2.arcLength(hull, True), True)[:, 0]
        if len(corners) == 4 and _fills(hull, corners):
            found.append(corners)
    cells = np.array(found, int).reshape(-1, 4, 2)
    return _ordered(cells[_upright(cells)])


def _ordered(cells: np.ndarray) -> np.ndarray:
    """Return cells, (N, 4, 2), their corners clockwise from the upper left one."""
    along = cells[:, NEXT] - cells
    turned = along[:, 0, 0] * along[:, 1, 1] < along[:, 0, 1] * along[:, 1, 0]
    cells = np.where(turned[:, None, None], cells[:, ::-1], cells)
    along = cells[:, NEXT] - cells
    first = (along[..., 0] - np.abs(along[..., 1])).argmax(axis=1)
    return np.take_along_axis(cells, (first[:, None, None] + np.arange(4)[:, None]) % 4, axis=1)


def _once(cells: np.ndarray) -> np.ndarray:
    """Return cells, each once: of those whose middles lie in one place, the first."""
    if not len(cells):
        return cells
    places = np.rint(cells.mean(axis=1) / (np.median(np.ptp(cells, axis=1), axis=0) / 2)).astype(int)
    first: dict[tuple[int, int], int] = {}
    for index, (x, y) in enumerate(places.tolist()):
        first.setdefault((x, y), index)
    return cells[list(first.values())]


def _continued(mask: np.ndarray, cells: np.ndarray, thickness: int) -> np.ndarray:
    """Return cells (N, 4, 2) and those beside them: as large and as far apart, with ink along all four sides.

    A digit that touches its cell's line, or crosses it, bends the paper that the cell encloses: only its neighbours
    tell that there is a cell.
    """
    usual = np.median(np.ptp(cells, axis=1), axis=0)
    steps = _pitches(cells, 1 + (thickness + 1) / usual)
    found, new = cells.astype(float), cells.astype(float)
    taken = {tuple(place) for place in _places(found, usual)}
    while len(new) and len(found) < MOST:
        moves = [sign * step * side for step, side in zip(steps, _sides(new), strict=True) for sign in (1, -1)]
        guessed = np.concatenate([new + move[:, None] for move in moves])
        kept = []
        for index, (x, y) in enumerate(_places(guessed, usual)):
            if taken.isdisjoint((x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
                kept.append(index)
                taken.add((x, y))
        new = _fitted(mask, guessed[kept], thickness, usual)
        found = np.concatenate([found, new])
    return np.rint(found).astype(int)


def _places(cells: np.ndarray, usual: np.ndarray) -> list[tuple[int, int]]:
    """Return where the middles of cells lie, in fifths of a cell: those that are one step apart are one cell."""
    return [(x, y) for x, y in np.rint(cells.mean(axis=1) / usual * 5).astype(int).tolist()]


def _sides(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how cells reach across and down, (N, 2) each."""
    first, second, third, fourth = np.moveaxis(cells, 1, 0).astype(float)
    return (second - first + third - fourth) / 2, (fourth - first + third - second) / 2


def _pitches(cells: np.ndarray, close: np.ndarray) -> tuple[float, float]:
    """Return how far apart the middles of neighbours usually are, across and down, in sizes of a cell.

    `close`, (2,), holds the same for cells that share their lines; it is taken where no neighbours are seen.
    """
    some = cells[: MOST // 4]  # enough to tell
    middle = some.mean(axis=1)
    offset = middle[None] - middle[:, None]  # (N, N, 2)
    along, aside = (
        (offset * side[:, None]).sum(axis=-1) / (side**2).sum(axis=-1, keepdims=True) for side in _sides(some)
    )
    pitches = []
    for ahead, beside, least in ((along, aside, close[0]), (aside, along, close[1])):
        near = np.where((np.abs(beside) < 0.3) & (ahead > 0.8) & (ahead < FARTHEST), ahead, np.inf).min(axis=1)
        near = near[np.isfinite(near)]
        # Between some neighbours a cell was missed.
        pitches.append(float(np.percentile(near, 25, method="lower")) if len(near) else float(least))
    return pitches[0], pitches[1]


def _fitted(mask: np.ndarray, cells: np.ndarray, thickness: int, usual: np.ndarray) -> np.ndarray:
    """Return of guessed cells, (N, 4, 2), those with ink along all four sides, moved to where it is."""
    if not len(cells):
        return cells
    outwards = _outwards(cells)
    along = np.roll(cells, -1, axis=1) - cells
    points = cells[:, :, None] + along[:, :, None] * PLACES[:, None]  # (N, 4, places, 2)
    reach = max(2, round(ASTRAY * float(usual.min())))
    offsets = np.arange(-reach, reach + thickness + 1)
    steps = np.rint(points[..., None, :] + outwards[:, :, None, None] * offsets[:, None]).astype(int)
    x, y = np.moveaxis(steps, -1, 0)
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    ink = inside & (mask[y.clip(0, mask.shape[0] - 1), x.clip(0, mask.shape[1] - 1)] > 0)
    # A side lies where most places have ink; strokes that touch it have some elsewhere too.
    full = ink.mean(axis=2) >= INKED  # (N, 4, offsets)
    shift = outwards * offsets[full.argmax(axis=-1)][..., None]
    moved = cells + shift + np.roll(shift, 1, axis=1)  # a corner goes with both of its sides
    alike = np.abs(np.log(np.ptp(moved, axis=1).clip(1) / usual)) <= np.log(ALIKE)
    return moved[full.any(axis=-1).all(axis=1) & alike.all(axis=1)]


def _upright(cells: np.ndarray) -> np.ndarray:
    """Say of which cells, (N, 4, 2), the corners are those of a box that stands upright but for a little tilt."""
    along = np.abs(cells[:, NEXT] - cells)
    slope = along.min(axis=2) / along.max(axis=2).clip(1)
    lies = along[..., 0] > along[..., 1]
    return (
        (slope <= TILT).all(axis=1)
        & (lies[:, 0] == lies[:, 2])
        & (lies[:, 2] != lies[:, 1])
        & (lies[:, 1] == lies[:, 3])
    )


def _fills(hull: np.ndarray, corners: np.ndarray) -> bool:
    """Whether a hull fills the upright box around its corners, tilt allowed for, as only a quadrilateral does."""
    import cv2

    (_, (wide, tall), _) = cv2.minAreaRect(corners)
    return bool(cv2.contourArea(hull) >= SQUARE * wide * tall)


def _alike(cells: np.ndarray) -> np.ndarray:
    """Return the cells that are about as large as at least `FEWEST - 1` others: a square alone may be writing."""
    if len(cells) < FEWEST:
        return cells[:0]
    sizes = np.log(np.ptp(cells, axis=1))  # (N, 2): width, height
    near = (np.abs(sizes[:, None] - sizes) <= np.log(ALIKE)).all(axis=2)
    return cells[near.sum(axis=1) >= FEWEST]


def _outwards(cells: np.ndarray) -> np.ndarray:
    """Return for each side of each cell, (N, 4, 2), the step of one pixel that leads out of the cell."""
    along = (np.roll(cells, -1, axis=1) - cells).astype(float)
    outwards = np.stack([along[..., 1], -along[..., 0]], axis=-1) / np.linalg.norm(along, axis=-1, keepdims=True)
    middle = cells.mean(axis=1, keepdims=True)
    return outwards * np.sign(((cells - middle) * outwards).sum(axis=-1, keepdims=True))


def _thickness(mask: np.ndarray, cells: np.ndarray, outwards: np.ndarray) -> int:
    """Return the usual thickness of the lines around cells, pixels: how far the ink goes outwards from a side."""
    along = np.roll(cells, -1, axis=1) - cells
    most = max(2, int(THICKEST * np.ptp(cells, axis=1).min()))
    points = cells[:, :, None] + along[:, :, None] * PLACES[:, None]  # (N, 4, places, 2)
    steps = points[..., None, :] + outwards[:, :, None, None] * np.arange(1, most + 1)[:, None]
    x, y = np.moveaxis(np.rint(steps).astype(int), -1, 0)
    ink = mask[y.clip(0, mask.shape[0] - 1), x.clip(0, mask.shape[1] - 1)] > 0  # (N, 4, places, most)
    run = np.where(ink.all(axis=-1), most, ink.argmin(axis=-1))
    return max(1, int(median(run)))
