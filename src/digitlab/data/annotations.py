"""What people draw around digits that are written already: rings, boxes, lines under them."""

from __future__ import annotations

import math

import numpy as np

from digitlab.data.sheets import Placed, Sheet

RINGED, BOXED = 0.5, 0.2  # shares of the marks that are rings, and boxes; the others are lines under
AROUND = (0.12, 0.5)  # of the digits' height, from digits to a ring or a box, at least and at most
BELOW = (-0.03, 0.25)  # of the digits' height, from digits to a line under them
WAVES, UNEVEN = 4, 0.06  # of a ring's shape, and how strong they are, in radii
NUMBERS = 0.4  # share of the pages on which numbers are marked, not digits


def ring(rng: np.random.Generator, width: float, height: float, pen: float) -> np.ndarray:
    """Draw a ring by hand: ink, (h, w) uint8, around about width x height pixels, in strokes `pen` pixels wide."""
    turns = rng.uniform(0.93, 1.12)  # some do not close, some go on
    around = np.linspace(0, 2 * math.pi * turns, 80) + rng.uniform(0, 2 * math.pi)
    reach = 1 + sum(
        rng.normal(0, UNEVEN) / wave * np.sin(wave * around + rng.uniform(0, 2 * math.pi)) for wave in range(1, WAVES)
    )
    reach = reach + np.linspace(0, rng.normal(0, UNEVEN), len(around))
    points = np.stack([np.cos(around) * width / 2, np.sin(around) * height / 2], axis=1) * reach[:, None]
    return _drawn(points, pen)


def line_under(rng: np.random.Generator, width: float, pen: float) -> np.ndarray:
    """Draw a line by hand, about level: ink, (h, w) uint8, `width` pixels long; some are double."""
    along = np.linspace(0, width, 6)
    points = np.stack([along, np.cumsum(rng.normal(0, 0.008 * width, 6)) + rng.normal(0, 0.03) * along], axis=1)
    ink = _drawn(points, pen)
    if rng.random() < 0.15:
        gap = round(rng.uniform(1.5, 3.5) * pen)
        ink = np.maximum(np.pad(ink, ((0, gap), (0, 0))), np.pad(ink, ((gap, 0), (0, 0))))
    return ink


def box(rng: np.random.Generator, width: float, height: float, pen: float) -> np.ndarray:
    """Draw a box by hand: ink, (h, w) uint8, around about width x height pixels."""
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * [width, height]
    return _drawn(corners + rng.normal(0, 0.02 * min(width, height), corners.shape), pen)


def annotate(sheet: Sheet) -> None:
    """Mark some digits of a sheet, or some of its numbers, where there is room."""
    rng = sheet.rng
    digits = [piece for piece in sheet.pieces if piece.label is not None]
    groups = [[piece] for piece in digits]
    if rng.random() < NUMBERS:
        groups = [[piece for piece in digits if piece.line == line] for line in sorted({one.line for one in digits})]
    share, way = rng.uniform(0.15, 1.0), rng.random()
    for group in groups:
        if rng.random() < share:
            _mark(sheet, group, way if rng.random() < 0.85 else rng.random())


def _mark(sheet: Sheet, group: list[Placed], way: float) -> None:
    """Draw one mark at digits; it is left out where it would cross what is written."""
    rng, size = sheet.rng, sheet.size
    boxes = np.array([(one.left, one.top, one.left + one.ink.shape[1], one.top + len(one.ink)) for one in group])
    (left, top), (right, bottom) = boxes[:, :2].min(axis=0).tolist(), boxes[:, 2:].max(axis=0).tolist()
    pen = max(1.2, sheet.writers[0].width * rng.uniform(0.6, 1.4))
    more = rng.uniform(*AROUND) * size
    if way < RINGED + BOXED:
        width, height = right - left + 2 * more, bottom - top + 2 * more
        if way < RINGED:
            ink = ring(rng, max(1.15 * width, 0.8 * height), 1.1 * height, pen)
        else:
            ink = box(rng, width, height, pen)
        x, y = (left + right - ink.shape[1]) / 2, (top + bottom - len(ink)) / 2
    else:
        ink = line_under(rng, right - left + 2 * rng.uniform(-0.05, 0.4) * size, pen)
        x, y = (left + right - ink.shape[1]) / 2, bottom + rng.uniform(*BELOW) * size
    sheet.place(None, ink, x, y, group[0].line, group[0].pen)


def _drawn(points: np.ndarray, pen: float) -> np.ndarray:
    """Return the ink of a stroke through points, (N, 2) float: (h, w) uint8, no larger than it must be."""
    import cv2

    edge = math.ceil(pen / 2) + 1
    low, high = np.floor(points.min(axis=0)), np.ceil(points.max(axis=0))
    width, height = (high - low).astype(int) + 2 * edge
    ink = np.zeros((height, width), np.uint8)
    dots = np.rint((points - low + edge) * 16).astype(np.int32)
    cv2.polylines(ink, [dots], False, 255, max(1, round(pen)), cv2.LINE_AA, 4)
    return ink
