"""Pages that lie on their side or their head: a phone held flat above a sheet cannot tell which way is up.

The pieces of ink that were found are shown to the judge four ways round. Digits that lie on their side look like few
digits, and unsure ones; the way round that makes most of them digits is that of the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from digitlab.finding.boxes import areas, repeated, shared
from digitlab.finding.candidate import Candidate
from digitlab.finding.median import median
from digitlab.jobs import at_once
from digitlab.reading.asking import Judge, threads_of
from digitlab.reading.choose import choose
from digitlab.reading.judging import SILENT, boxes_of
from digitlab.reading.open import Opened
from digitlab.readings import Box, Line

# Mean confidence of a page's digits below which it may lie otherwise; and for each of them, pieces as large that are no
# digits from which on it may. Of 48 photos that lie as they should 12 % may, of the same that do not 93 %.
DOUBTFUL, UNREAD = 0.95, 0.7
AS_LARGE = 0.6, 1.7  # times as high as the digits, or as broad
APART = 0.3  # of the smaller box that a piece may share with a digit and be something else
SOME = 96  # pieces, those with most ink, tell how a page lies
# What another way round must show beyond the page as it is: times its worth, and digits.
TIMES, MORE = 1.1, 0.7
# And how sure these are, and how many stand in a row, on average: a letter here and there is a digit on its head.
SURE, IN_A_ROW = 0.9, 2


def worth(lines: Sequence[Line]) -> float:
    """Return how much lines say: letters that are taken for digits, with as much doubt as hope, add nothing."""
    return sum(2 * digit.confidence - 1 for line in lines for digit in line.digits)


def may_lie(lines: Sequence[Line], candidates: list[Candidate], odds: np.ndarray) -> bool:
    """Tell whether so little of a page was read, or with so much doubt, that it may lie on its side or its head.

    Args:
        lines: what was read.
        candidates: the pieces of the page.
        odds: (N,) log odds of each being a digit.
    """
    sure = [digit.confidence for line in lines for digit in line.digits]
    return sum(sure) <= DOUBTFUL * len(sure) or _unread(candidates, odds) >= UNREAD * len(sure)


def _unread(candidates: list[Candidate], odds: np.ndarray) -> int:
    """Return how many pieces of a page are about as large as its digits, and none."""
    boxes = boxes_of(candidates)
    digits = boxes[odds > 0]
    if not len(digits):
        return 0
    size, usual = (boxes[:, 2:] - boxes[:, :2]).max(axis=1), median(digits[:, 3] - digits[:, 1])
    others = boxes[(odds <= 0) & (odds > SILENT) & (size > AS_LARGE[0] * usual) & (size < AS_LARGE[1] * usual)]
    smaller = np.minimum(areas(others)[:, None], areas(digits))
    others = others[(shared(others, digits) < APART * smaller).all(axis=1)]
    return int((~repeated(others)).sum())


def better(again: Sequence[Line], before: Sequence[Line]) -> bool:
    """Tell whether a page that was turned by quarters says clearly more than it did before."""
    sure = [digit.confidence for line in again for digit in line.digits]
    in_rows = len(sure) >= IN_A_ROW * len(again) and sum(sure) >= SURE * len(sure)
    return in_rows and _clearly(worth(again), worth(before))


def _clearly(again: float, before: float) -> bool:
    return again > TIMES * before + MORE


def quarter_turns(candidates: list[Candidate], labels: np.ndarray, odds: np.ndarray, judge: Judge) -> int:
    """Return by how many quarters of a turn, anticlockwise, a page should be turned so that its digits stand upright.

    Args:
        candidates: the pieces of the page as it lies.
        labels, odds: what the judge said of them, (N, 10) probabilities and (N,) log odds.
        judge: is asked how they look otherwise.

    Returns:
        0 to 3; 0 where no other way round makes clearly more of them digits.
    """
    some = _largest(candidates, odds)
    if not some:
        return 0
    pieces = [candidates[i] for i in some]
    seen = np.stack([piece.seen() for piece in pieces])
    turned = [np.ascontiguousarray(np.rot90(seen, quarters, axes=(2, 3))) for quarters in (1, 2, 3)]
    said = at_once([partial(judge.judge, images) for images in turned], threads_of(judge))
    says = [_says(pieces, labels[some], odds[some]), *(_says(pieces, one.probabilities, one.odds) for one in said)]
    best = int(np.argmax(says))
    return best if _clearly(says[best], says[0]) else 0


def _largest(candidates: list[Candidate], odds: np.ndarray) -> list[int]:
    """Return the indices of the pieces with most ink that the judge was asked about, one of all looks at the same."""
    mass = np.array([candidate.mass for candidate in candidates])
    asked = np.flatnonzero(odds > SILENT)
    order = asked[np.argsort(-mass[asked], kind="stable")]
    for first in (order[: 4 * SOME], order):  # full pages have thousands, of which so many are mostly enough
        some = first[~repeated(boxes_of([candidates[i] for i in first.tolist()]))]
        if len(some) >= SOME:
            break
    return [int(i) for i in some[:SOME]]


def _says(pieces: list[Candidate], labels: np.ndarray, odds: np.ndarray) -> float:
    """Return how much the best set of pieces says, as `worth` does."""
    chosen = choose(pieces, odds)
    sure = labels[chosen].max(axis=1) / (1 + np.exp(-odds[chosen].astype(float)))
    return float(np.maximum(2 * sure - 1, 0).sum())


def turned_by(opened: Opened, quarters: int) -> Opened:
    """Return a picture turned anticlockwise by some quarters."""
    rgb = None if opened.rgb is None else np.ascontiguousarray(np.rot90(opened.rgb, quarters))
    size = opened.size[::-1] if quarters % 2 else opened.size
    return replace(opened, grey=np.ascontiguousarray(np.rot90(opened.grey, quarters)), rgb=rgb, size=size)


def lines_back(lines: Sequence[Line], quarters: int, size: tuple[int, int]) -> tuple[Line, ...]:
    """Return lines of a picture that was turned by some quarters as they lie in the one that it was.

    Args:
        lines: of the turned picture.
        quarters: by which it was turned, anticlockwise.
        size: (width, height) of the picture that it was.
    """
    return tuple(
        replace(line, digits=tuple(replace(one, box=_back(one.box, quarters, size)) for one in line.digits))
        for line in lines
    )


def _back(box: Box, quarters: int, size: tuple[int, int]) -> Box:
    left, top, right, bottom = box
    width, height = size
    if quarters == 1:
        return width - bottom, left, width - top, right
    if quarters == 2:
        return width - right, height - bottom, width - left, height - top
    return top, height - right, bottom, height - left
