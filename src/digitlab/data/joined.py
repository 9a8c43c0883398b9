"""Pieces of ink in which digits hang together, with whose ink each pixel is: what a parter of digits learns from.

They come off synthetic pages as the reader finds them, at all its thresholds: digits that touch and overlap, that hang
on lines and marks, and some that stand alone, so that they are left whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from digitlab.data.digits import Digits
from digitlab.data.making import made
from digitlab.data.pages import Page, make_page
from digitlab.finding.candidate import Candidate
from digitlab.finding.parting import copy_of, may_be_parted
from digitlab.finding.propose import components_of

BESIDE = 0.08  # of a piece's pixels: a digit with as many is in it,
HELD = 0.4  # or one of whose own pixels it has so many
BURDENED = 0.15  # of a piece's pixels: one digit with so much of something else hangs on to it
ALONE = 0.03  # share of other pieces with one digit that are taken, and of those with a burden:
WITH_BURDEN = 0.33
TOUCHING = 0.45  # share of the pages on which digits touch because they are to
FAR, CLOSER = 0.5, 0.5  # share of pieces of the far view that are taken, and of pages that are looked at closer
MOST = 40  # pieces of one page
LONGEST = 8  # width by height of a piece
CHUNK = 20  # pages made at a time by one process


@dataclass(frozen=True)
class Joined:
    """A piece of ink in which digits hang together.

    Attributes:
        ink: (ROWS, W) uint8, 0 paper to 255 full ink.
        owner: (ROWS, W) uint8: 1 + the index in `middles` of the digit whose ink a pixel is, or 0.
        middles: (D, 2) float32, x and y of the middle of each digit's box, in pixels of `ink`.
    """

    ink: np.ndarray
    owner: np.ndarray
    middles: np.ndarray


def generate(
    pages: int, seed: int, bank: Digits | None, workers: int = 1, listen: Callable[[int], None] = lambda made: None
) -> list[Joined]:
    """Return the joined pieces of so many pages.

    Args:
        pages: how many.
        seed: of the first page; the next have the next ones.
        bank: digits to write beside the pen's own.
        workers: processes to share the work.
        listen: is told again and again how many pages are made.
    """
    found: list[Joined] = []
    for number, some in enumerate(made(_chunk, range(seed, seed + pages, CHUNK), bank, workers), 1):
        found += some
        listen(min(pages, number * CHUNK))
    return found


def _chunk(start: int, bank: Digits | None) -> list[Joined]:
    found: list[Joined] = []
    for number in range(start, start + CHUNK):
        rng = np.random.default_rng(number)
        page = make_page(number, bank, "touching" if rng.random() < TOUCHING else None)
        some = list(joined_of(page, rng))
        found += [some[i] for i in rng.permutation(len(some))[:MOST]]
    return found


def joined_of(page: Page, rng: np.random.Generator) -> Iterator[Joined]:
    """Yield the joined pieces of a page, and a few others."""
    found = components_of(page.image)
    pieces = found.candidates
    if found.small().any() and rng.random() < CLOSER:
        pieces = pieces + found.closer().candidates
    for piece in pieces:
        height, width = piece.mask.shape
        if (piece.far and rng.random() < FAR) or not may_be_parted(piece) or width > LONGEST * height:
            continue
        owner = _owner(piece, page)
        share = np.bincount(owner[piece.mask], minlength=len(page.digits) + 1) / np.count_nonzero(piece.mask)
        held = [who for who in np.flatnonzero(share).tolist() if who and _is_in(piece, share[who], page, who)]
        taken = 1.0 if len(held) > 1 else 0.0 if not held else WITH_BURDEN if share[0] > BURDENED else ALONE
        if rng.random() < taken:
            yield _joined(piece, owner, held, page)


def _owner(piece: Candidate, page: Page) -> np.ndarray:
    """Return whose ink the pixels of a piece's mask are, as `Page.owner` has it."""
    rows, columns = (
        ((np.arange(size) + at + 0.5) * piece.scale).astype(int).clip(0, most - 1)
        for size, at, most in zip(piece.mask.shape, piece.corner[::-1], page.owner.shape, strict=True)
    )
    return page.owner[np.ix_(rows, columns)]


def _is_in(piece: Candidate, share: float, page: Page, who: int) -> bool:
    """Whether a digit with this share of a piece's pixels is in it."""
    left, top, right, bottom = page.digits[who - 1].box
    whole = np.count_nonzero(page.owner[top:bottom, left:right] == who) / piece.scale**2
    return bool(share >= BESIDE or share * np.count_nonzero(piece.mask) >= HELD * whole)


def _joined(piece: Candidate, owner: np.ndarray, held: list[int], page: Page) -> Joined:
    ink = copy_of(piece)
    rows, columns = (
        ((np.arange(size) + 0.5) * whole / size).astype(int) for size, whole in zip(ink.shape, owner.shape, strict=True)
    )
    number = np.zeros(len(page.digits) + 1, np.uint8)
    number[held] = np.arange(len(held)) + 1
    boxes = np.array([page.digits[who - 1].box for who in held], np.float32)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2 / piece.scale - piece.corner
    middles *= np.array(ink.shape[::-1]) / owner.shape[::-1]
    return Joined(ink, number[owner[np.ix_(rows, columns)]], middles.astype(np.float32))
