"""One page: from an opened picture to the lines of digits on it. Propose, recognise, choose."""

from __future__ import annotations

import math

import numpy as np

from digitlab.finding.candidate import Candidate
from digitlab.finding.ink import contrast_grey, find_ink, single_digit
from digitlab.finding.pen import normal_strokes, pens
from digitlab.framing import SIDE, frame
from digitlab.reading.asking import Judge
from digitlab.reading.choose import SUREST, choose, conflicts, rows, slope
from digitlab.reading.company import in_company, row_at
from digitlab.reading.judging import Judged, judged
from digitlab.reading.labels import BROADEST, by_all_looks, labelled
from digitlab.reading.open import Opened
from digitlab.reading.sideways import better, lines_back, may_lie, quarter_turns, turned_by, worth
from digitlab.reading.strips import is_strip, joined, parts, whole
from digitlab.reading.upright import TILTED, box_back, slope_of_lines, turned
from digitlab.readings import Box, Digit, Line
from digitlab.recognizer import load

JUDGE = "reader-int8"  # the bundled judge of pieces, in eight bits
LONGEST = 1600  # a longer side of about this many pixels shows any digit that a person would photograph
# Log odds from which on a digit is read: a page without any should stay empty. Where one is as sure as this, the page
# has digits, and what is more likely one than not is read. With LIKELY 0.9, of 800 validation digits that stand small
# and alone on a page (benchmarks/framing.py) 97.9 % are read instead of 98.8, and of 143 pictures without digits 10
# instead of 11.
LIKELY, SURE = 0.5, 3.0
AS_GOOD = 0.95  # times what is read of a tilted page says the page turned upright, at least, to be taken instead
SHARPER = 1.05  # times what is read of a strip as a whole its parts say, at least, to be taken instead
FEW = 4  # digits: where fewer are read, lines of the page may show that it is tilted
DOUBTFUL = 5.0  # log odds below 0 down to which a piece that was left out casts doubt on its line
# Log odds of what one light shows from which on a picture that is said to show one digit is not looked at as a page; by
# how much a piece of that page must be likelier; and below 0, down to which it may be the digit. Of 3,000 pictures of
# validation digits 6 are read wrong so, one in twenty being looked at as a page; with a look below -2 only, 7.
PLAIN, LIKELIER, UNLIKELY = 1.0, 2.0, 5.0


def read_page(opened: Opened, recognizer: Judge, single: bool = False, judge: Judge | None = None) -> tuple[Line, ...]:
    """Find and read the digits of one picture.

    Args:
        opened: the picture, its longer side about `LONGEST` pixels at most, or more where it is a strip.
        recognizer: tells which digit, from (N, 28, 28).
        judge: tells whether a piece is a digit, from (N, 3, 28, 28): the piece and its surroundings.
        single: the picture shows one digit and nothing else: it is read whatever it looks like.

    Returns:
        Lines in reading order; boxes in pixels of the full resolution.
    """
    judge = judge or load(JUDGE)
    seen = whole(opened, LONGEST)
    if single:
        return _read_single(seen, recognizer, judge)
    lines = _read_upright(seen, recognizer, judge)
    if is_strip(opened, LONGEST):
        strip = parts(opened, LONGEST)
        in_parts = joined(strip, [_read_upright(part.opened, recognizer, judge) for part in strip])
        if worth(in_parts) > SHARPER * worth(lines):
            return in_parts
    return lines


def _read_upright(opened: Opened, recognizer: Judge, judge: Judge) -> tuple[Line, ...]:
    """Read a page; one that lies on its side or its head is turned by quarters for it, if clearly more is read so."""
    pieces = _pieces(opened, judge)
    lines = _read_level(opened, recognizer, judge, pieces)
    candidates, _, odds = pieces
    quarters = quarter_turns(*pieces, judge) if may_lie(lines, candidates, odds) else 0
    if not quarters:
        return lines
    upright = turned_by(opened, quarters)
    again = _read_level(upright, recognizer, judge, _pieces(upright, judge))
    return lines_back(again, quarters, opened.size) if better(again, lines) else lines


def _read_level(opened: Opened, recognizer: Judge, judge: Judge, pieces: Judged) -> tuple[Line, ...]:
    """Read a page; one that is tilted is turned level for it, if more is read so."""
    lines, tilt = _lines(opened, recognizer, pieces)
    if sum(len(line.digits) for line in lines) < FEW:
        tilt = tilt or slope_of_lines(opened.grey)
    if abs(tilt) > TILTED:
        level, back = turned(opened, tilt)
        again, _ = _lines(level, recognizer, _pieces(level, judge), (opened, back))
        if worth(again) > AS_GOOD * worth(lines):
            return again
    return lines


def _pieces(opened: Opened, judge: Judge) -> Judged:
    return judged(opened.grey if opened.rgb is None else opened.rgb, opened.grey, judge)


def _lines(
    opened: Opened, recognizer: Judge, pieces: Judged, was: tuple[Opened, np.ndarray] | None = None
) -> tuple[tuple[Line, ...], float]:
    """Return the lines of a picture, and how far they fall to the right, as tangent.

    `was` is what the picture was before it was turned, in which boxes lie, and what leads back to it.
    """
    candidates, labels, odds = pieces
    if not candidates:
        return (), 0.0
    fitting = in_company(candidates, labels, odds, choose(candidates, odds))
    least = 0.0 if fitting.max() >= SURE else LIKELY
    chosen = choose(candidates, fitting - least)
    if not chosen:
        return (), 0.0
    found = [candidates[i] for i in chosen]
    probabilities = labelled(found, by_all_looks(candidates, labels, odds, chosen), recognizer)
    sure = 1 / (1 + np.exp(-fitting.astype(float)))
    boxes = [_full_size(piece.box, opened) if was is None else _before(piece, *was) for piece in found]
    digits = dict(zip(chosen, _digits(probabilities, sure[chosen], boxes), strict=True))
    places = [piece.box for piece in found]
    lines = [[chosen[i] for i in row] for row in rows(places)]
    complete = _complete(candidates, fitting, lines, least)
    read = tuple(
        Line(tuple(digits[i] for i in row), share * math.prod(digits[i].confidence for i in row))
        for row, share in zip(lines, complete, strict=True)
    )
    return read, slope(places)


def _complete(candidates: list[Candidate], fitting: np.ndarray, lines: list[list[int]], least: float) -> list[float]:
    """Return for each line the probability that none of the pieces in it that were left out is a digit."""
    chosen = [i for row in lines for i in row]
    doubtful = np.flatnonzero((fitting > -DOUBTFUL) & (fitting <= least))
    shared = conflicts([candidates[i] for i in (*doubtful, *chosen)])[: len(doubtful), len(doubtful) :].any(axis=1)
    spare = doubtful[~shared].tolist()
    boxes = np.array([candidate.box for candidate in candidates], float)
    shares = [1.0] * len(lines)
    for place in choose([candidates[i] for i in spare], fitting[spare] + DOUBTFUL):
        index = spare[place]
        number = row_at(index, lines, boxes)
        if number is not None:
            shares[number] *= 1 / (1 + float(np.exp(fitting[index])))
    return shares


def _read_single(opened: Opened, recognizer: Judge, judge: Judge) -> tuple[Line, ...]:
    """Read the one digit of a picture: its ink as one light shows it; if that may be none, a likelier piece."""
    found, odds = framed_digit(opened), -np.inf
    if found is not None:
        images, box = found
        said = recognizer.judge(images.reshape(-1, SIDE, SIDE))
        probabilities, odds = said.probabilities.mean(axis=0), float(said.odds.mean())
    likely = _likeliest(opened, recognizer, judge) if odds < PLAIN else None
    if likely is not None and likely[0] > odds + LIKELIER:
        _, probabilities, box = likely
    elif found is None:
        return ()
    return (Line(tuple(_digits(probabilities[None], np.ones(1), [box]))),)


def _likeliest(opened: Opened, recognizer: Judge, judge: Judge) -> tuple[float, np.ndarray, Box] | None:
    """Return the piece of a picture that is most likely its one digit: its log odds, its labels' shares, and its box.

    Of parts of a digit that look like digits the whole is preferred. None where nothing looks like one.
    """
    candidates, labels, odds = _pieces(opened, judge)
    if not candidates:
        return None
    fitting = in_company(candidates, labels, odds, choose(candidates, odds))
    mass = np.array([candidate.mass for candidate in candidates])
    best = int((np.clip(fitting + UNLIKELY, 0, SUREST) * np.sqrt(mass)).argmax())
    if fitting[best] <= -UNLIKELY:
        return None
    piece = candidates[best]
    shares = labelled([piece], by_all_looks(candidates, labels, odds, [best]), recognizer)[0]
    return float(fitting[best]), shares, _full_size(piece.box, opened)


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
    return np.stack([frame(ink) for ink in pens(normal_strokes(piece.ink, BROADEST))]), _full_size(piece.box, opened)


def _before(piece: Candidate, opened: Opened, back: np.ndarray) -> Box:
    """Return the box, in full resolution, of a piece of a picture that was turned."""
    y, x = np.nonzero(piece.mask)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    points = (np.stack([x, y], axis=1)[:, None] + corners + piece.corner).reshape(-1, 2) * piece.scale
    return _full_size(box_back(points, back, opened.grey.shape), opened)


def _full_size(box: Box, opened: Opened) -> Box:
    height, width = opened.grey.shape
    across, down = opened.size[0] / width, opened.size[1] / height
    left, top, right, bottom = box
    # Views were rounded, too: what touches the border may end a pixel beyond it.
    last = min(round(right * across), opened.size[0]), min(round(bottom * down), opened.size[1])
    return min(round(left * across), last[0] - 1), min(round(top * down), last[1] - 1), *last


def _digits(probabilities: np.ndarray, sure: np.ndarray, boxes: list[Box]) -> list[Digit]:
    """Return digits, each with the others that it may be, by their probabilities (N, 10) if they are digits, (N,)."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    shares = np.take_along_axis(probabilities.astype(float), order, axis=1) * sure[:, None]
    ranked = [list(zip(*both, strict=True)) for both in zip(order.tolist(), shares.tolist(), strict=True)]
    return [Digit(*first, box, tuple(others)) for (first, *others), box in zip(ranked, boxes, strict=True)]
