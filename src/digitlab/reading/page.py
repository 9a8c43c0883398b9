"""One page: from an opened picture to the lines of digits on it. Propose, recognise, choose."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Protocol

import numpy as np

from digitlab.finding.candidate import Candidate
from digitlab.finding.cuts import cuts
from digitlab.finding.ink import contrast_grey, find_ink, single_digit
from digitlab.finding.median import median
from digitlab.finding.pen import normal_strokes, pens
from digitlab.finding.propose import components_of
from digitlab.framing import SIDE, frame
from digitlab.jobs import at_once
from digitlab.reading.choose import choose, conflicts, rows
from digitlab.reading.company import in_company, row_at
from digitlab.reading.open import Opened
from digitlab.readings import Box, Digit, Line
from digitlab.recognizer import Verdict, load

LONGEST = 1600  # a longer side of about this many pixels shows any digit that a person would photograph
LIKELY = 0.5  # log odds from which on a digit is read: a page without any should stay empty
DOUBTFUL = 5.0  # log odds below 0 down to which a piece that was left out casts doubt on its line
AGREED = 0.98  # probability of one label from which on nobody else is asked
JUDGE_SAYS = 0.7  # weight of the judge's labels; best on held-out pieces, of which it knows the surroundings
FAINT = 0.4  # of the darkness of sure digits: paler pieces may be grain
SURE, FEWEST_SURE = 2.0, 2  # log odds of sure digits, and how many of them tell how dark a page's ink is
BATCH = 16  # pieces that are judged while others are framed
HANDFUL = 64  # faint pieces that are judged at a time
CLEAR = 8.0  # times more for ink of one colour, and the other is no longer searched
HOPELESS = -2.0  # log odds below which, if all of a handful have them, no more faint pieces are judged
SILENT = -20.0  # log odds of what cannot be
# Log odds of being one digit, and probability of being several, from which on a small piece is worth a closer look.
PROMISING, ASSURED, PROMISING_SHARE = -3.0, 4.0, 0.3
WHOLE = 2.0  # log odds of being one digit from which on a piece is not cut
MAYBE = 0.05  # probability of being several digits, or a part of one, from which on a piece is cut, or merged


class Judge(Protocol):
    """What reading needs of a recogniser, and of the judge of pieces; `digitlab.Recognizer` is both."""

    def judge(self, images: np.ndarray) -> Verdict:
        """Tell of N images which digits they are, and whether they are digits, several of them, or a part."""
        ...


def read_page(opened: Opened, recognizer: Judge, single: bool = False, judge: Judge | None = None) -> tuple[Line, ...]:
    """Find and read the digits of one picture.

    Args:
        opened: the picture, its longer side about `LONGEST` pixels at most.
        recognizer: tells which digit, from (N, 28, 28).
        judge: tells whether a piece is a digit, from (N, 3, 28, 28): the piece and its surroundings.
        single: the picture shows one digit and nothing else: it is read whatever it looks like.

    Returns:
        Lines in reading order; boxes in pixels of the full resolution.
    """
    if single:
        return _read_single(opened, recognizer)
    judge = judge or load("reader")
    candidates, labels, odds = judged(opened.grey if opened.rgb is None else opened.rgb, opened.grey, judge)
    if not candidates:
        return ()
    fitting = in_company(candidates, labels, odds, choose(candidates, odds))
    chosen = choose(candidates, fitting - LIKELY)
    if not chosen:
        return ()
    found = [candidates[i] for i in chosen]
    probabilities = _labelled(found, labels[chosen], recognizer)
    sure = 1 / (1 + np.exp(-fitting.astype(float)))
    digits = {
        i: _digit(p, float(sure[i]), _full_size(candidates[i].box, opened))
        for i, p in zip(chosen, probabilities, strict=True)
    }
    lines = [[chosen[i] for i in row] for row in rows([piece.box for piece in found])]
    complete = _complete(candidates, fitting, lines)
    return tuple(
        Line(tuple(digits[i] for i in row), share * math.prod(digits[i].confidence for i in row))
        for row, share in zip(lines, complete, strict=True)
    )


def judged(rgb: np.ndarray, grey: np.ndarray | None, judge: Judge) -> tuple[list[Candidate], np.ndarray, np.ndarray]:
    """Return the candidates of a picture and what the judge says of them: (N, 10) probabilities, (N,) log odds.

    For `rgb` and `grey` see `components_of`.
    """
    found = [components_of(rgb, grey, _threads(judge))]
    candidates = found[0].candidates
    if not candidates:
        return [], np.empty((0, 10), np.float32), np.empty(0, np.float32)
    said = _heard(candidates, judge)
    doubtful = (said.odds > PROMISING) & (said.odds < ASSURED) | (said.several > PROMISING_SHARE)
    if (found[0].small() & doubtful).any():
        found.append(found[0].closer())
        dark = np.array([candidate.dark for candidate in candidates])
        more = _heard(found[1].candidates, judge, dark[said.odds > SURE])
        candidates, said = candidates + found[1].candidates, _joined(said, more)
    labels, odds, several, part = said
    lights = np.array([candidate.view.light for candidate in candidates])
    if lights.any() and not lights.all():
        dark_says, light_says = _sides(candidates, odds)
        if max(dark_says, light_says) > CLEAR * max(min(dark_says, light_says), 1):
            # What has the other colour is neither merged nor cut.
            several, part = (what * (lights == (light_says > dark_says)) for what in (several, part))
    count = len(found[0].candidates)
    pieces = found[0].merges(part[:count] > MAYBE) + _cut_up(candidates, odds, several)
    if len(found) > 1:
        pieces += found[1].merges(part[count:] > MAYBE)
    if pieces:
        candidates = candidates + pieces
        also = _asked(pieces, judge)
        labels, odds = np.concatenate([labels, also.probabilities]), np.concatenate([odds, also.odds])
    return candidates, labels, _of_one_ink(candidates, odds)


def _heard(candidates: list[Candidate], judge: Judge, sure: Sequence[float] | np.ndarray = ()) -> Verdict:
    """Return what the judge says of candidates, of faint ones as long as any of them could be a digit.

    Grain of desks and paper makes hundreds of faint pieces. Once sure digits tell how dark the ink of a page is, far
    paler ones are asked about from the largest to the smallest; when none of a handful could be a digit, the rest is
    taken for grain as well. Where none of them is a digit as it stands, none is said to be several or a part of one
    either: nobody cuts up a desk.

    Args:
        candidates: of one page.
        judge: is asked.
        sure: how dark the digits are that are known already.
    """
    count = len(candidates)
    dark, mass = (np.array([getattr(one, what) for one in candidates]) for what in ("dark", "mass"))
    shares, odds, several, part = np.full((count, 10), 0.1, np.float32), *np.zeros((3, count), np.float32)
    odds[:] = SILENT

    def ask(which: np.ndarray) -> float:
        said = _asked([candidates[i] for i in which], judge)
        for all_of_them, some in zip((shares, odds, several, part), said, strict=True):
            all_of_them[which] = some
        return float(said.odds.max())

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


def _joined(first: Verdict, second: Verdict) -> Verdict:
    return Verdict(*(np.concatenate(pair) for pair in zip(first, second, strict=True)))


def _asked(pieces: list[Candidate], judge: Judge) -> Verdict:
    """Return what the judge says of pieces; one that has threads judges some while others are framed."""
    threads = _threads(judge)
    size = BATCH if threads > 1 else len(pieces)
    batches = (
        partial(judge.judge, np.stack([piece.seen() for piece in pieces[at : at + size]]))
        for at in range(0, len(pieces), size)
    )
    return Verdict(*map(np.concatenate, zip(*at_once(batches, threads), strict=True)))


def _threads(judge: Judge) -> int:
    """Return how many threads may work on a page: as many as its judge has."""
    return int(getattr(judge, "threads", 1))


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
    """Return how much speaks for dark ink and for light: the log odds of the digits that would be chosen."""
    chosen = choose(candidates, odds)
    dark, light = (sum(float(odds[i]) for i in chosen if candidates[i].view.light == side) for side in (False, True))
    return dark, light


def _complete(candidates: list[Candidate], fitting: np.ndarray, lines: list[list[int]]) -> list[float]:
    """Return for each line the probability that none of the pieces in it that were left out is a digit."""
    chosen = [i for row in lines for i in row]
    doubtful = np.flatnonzero((fitting > -DOUBTFUL) & (fitting <= LIKELY))
    shared = conflicts([candidates[i] for i in (*doubtful, *chosen)])[: len(doubtful), len(doubtful) :].any(axis=1)
    spare = doubtful[~shared].tolist()
    shares = [1.0] * len(lines)
    for place in choose([candidates[i] for i in spare], fitting[spare] + DOUBTFUL):
        index = spare[place]
        number = row_at(index, lines, candidates)
        if number is not None:
            shares[number] *= 1 / (1 + float(np.exp(fitting[index])))
    return shares


def _cut_up(candidates: list[Candidate], odds: np.ndarray, several: np.ndarray) -> list[Candidate]:
    """Return the parts of those pieces that are no digit as a whole, but may be several."""
    good = [candidate.height for candidate, odd in zip(candidates, odds, strict=True) if odd > 0]
    usual = median(good) if good else 0.0
    parts = []
    for i in np.flatnonzero((several > MAYBE) & (odds < WHOLE)):
        for part in cuts(candidates[i], usual):
            part.several = float(several[i])
            parts.append(part)
    return parts


def _labelled(found: list[Candidate], labels: np.ndarray, recognizer: Judge) -> np.ndarray:
    """Return probabilities, (N, 10): a mean of what the judge says, `labels`, and what the recogniser says.

    Pieces of which they are not sure are shown to the recogniser as written by two other pens as well.
    """
    told = recognizer.judge(np.stack([piece.framed for piece in found])).probabilities
    unsure = np.flatnonzero((told + labels).max(axis=1) < 2 * AGREED)
    if len(unsure):
        images = np.stack([frame(ink) for i in unsure for ink in pens(found[i].strokes)])
        told[unsure] = recognizer.judge(images).probabilities.reshape(len(unsure), -1, 10).mean(axis=1)
    return (1 - JUDGE_SAYS) * told + JUDGE_SAYS * labels


def _read_single(opened: Opened, recognizer: Judge) -> tuple[Line, ...]:
    found = framed_digit(opened)
    if found is None:
        return ()
    images, box = found
    probabilities = recognizer.judge(images.reshape(-1, SIDE, SIDE)).probabilities.mean(axis=0)
    return (Line((_digit(probabilities, 1.0, box),)),)


def framed_digit(opened: Opened) -> tuple[np.ndarray, Box] | None:
    """Find the one digit of a picture that shows nothing else, and frame it.

    Returns:
        (3, 28, 28) uint8 as the recogniser wants it, the digit as it is and as by two other pens, and the ink's
        box in full resolution; None on blank paper.
    """
    grey = None if opened.rgb is None else contrast_grey(opened.rgb)
    piece = single_digit(find_ink(opened.grey if grey is None else grey))
    if piece is None:
        return None
    return np.stack([frame(ink) for ink in pens(normal_strokes(piece.ink))]), _full_size(piece.box, opened)


def _full_size(box: Box, opened: Opened) -> Box:
    height, width = opened.grey.shape
    across, down = opened.size[0] / width, opened.size[1] / height
    left, top, right, bottom = box
    return int(left * across), int(top * down), round(right * across), round(bottom * down)


def _digit(probabilities: np.ndarray, sure: float, box: Box) -> Digit:
    order = [int(label) for label in np.argsort(-probabilities, kind="stable")]
    ranked = [(label, sure * float(probabilities[label])) for label in order]
    return Digit(*ranked[0], box, tuple(ranked[1:]))
