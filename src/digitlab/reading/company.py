"""What a piece's company says about it: digits of one row are about as high, and a row of digits goes on in digits.

The judge sees a piece and what is close by. Whether a faint stroke at the end of a row is one more digit, or a comma
is as high as a 1, only the row tells.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digitlab.finding.candidate import Candidate
from digitlab.reading.choose import rows

SPREAD = 0.30  # standard deviation of the logarithm of heights in one row
FREE = 0.30  # logarithm of a height's ratio to the usual that costs nothing
FAINT = 0.7  # logarithm of how much fainter than the page's usual ink costs nothing
WORST = 8.0  # log odds that one of these costs at most
BEST = 1.5  # log odds that a place in a row of digits gives
SURE = 1.0  # log odds from which on a digit speaks for others
HOPEFUL = -2.5  # below it no company helps
NEXT = 4.0  # heights: so far away the next digit of a row may be


def in_company(candidates: Sequence[Candidate], odds: np.ndarray, chosen: list[int]) -> np.ndarray:
    """Return the candidates' log odds with what their company says, (N,) float32.

    Args:
        candidates: of one page.
        odds: (N,) log odds of each being a digit, seen with what is close by.
        chosen: indices of those chosen so far.
    """
    fitting = odds.astype(np.float32).copy()
    if len(chosen) < 2:
        return fitting
    left, top, right, bottom = np.array([c.box for c in candidates], float).T
    height, middle, x = bottom - top, (top + bottom) / 2, (left + right) / 2
    found = [[chosen[i] for i in row] for row in rows([candidates[i].box for i in chosen])]
    usual_of_page = float(np.median(height[chosen]))
    for index in np.flatnonzero(odds > HOPEFUL).tolist():
        row = _row_of(index, found, height, middle, x)
        if not row:
            if len(chosen) > 2:  # pages mix sizes, rows seldom do
                fitting[index] -= 0.5 * _cost(float(np.log(height[index] / usual_of_page)), FREE)
            continue
        usual = float(np.median(height[row]))
        off = float(np.log(height[index] / usual))
        if len(row) > 1:
            fitting[index] -= _cost(off, FREE)
        sure = [i for i in row if odds[i] > SURE]
        if len(sure) > 1 and min(abs(x[i] - x[index]) for i in sure) < NEXT * usual:
            fitting[index] += BEST * float(np.exp(-0.5 * (off / FREE) ** 2))
    near = np.array([not c.far for c in candidates])
    if near[chosen].any() and len(chosen) > 2:
        dark = np.array([c.dark for c in candidates])
        fainter = np.log(float(np.median(dark[chosen][near[chosen]])) / dark)
        costs = np.array([_cost(max(0.0, float(off)), FAINT) for off in fainter])
        fitting -= np.where(near, costs, 0).astype(np.float32)
    return fitting


def _cost(off: float, free: float) -> float:
    """Return the log odds that a logarithm of a ratio costs."""
    beyond = max(0.0, abs(off) - free) / SPREAD
    return min(WORST, 0.5 * beyond * beyond)


def row_at(index: int, lines: list[list[int]], candidates: Sequence[Candidate]) -> int | None:
    """Return which line, given by its candidates, a candidate stands in, or None; it must be within its reach."""
    boxes = np.array([c.box for c in candidates], float)
    height, middle, x = boxes[:, 3] - boxes[:, 1], (boxes[:, 1] + boxes[:, 3]) / 2, (boxes[:, 0] + boxes[:, 2]) / 2
    nearest = _row_of(index, lines, height, middle, x)
    if not nearest or abs(x[nearest[0]] - x[index]) > NEXT * float(np.median(height[nearest])):
        return None
    return next(number for number, row in enumerate(lines) if nearest[0] in row)


def _row_of(index: int, found: list[list[int]], height: np.ndarray, middle: np.ndarray, x: np.ndarray) -> list[int]:
    """Return up to five digits nearest to a candidate in the row at which it stands, nearest first."""
    best: list[int] = []
    best_distance = 0.45
    for row in found:
        others = sorted((i for i in row if i != index), key=lambda i: abs(x[i] - x[index]))[:5]
        if not others:
            continue
        usual = float(np.median(height[others]))
        distance = abs(middle[index] - float(np.mean(middle[others[:2]]))) / usual
        if distance < best_distance:
            best, best_distance = others, distance
    return best
