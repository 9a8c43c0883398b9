"""Cuts through pieces that may be several digits: touching, overlapping, joined to a line.

A cut runs from top to bottom as a seam: the way that crosses least ink, near a column that has little. So it follows
the gap between slanted or interlocked digits, and crosses a stroke where it is thin.
Method: dynamic programming over rows, as for the seams of Avidan and Shamir, "Seam Carving for Content-Aware Image
Resizing", 2007.
"""

from __future__ import annotations

import numpy as np

from digitlab.finding.candidate import Candidate
from digitlab.finding.loops import loops

WIDE = 0.9  # a piece wider than this by its height may be several digits
SEAMS = 4  # at most through one piece, and two more for each height of its width
LONGEST, LARGEST = 16, 400_000  # width by height, and pixels, of a piece that is cut
LEANS = 0.0, 0.35  # of the columns in which little ink is looked for: upright, and as most people's writing leans
HALF_LEAN = 0.15  # of seams that start anywhere
EVERY = 5  # columns of that copy: seams start there too
ROWS = 40  # of the copy on which seams are found
BAND = 0.45  # heights: how far from its column a seam may stray
ASIDE = np.float32(0.01)  # ink that a step aside costs a seam
STRAY = 0.004  # ink that each row away from its column costs a seam
WIDEST = 1.5  # heights of the piece: no part is wider on average
APART = 0.15  # heights: seams that are closer than this on average are one


def cuts(piece: Candidate, usual: float = 0.0) -> list[Candidate]:
    """Cut a wide piece along seams, and return all that lies between two of them; and its loops.

    Args:
        piece: a component.
        usual: the usual height of digits beside it, pixels of the opened picture; 0 where none is known.
    """
    height, width = piece.mask.shape
    wide = piece.width > WIDE * piece.height or (usual and piece.width > 1.2 * usual and piece.height > 0.6 * usual)
    if not wide or min(height, width) < 6 or width > LONGEST * height or piece.mask.size > LARGEST:
        return []
    ink = _inner(piece)
    found = loops(piece, ink)
    seams = _seams(piece.mask * ink)
    if not seams:
        return found
    edges = [np.full(height, -1.0), *seams, np.full(height, float(width))]
    for first in range(len(edges) - 1):
        for last in range(first + 1, len(edges)):
            if (first, last) == (0, len(edges) - 1) or (edges[last] - edges[first]).mean() > WIDEST * height:
                continue
            part = _part(piece, ink, edges[first], edges[last])
            if part is not None:
                found.append(part)
    return found


def _inner(piece: Candidate) -> np.ndarray:
    """Return the piece's ink without the margin that its soft edges have, (height, width) of its mask."""
    top = int(piece.corner[1] > 0)
    left = int(piece.corner[0] > 0)
    height, width = piece.mask.shape
    return piece.ink[top : top + height, left : left + width]


def _seams(ink: np.ndarray) -> list[np.ndarray]:
    """Return seams, left to right: for each row of the ink (height, width) the column, (height,) float."""
    import cv2

    height, width = ink.shape
    scale = ROWS / height
    size = max(4, round(width * scale)), ROWS
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR) / np.float32(255)
    starts = [place for lean in LEANS for place in _valleys(small, lean)]
    # Digits that overlap have no valley between them.
    starts += [(float(at), HALF_LEAN) for at in range(EVERY, size[0] - EVERY, EVERY)]
    if not starts:
        return []
    paths, costs = _least_ink(small, np.array([at for at, _ in starts]), np.array([lean for _, lean in starts]))
    kept: list[np.ndarray] = []
    most = SEAMS + 2 * round(width / height)
    for index in np.argsort(costs, kind="stable"):
        path = paths[index]
        if len(kept) < most and all(np.abs(path - other).mean() >= APART * ROWS for other in kept):
            kept.append(path)
    rows = np.linspace(0, ROWS - 1, height)
    return [np.interp(rows, np.arange(ROWS), path) / scale for path in sorted(kept, key=lambda path: path.mean())]


def _valleys(ink: np.ndarray, lean: float) -> list[tuple[float, float]]:
    """Return columns (at half height, lean) that hold little ink, when upright strokes lean by so much to the right."""
    height, width = ink.shape
    shift = lean * (np.arange(height)[:, None] - (height - 1) / 2)
    bins = np.rint(np.arange(width)[None, :] + shift).astype(int)
    low = int(bins.min())
    profile = np.bincount((bins - low).ravel(), ink.ravel(), bins.max() - low + 1)
    smooth = np.convolve(np.pad(profile, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    margin, reach = round(0.1 * height), round(0.1 * height)
    found: list[int] = []
    most = SEAMS + 2 * round(width / height)
    for at in np.argsort(smooth, kind="stable").tolist():
        if len(found) == most or smooth[at] > 0.85 * smooth.mean():
            break
        around = smooth[max(0, at - reach) : at + reach + 1]
        alone = all(abs(at - other) > reach for other in found)
        if alone and margin <= at + low < width - margin and smooth[at] <= around.min():
            found.append(at)
    return [(float(at + low), lean) for at in found]


def _least_ink(ink: np.ndarray, starts: np.ndarray, leans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find for each column the seam near it that crosses least ink.

    Args:
        ink: (H, W) float, 0 to 1.
        starts: (K,) the columns at half height.
        leans: (K,) how they lean.

    Returns:
        paths: (K, H) the column in each row.
        costs: (K,) what each crosses.
    """
    height, width = ink.shape
    reach = int(BAND * height)
    lean = np.rint(leans[:, None] * (np.arange(height) - (height - 1) / 2)).astype(int)
    ideal = np.rint(starts).astype(int)[:, None] - lean  # (K, H)
    stray = np.arange(-reach, reach + 1)
    padded = np.pad(ink, ((0, 0), (2 * height, 2 * height)), constant_values=2)  # beyond the piece runs no seam
    column = ideal[:, :, None] + stray + 2 * height
    cost = padded[np.arange(height)[None, :, None], column] + np.float32(STRAY) * np.abs(stray).astype(np.float32)
    count, wide = len(starts), len(stray)
    moves = np.zeros((height, count, wide), np.int8)
    total = np.full((count, wide + 2), 1e9, np.float32)
    total[:, 1:-1] = cost[:, 0]
    for row in range(1, height):
        straight, left, right = total[:, 1:-1], total[:, :-2] + ASIDE, total[:, 2:] + ASIDE
        from_left, best = left < straight, np.minimum(left, straight)
        from_right = right < best
        moves[row] = np.where(from_right, 1, np.where(from_left, -1, 0))
        total[:, 1:-1] = np.minimum(best, right) + cost[:, row]
    at = total[:, 1:-1].argmin(axis=1)
    each = np.arange(count)
    costs = total[each, at + 1]
    paths = np.zeros((count, height))
    for row in range(height - 1, -1, -1):
        paths[:, row] = ideal[:, row] + stray[at]
        at = at + moves[row, each, at]
    return paths.clip(0, width), costs


def _part(piece: Candidate, ink: np.ndarray, left_edge: np.ndarray, right_edge: np.ndarray) -> Candidate | None:
    """Return what of a piece lies between two seams, (height,) each; None where that can be no digit."""
    first, end = max(0, int(left_edge.min())), min(piece.mask.shape[1], int(np.ceil(right_edge.max())) + 1)
    column = np.arange(first, end)[None, :]
    inside = (column > left_edge[:, None]) & (column <= right_edge[:, None])
    mask = piece.mask[:, first:end] & inside
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    if bottom - top < 0.4 * len(mask) or right - left > 1.4 * (bottom - top) or right - left < 2:
        return None
    mask, within = mask[top:bottom, left:right], inside[top:bottom, left:right]
    left, right = left + first, right + first
    ink = np.ascontiguousarray(ink[top:bottom, left:right] * within)
    return piece.part(int(left), int(top), mask, ink, "cut")
