"""Which digit a piece is: what the judge says by all its looks at it, and the recogniser where that is unsure."""

from __future__ import annotations

import numpy as np

from digitlab.finding.boxes import twins
from digitlab.finding.candidate import Candidate
from digitlab.finding.pen import normal_strokes
from digitlab.framing import frame
from digitlab.reading.asking import Judge

# Pixels of the framed digit: up to such a width the recogniser has learned broad strokes. To make them finer cost
# one of 2,500 framed validation digits. The judge of pieces has not learned them so, and still sees them finer.
BROADEST = 9.0
# Probability of a label from which on the judge needs nobody else to tell which digit it is: of 4,838 digits on
# development pages with more than 0.99 the recogniser contradicted twelve, and never rightly.
SURE_OF_LABEL = 0.998
# Weight of the judge's labels in the geometric mean of both, best on held-out pieces, of which it knows the
# surroundings; and the least that either says of a label: neither may forbid one.
JUDGE_SAYS, LEAST = 0.7, 1e-4
# Log odds from which on another look at a piece that is read helps to tell which digit it is.
HELPFUL = -4.0


def by_all_looks(candidates: list[Candidate], labels: np.ndarray, odds: np.ndarray, chosen: list[int]) -> np.ndarray:
    """Return the judge's labels of the chosen pieces, (N, 10): the mean of all looks at each.

    At another level, or with a stroke more or less, a digit that a line crosses or that another one touches looks
    different; by all looks together development pages had 292 wrong labels instead of 305. Looks that are less likely a
    digit than the chosen one count less.
    """
    heard = odds > HELPFUL
    heard[chosen] = True
    some = np.flatnonzero(heard)
    boxes = np.array([candidates[i].box for i in some.tolist()], float)
    places = np.searchsorted(some, chosen)
    weight = twins(boxes[places], boxes) * np.exp(np.minimum(0, odds[some] - odds[chosen][:, None]) / 2)
    weight[np.arange(len(chosen)), places] = 1
    return np.asarray(weight @ labels[some] / weight.sum(axis=1, keepdims=True))


def labelled(found: list[Candidate], labels: np.ndarray, recognizer: Judge) -> np.ndarray:
    """Return probabilities, (N, 10): the geometric mean of what the judge says, `labels`, and what the recogniser says.

    Pieces of which the judge is sure are not shown to the recogniser.
    """
    asked = np.flatnonzero(labels.max(axis=1) < SURE_OF_LABEL)
    if not len(asked):
        return labels
    images = np.stack([_as_written(found[i]) for i in asked])
    told = recognizer.judge(images).probabilities
    shares = labels.copy()
    both = np.maximum(told, LEAST) ** (1 - JUDGE_SAYS) * np.maximum(labels[asked], LEAST) ** JUDGE_SAYS
    shares[asked] = both / both.sum(axis=1, keepdims=True)
    return shares


def _as_written(piece: Candidate) -> np.ndarray:
    """Return a piece as the recogniser wants it, which bears broader strokes than the judge, (28, 28)."""
    if piece.strokes is piece.ink:
        return piece.framed
    ink = normal_strokes(piece.ink, BROADEST)
    return piece.framed if ink is piece.strokes else frame(ink)
