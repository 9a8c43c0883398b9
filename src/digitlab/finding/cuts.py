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

# A piece wider than this by its height may be several digits; two narrow ones that stand close where it looks like it.
WIDE, WIDE_FOR_SEVERAL = 0.9, 0.5
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


def cuts(piece: Candidate, usual: float = 0.0, several: float = 0.0) -> list[Candidate]:
    """Cut a wide piece along seams, and return all that lies between two of them; and its loops.

    Args:
        piece: a component.
        usual: the usual height of digits beside it, pixels of the opened picture; 0 where none is known.
        several: the probability that it is several digits, by its looks.
    """
    height, width = piece.mask.shape
    wide = piece.width > (WIDE_FOR_SEVERAL if several > 0.5 else WIDE) * piece.height or (
        usual and piece.width > 1.2 * usual and piece.height > 0.6 * usual
    )
    if not wide or min(height, width) < 6 or width > LONGEST * height or piece.mask.size > LARGEST:
        return []
    ink = _inner(piece)
    found = loops(piece, ink)
    seams = _seams(piece.mask * ink)
    if not seams:
        return found
    edges = [np.full(height, -1.0), *seams, np.full(height, float(width))]
    place = [float(edge.mean()) for edge in edges]
    for first in range(len(edges) - 1):
        for last in range(first + 1, len(edges)):
            if (first, last) == (0, len(edges) - 1) or place[last] - place[first] > WIDEST * height:
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
    apart = np.abs(paths[:, None] - paths).mean(axis=2) >= APART * ROWS
    kept: list[int] = []
    most = SEAMS + 2 * round(width / height)
    for index in np.argsort(costs, kind="stable").tolist():
        if len(kept) < most and apart[index, kept].all():
            kept.append(index)
    rows, at = np.linspace(0, ROWS - 1, height), np.arange(ROWS)
    return [np.interp(rows, at, path) / scale for path in sorted(paths[kept], key=lambda path: path.mean())]


def _valleys(ink: np.ndarray, lean: float) -> list[tuple[float, float]]:
    """Return columns (at half height, lean) that hold little ink, when upright strokes lean by so much to the right."""
    height, width = ink.shape
    shift = lean * (np.arange(height)[:, None] - (height - 1) / 2)
    bins = np.rint(np.arange(width)[None, :] + shift).astype(int)
    low = int(bins.min())
    profile = np.bincount((bins - low).ravel(), ink.ravel(), bins.max() - low + 1)
    profile = np.concatenate([profile[:1], profile, profile[-1:]])
    smooth = 0.25 * profile[:-2] + 0.5 * profile[1:-1] + 0.25 * profile[2:]
    order, highest = np.argsort(smooth, kind="stable").tolist(), 0.85 * smooth.mean()
    smooth = smooth.tolist()  # plain numbers: they are taken one by one
    margin, reach = round(0.1 * height), round(0.1 * height)
    found: list[int] = []
    most = SEAMS + 2 * round(width / height)
    for at in order:
        if len(found) == most or smooth[at] > highest:
            break
        alone = all(abs(at - other) > reach for other in found)
        inside = margin <= at + low < width - margin
        if alone and inside and smooth[at] <= min(smooth[max(0, at - reach) : at + reach + 1]):
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
    from_left, from_right = np.zeros((2, height, count, wide), bool)
    total = np.full((count, wide + 2), 1e9, np.float32)
    straight = total[:, 1:-1]
    straight[:] = cost[:, 0]
    for row in range(1, height):
        aside = total + ASIDE
        left, right = aside[:, :-2], aside[:, 2:]
        np.less(left, straight, out=from_left[row])
        np.minimum(left, straight, out=straight)
        np.less(right, straight, out=from_right[row])
        np.minimum(right, straight, out=straight)
        straight += cost[:, row]
    moves = np.where(from_right, 1, -from_left.astype(np.int8))
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
    import cv2

    first, end = max(0, int(left_edge.min())), min(piece.mask.shape[1], int(np.ceil(right_edge.max())) + 1)
    column = np.arange(first, end)[None, :]
    inside = (column > left_edge[:, None]) & (column <= right_edge[:, None])
    mask = piece.mask[:, first:end] & inside
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    if height < 0.4 * len(mask) or width > 1.4 * height or width < 2:
        return None
    mask, within = (what[top : top + height, left : left + width] for what in (mask, inside))
    left += first
    ink = np.ascontiguousarray(ink[top : top + height, left : left + width] * within)
    return piece.part(left, top, mask, ink, "cut")
