"""Lines of the page away, also where a net of them hides the pen from the levels that suit other pages.

On squared paper whose squares are small, or whose lines are broad, lines are most of what is no bare paper. Levels that
tell ink from such a page lie above its lines, and often above its pen. There lines are looked for from the lowest
level on; where rules find none, the map of the pen looks alone; and levels are chosen anew for what is left.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from digitlab.finding.darkness import View, falling, lowest_level, rising, without_specks
from digitlab.finding.median import median
from digitlab.finding.penmap import in_doubt, without_lines
from digitlab.finding.rulings import without_rulings

RAISED = 30.0  # levels that begin above this may have been raised by lines
LOW = (14.0, 25.0)  # levels at which a net shows
SPAN = 0.6  # of the picture's width, and of its height: so far a net reaches at least
CLOSE = 0.8  # of the box around it is lines; more is paper between strokes, taken for light ink
MESHES, MESH = 60, 25  # pieces of paper that it encloses, at least; of so many pixels at least
ALIKE, NEARLY = 0.5, 0.3  # so many of them are as wide and as high as their median is, give or take this share of it
AFTER = 1.5 * RAISED  # where levels of what is left begin above this, it was no net


def bare(view: View, colours: np.ndarray, threads: int = 1) -> View:
    """Return a view without the lines of the page, or the view itself where it has none.

    Where rules cannot tell lines from the pen, a network does; so too where lines are so many that they raise levels.
    What the network leaves is cleaner, so that a paler pen may be looked for on it.

    Args:
        view: near or closer.
        colours: (H, W, 3) or (H, W) uint8, the picture of the view, of any size.
        threads: that work on it.
    """
    low = lowered(view)
    found = without_rulings(low, threads)
    if low is view:
        if not in_doubt(found, view):
            return found
        found = without_lines(found, view, colours, threads)
        least = lowest_level(found.darkness)
        return replace(found, levels=without_specks(found.darkness, falling(view.levels, least)))
    if found.ruled is None or in_doubt(found, low):
        found = without_lines(found, low, colours, threads)
    levels = without_specks(found.darkness, rising(lowest_level(found.darkness)))
    return replace(found, levels=levels) if levels[0] <= AFTER else view


def lowered(view: View) -> View:
    """Return a view whose levels a net of lines has raised with levels that begin below the net, or the view itself."""
    low = _net_level(view)
    return view if low is None else replace(view, levels=rising(low))


def _net_level(view: View) -> float | None:
    """Return the level at which a view shows a net of lines that raised its levels; None where there is none."""
    import cv2

    if view.levels[0] <= RAISED:
        return None
    height, width = view.darkness.shape
    for level in LOW:
        some = view.components(level)
        spans = (some.boxes[:, 2:] - some.boxes[:, :2]) / (width, height)
        largest = int(spans.prod(axis=1).argmax())
        left, top, right, bottom = some.boxes[largest].tolist()
        if spans[largest].min() < SPAN or some.area[largest] > CLOSE * (right - left) * (bottom - top):
            continue
        between = (some.label[top:bottom, left:right] != largest).view(np.uint8)
        _, _, pieces, _ = cv2.connectedComponentsWithStats(between, connectivity=4)
        pieces = pieces[1:][pieces[1:, cv2.CC_STAT_AREA] >= MESH]
        if len(pieces) < MESHES:
            continue
        sides = pieces[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
        usual = [median(sides[:, 0]), median(sides[:, 1])]
        if (np.abs(sides / usual - 1) <= NEARLY).all(axis=1).mean() >= ALIKE:
            return level
    return None
