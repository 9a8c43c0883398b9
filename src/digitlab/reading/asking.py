"""To ask the judge of pieces: some while others are framed, and what it is in doubt of from a pixel aside as well."""

from __future__ import annotations

from functools import partial
from typing import Protocol

import numpy as np

from digitlab.finding.candidate import Candidate
from digitlab.jobs import at_once
from digitlab.recognizer import Verdict

BATCH = 16  # pieces that are judged while others are framed
# Log odds, of being one digit or none, and probability of a label: what is less sure is looked at again, moved by a
# pixel each way, which are corners in what has a rim of one. To ask so of labels up to 0.998 tells four of 424
# errors more on 1,200 development pages, in a sixth more looks. NEVER is added to probabilities for their logarithms.
UNSURE, UNSURE_OF_LABEL, NEVER = 4.0, 0.9, 1e-6
MOVES = ((0, 1), (2, 1), (1, 0), (1, 2))


class Judge(Protocol):
    """What reading needs of a recogniser, and of the judge of pieces; `digitlab.Recognizer` is both."""

    def judge(self, images: np.ndarray) -> Verdict:
        """Tell of N images which digits they are, and whether they are digits, several of them, or a part."""
        ...


def asked(pieces: list[Candidate], judge: Judge) -> Verdict:
    """Return what the judge says of pieces; one that has threads judges some while others are framed."""
    threads = threads_of(judge)
    size = BATCH if threads > 1 else len(pieces)
    batches = (
        partial(looked_at, np.stack([piece.seen() for piece in pieces[at : at + size]]), judge)
        for at in range(0, len(pieces), size)
    )
    return Verdict(*map(np.concatenate, zip(*at_once(batches, threads), strict=True)))


def looked_at(images: np.ndarray, judge: Judge) -> Verdict:
    """Return what the judge says of (N, 3, 28, 28) images; where it is in doubt, the mean of what it says of five.

    A pixel to the left or up a piece is the same piece, but the judge's errors there are others. Probabilities of
    labels get the geometric mean, as log odds do.
    """
    said = judge.judge(images)
    unsure = (said.odds < UNSURE) | (said.probabilities.max(axis=1) < UNSURE_OF_LABEL)
    which = np.flatnonzero(unsure & (said.odds > -UNSURE))
    if not len(which):
        return said
    rimmed = np.pad(images[which], ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    height, width = images.shape[2:]
    moved = [rimmed[:, :, y : y + height, x : x + width] for x, y in MOVES]
    again = judge.judge(np.concatenate(moved))
    looks = [
        np.concatenate([first[which][None], more.reshape(len(MOVES), len(which), *more.shape[1:])])
        for first, more in zip(said, again, strict=True)
    ]
    shares = np.exp(np.log(looks[0] + NEVER).mean(axis=0))
    means = (shares / shares.sum(axis=1, keepdims=True), *(look.mean(axis=0) for look in looks[1:]))
    for first, mean in zip(said, means, strict=True):
        first[which] = mean
    return said


def threads_of(judge: Judge) -> int:
    """Return how many threads may work on a page: as many as its judge has."""
    return int(getattr(judge, "threads", 1))
