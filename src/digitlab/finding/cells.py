"""Cells: the boxes of forms, tables and squared paper, known by the paper that they enclose.

A box that is drawn for one digit has sides no longer than a stroke, so its lines do not tell it from writing. But what
it encloses has four straight sides and comes more than once; what strokes enclose is round, or like nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from digitlab.finding.median import median

SMALLEST = 10  # shorter side, pixels
LARGEST = 0.5  # of the picture's longer side
SQUARE = 0.92  # of the quadrilateral around it: what a cell's outline fills, notches filled up; a circle has 0.64
TILT = 0.15  # slope of a side
FEWEST = 3  # cells alike on a page
ALIKE = 1.25  # times as wide or high
CORNERS = 0.04  # of the outline's length: bends smaller than this are no corners
THICKEST = 0.3  # of a cell's shorter side: its lines
PLACES = np.linspace(0.15, 0.85, 8)  # along a side, where its line's thickness is measured


class Cells(NamedTuple):
    """The cells of a page.

    Attributes:
        level, upright: (height, width) uint8, 1 on the ink of their level and of their upright sides.
        width, height: their usual size, pixels; 0 where there are none.
    """

    level: np.ndarray
    upright: np.ndarray
    width: float = 0.0
    height: float = 0.0


def find_cells(mask: np.ndarray) -> Cells:
    """Find the cells of a page and the lines around them.

    Args:
        mask: (height, width) uint8, 1 where there is ink.
    """
    import cv2

    level, upright = np.zeros_like(mask), np.zeros_like(mask)
    cells = _alike(_quadrilaterals(mask))
    if not len(cells):
        return Cells(level, upright)
    outwards = _outwards(cells)
    thickness = _thickness(mask, cells, outwards)
    moved = outwards * ((thickness + 1) / 2)  # from the paper's edge to the middle of the line
    starts, ends = np.rint(cells + moved).astype(int), np.rint(np.roll(cells, -1, axis=1) + moved).astype(int)
    for (x0, y0), (x1, y1) in zip(starts.reshape(-1, 2).tolist(), ends.reshape(-1, 2).tolist(), strict=True):
        lies = abs(x1 - x0) > abs(y1 - y0)
        cv2.line(level if lies else upright, (x0, y0), (x1, y1), 1, thickness + 2)
    width, height = np.median(np.ptp(cells, axis=1), axis=0).tolist()
    return Cells(level & mask, upright & mask, width, height)


def _quadrilaterals(mask: np.ndarray) -> np.ndarray:
    """Return the corners of enclosed paper with four straight sides, (N, 4, 2) int, in order around it."""
    import cv2

    outlines, ranks = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for outline, rank in zip(outlines, ranks[0] if len(outlines) else (), strict=True):
        if rank[3] < 0 or len(outline) < 4:  # not of a hole
            continue
        _, _, width, height = cv2.boundingRect(outline)
        if min(width, height) < SMALLEST or max(width, height) > LARGEST * max(mask.shape):
            continue
        hull = cv2.convexHull(outline)
        corners = cv2.approxPolyDP(hull, CORNERS * cv2.arcLength(hull, True), True)[:, 0]
        if len(corners) == 4 and _upright(corners) and _fills(hull, corners):
            found.append(corners)
    return np.array(found, int).reshape(-1, 4, 2)


def _upright(corners: np.ndarray) -> bool:
    """Whether four corners are those of a box that stands upright but for a little tilt."""
    along = np.abs(np.roll(corners, -1, axis=0) - corners)
    slope = along.min(axis=1) / along.max(axis=1).clip(1)
    lies = along[:, 0] > along[:, 1]
    return bool((slope <= TILT).all() and lies[0] == lies[2] != lies[1] == lies[3])


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
