"""Printed and drawn lines away: rulings, squared paper, tables, boxes, without cutting the digits that cross them.

A line is a long level or upright run of ink, straight within a few degrees. Where a stroke crosses it, the ink is
taller than the line is thick: there it stays. Where a stroke only touches it from both sides, it is mended.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from digitlab.finding.cells import find_cells
from digitlab.finding.components import components
from digitlab.finding.darkness import View
from digitlab.finding.median import median

LONGEST_STROKE = 0.06  # of the longer side: no stroke of a digit on a ruled page runs straight for as long
SHORTEST = 40  # pixels: and none on a small picture
LEVELS = 4  # of a view at which cells are looked for, the lowest
LONG = 0.3  # of the longer side: a line reaches at least this far, or
BARS = 5  # at least so many lie between the lines that run across: the bars of a form or a table
GAP = 12  # pixels: runs of a line are at most twice as far apart
CELLS = 1.5  # cells: where a page has some, a line reaches at least along so many, or it is a bar
ALIKE = 0.12  # of their length: bars differ by no more
ALONE = 0.75  # of the picture: one line alone is a ruling only if it reaches so far
SOLID = 0.9  # of its length a line has ink
SLIM = 0.03  # of its own length a line may be thick in any case
BORDER, SLIM_TO_BORDERS = 0.95, 0.05  # and if it reaches through so much of the picture: no stroke of a digit does
DARKER = 1.4  # times as dark as a line: not the line
THICKEST = 0.018  # of the longer side


def without_rulings(view: View) -> View:
    """Return a view without its lines, or the view itself where it has none."""
    import cv2

    threshold = view.levels[min(1, len(view.levels) - 1)]
    levels = threshold, *(level for level in view.levels[:LEVELS] if level != threshold)
    mask, *others = (cv2.threshold(view.darkness, at, 1, cv2.THRESH_BINARY)[1] for at in levels)
    cells = find_cells(mask, *others)
    outside = mask & ~cells.inside & 1
    across = cells.upright if cells.width else None
    level, thickness = _level_lines(mask, outside, across, cells.level, cells.width)
    # Where lines cross, the first of them hides that the other goes on: it is gone before that is looked for.
    rest, outside = (mask, outside) if level is None else (what & ~level & 1 for what in (mask, outside))
    across = None if level is None else cv2.transpose(level)
    rest, outside, sides = (cv2.transpose(what) for what in (rest, outside, cells.upright))
    upright, breadth = _level_lines(rest, outside, across, sides, cells.height)
    if level is None and upright is None:
        return view
    wiped = np.zeros_like(mask)
    # At the corner of a cell either line looks like a stroke that crosses the other.
    corners = cv2.dilate(cells.level & cells.upright, np.ones((3, 3), np.uint8)) if cells.width else None
    for lines in (level, None if upright is None else upright.T, corners):
        if lines is not None and (lines & mask).any():
            # A stroke along a line hides it: what is far darker than the line is the pen's.
            full = float(np.percentile(view.darkness[(lines & mask).view(bool)], 75))  # a line's edges are soft
            wiped |= lines & (view.darkness < DARKER * full)
    darkness, ruling = view.darkness * (1 - wiped), max(thickness, breadth)
    return dataclasses.replace(view, darkness=darkness, ruled=wiped, ruling=ruling)


def _level_lines(
    mask: np.ndarray, outside: np.ndarray, across: np.ndarray | None, sides: np.ndarray, cell: float
) -> tuple[np.ndarray | None, float]:
    """Find the pixels (0 or 1) of level lines that belong to no stroke, soft edges included; None if there are none.

    Args:
        mask: (height, width) uint8, 1 where there is ink.
        outside: the same without what lies inside of cells.
        across: the same for the lines that run across, where they are known.
        sides: the same for the level sides of cells.
        cell: how long these are, pixels; 0 where there are none.

    Returns:
        These pixels, and how thick the lines are, pixels.
    """
    import cv2

    straight = _long_lines(outside, across, 0)
    if straight is None and cell:  # where lines are long, those that are as short as a cell are strokes of digits
        straight = _long_lines(outside, across, cell)
    straight = sides if straight is None else straight | sides
    if not straight.any():
        return None, 0.0
    thickness = _usual_run(straight)
    tall = max(3, round(1.7 * thickness) + 1)
    crossing = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((tall + 1, 1), np.uint8))
    line = straight & ~crossing & 1
    if not line.any():
        return None, 0.0
    rest = mask & ~line & 1
    mended = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, np.ones((tall + 3, 1), np.uint8)) & line
    line &= ~mended & 1
    soft = np.ones((2 * max(1, round(thickness / 3)) + 1, 3), np.uint8)
    return cv2.dilate(line, soft) & ~(rest | mended) & 1, thickness


def _long_lines(mask: np.ndarray, across: np.ndarray | None, cell: float) -> np.ndarray | None:
    """Return the pixels (0 or 1) of a mask's long level lines; None where it has none. For arguments see above."""
    import cv2

    longer = max(mask.shape)
    run = max(SHORTEST, round(LONGEST_STROKE * longer))
    if cell:
        run = min(run, round(0.8 * cell))
    if mask.shape[1] < 2 * run:
        return None
    solid = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, 5), np.uint8))
    solid = cv2.dilate(solid, np.ones((5, 1), np.uint8))  # four degrees of tilt, with the line's own thickness
    long = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((1, run), np.uint8)) & mask
    if not long.any():
        return None
    least = min(LONG * longer, CELLS * cell) if cell else LONG * longer
    gap = max(2, min(GAP, round(cell / 6))) if cell else GAP
    return _straight(long, least, THICKEST * longer, across, 1 if cell else BARS, gap)


def _straight(
    long: np.ndarray, least: float, thickest: float, across: np.ndarray | None, fewest: int, gap: int
) -> np.ndarray | None:
    """Keep of the long runs those that are thin, and reach far or from one line that runs across to the next.

    Of the latter, bars, there must be `fewest` at least. Runs up to twice `gap` pixels apart are one.
    """
    import cv2

    joined = cv2.dilate(long, np.ones((3, 2 * gap + 1), np.uint8))
    label, boxes, *_ = components(joined)
    inked = np.flatnonzero(long.view(bool))
    owner = label.ravel()[inked]
    area = np.bincount(owner, minlength=len(boxes))
    length = np.maximum(boxes[:, 2] - boxes[:, 0] - 2 * gap, 1)
    slim = np.where(boxes[:, 2] - boxes[:, 0] >= BORDER * long.shape[1], SLIM_TO_BORDERS, SLIM)
    thin = area / length <= np.maximum(max(3.0, thickest), slim * length)
    thin[0] = False

    def solid(i: int) -> bool:
        """Whether it has ink all along: strokes of digits that stand in line make a broken one."""
        left, top, right, bottom = boxes[i]
        where = np.s_[top:bottom, left:right]
        inside = (label[where] == i) & long[where].view(bool)
        return bool(inside.any(axis=0).sum() >= SOLID * length[i])

    good = thin & (length >= least)
    good[good] = [solid(i) for i in np.flatnonzero(good).tolist()]
    if fewest > 1 and good.sum() == 1 and length[good] < ALONE * long.shape[1]:
        good[:] = False  # may be a 1
    if across is not None:
        bars = thin.copy()
        bars[bars] = [_between(across, boxes[i].tolist(), gap) and solid(i) for i in np.flatnonzero(thin).tolist()]
        if bars.sum() >= fewest:  # bars are all as long as the lines are apart; stems of digits are not
            bars &= np.abs(length / median(length[bars]) - 1) <= ALIKE
        if bars.sum() >= fewest:
            good |= bars
    if not good.any():
        return None
    kept = np.zeros_like(long)
    kept.ravel()[inked[good[owner]]] = 1
    return kept


def _between(across: np.ndarray, box: list[int], gap: int) -> bool:
    """Whether a bar, its box (left, top, right, bottom) widened by `gap` at both ends, reaches from line to line."""
    left, top, right, bottom = box
    first, last = left + gap, right - gap
    rows = slice(max(0, top - 2), bottom + 2)
    ends = (across[rows, max(0, end - gap) : end + gap + 1] for end in (first, last))
    return all(bool(end.any()) for end in ends)


def _usual_run(long: np.ndarray) -> float:
    """Return the median height of the upright runs of a mask, pixels, from some of its columns."""
    some = np.ascontiguousarray(long[:, :: max(1, long.shape[1] // 200)].T)
    if not some.any():
        some = np.ascontiguousarray(long.T)
    change = np.diff(np.pad(some.view(np.int8), ((0, 0), (1, 1))), axis=1)
    starts, ends = (np.flatnonzero(change == sign) for sign in (1, -1))  # each row of columns has as many of both
    return median(ends - starts)
