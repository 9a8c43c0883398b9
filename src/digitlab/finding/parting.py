"""Digits that hang together, told apart: touching, overlapping, written in one go, joined to a line.

A small network looks at a piece of ink and says of every pixel where the middle of its digit lies. Pixels that point to
the same place are one digit, whatever its shape; so neither a straight cut nor a gap is needed. What points to two
places that are close to each other may still be one digit: both are proposed, and the judge decides.
Method: votes for the middles of objects, as in Neven, De Brabandere, Proesmans and Van Gool, "Instance Segmentation by
Jointly Optimizing Spatial Embeddings and Clustering Bandwidth", 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from digitlab.finding.candidate import Candidate
from digitlab.jobs import at_once

ROWS = 32  # of the copy that the network sees
BATCH = 4  # pieces that the network sees at once
SAID = 3  # numbers for each pixel
STEP = 8  # columns: its width is a multiple of this
LONGEST, LARGEST = 16, 400_000  # width by height, and pixels, of a piece that is parted
LEAST = 6  # pixels: and it is at least so high, and so wide
INKED = 60  # of 255, on that copy: pixels that vote
FOREIGN = -1.0  # logit of belonging to a digit, below which ink is taken for a line or a mark that hangs on to one
BLURS = 1.2, 2.5  # rows: votes so close to each other mean the same place, by a sharp and by a lenient look
FEWEST = 0.12  # of the votes for the place that has most: with fewer, it is none
MOST = 24  # places in a piece; with more, it is a texture
CLOSE = 0.7  # of the piece's height: what points to places so close to each other may be one digit
CRUMB = 0.08  # of a part's largest stroke: what is smaller, and apart from it, belongs to others
HIGH, WIDE = 0.3, 1.6  # of the piece's height, and of its own: how high a part is at least, and how wide at most
ALL = 0.97  # of a piece's ink: so much of it is the piece itself

Votes = Callable[[np.ndarray], np.ndarray]
"""From ink, (N, 1, ROWS, W) float32 0 to 1, to (N, 3, ROWS, W) float32: the logit that a pixel belongs to a digit, and
how far to the right of it and below it that digit's middle lies, in `ROWS`."""


def parts_of(pieces: Sequence[Candidate], votes: Votes, threads: int = 1) -> list[list[Candidate]]:
    """Return for each of some pieces what may be digits in it.

    Args:
        pieces: components that may be several digits.
        votes: the network.
        threads: that part pieces.
    """
    found: list[list[Candidate]] = [[] for _ in pieces]
    copies = {index: copy_of(piece) for index, piece in enumerate(pieces) if may_be_parted(piece)}
    ordered = sorted(copies, key=lambda index: copies[index].shape[1])

    def part(some: list[int]) -> None:
        inks = np.zeros((len(some), 1, ROWS, -(-copies[some[-1]].shape[1] // STEP) * STEP), np.float32)
        for ink, index in zip(inks, some, strict=True):
            ink[0, :, : copies[index].shape[1]] = copies[index]
        inks *= np.float32(1 / 255)
        for index, said in zip(some, votes(inks), strict=True):
            found[index] = list(_parts(pieces[index], copies[index], said))

    # Pieces that are about as wide are looked at together.
    at_once([partial(part, ordered[at : at + BATCH]) for at in range(0, len(ordered), BATCH)], threads)
    return found


def may_be_parted(piece: Candidate) -> bool:
    """Whether a piece is neither too small, too large nor too long for the network."""
    height, width = piece.mask.shape
    return min(height, width) >= LEAST and width <= LONGEST * height and piece.mask.size <= LARGEST


def inner(piece: Candidate) -> np.ndarray:
    """Return the piece's ink without the margin that its soft edges have, (height, width) of its mask."""
    left, top = (int(at > 0) for at in piece.corner)
    height, width = piece.mask.shape
    return piece.ink[top : top + height, left : left + width]


def copy_of(piece: Candidate) -> np.ndarray:
    """Return the piece's ink as the network sees it, (ROWS, W) uint8."""
    import cv2

    ink = inner(piece) * piece.mask
    scale = ROWS / len(ink)
    shape = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(ink, (max(STEP // 2, round(ink.shape[1] * scale)), ROWS), interpolation=shape)


def _parts(piece: Candidate, copy: np.ndarray, said: np.ndarray) -> Iterator[Candidate]:
    """Yield what may be digits in a piece, given its copy and what the network says of it, (3, ROWS, W or more)."""
    import cv2

    own, across, down = said[:, :, : copy.shape[1]]
    y, x = np.indices(copy.shape, np.float32)
    x, y = x + ROWS * across, y + ROWS * down  # where each pixel's digit has its middle
    voting = (copy > INKED) & (own > FOREIGN)
    if not voting.any():
        return
    inked, mine = copy > INKED, own > FOREIGN
    ink, known = inner(piece), set()
    for blur in BLURS:
        places = _places(x[voting], y[voting], copy[voting], copy.shape[1], blur)
        if len(places) > MOST:
            continue
        nearest = ((x[..., None] - places[:, 0]) ** 2 + (y[..., None] - places[:, 1]) ** 2).argmin(axis=2)
        for chosen, strict in _choices(places):
            wanted = np.zeros(len(places), bool)
            wanted[chosen] = True
            part = wanted[nearest] & (mine | (not strict))
            looks = (part & inked).tobytes()
            if looks in known:
                continue
            known.add(looks)
            whole = cv2.resize(part.view(np.uint8), piece.mask.shape[::-1], interpolation=cv2.INTER_NEAREST)
            mask = _without_crumbs(piece.mask & whole.view(bool))
            if (found := _part(piece, ink, mask)) is not None:
                yield found


def _places(x: np.ndarray, y: np.ndarray, weight: np.ndarray, width: int, blur: float) -> np.ndarray:
    """Return the places to which most of the votes point, (P, 2) x and y, from left to right."""
    import cv2

    margin = ROWS // 4
    size = ROWS + 2 * margin, width + 2 * margin
    row, column = (np.rint(at + margin).astype(int).clip(0, most - 1) for at, most in zip((y, x), size, strict=True))
    votes = np.bincount(row * size[1] + column, weight, size[0] * size[1]).reshape(size).astype(np.float32)
    votes = cv2.GaussianBlur(votes, (0, 0), blur)
    highest = (votes == cv2.dilate(votes, np.ones((5, 5), np.uint8))) & (votes > FEWEST * votes.max())
    rows, columns = np.nonzero(highest)
    return np.stack([columns, rows], axis=1)[np.argsort(columns, kind="stable")].astype(np.float32) - margin


def _choices(places: np.ndarray) -> Iterator[tuple[list[int], bool]]:
    """Yield which places together may be one digit's, and whether what belongs to no digit is left out of it."""
    for index in range(len(places)):
        yield [index], False
        yield [index], True
    for index in range(len(places) - 1):
        if np.hypot(*(places[index + 1] - places[index])) < CLOSE * ROWS:
            yield [index, index + 1], False


def _without_crumbs(mask: np.ndarray) -> np.ndarray:
    """Return a mask without what is small and apart from the rest of it."""
    import cv2

    count, label, boxes, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    if count <= 2:
        return mask
    area = boxes[:, 4].copy()
    area[0] = 0
    return (area > CRUMB * area.max())[label]


def _part(piece: Candidate, ink: np.ndarray, mask: np.ndarray) -> Candidate | None:
    """Return the part of a piece that a mask, of the same size, shows; None where that can be no digit, or is all."""
    import cv2

    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    if height < max(HIGH * len(mask), LEAST) or width > WIDE * height or width < 2:
        return None
    if np.count_nonzero(mask) > ALL * np.count_nonzero(piece.mask):
        return None
    where = np.s_[top : top + height, left : left + width]
    own = mask[where]
    near = cv2.dilate(own.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
    soft = near & (own | ~piece.mask[where])  # its edges, but no other part's
    return piece.part(left, top, np.ascontiguousarray(own), ink[where] * soft)
