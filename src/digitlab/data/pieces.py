"""Pieces of synthetic pages, framed as a reader frames them: digits as they come off a page, and what is no digit.

Every piece that the reader would propose is compared with what was written. One that is nearly all of one digit, and
little else, is that digit; one that holds two, or one and something else, is several; one that is half of one is a
part; all others are no digit, and what lies between teaches nothing and is left out. Parts are merged and what is
several is parted, as in reading; and some others, since a judge errs. Letters, marks and scribbles by the pen and in
print join what is no digit.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable
from itertools import chain

import numpy as np

from digitlab.data.closeups import closeup
from digitlab.data.digits import NO_DIGIT, PART, SEVERAL, Digits, Pieces
from digitlab.data.making import made
from digitlab.data.pages import Page, make_page
from digitlab.data.scenes import scene
from digitlab.data.things import larger, one_thing, tilted
from digitlab.finding.boxes import areas, shared
from digitlab.finding.candidate import Candidate
from digitlab.finding.darkness import View
from digitlab.finding.parter import votes
from digitlab.finding.parting import parts_of
from digitlab.finding.propose import Proposals, components_of, propose
from digitlab.framing import SIDE
from digitlab.storage import atomic_path, cache_folder

GENERATION = 27  # counts up whenever the same seed would give other pieces
WHOLE, PURE = 0.85, 0.9  # a piece is a digit with these shares of the digit's ink, and of its own
LITTLE = 0.6  # and none with less than this of either
BESIDE = 0.08  # of a piece's own: a digit with a smaller share of it is not looked at
BURDEN = 0.12  # of a piece's own: one whole digit with a smaller share of it is lost in what hangs on to it
LOOKS = 0.8  # of its full ink: with this share of it, a piece looks like the digit, whatever pale ink it has;
ALONE_LOOKS = 0.92  # with this share, where the rest is another digit's
FULL = 100  # of a piece's ink, of 255
# Of a piece's height, but at least a pixel: so far beside a digit its ink may be smeared by a lens, and is still its
# own where no less than this share of it is the digit's in earnest; paper between strokes has next to none of that.
SMEARED, EARNEST = 0.03, 0.35
FEW = 1  # digits on a page that is looked at again for broad strokes, at most
CLOSER = 0.6  # share of pages with small ink that are looked at closer
ASTRAY = 0.25  # share of other pieces that are merged and parted all the same
POINTS = 48  # of a digit's ink, by which is judged how much of it a piece holds
NEAR = 0.06  # of a piece's height
MOST_OTHERS = 12  # pieces of a page that are no digit, if it has fewer digits
PANELS, DISPLAYS_ON_PANELS = 0.12, 0.5  # shares of pages whose digits stand on panels: of most kinds, and of displays
MARKED = 0.1  # share of pages on which some digits are ringed, boxed or underlined
SCENES = 0.5  # photographs without digits, for each page
MOST_ALONE = 5  # and of what stands alone
# Of a thing's box, by its union with a piece's: this is the thing itself; and with so much of it, not just a part.
ALIKE, AND_MORE = 0.8, 0.6
ALONE = 7  # things that stand alone, for each page
PICTURED = 0.4  # share of those that are shown as a whole picture
CHUNK = 16  # pages made at a time by one process


def load(count: int, seed: int, bank: Digits, listen: Callable[[int], None] = lambda made: None) -> Pieces:
    """Return pieces as `generate` makes them, on all cores, kept in the user's cache for the next time.

    Raises:
        OutputError: the cache cannot be written.
    """
    key = hashlib.sha256(f"{GENERATION} {count} {seed} {bank.digest}".encode()).hexdigest()[:16]
    path = cache_folder() / "pieces" / f"{key}.npz"
    if path.exists():
        try:
            with np.load(path, allow_pickle=False) as file:
                return Pieces(file["images"], file["labels"])
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)  # cut short by a crash: made anew
    pieces = generate(count, seed, bank, os.cpu_count() or 1, listen)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, images=pieces.images, labels=pieces.labels)
    return pieces


def generate(
    count: int,
    seed: int = 0,
    bank: Digits | None = None,
    workers: int = 1,
    listen: Callable[[int], None] = lambda made: None,
) -> Pieces:
    """Make pieces of pages and of what stands alone, about half of them digits.

    Args:
        count: how many at least.
        seed: 0 or more; the same seed and bank give the same pieces, whatever the number of workers.
        bank: digits to write on the pages beside the pen's own.
        workers: processes to share the work.
        listen: is told again and again how many there are.
    """
    parts, have = [], 0
    first = seed * 100_000
    for some in made(_chunk, range(first, first + 100_000, CHUNK), bank, workers):
        parts.append(some)
        have += len(some.labels)
        listen(min(have, count))
        if have >= count:
            break
    return _joined(parts)


def pieces_of(page: Page, rng: np.random.Generator) -> Pieces:
    """Return the pieces of one page, at most a few more of no digit than digits."""
    candidates, labels = _seen(page.image, lambda found: label(found, page), rng, len(page.digits) <= FEW)
    return _some(candidates, labels, rng)


def _seen(
    picture: np.ndarray, labelled: Callable[[list[Candidate]], np.ndarray], rng: np.random.Generator, few: bool
) -> tuple[list[Candidate], np.ndarray]:
    """Return the pieces of a picture and their labels, where it has few digits as the reader looks at it again.

    Where it has small ink, also those of a closer look, more or less.
    """
    found = components_of(picture)
    if few:
        found = found.and_of(found.broader())
    candidates, labels = _steered(found, labelled, rng)
    if found.small().any() and rng.random() < CLOSER:
        more, also = _steered(found.closer(), labelled, rng)
        candidates, labels = candidates + more, np.concatenate([labels, also])
    return candidates, labels


def _steered(
    found: Proposals, labelled: Callable[[list[Candidate]], np.ndarray], rng: np.random.Generator
) -> tuple[list[Candidate], np.ndarray]:
    """Return components, merges of parts, parts of what is several, and some more of both; and their labels."""
    labels = labelled(found.candidates)
    unclear = (labels == -1) | (rng.random(len(labels)) < ASTRAY)
    more = found.merges(unclear | (labels == PART))
    whole = [found.candidates[index] for index in np.flatnonzero(unclear | (labels == SEVERAL))]
    more += chain.from_iterable(parts_of(whole, votes))
    return found.candidates + more, np.concatenate([labels, labelled(more)])


def alone(rng: np.random.Generator, bank: Digits | None = None) -> Pieces:
    """Return the pieces of one thing that stands alone: a digit, a letter, a mark, a scribble.

    On clean paper, or as a whole picture, which the reader sees from near and from far.
    """
    ink, what = one_thing(rng, bank)
    if rng.random() < PICTURED:
        ink = tilted(larger(ink, rng), rng)
        picture, corner = closeup(ink, rng)
        box = _box(ink, *corner)
        candidates, labels = _seen(picture, lambda pieces: _label_alone(pieces, box, what), rng, True)
    else:
        margin = rng.integers(0, max(2, int(0.7 * max(ink.shape))), 4)
        top, left = margin[[0, 2]].tolist()
        paper = np.pad(ink, (margin[:2], margin[2:]))
        paper = (paper * rng.uniform(0.2, 1)).astype(np.uint8)
        if rng.random() < 0.5:  # a clean scan has no grain
            paper = np.maximum(paper, rng.normal(0, 3, paper.shape).clip(0, 255).astype(np.uint8))
        box = _box(ink, left, top)
        found = propose([View(paper, (12.0, 22.0, 40.0, 72.0, 130.0), 1.0, False)])
        candidates, labels = _steered(found, lambda pieces: _label_alone(pieces, box, what), rng)
    return _some(candidates, labels, rng, MOST_ALONE)


def _box(ink: np.ndarray, left: int, top: int) -> np.ndarray:
    """Return the box of ink whose corner is there, (1, 4)."""
    return np.array([[left, top, left + ink.shape[1], top + ink.shape[0]]], float)


def _label_alone(pieces: list[Candidate], box: np.ndarray, what: int) -> np.ndarray:
    """Return what each piece of a picture is, (N,), where `what` in a box, (1, 4), is all that was written."""
    boxes = np.array([piece.box for piece in pieces], float).reshape(-1, 4)
    both = shared(boxes, box)[:, 0]
    whole = both / (areas(boxes) + areas(box) - both)  # by which share of their union they overlap
    labels = np.full(len(pieces), NO_DIGIT)  # the line of a box, the edge of a shadow
    if what != NO_DIGIT:
        labels[both > LITTLE * areas(boxes)] = PART if what < NO_DIGIT else -1  # nothing is known of what it falls into
        labels[both > AND_MORE * areas(box)] = -1
        labels[whole > ALIKE] = what
    return labels


def _some(candidates: list[Candidate], labels: np.ndarray, rng: np.random.Generator, most: int = MOST_OTHERS) -> Pieces:
    """Keep all digits, and of the rest a few more at most."""
    digit = np.flatnonzero((labels >= 0) & (labels < NO_DIGIT))
    other = np.flatnonzero(labels >= NO_DIGIT)
    most = max(most, len(digit))
    if len(other) > most:
        other = rng.choice(other, most, replace=False)
    chosen = np.concatenate([digit, other])
    images = [candidates[i].seen() for i in chosen]
    return Pieces(np.stack(images) if images else np.empty((0, 3, SIDE, SIDE), np.uint8), labels[chosen])


def label(candidates: list[Candidate], page: Page) -> np.ndarray:
    """Return what each candidate is: 0 to 9, NO_DIGIT, SEVERAL, PART, or -1 where one could argue; (N,) int64."""
    marks, owned = _marks(page), _Owned(page.owner, len(page.digits))
    labels = np.full(len(candidates), NO_DIGIT)
    for index, candidate in enumerate(candidates):
        shares = owned.shares(*_inked(candidate.mask, candidate.corner, candidate.scale), candidate.height)
        of = [int(owner) for owner in np.argsort(-shares, kind="stable")[:3] if shares[owner] >= BESIDE]
        if not of:
            continue
        # A higher threshold makes strokes thinner, not fewer: what lies close beside the piece's ink counts as held.
        reach = 1 + round(NEAR * len(candidate.mask))
        held = [candidate.covers(marks[owner - 1], reach) for owner in of]
        pure = shares[of[0]]
        if pure >= PURE and held[0] >= WHOLE:
            labels[index] = page.digits[of[0] - 1].label
        elif held[0] >= LITTLE and _purity(candidate, owned, of[0]) >= (LOOKS if len(of) == 1 else ALONE_LOOKS):
            labels[index] = -1  # what else is there is so pale that it looks like the digit alone
        elif sum(share >= LITTLE for share in held) > 1:
            labels[index] = SEVERAL
        elif pure < LITTLE:
            labels[index] = SEVERAL if held[0] >= WHOLE and pure >= BURDEN else NO_DIGIT
        else:
            labels[index] = -1 if held[0] >= LITTLE else PART
    return labels


class _Owned:
    """Whose ink the pixels of a page are, sharp and smeared."""

    def __init__(self, owner: np.ndarray, digits: int) -> None:
        """Take (H, W) uint16, 1 + the number of a digit or 0, and how many digits there are."""
        self.sharp, self.digits = owner, digits
        self.smeared: dict[int, np.ndarray] = {}

    def shares(self, x: np.ndarray, y: np.ndarray, height: int) -> np.ndarray:
        """Return which share of points (P,) of a piece of such a height is each owner's: (digits + 1,), the first 0."""
        import cv2

        reach = max(1, round(SMEARED * height))
        if reach not in self.smeared:
            more = cv2.dilate(self.sharp, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
            self.smeared[reach] = np.where(self.sharp > 0, self.sharp, more)
        rows, columns = y.clip(0, self.sharp.shape[0] - 1), x.clip(0, self.sharp.shape[1] - 1)
        sharp, smeared = (
            np.bincount(owner[rows, columns], minlength=self.digits + 1) / max(1, len(x))
            for owner in (self.sharp, self.smeared[reach])
        )
        shares = np.where(sharp >= EARNEST * smeared, smeared, sharp)
        shares[0] = 0
        return shares


def _purity(candidate: Candidate, owned: _Owned, digit: int) -> float:
    """Return the share of a piece's full ink that is one digit's."""
    left, top = candidate.corner
    if candidate.ink.shape != candidate.mask.shape:  # soft edges all around, but for the picture's border
        left, top = left - (left > 0), top - (top > 0)
    points = _inked(candidate.ink > FULL, (left, top), candidate.scale)
    return float(owned.shares(*points, candidate.height)[digit])


def _inked(mask: np.ndarray, corner: tuple[int, int], scale: float) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y on the page, (P,) each, of points of a mask whose left top corner lies at `corner` of its view."""
    y, x = np.nonzero(mask)
    if not len(x):
        return x, y
    some = np.linspace(0, len(x) - 1, 2 * POINTS).astype(int)
    x, y = (((start + at[some] + 0.5) * scale).astype(int) for start, at in zip(corner, (x, y), strict=True))
    return x, y


def _marks(page: Page) -> list[np.ndarray]:
    """Return points (P, 2), x and y, on each digit's ink: the middles of pixels."""
    marks = []
    for index, digit in enumerate(page.digits):
        left, top, right, bottom = digit.box
        y, x = np.nonzero(page.owner[top:bottom, left:right] == index + 1)
        some = np.linspace(0, len(x) - 1, POINTS).astype(int)
        marks.append(np.stack([x[some] + left, y[some] + top], axis=1) + 0.5)
    return marks


def _chunk(start: int, bank: Digits | None) -> Pieces:
    parts = []
    for number in range(start, start + CHUNK):
        rng = np.random.default_rng(number)
        kind = _kind(rng)
        panels = DISPLAYS_ON_PANELS if kind == "displays" else PANELS
        around = "panels" if (way := rng.random()) < panels else "marks" if way < panels + MARKED else None
        parts.append(pieces_of(make_page(number, bank, kind, around), rng))
        parts += [alone(rng, bank) for _ in range(ALONE)]
        if rng.random() < SCENES and (picture := scene(rng)) is not None:
            found, none = _seen(picture, lambda pieces: np.full(len(pieces), NO_DIGIT), rng, True)
            parts.append(_some(found, none, rng))
    return _joined(parts)


def _kind(rng: np.random.Generator) -> str | None:
    """Return the kind of page to make: more that hold no digit, one, or figures than usual, else whatever comes."""
    kinds = {"distractors": 0.08, "single": 0.12, "tiny": 0.18, "figures": 0.38, "displays": 0.43}
    way = rng.random()
    return next((kind for kind, share in kinds.items() if way < share), None)


def _joined(parts: list[Pieces]) -> Pieces:
    return Pieces(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))
