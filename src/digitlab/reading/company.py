"""What a piece's company says about it: digits of one row are about as high, and a row of digits goes on in digits.

The judge sees a piece and what is close by. Whether a faint stroke at the end of a row is one more digit, whether a
comma is as high as a 1, whether anything on this page is a digit at all, only the row and the page tell. How much each
of these says was fitted on synthetic pages: `weights/company.json`, made by `benchmarks/company.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import numpy as np

from digitlab.finding.candidate import Candidate
from digitlab.finding.median import median
from digitlab.reading.evidence import CLEAN, NAMES, gather, row_of
from digitlab.recognizer import WEIGHTS

NEXT = 4.0  # heights: so far away the next digit of a row may be
# Log odds: who shows a reader one thing, large or small, and nothing else, is taken to mean a digit five times in
# eight; of the pictures that company was fitted with, half show one. Of 600 validation digits that stand small on a
# blank page alone 17 are left out with 0.3, and 9 with 0.5; on 12 of 143 real pictures without digits one is read with
# either, and on 15 with 0.7.
MEANT = 0.5


def in_company(candidates: Sequence[Candidate], labels: np.ndarray, odds: np.ndarray, chosen: list[int]) -> np.ndarray:
    """Return the candidates' log odds of being a digit, with what their company says, (N,) float32.

    Args:
        candidates: of one page.
        labels: (N, 10) probabilities of the digits.
        odds: (N,) log odds of each being a digit, seen with what is close by.
        chosen: indices of those that the odds alone would choose.
    """
    known = gather(candidates, labels, odds, chosen)
    few, left_over = (known[:, NAMES.index(name)] for name in ("few digits on page", "unexplained ink"))
    fitting = known @ _weights() + MEANT * few * (left_over < CLEAN)
    return np.where(odds > -6, fitting, odds).astype(np.float32)


def row_at(index: int, lines: list[list[int]], boxes: np.ndarray) -> int | None:
    """Return which line, given by its candidates, one stands in, or None; it must be within its reach.

    Boxes, (N, 4), are those of all candidates.
    """
    height, middle, x = boxes[:, 3] - boxes[:, 1], (boxes[:, 1] + boxes[:, 3]) / 2, (boxes[:, 0] + boxes[:, 2]) / 2
    nearest, _ = row_of(index, lines, height.tolist(), middle.tolist(), x.tolist())
    if not nearest or abs(x[nearest[0]] - x[index]) > NEXT * median(height[nearest]):
        return None
    return next(number for number, row in enumerate(lines) if nearest[0] in row)


@cache
def _weights() -> np.ndarray:
    page = json.loads((WEIGHTS / "company.json").read_text(encoding="utf-8"))
    return np.array([page["weights"][name] for name in NAMES])
