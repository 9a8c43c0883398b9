"""Cuts through pieces that may be several digits: touching, overlapping, joined to a line."""

from __future__ import annotations

import numpy as np

from digitlab.finding.candidate import POINTS, Candidate

WIDE = 0.9  # a piece wider than this by its height may be several digits
CUTS = 6  # at most, through one piece
LARGEST = 300_000  # pixels of a piece that is cut
LEANS = 0.0, 0.3  # of the cuts: upright, and as most people's writing leans


def cuts(piece: Candidate, usual: float = 0.0) -> list[Candidate]:
    """Cut a wide piece from top to bottom where there is least ink, and return all that lies between two cuts.

    Args:
        piece: a component.
        usual: the usual height of digits beside it, pixels of the opened picture; 0 where none is known.
    """
    height, width = piece.mask.shape
    wide = piece.width > WIDE * piece.height or (usual and piece.width > 1.3 * usual and piece.height > 0.6 * usual)
    if not wide or min(height, width) < 6 or width > 8 * height or piece.mask.size > LARGEST:
        return []
    ink = _inner(piece)
    found = []
    for lean in LEANS:
        places, column = _valleys(piece.mask * ink, lean)
        if not places:
            continue
        borders = [-np.inf, *places, np.inf]
        for first in range(len(borders) - 1):
            for last in range(first + 1, len(borders)):
                if first == 0 and last == len(borders) - 1:
                    continue
                part = _part(piece, ink, column, borders[first], borders[last])
                if part is not None:
                    found.append(part)
    return found


def _valleys(ink: np.ndarray, lean: float) -> tuple[list[float], np.ndarray]:
    """Return where to cut, and each pixel's column when upright strokes lean by so much to the right."""
    height, width = ink.shape
    shift = lean * (np.arange(height)[:, None] - height / 2)
    column = np.arange(width)[None, :] + shift  # (height, width)
    low = int(np.floor(column.min()))
    bins = (column - low).round().astype(int)
    profile = np.bincount(bins.ravel(), ink.ravel().astype(np.float64), bins.max() + 1)
    reach = max(1, round(0.04 * height))
    smooth = np.convolve(np.pad(profile, reach, mode="edge"), np.ones(2 * reach + 1) / (2 * reach + 1), "valid")
    apart = max(2, round(0.18 * height))
    places: list[int] = []
    for place in np.argsort(smooth, kind="stable"):
        if len(places) == CUTS or smooth[place] > 0.8 * smooth.mean():
            break
        far_in = apart * 0.6 < place - (bins.min()) and place < bins.max() - apart * 0.6
        lowest = smooth[place] <= smooth[max(0, place - apart // 2) : place + apart // 2 + 1].min()
        if far_in and lowest and all(abs(place - other) >= apart for other in places):
            places.append(int(place))
    return [float(place + low) for place in sorted(places)], column


def _inner(piece: Candidate) -> np.ndarray:
    """Return the piece's ink without the margin that its soft edges have, (height, width) of its mask."""
    top = int(piece.corner[1] > 0)
    left = int(piece.corner[0] > 0)
    height, width = piece.mask.shape
    return piece.ink[top : top + height, left : left + width]


def _part(piece: Candidate, ink: np.ndarray, column: np.ndarray, start: float, end: float) -> Candidate | None:
    inside = (column > start) & (column <= end)
    mask = piece.mask & inside
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    if bottom - top < 0.4 * len(mask) or right - left > 1.3 * (bottom - top) or right - left < 2:
        return None
    mask, ink = mask[top:bottom, left:right], (ink * inside)[top:bottom, left:right]
    scale, (x0, y0) = piece.scale, piece.box[:2]
    y, x = np.nonzero(mask)
    some = np.linspace(0, len(x) - 1, POINTS).astype(int)
    points = np.stack([x0 + (left + x[some] + 0.5) * scale, y0 + (top + y[some] + 0.5) * scale], axis=1).astype(int)
    box = (int(x0 + left * scale), int(y0 + top * scale), round(x0 + right * scale), round(y0 + bottom * scale))
    mass = float(ink.sum()) / 255 * scale * scale
    corner = piece.corner[0] + int(left), piece.corner[1] + int(top)
    ink = np.ascontiguousarray(ink)
    return Candidate(box, mask, ink, piece.view, corner, mass, piece.dark, "cut", piece.cut_off, points)
