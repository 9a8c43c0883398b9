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
from digitlab.reading.evidence import NAMES, gather, row_of
from digitlab.recognizer import WEIGHTS

NEXT = 4.0  # heights: so far away the next digit of a row may be
# Log odds of what has a picture to itself: whoever shows it means a digit. Pages cannot tell; MNIST's digits shown as
# pictures one by one can, of which one in thirty was left out without it, most of them bare 1s.
LONE = 1.0
LARGE = 0.2  # of the picture's height: what is higher begins to fill it
CLEAN = 0.1  # share of ink that nothing explains, up to which a picture shows nothing else


def in_company(candidates: Sequence[Candidate], labels: np.ndarray, odds: np.ndarray, chosen: list[int]) -> np.ndarray:
    """Return the candidates' log odds of being a digit, with what their company says, (N,) float32.

    Args:
        candidates: of one page.
        labels: (N, 10) probabilities of the digits.
        odds: (N,) log odds of each being a digit, seen with what is close by.
        chosen: indices of those that the odds alone would choose.
    """
    known = gather(candidates, labels, odds, chosen)
    fitting = known @ _weights() + LONE * _has_the_picture(candidates, known)
    return np.where(odds > -6, fitting, odds).astype(np.float32)


def _has_the_picture(candidates: Sequence[Candidate], known: np.ndarray) -> np.ndarray:
    """Return how far each candidate fills a picture in which nothing else is to be explained, (N,) 0 to 1."""
    view = candidates[0].view
    share = np.array([candidate.height for candidate in candidates]) / (view.darkness.shape[0] * view.scale)
    little, few = (known[:, NAMES.index(name)] for name in ("unexplained ink", "few digits on page"))
    return np.clip(share / LARGE - 1, 0, 1) * few * (little < CLEAN)


def row_at(index: int, lines: list[list[int]], candidates: Sequence[Candidate]) -> int | None:
    """Return which line, given by its candidates, a candidate stands in, or None; it must be within its reach."""
    boxes = np.array([c.box for c in candidates], float)
    height, middle, x = boxes[:, 3] - boxes[:, 1], (boxes[:, 1] + boxes[:, 3]) / 2, (boxes[:, 0] + boxes[:, 2]) / 2
    nearest, _ = row_of(index, lines, height.tolist(), middle.tolist(), x.tolist())
    if not nearest or abs(x[nearest[0]] - x[index]) > NEXT * median(height[nearest]):
        return None
    return next(number for number, row in enumerate(lines) if nearest[0] in row)


@cache
def _weights() -> np.ndarray:
    page = json.loads((WEIGHTS / "company.json").read_text(encoding="utf-8"))
    return np.array([page["weights"][name] for name in NAMES])
