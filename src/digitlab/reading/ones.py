"""What tells a 1 from the other lone strokes of its page.

Slashes of dates, bars, sides of boxes and brackets look like a 1 each, and the judge may take any of them for one. But
a page has many of them, all alike, and of most the judge is in doubt: that tells of the others. A slash leans more than
the digits do, and a date has two of them; and where dates or boxes stand under each other, the same stroke stands in
the same place of each row, where a 1 stands again by chance only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digitlab.finding.boxes import shared
from digitlab.finding.candidate import Candidate
from digitlab.finding.median import median

NAMES = ("1s alike in doubt", "1 that leans", "1 that is crooked", "1s alike in row", "1 in rows beside")
"""The names of the columns that `about_ones` fills in."""

HEIGHT, LEAN = 0.15, 0.12  # strokes alike differ by no more: the logarithm of their heights, and how they lean
CLIPPED = 6.0  # log odds of those that are alike count from so far below 0 to so far above
DIGITS_HAVE = 3.0  # log odds that digits usually have
FEW = 2.0  # so many alike say half of what many say
ENOUGH = 60  # digits tell how far a page's digits lean
UPRIGHT, LEANING = 0.12, 0.6  # tangents: so much more than the page's digits a 1 may lean, and so much is a lot
CROOKED = 0.1  # heights by which a stroke's ink lies off a straight line: that is a lot
MANY = 3  # strokes alike in one row are many
LEVEL = 0.4  # heights: no farther above or below stands a stroke of the same row
BESIDE = 2  # rows above, and as many below, that are looked at
ASIDE, OFF = 0.6, 0.5  # heights: no farther aside, above or below a stroke stands in the same place of another row
AS_HIGH = 0.3  # and the logarithm of their heights differs by no more
NEXT, FARTHEST = 0.7, 6.0  # heights: how far away the rows above and below are, at least and at most
POSSIBLE = -4.0  # log odds from which on a stroke counts as one that rows may have too


def about_ones(
    candidates: Sequence[Candidate],
    ones: np.ndarray,
    odds: np.ndarray,
    found: list[list[int]],
    table: dict[str, np.ndarray],
) -> None:
    """Fill in what is known of each candidate that looks like a 1.

    Args:
        candidates: of one page.
        ones: indices of those that look like a 1, and may be digits.
        odds: (N,) the judge's log odds of each being a digit.
        found: rows of digits that are sure, each from left to right.
        table: of columns, (N,) each; those of `NAMES` are filled in.
    """
    if not len(ones):
        return
    lean, crooked = _strokes([candidates[i] for i in ones])
    sure = [i for row in found for i in row]
    some = sure[:: -(-len(sure) // ENOUGH)] if sure else []  # of a full page
    usual = median(_strokes([candidates[i] for i in some])[0]) if some else 0.0
    boxes = _boxes(candidates, ones)
    alike = _alike(boxes, lean)
    table["1s alike in doubt"][ones] = _in_doubt(alike, odds[ones])
    table["1s alike in row"][ones] = _in_row(alike & (odds[ones] > POSSIBLE), boxes)
    table["1 that leans"][ones] = np.clip(lean - usual - UPRIGHT, 0, LEANING)
    table["1 that is crooked"][ones] = np.clip(crooked / CROOKED, 0, 1)
    possible = np.flatnonzero(odds[ones] > POSSIBLE)
    rows = [_boxes(candidates, row) for row in found]
    table["1 in rows beside"][ones[possible]] = _in_rows_beside(boxes[possible], rows)


def _boxes(candidates: Sequence[Candidate], some: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.array([candidates[i].box for i in some], float)


def _strokes(pieces: Sequence[Candidate]) -> tuple[np.ndarray, np.ndarray]:
    """Return how far pieces lean to the right, as tangent, and their ink off a straight line, in heights: (N,) each."""
    points = np.stack([piece.points for piece in pieces])
    points = points - points.mean(axis=1, keepdims=True)
    across, down = points[..., 0], points[..., 1]
    lean = -(across * down).sum(axis=1) / np.maximum((down**2).sum(axis=1), 1e-6)
    height = np.array([max(1, piece.height) for piece in pieces])
    return lean, np.sqrt(((across + lean[:, None] * down) ** 2).mean(axis=1)) / height


def _alike(boxes: np.ndarray, lean: np.ndarray) -> np.ndarray:
    """Return which strokes look like which others, (N, N) bool; other looks at the same ink do not count."""
    height = np.log((boxes[:, 3] - boxes[:, 1]).clip(1))
    return np.asarray(
        (np.abs(height[:, None] - height) < HEIGHT)
        & (np.abs(lean[:, None] - lean) < LEAN)
        & ~(shared(boxes, boxes) > 0)
    )


def _in_row(alike: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Return how many strokes that look like each stand at its height of the page: (N,), 1 for many of them."""
    middle, height = (boxes[:, 1] + boxes[:, 3]) / 2, (boxes[:, 3] - boxes[:, 1]).clip(1)
    level = np.abs(middle[:, None] - middle) < LEVEL * height[:, None]
    return np.minimum((alike & level).sum(axis=1), MANY) / MANY


def _in_doubt(alike: np.ndarray, odds: np.ndarray) -> np.ndarray:
    """Return how far the judge is in doubt of the strokes that look like each: (N,), 0 where it is not, to -3."""
    count = alike.sum(axis=1)
    mean = alike @ np.clip(odds, -CLIPPED, CLIPPED).astype(float) / np.maximum(count, 1)
    return np.asarray(np.minimum(0, mean / DIGITS_HAVE - 1) * count / (count + FEW))


def _in_rows_beside(strokes: np.ndarray, rows: list[np.ndarray]) -> np.ndarray:
    """Return for strokes, (N, 4), in how many of the rows next to them one like it stands: (N,), 1 for all of them.

    Rows are given by the boxes of their digits, (K, 4), from left to right; the place of a stroke is followed from row
    to row, so that pages may be tilted.
    """
    again = np.zeros(len(strokes))
    x, y = (strokes[:, 0] + strokes[:, 2]) / 2, (strokes[:, 1] + strokes[:, 3]) / 2
    high = (strokes[:, 3] - strokes[:, 1]).clip(1)
    places = [((row[:, 0] + row[:, 2]) / 2, (row[:, 1] + row[:, 3]) / 2) for row in rows]
    # How far below each stroke each row runs, (strokes, rows); no number where the row does not reach so far.
    reach = [(across[0] - high <= x) & (x <= across[-1] + high) for across, _ in places]
    levels = [
        np.where(reaches, np.interp(x, across, down) - y, np.nan)
        for (across, down), reaches in zip(places, reach, strict=True)
    ]
    below = np.stack(levels, axis=1) if levels else np.empty((len(strokes), 0))
    for index, height in enumerate(high.tolist()):
        alike = np.flatnonzero(np.abs(np.log(high / height)) < AS_HIGH)
        for way in (-1, 1):
            level = way * below[index]
            near = np.sort(level[(NEXT * height < level) & (level < FARTHEST * height)]).tolist()
            at = x[index]
            for level in near[:BESIDE]:
                close = np.abs(y[alike] - y[index] - way * level) < OFF * height
                close &= np.abs(x[alike] - at) < ASIDE * height
                if close.any():
                    again[index] += 1 / (2 * BESIDE)
                    at = x[alike[close][np.abs(x[alike[close]] - at).argmin()]]
    return again
