"""What the judge says of the pieces of a page, and how that steers the search for more of them.

Components come first; what may be a part is then merged, what may be several is parted, and small digits that are in
doubt are looked at closer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digitlab.finding.boxes import areas, repeated, shared, twins
from digitlab.finding.candidate import Candidate
from digitlab.finding.median import median
from digitlab.finding.parter import votes
from digitlab.finding.parting import parts_of
from digitlab.finding.propose import components_of
from digitlab.reading.asking import Judge, asked, threads_of
from digitlab.reading.choose import choose
from digitlab.recognizer import Verdict

FAINT = 0.4  # of the darkness of sure digits: paler pieces may be grain
SURE, FEWEST_SURE = 2.0, 2  # log odds of sure digits, and how many of them tell how dark a page's ink is
HANDFUL = 64  # faint pieces that are judged at a time
CLEAR = 8.0  # times more for ink of one colour, and the other is no longer searched
HOPELESS = -2.0  # log odds below which, if all of a handful have them, no more faint pieces are judged
SILENT = -20.0  # log odds of what cannot be
# Log odds of being one digit, and probability of being several, from which on a small piece is worth a closer look.
PROMISING, ASSURED, PROMISING_SHARE = -3.0, 4.0, 0.3
# Of a box: with so much of it in that of a digit that is sure, a piece is explained; and of the digits that are sure:
# with so many pieces in doubt that nothing explains, a page is looked at closer.
WITHIN, IN_DOUBT = 0.5, 0.3
EXPLAINED = 0.75  # of a box: with so much of it in those of digits that are sure, what may be several is not parted
WHOLE = 2.0  # log odds of being one digit from which on a piece is not parted
MAYBE = 0.05  # probability of being several digits, or a part of one, from which on a piece is parted, or merged
# Pieces of a page that are parted, the likeliest, at most, or so many for each look at a digit that is sure: a page of
# print has a thousand words and letters that may be several, a sheet full of digits that touch as many in earnest.
MOST_PARTED, FOR_EACH_SURE = 300, 2


Judged = tuple[list[Candidate], np.ndarray, np.ndarray]
"""The pieces of a page, and what the judge says of them: (N, 10) probabilities of labels, (N,) log odds."""


def judged(rgb: np.ndarray, grey: np.ndarray | None, judge: Judge) -> Judged:
    """Return the candidates of a picture and what the judge says of them: (N, 10) probabilities, (N,) log odds.

    For `rgb` and `grey` see `components_of`.
    """
    found = [components_of(rgb, grey, threads_of(judge))]
    said = _heard(found[0].candidates, judge)
    if _few(found[0].candidates, said.odds):
        broad = found[0].broader()
        found[0], said = found[0].and_of(broad), _joined(said, _heard(broad.candidates, judge))
    if not found[0].candidates:
        return [], np.empty((0, 10), np.float32), np.empty(0, np.float32)
    light = _clearly_light(found[0].candidates, said.odds)
    if light is not None:
        kept = np.array([candidate.view.light == light for candidate in found[0].candidates])
        found[0], said = found[0].of(light), Verdict(*(what[kept] for what in said))
    candidates = found[0].candidates
    if _in_doubt(candidates, found[0].small(), said):
        found.append(found[0].closer(boxes_of(candidates)[said.odds >= ASSURED]))
        dark = np.array([candidate.dark for candidate in candidates])
        more = _heard(found[1].candidates, judge, dark[said.odds > SURE])
        candidates, said = candidates + found[1].candidates, _joined(said, more)
    labels, odds, several, part = said
    count = len(found[0].candidates)
    pieces = found[0].merges(part[:count] > MAYBE) + _parted(candidates, odds, several, threads_of(judge))
    if len(found) > 1:
        pieces += found[1].merges(part[count:] > MAYBE)
    if pieces:
        candidates = candidates + pieces
        also = asked(pieces, judge)
        labels, odds = np.concatenate([labels, also.probabilities]), np.concatenate([odds, also.odds])
    return candidates, labels, _of_one_ink(candidates, odds)


def _few(candidates: list[Candidate], odds: np.ndarray) -> bool:
    """Say whether a picture has shown so few digits that it may be one digit, in a light that hides it."""
    sure = [candidates[i] for i in np.flatnonzero(odds >= ASSURED).tolist()]
    return int((~repeated(boxes_of(sure))).sum()) < FEWEST_SURE


def _clearly_light(candidates: list[Candidate], odds: np.ndarray) -> bool | None:
    """Say whether the ink of a page is light, or dark, where that is clear; None where both may be."""
    sides = {candidate.view.light for candidate in candidates}
    if len(sides) == 1:  # the other shows nothing that could be a digit
        return sides.pop() if odds[odds > 0].sum() > CLEAR else None
    dark, light = _sides(candidates, odds)
    return light > dark if max(dark, light) > CLEAR * max(min(dark, light), 1) else None


def _in_doubt(candidates: list[Candidate], small: np.ndarray, said: Verdict) -> bool:
    """Say whether so much small ink, (N,) bool, is in doubt that a page is worth a closer look.

    What lies within a digit that is sure is no doubt: most digits are proposed at more than one threshold.
    """
    sure = said.odds >= ASSURED
    doubtful = small & ~sure & ((said.odds > PROMISING) | (said.several > PROMISING_SHARE))
    boxes = boxes_of(candidates)
    within = shared(boxes[doubtful], boxes[sure]) > WITHIN * areas(boxes[doubtful])[:, None]
    return bool((~within.any(axis=1)).sum() > IN_DOUBT * sure.sum())


def boxes_of(candidates: Sequence[Candidate]) -> np.ndarray:
    """Return the boxes of pieces, (N, 4) float32."""
    return np.array([candidate.box for candidate in candidates], np.float32).reshape(-1, 4)


def _heard(candidates: list[Candidate], judge: Judge, sure: Sequence[float] | np.ndarray = ()) -> Verdict:
    """Return what the judge says of candidates, of faint ones as long as any of them could be a digit.

    Grain of desks and paper makes hundreds of faint pieces. Once sure digits tell how dark the ink of a page is, far
    paler ones are asked about from the largest to the smallest; when none of a handful could be a digit, the rest is
    taken for grain as well. Where none of them is a digit as it stands, none is said to be several or a part of one
    either: nobody cuts up a desk. And most ink is seen at more than one threshold: where the look that
    has most of it is sure to be a digit, the others are not asked about.

    Args:
        candidates: of one page.
        judge: is asked.
        sure: how dark the digits are that are known already.
    """
    count = len(candidates)
    if not count:
        return Verdict(np.empty((0, 10), np.float32), *np.empty((3, 0), np.float32))
    dark, mass = (np.array([getattr(one, what) for one in candidates]) for what in ("dark", "mass"))
    shares, odds, several, part = np.full((count, 10), 0.1, np.float32), *np.zeros((3, count), np.float32)
    odds[:] = SILENT
    same = _twins(candidates)

    def ask(which: np.ndarray) -> float:
        again = (same[np.ix_(which, which)] & (mass[which] > mass[which, None])).any(axis=1)
        for some in (which[~again], which[again]):
            some = some[~(same[some] & (odds >= ASSURED)).any(axis=1)]
            if len(some):
                said = asked([candidates[i] for i in some], judge)
                for all_of_them, of_some in zip((shares, odds, several, part), said, strict=True):
                    all_of_them[some] = of_some
        return float(odds[which].max())

    def least() -> float:
        known = np.concatenate([sure, dark[odds > SURE]])
        return FAINT * median(known) if len(known) >= FEWEST_SURE else 0.0

    floor, waiting = least(), np.argsort(-dark, kind="stable")
    while len(waiting) and dark[waiting[0]] >= floor:
        ask(waiting[: 2 * HANDFUL])
        waiting, floor = waiting[2 * HANDFUL :], least()
    waiting = waiting[np.argsort(-mass[waiting], kind="stable")]
    while len(waiting) and ask(waiting[:HANDFUL]) >= HOPELESS:
        waiting = waiting[HANDFUL:]
    faint = dark < floor
    if faint.any() and odds[faint].max() < 0:
        several[faint] = part[faint] = 0
    return Verdict(shares, odds, several, part)


def _twins(candidates: list[Candidate]) -> np.ndarray:
    """Return which candidates are looks at the same piece of ink, (N, N) bool."""
    boxes = boxes_of(candidates)
    same = twins(boxes, boxes)
    np.fill_diagonal(same, False)
    return same


def _joined(first: Verdict, second: Verdict) -> Verdict:
    return Verdict(*(np.concatenate(pair) for pair in zip(first, second, strict=True)))


def _of_one_ink(candidates: list[Candidate], odds: np.ndarray) -> np.ndarray:
    """Return the log odds with those of dark ink or those of light ink silenced, whichever says less.

    Nobody writes both on one page; but what dark strokes enclose can look like a light digit.
    """
    light = np.array([candidate.view.light for candidate in candidates])
    if light.all() or not light.any():
        return odds
    says = _sides(candidates, odds)
    return np.where(light == (says[1] > says[0]), odds, SILENT).astype(odds.dtype)


def _sides(candidates: list[Candidate], odds: np.ndarray) -> tuple[float, float]:
    """Return how much speaks for dark ink and for light: the log odds of the digits that would be chosen.

    Each counts by its contrast: what shines through a sheet, or is embossed in it, is paler than what was written.
    """
    contrast = np.array([candidate.dark for candidate in candidates])
    chosen = choose(candidates, odds)
    says = odds * contrast / max(1.0, float(contrast[chosen].max(initial=1.0)))
    dark, light = (sum(float(says[i]) for i in chosen if candidates[i].view.light == side) for side in (False, True))
    return dark, light


def _parted(candidates: list[Candidate], odds: np.ndarray, several: np.ndarray, threads: int) -> list[Candidate]:
    """Return the parts of those pieces that are no digit as a whole, but may be several.

    Where another threshold shows the digits apart, and is sure of them, there is nothing left to part.
    """
    doubtful = np.flatnonzero((several > MAYBE) & (odds < WHOLE))
    doubtful = doubtful[_explained(candidates, doubtful, odds >= ASSURED) < EXPLAINED]
    most = max(MOST_PARTED, FOR_EACH_SURE * int((odds >= ASSURED).sum()))
    which = sorted(doubtful[np.argsort(-several[doubtful], kind="stable")[:most]].tolist())
    found = []
    for i, parts in zip(which, parts_of([candidates[i] for i in which], votes, threads), strict=True):
        for part in parts:
            part.several = float(several[i])
        found += parts
    return found


def _explained(candidates: list[Candidate], which: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Return which share of some pieces' boxes, (K,) by their indices, lies in those of pieces that are sure, (N,)."""
    known = [candidates[i] for i in np.flatnonzero(sure).tolist()]
    boxes = boxes_of(known)
    boxes, of = boxes[~repeated(boxes)], boxes_of([candidates[i] for i in which.tolist()])
    return shared(of, boxes).sum(axis=1) / np.maximum(1, areas(of))
