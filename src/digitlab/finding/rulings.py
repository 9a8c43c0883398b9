"""Printed and drawn lines away: rulings, squared paper, tables, boxes, without cutting the digits that cross them.

A line is a long level or upright run of ink, straight within a few degrees. Where a stroke crosses it, the ink is
taller than the line is thick: there it stays. Where a stroke only touches it from both sides, it is mended.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from digitlab.finding.darkness import View

LONGEST_STROKE = 0.06  # of the longer side: no stroke of a digit on a ruled page runs straight for as long
LONG = 0.3  # of the side along which it runs, and of the longer side: a line reaches at least this far
THICKEST = 0.012  # of the longer side


def without_rulings(view: View) -> View:
    """Return a view without its lines, or the view itself where it has none."""
    threshold = view.levels[min(1, len(view.levels) - 1)]
    mask = (view.darkness > threshold).astype(np.uint8)
    lines = [_level_lines(mask), _level_lines(np.ascontiguousarray(mask.T))]
    if lines[0] is None and lines[1] is None:
        return view
    wiped = np.zeros_like(mask)
    if lines[0] is not None:
        wiped |= lines[0]
    if lines[1] is not None:
        wiped |= lines[1].T
    return dataclasses.replace(view, darkness=view.darkness * (1 - wiped))


def _level_lines(mask: np.ndarray) -> np.ndarray | None:
    """Find the pixels (0 or 1) of level lines that belong to no stroke, soft edges included; None if there are none."""
    import cv2

    height, width = mask.shape
    longer = max(height, width)
    run = max(40, round(LONGEST_STROKE * longer))
    if width < 2 * run:
        return None
    solid = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, 5), np.uint8))
    solid = cv2.dilate(solid, np.ones((5, 1), np.uint8))  # four degrees of tilt, with the line's own thickness
    long = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((1, run), np.uint8)) & mask
    if not long.any():
        return None
    long = _straight(long, LONG * longer, THICKEST * longer)
    if long is None:
        return None
    columns = long.sum(axis=0)
    bands = cv2.connectedComponents(long)[0] - 1
    thickness = _usual_run(long)
    tall = max(3, round(1.7 * thickness) + 1)
    crossing = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((tall + 1, 1), np.uint8))
    line = long & ~crossing & 1
    if not line.any() or not bands or not columns.any():
        return None
    rest = mask & ~line & 1
    mended = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, np.ones((tall + 3, 1), np.uint8)) & line
    line &= ~mended & 1
    return cv2.dilate(line, np.ones((2 * max(1, round(thickness / 3)) + 1, 3), np.uint8)) & ~(rest | mended) & 1


def _straight(long: np.ndarray, least: float, thickest: float) -> np.ndarray | None:
    """Keep of the long runs those that are thin, and that reach far together with what goes on beside them."""
    import cv2

    joined = cv2.dilate(long, np.ones((3, 25), np.uint8))
    count, label, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    area = np.bincount(label.ravel()[np.flatnonzero(long)], minlength=count)
    length = np.maximum(stats[:, 2] - 24, 1)
    good = (length >= least) & (area / length <= max(3.0, thickest))
    good[0] = False
    if not good.any():
        return None
    return long & good[label]


def _usual_run(long: np.ndarray) -> float:
    """Return the median height of the upright runs of a mask, pixels."""
    change = np.diff(np.pad(long.astype(np.int8), ((1, 1), (0, 0))), axis=0)
    starts = np.argwhere(change.T == 1)
    ends = np.argwhere(change.T == -1)
    return float(np.median(ends[:, 1] - starts[:, 1]))
