"""What a piece's company says about it: digits of one row are about as high; letters stand among letters.

The recogniser sees each piece alone. A comma among tall digits looks like a 1, an o in a word like a 0: only the
neighbours tell.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digitlab.finding.candidate import Candidate
from digitlab.reading.choose import rows

SPREAD = 0.30  # standard deviation of the logarithm of heights in one row
FREE = 0.30  # logarithm of a height's ratio to the usual that costs nothing
FAINT = 0.7  # logarithm of how much fainter than the page's usual ink costs nothing
WORST = 8.0  # log odds that a wrong height costs at most


def in_company(candidates: Sequence[Candidate], odds: np.ndarray, chosen: list[int]) -> np.ndarray:
    """Return the candidates' log odds with what their company says, (N,) float32.

    Args:
        candidates: of one page.
        odds: (N,) log odds of each being a digit, seen alone.
        chosen: indices of those chosen so far.
    """
    fitting = odds.astype(np.float32).copy()
    if len(chosen) < 3:
        return fitting
    boxes = [candidates[i].box for i in chosen]
    height = np.array([c.box[3] - c.box[1] for c in candidates], float)
    middle = np.array([(c.box[1] + c.box[3]) / 2 for c in candidates])
    x = np.array([(c.box[0] + c.box[2]) / 2 for c in candidates])
    found = [[chosen[i] for i in row] for row in rows(boxes)]
    usual_of_page = float(np.median(height[chosen]))
    for index in np.flatnonzero(odds > 0).tolist():  # company only takes away: the others stay what they are
        usual = _usual_height(index, found, height, middle, x)
        if usual is None:
            usual, weight = usual_of_page, 0.5  # pages mix sizes, rows seldom do
        else:
            weight = 1.0
        off = max(0.0, abs(float(np.log(height[index] / usual))) - FREE) / SPREAD
        fitting[index] -= min(WORST, 0.5 * off * off) * weight
    dark = np.array([c.dark for c in candidates])
    near = np.array([not c.far for c in candidates])
    if near[chosen].any():
        usual_ink = float(np.median(dark[chosen][near[chosen]]))
        fainter = np.maximum(0, np.log(usual_ink / dark) - FAINT) / SPREAD
        fitting -= np.where(near, np.minimum(WORST, 0.5 * fainter * fainter), 0).astype(np.float32)
    return fitting


def _usual_height(
    index: int, found: list[list[int]], height: np.ndarray, middle: np.ndarray, x: np.ndarray
) -> float | None:
    """Return the usual height in the row at which a candidate stands, or None where there is no such row."""
    best, best_distance = None, 0.6
    for row in found:
        others = [i for i in row if i != index]
        if len(others) < 2:
            continue
        nearest = sorted(others, key=lambda i: abs(x[i] - x[index]))[:5]
        usual = float(np.median(height[nearest]))
        distance = abs(middle[index] - float(np.mean(middle[nearest[:2]]))) / usual
        if distance < best_distance:
            best, best_distance = usual, distance
    return best
