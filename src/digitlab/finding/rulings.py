"""Printed and drawn lines away: rulings, squared paper, tables, boxes, without cutting the digits that cross them.

A line is a long level or upright run of ink, straight within a few degrees. Where a stroke crosses it, the ink is
taller than the line is thick: there it stays. Where a stroke only touches it from both sides, it is mended.
"""

from __future__ import annotations

import dataclasses
import math
from functools import partial

import numpy as np

from digitlab.finding.cells import SMALLEST, find_cells
from digitlab.finding.components import components
from digitlab.finding.darkness import View
from digitlab.finding.median import median
from digitlab.jobs import at_once

LONGEST_STROKE = 0.06  # of the longer side: no stroke of a digit on a ruled page runs straight for as long
SHORTEST = 40  # pixels: and none on a small picture
LEVELS = 4  # of a view at which cells are looked for, the lowest
SPECKED = 2  # and of these those without specks
LONG = 0.3  # of the longer side: a line reaches at least this far, or
BARS = 5  # at least so many lie between the lines that run across: the bars of a form or a table
GAP = 12  # pixels: runs of a line are at most twice as far apart
CELLS = 1.5  # cells: where a page has some, a line reaches at least along so many, or it is a bar
ALIKE = 0.12  # of their length: bars differ by no more
ALONE = 0.75  # of the picture: one line alone is a ruling only if it reaches so far
SOLID = 0.9  # of its length a line has ink
SLIM = 0.03  # of its own length a line may be thick in any case
# Pixels from which on a line is broad, and how often ink begins in a column of such a one, at most: digits that stand
# close to each other all through a page begin more often.
BROAD, WHOLE = 3.0, 1.4
BORDER, SLIM_TO_BORDERS = 0.95, 0.05  # and if it reaches through so much of the picture: no stroke of a digit does
DARKER = 1.4  # times as dark as a line: not the line
COVERED = 0.09  # of the longer side: no stroke covers a line for as long
OVER, OVER_MORE = 1.1, 8  # times as dark as a line is near by, and so much more, of 255: something lies on the line
THICKEST = 0.018  # of the longer side
WORD = 4  # pixels that are looked at as one


def without_rulings(view: View, threads: int = 1) -> View:
    """Return a view without its lines, or the view itself where it has none; so many threads look for cells."""
    import cv2

    threshold = view.levels[min(1, len(view.levels) - 1)]
    levels = threshold, *(level for level in view.levels[:LEVELS] if level != threshold)
    masks = at_once([partial(_mask, view, at, at in view.levels[:SPECKED]) for at in levels], threads)
    cells = find_cells(*masks, threads=threads)
    mask = _mask(view, threshold)
    outside = cv2.subtract(mask, cells.inside)
    across = cells.upright if cells.width else None
    level, thickness = _level_lines(mask, outside, across, cells.level, cells.around, cells.width)
    # Where lines cross, the first of them hides that the other goes on: it is gone before that is looked for.
    rest, outside = (mask, outside) if level is None else (cv2.subtract(what, level) for what in (mask, outside))
    across = None if level is None else cv2.transpose(level)
    rest, outside, sides, around = (cv2.transpose(what) for what in (rest, outside, cells.upright, cells.around))
    upright, breadth = _level_lines(rest, outside, across, sides, around, cells.height)
    if level is None and upright is None:
        return view
    upright = None if upright is None else cv2.transpose(upright)
    wiped = np.zeros_like(mask)
    if level is not None:
        wiped |= _without_pen(view.darkness, mask, level, upright, thickness)
    if upright is not None:
        darkness, inked, turned = (cv2.transpose(what) for what in (view.darkness, mask, upright))
        other = None if level is None else cv2.transpose(level)
        wiped |= cv2.transpose(_without_pen(darkness, inked, turned, other, breadth))
    if cells.width:  # at the corner of a cell either line looks like a stroke that crosses the other
        wiped |= _paler(view.darkness, mask, cv2.dilate(cells.level & cells.upright, np.ones((3, 3), np.uint8)))[0]
    darkness, ruling = view.darkness * (1 - wiped), max(thickness, breadth)
    return dataclasses.replace(view, darkness=darkness, ruled=wiped, ruling=ruling)


def _without_pen(
    darkness: np.ndarray, mask: np.ndarray, level: np.ndarray, upright: np.ndarray | None, thickness: float
) -> np.ndarray:
    """Return level lines without what a pen wrote on them: there they are darker than to the left and to the right.

    Args:
        darkness: (height, width) uint8.
        mask: the same, 1 where there is ink.
        level: the same, 1 on level lines.
        upright: the same for upright lines: where two lines cross, they may be darker than either. None without them.
        thickness: of the level lines, pixels.

    Returns:
        (height, width) uint8, 0 or 1.
    """
    import cv2

    paler, full = _paler(darkness, mask, level)
    # Lines are tilted a little, so a row leaves them; the darkest pixel of so high a window does not.
    tall = np.ones((2 * round(thickness) + 1, 1), np.uint8)
    reach = max(SHORTEST, round(COVERED * max(darkness.shape)))
    line = cv2.morphologyEx(cv2.dilate(darkness, tall), cv2.MORPH_OPEN, np.ones((1, reach), np.uint8))
    limit = cv2.convertScaleAbs(cv2.max(line, full), alpha=OVER, beta=OVER_MORE)
    over = cv2.compare(darkness, limit, cv2.CMP_GT) & level
    if upright is not None:
        over = cv2.subtract(over, cv2.dilate(upright, np.ones((2 * math.ceil(thickness) + 3, 3), np.uint8)))
    return cv2.subtract(paler, cv2.morphologyEx(over, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)))


def _paler(darkness: np.ndarray, mask: np.ndarray, lines: np.ndarray) -> tuple[np.ndarray, float]:
    """Return lines without what is far darker than they are, which is the pen's; and how dark they are as a rule."""
    import cv2

    counts = cv2.calcHist([darkness], [0], lines & mask, [256], [0, 256]).ravel().cumsum()
    full = float(np.searchsorted(counts, 0.75 * counts[-1]))  # a line's edges are soft
    _, paler = cv2.threshold(darkness, math.ceil(DARKER * full) - 1, 1, cv2.THRESH_BINARY_INV)
    return lines & paler, full


def _mask(view: View, level: float, large: bool = False) -> np.ndarray:
    """Return where a view is darker than a level, (height, width) uint8, 0 or 1; `large` leaves specks out."""
    import cv2

    if large:  # on low levels are thousands of specks, each with an outline that would be looked at
        return view.components(level).at_least(SMALLEST)
    return cv2.threshold(view.darkness, level, 1, cv2.THRESH_BINARY)[1]


def _level_lines(
    mask: np.ndarray,
    outside: np.ndarray,
    across: np.ndarray | None,
    sides: np.ndarray,
    around: np.ndarray,
    cell: float,
) -> tuple[np.ndarray | None, float]:
    """Find the pixels (0 or 1) of level lines that belong to no stroke, soft edges included; None if there are none.

    Args:
        mask: (height, width) uint8, 1 where there is ink.
        outside: the same without what lies inside of cells.
        across: the same for the lines that run across, where they are known.
        sides: the same for the level sides of cells.
        around: the same for where cells are, and their lines may go on.
        cell: how long these are, pixels; 0 where there are none.

    Returns:
        These pixels, and how thick the lines are, pixels.
    """
    import cv2

    straight = _long_lines(outside, across, 0)
    # Where lines are long, those that are as short as a cell are strokes of digits; and so they are far from any cell.
    if straight is None and cell:
        straight = _long_lines(outside & around, across, cell)
    straight = sides if straight is None else straight | sides
    if not cv2.countNonZero(straight):
        return None, 0.0
    thickness = _usual_run(straight)
    tall = max(3, round(1.7 * thickness) + 1)
    crossing = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((tall + 1, 1), np.uint8))
    line = cv2.subtract(straight, crossing)
    if not cv2.countNonZero(line):
        return None, 0.0
    rest = cv2.subtract(mask, line)
    mended = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, np.ones((tall + 3, 1), np.uint8)) & line
    edges = np.ones((2 * max(1, round(thickness / 3)) + 1, 3), np.uint8)
    return cv2.subtract(cv2.dilate(cv2.subtract(line, mended), edges), rest | mended), thickness


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
    long = _long_runs(solid, run)
    if long is None:
        return None
    long &= mask
    least = min(LONG * longer, CELLS * cell) if cell else LONG * longer
    gap = max(2, min(GAP, round(cell / 6))) if cell else GAP
    return _straight(long, least, THICKEST * longer, across, 1 if cell else BARS, gap)


def _long_runs(mask: np.ndarray, least: int) -> np.ndarray | None:
    """Keep of a mask (0 or 1) its level runs of at least so many pixels; None where it has none.

    That is an opening by a window of that width, which goes on beyond the border; of so wide a window OpenCV looks at
    every pixel, and takes five times as long.
    """
    height, width = mask.shape
    padded = np.zeros(height * (width + 1) + 1, np.uint8)  # before each row, and at the end, a pixel without ink
    padded[1:].reshape(height, width + 1)[:, :width] = mask
    change = np.flatnonzero(padded.view(bool)[1:] != padded.view(bool)[:-1])
    starts, ends = change[::2], change[1::2]
    half = least // 2
    some = np.flatnonzero(ends - starts >= min(half + 1, least - half))
    starts, ends = starts[some], ends[some]
    first, after = starts % (width + 1), ends % (width + 1)
    long = ends - starts >= np.where(first == 0, least - half, np.where(after == width, half + 1, least))
    if not long.any():
        return None
    starts, lengths = starts[long], ends[long] - starts[long]
    kept = np.zeros((height, width + 1), np.uint8)
    before = np.cumsum(lengths) - lengths
    kept.ravel()[np.repeat(starts - before, lengths) + np.arange(lengths.sum())] = 1
    return np.ascontiguousarray(kept[:, :width])


def _straight(
    long: np.ndarray, least: float, thickest: float, across: np.ndarray | None, fewest: int, gap: int
) -> np.ndarray | None:
    """Keep of the long runs those that are thin, and reach far or from one line that runs across to the next.

    Of the latter, bars, there must be `fewest` at least. Runs up to twice `gap` pixels apart are one.
    """
    import cv2

    width = long.shape[1]
    wide = cv2.copyMakeBorder(long, 0, 0, 0, -width % WORD, cv2.BORDER_CONSTANT)
    small, step = wide, 1
    if gap % WORD == 0:  # runs are far longer than this: what is joined is seen at a quarter of the width as well
        small, step = (wide.view(np.uint32) != 0).view(np.uint8), WORD
    label, boxes, *_ = components(cv2.dilate(small, np.ones((3, 2 * (gap // step) + 1), np.uint8)))
    inked = np.flatnonzero(wide.view(bool))
    owner = label.ravel()[inked // step]
    area = np.bincount(owner, minlength=len(boxes))
    columns = np.zeros((len(boxes), wide.shape[1]), bool)  # in which each has ink
    columns[owner, inked % wide.shape[1]] = True
    first, after = columns.argmax(axis=1), wide.shape[1] - columns[:, ::-1].argmax(axis=1)
    length = after - first
    slim = np.where(length >= BORDER * width, SLIM_TO_BORDERS, SLIM)
    thin = area / length <= np.maximum(max(3.0, thickest), slim * length)
    thin[0] = False
    # Ink all along: strokes of digits that stand in line make a broken one.
    thin &= columns.sum(axis=1) >= SOLID * length
    broad = thin & (area / length > BROAD)
    if broad.any():
        begins = wide.copy()
        begins[1:] &= ~wide[:-1] & 1
        owners = label.ravel()[np.flatnonzero(begins.view(bool)) // step]
        thin &= ~broad | (np.bincount(owners, minlength=len(boxes)) <= WHOLE * length)
    good = thin & (length >= least)
    if fewest > 1 and good.sum() == 1 and length[good] < ALONE * width:
        good[:] = False  # may be a 1
    if across is not None:
        bars = thin.copy()
        for i in np.flatnonzero(bars).tolist():
            bars[i] = _between(across, int(first[i]), int(after[i]), int(boxes[i, 1]), int(boxes[i, 3]), gap)
        if bars.sum() >= fewest:  # bars are all as long as the lines are apart; stems of digits are not
            bars &= np.abs(length / median(length[bars]) - 1) <= ALIKE
        if bars.sum() >= fewest:
            good |= bars
    if not good.any():
        return None
    kept = np.zeros_like(wide)
    kept.ravel()[inked[good[owner]]] = 1
    return np.ascontiguousarray(kept[:, :width])


def _between(across: np.ndarray, first: int, last: int, top: int, bottom: int, gap: int) -> bool:
    """Whether a bar from column to column, in these rows, reaches from line to line, give or take `gap` pixels."""
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
