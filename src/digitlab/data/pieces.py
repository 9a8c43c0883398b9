"""Pieces of synthetic pages, framed as a reader frames them: digits as they come off a page, and what is no digit.

Every piece that the reader would propose is compared with what was written. One that is nearly all of one digit, and
little else, is that digit; one that is a part of a digit, of two, or of something else is no digit; what lies between
teaches nothing and is left out. Letters, marks and scribbles by the pen and in print join what is no digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np

from digitlab.data.digits import Digits
from digitlab.data.pages import Page, make_page
from digitlab.finding.pen import normal_strokes
from digitlab.finding.propose import Candidate, candidates_of
from digitlab.framing import SIDE, frame

NO_DIGIT = 10
WHOLE = 0.85  # a piece is a digit with this share of its ink, and with this share of its own ink the digit's
PART = 0.6  # and none with less than this of either
POINTS = 48  # of a digit's ink, by which is judged how much of it a piece holds
SINGLES = 0.3  # share of what is no digit that stands alone: letters, marks, scribbles
CHUNK = 16  # pages made at a time by one process


class Pieces(NamedTuple):
    """Framed pieces.

    Attributes:
        images: (N, 28, 28) uint8, ink light on dark.
        labels: (N,) int64, 0 to 9, or NO_DIGIT.
    """

    images: np.ndarray
    labels: np.ndarray


def generate(count: int, seed: int = 0, bank: Digits | None = None, workers: int = 1) -> Pieces:
    """Make pieces: half digits, half what is none.

    Args:
        count: how many.
        seed: 0 or more; the same seed and bank give the same pieces, whatever the number of workers.
        bank: digits to write on the pages beside the pen's own.
        workers: processes to share the work.

    Returns:
        Pieces, digits first.
    """
    half = count // 2
    want = {"digits": half, "pages": int((count - half) * (1 - SINGLES))}
    digits: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    others: list[np.ndarray] = []
    have_digits = have_others = 0
    for images, kinds in _made(seed, bank, workers):
        is_digit = kinds != NO_DIGIT
        digits.append(images[is_digit])
        labels.append(kinds[is_digit])
        others.append(images[~is_digit])
        have_digits, have_others = have_digits + int(is_digit.sum()), have_others + int((~is_digit).sum())
        if have_digits >= want["digits"] and have_others >= want["pages"]:
            break
    alone = _alone(count - half - want["pages"], seed)
    images = np.concatenate([np.concatenate(digits)[:half], np.concatenate(others)[: want["pages"]], alone])
    kept = np.concatenate(labels)[:half]
    return Pieces(images, np.concatenate([kept, np.full(len(images) - len(kept), NO_DIGIT)]))


def pieces_of(page: Page, rng: np.random.Generator) -> Pieces:
    """Return the pieces of one page, at most a few more of no digit than digits."""
    candidates = candidates_of(page.image)
    labels = label(candidates, page)
    digit = np.flatnonzero((labels >= 0) & (labels != NO_DIGIT))
    other = np.flatnonzero(labels == NO_DIGIT)
    most = max(20, len(digit))
    if len(other) > most:
        other = rng.choice(other, most, replace=False)
    chosen = np.concatenate([digit, other])
    images = [candidates[i].framed() for i in chosen]
    return Pieces(np.stack(images) if images else np.empty((0, SIDE, SIDE), np.uint8), labels[chosen])


def label(candidates: list[Candidate], page: Page) -> np.ndarray:
    """Return what each candidate is: 0 to 9, NO_DIGIT, or -1 where one could argue; (N,) int64."""
    height, width = page.owner.shape
    marks = _marks(page)
    labels = np.full(len(candidates), NO_DIGIT)
    for index, candidate in enumerate(candidates):
        x, y = candidate.points[:, 0].clip(0, width - 1), candidate.points[:, 1].clip(0, height - 1)
        owners = np.bincount(page.owner[y, x], minlength=len(page.digits) + 1)
        owners[0] = 0
        main = int(owners.argmax())
        pure = owners[main] / len(candidate.points)
        if pure < PART:
            continue
        held = candidate.covers(marks[main - 1])
        if pure >= WHOLE and held >= WHOLE:
            labels[index] = page.digits[main - 1].label
        elif held >= PART:
            labels[index] = -1
    return labels


def _marks(page: Page) -> list[np.ndarray]:
    """Return points (P, 2), x and y, on each digit's ink."""
    marks = []
    for index, digit in enumerate(page.digits):
        left, top, right, bottom = digit.box
        y, x = np.nonzero(page.owner[top:bottom, left:right] == index + 1)
        some = np.linspace(0, len(x) - 1, POINTS).astype(int)
        marks.append(np.stack([x[some] + left, y[some] + top], axis=1))
    return marks


def _made(seed: int, bank: Digits | None, workers: int) -> Iterator[Pieces]:
    """Yield pieces, chunk of pages after chunk, in a fixed order."""
    first = seed * 100_000
    if workers <= 1:
        for start in range(first, first + 100_000, CHUNK):
            yield _chunk(start, bank)
        return
    with ProcessPoolExecutor(workers, initializer=_remember, initargs=(bank,)) as pool:
        starts = iter(range(first, first + 100_000, CHUNK))
        waiting = [pool.submit(_chunk_of_worker, next(starts)) for _ in range(2 * workers)]
        try:
            while True:
                yield waiting.pop(0).result()
                waiting.append(pool.submit(_chunk_of_worker, next(starts)))
        finally:
            for future in waiting:
                future.cancel()


_bank: Digits | None = None


def _remember(bank: Digits | None) -> None:
    import cv2

    global _bank
    _bank = bank
    cv2.setNumThreads(1)


def _chunk_of_worker(start: int) -> Pieces:
    return _chunk(start, _bank)


def _chunk(start: int, bank: Digits | None) -> Pieces:
    parts = [pieces_of(make_page(number, bank), np.random.default_rng(number)) for number in range(start, start + CHUNK)]
    return Pieces(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))


def _alone(count: int, seed: int) -> np.ndarray:
    """Return framed pictures of single letters, marks, scribbles and the like."""
    from digitlab.data.distractors import distractor

    images = np.zeros((count, SIDE, SIDE), np.uint8)
    for index in range(count):
        rng = np.random.default_rng([seed, 1, index])
        ink, _ = distractor(rng, int(rng.integers(24, 90)))
        images[index] = frame(normal_strokes(ink))
    return images

