"""Panels on a page: what is written stands on patches of its paper, and around them is something of another grey.

So do digits on displays, labels, keys, plates and signs, and in figures that show samples of a data set.
"""

from __future__ import annotations

import math

import numpy as np

from digitlab.data.papers import fine, tiled, tinted
from digitlab.data.sheets import Placed

CONTRAST = 50  # grey levels between the paper of a panel and what is around it, at least
MARGIN = (0.08, 0.6)  # of the digits' height, from a digit to the edge of its panel
SQUARE = 0.5  # share of the panels for one digit each that are as wide as high
BORDERED, NEGATIVE = 0.3, 0.5  # shares of the pages whose panels have a line around, and that are shown as a negative
GRAIN = 6  # grey levels, 1 sigma, of what is around, at most


def on_panels(rng: np.random.Generator, page: np.ndarray, pieces: list[Placed]) -> np.ndarray:
    """Return a page, (H, W, 3) uint8, of which is left what lies near its digits: a panel for each, or for each line.

    Or one for all of them. What else was on the page is covered where it lies on none of them. Half of the pages are
    negatives: light ink on dark panels. A page without digits stays as it is.
    """
    import cv2

    digits = [piece for piece in pieces if piece.label is not None]
    if not digits:
        return page
    height, width = page.shape[:2]
    size = float(np.median([len(piece.ink) for piece in digits]))
    margin = max(2, round(rng.uniform(*MARGIN) * size))
    line = max(1, round(rng.uniform(0.01, 0.06) * size)) if rng.random() < BORDERED else 0
    panels, around = np.zeros((height, width), np.uint8), _around(rng, page)
    boxes = _boxes(rng, digits)
    for more, colour in ((margin + line, (rng.uniform(0, 255),) * 3), (margin, None)):
        for left, top, right, bottom in boxes:
            corners = (left - more, top - more), (right + more, bottom + more)
            if colour is None:
                cv2.rectangle(panels, *corners, 255, -1)
            elif line:
                cv2.rectangle(around, *corners, colour, -1)
    shown = np.where(panels[..., None] > 0, page, around)
    return ~shown if rng.random() < NEGATIVE else shown


def _around(rng: np.random.Generator, page: np.ndarray) -> np.ndarray:
    """Return what is around the panels of a page, (H, W, 3) uint8: of another grey, with some grain."""
    height, width = page.shape[:2]
    paper = float(np.median(page[::8, ::8]))
    grey = rng.uniform(0, 255)
    while abs(grey - paper) < CONTRAST:
        grey = rng.uniform(0, 255)
    colour = np.asarray(grey + rng.uniform(-15, 15, 3), np.float32)
    texture = tiled(fine(rng, rng.uniform(0.5, 3)) * rng.uniform(0, GRAIN), height, width)
    return tinted(np.ascontiguousarray(texture), colour)


def _boxes(rng: np.random.Generator, digits: list[Placed]) -> list[tuple[int, int, int, int]]:
    """Return what the panels are around: left, top, right, bottom of each digit, of each line, or of all digits."""
    boxes = np.array([(one.left, one.top, one.left + one.ink.shape[1], one.top + len(one.ink)) for one in digits])
    way = rng.random()
    if way < 0.6:
        if rng.random() < SQUARE:
            half = math.ceil((boxes[:, 2:] - boxes[:, :2]).max() / 2)
            middle = (boxes[:, :2] + boxes[:, 2:]) // 2
            boxes = np.concatenate([middle - half, middle + half], axis=1)
        groups = [[index] for index in range(len(digits))]
    elif way < 0.85:
        lines = sorted({one.line for one in digits})
        groups = [[index for index, one in enumerate(digits) if one.line == line] for line in lines]
    else:
        groups = [list(range(len(digits)))]
    found = []
    for group in groups:
        (left, top), (right, bottom) = boxes[group, :2].min(axis=0).tolist(), boxes[group, 2:].max(axis=0).tolist()
        found.append((left, top, right, bottom))
    return found
