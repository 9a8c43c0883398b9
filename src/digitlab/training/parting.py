"""Training of the parter: pieces of pages in which digits hang together, their votes, and how many of these are right.

Votes are learned by a smooth distance from the digit's middle, and whether a pixel belongs to a digit by its
likelihood. Pieces vary in width, height and strength of ink, since writers do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch.nn import functional

from digitlab.data.joined import Joined
from digitlab.finding.parting import INKED, ROWS, SAID, STEP
from digitlab.networks.unet import UNet
from digitlab.training.cycle import Epoch, run

CHANNELS = 24, 40, 64  # of the network, on half, a quarter and an eighth of the rows
BATCH = 32
SORTED = 16  # batches whose pieces are sorted by width, so that little is padded
SOFT = 0.05  # ROWS: votes that are closer are pulled with less force
BELONGING = 0.3  # weight of whether a pixel belongs to a digit
RIGHT = 0.2  # ROWS: a vote is right if it is as close
WIDER, LOWER, PALER = 0.2, 0.45, 0.6  # logarithms of how far widths and heights vary; least strength of ink
BESIDE = np.ones((5, 5), np.uint8)  # pixels around a digit's ink that may be its or not
FARTHEST = 2.0  # ROWS: what is farther is learned as this far


def train(
    pieces: Sequence[Joined], held_out: Sequence[Joined], epochs: int, seed: int, listen: Callable[[Epoch], None]
) -> UNet:
    """Return a trained parter.

    Args:
        pieces: to learn from.
        held_out: to judge each epoch by; nothing is learned from them.
        epochs: how often each piece is seen.
        seed: of weights, order and variety.
        listen: is told of each epoch.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = UNet(1, SAID, CHANNELS).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def losses() -> Iterator[torch.Tensor]:
        for batch in _batches(pieces, rng):
            yield _losses(network, [_varied(piece, rng) for piece in batch], rng)[0]

    return run(network, epochs, len(pieces) // BATCH, losses, lambda trained: judged(trained, held_out), listen)


def judged(network: UNet, pieces: Sequence[Joined]) -> tuple[float, float]:
    """Return the mean loss and the share of right votes on pieces."""
    network.eval()
    ordered = sorted(pieces, key=lambda piece: piece.ink.shape[1])
    with torch.inference_mode():
        found = [_losses(network, ordered[at : at + BATCH]) for at in range(0, len(ordered), BATCH)]
    loss, right = np.mean([(float(loss), right) for loss, right in found], axis=0)
    return float(loss), float(right)


def _batches(pieces: Sequence[Joined], rng: np.random.Generator) -> list[list[Joined]]:
    """Return whole batches in random order, each of pieces that are about as wide."""
    order, batches = rng.permutation(len(pieces)), []
    for start in range(0, len(order), SORTED * BATCH):
        some = sorted((pieces[i] for i in order[start : start + SORTED * BATCH]), key=lambda one: one.ink.shape[1])
        batches += [some[at : at + BATCH] for at in range(0, len(some) - BATCH + 1, BATCH)]
    return [batches[i] for i in rng.permutation(len(batches))]


def _varied(piece: Joined, rng: np.random.Generator) -> Joined:
    """Return a piece as a writer with wider, lower or paler digits would have written it."""
    import cv2

    lower = math.exp(rng.uniform(-LOWER, 0)) if rng.random() < 0.5 else 1.0
    height = round(ROWS * lower)
    width = max(STEP // 2, round(piece.ink.shape[1] * lower * math.exp(rng.uniform(-WIDER, WIDER))))
    shape = cv2.INTER_AREA if width < piece.ink.shape[1] else cv2.INTER_LINEAR
    ink = cv2.resize(piece.ink, (width, height), interpolation=shape)
    owner = cv2.resize(piece.owner, (width, height), interpolation=cv2.INTER_NEAREST)
    if rng.random() < 0.3:
        ink = (ink * rng.uniform(PALER, 1)).astype(np.uint8)
    scale = np.array([width / piece.ink.shape[1], height / len(piece.ink)], np.float32)
    return Joined(ink, owner, piece.middles * scale)


def _losses(
    network: UNet, pieces: Sequence[Joined], rng: np.random.Generator | None = None
) -> tuple[torch.Tensor, float]:
    """Return the loss on pieces, anywhere in the frame if there is an `rng`; and the share of right votes."""
    ink, aim, belongs, known = _framed(pieces, rng)
    said = network(ink.contiguous(memory_format=torch.channels_last))
    votes = said[:, 1:]
    off = functional.smooth_l1_loss(votes, aim.clamp(-FARTHEST, FARTHEST), beta=SOFT, reduction="none").sum(dim=1)
    share = functional.binary_cross_entropy_with_logits(said[:, 0], belongs, reduction="none")
    own = belongs.sum().clamp(min=1)
    loss = (off * belongs).sum() / own + BELONGING * (share * known).sum() / known.sum().clamp(min=1)
    right = ((votes - aim).square().sum(dim=1).sqrt() < RIGHT) * belongs
    return loss, float(right.sum() / own)


def _framed(pieces: Sequence[Joined], rng: np.random.Generator | None) -> tuple[torch.Tensor, ...]:
    """Return ink (N, 1, ROWS, W), the way to each pixel's middle (N, 2, ROWS, W), and 0 or 1, (N, ROWS, W) each: which
    pixels belong to a digit, and of which is known whether they do; all float32.
    """  # fmt: skip
    import cv2

    width = -(-max(piece.ink.shape[1] for piece in pieces) // STEP) * STEP
    ink, belongs, known = np.zeros((3, len(pieces), ROWS, width), np.float32)
    aim = np.zeros((len(pieces), 2, ROWS, width), np.float32)
    for number, piece in enumerate(pieces):
        room = ROWS - piece.ink.shape[0], width - piece.ink.shape[1]
        top, left = (0, 0) if rng is None else (int(rng.integers(free + 1)) for free in room)
        where = np.s_[number, top : top + piece.ink.shape[0], left : left + piece.ink.shape[1]]
        ink[where] = piece.ink / np.float32(255)
        inked, owned = piece.ink > INKED, piece.owner > 0
        belongs[where] = inked & owned
        # What lies beside a digit's ink is its own soft edge, or not.
        known[where] = inked & (owned | (cv2.dilate(owned.view(np.uint8), BESIDE) == 0))
        for index, (x, y) in enumerate(piece.middles):
            rows, columns = np.nonzero(piece.owner == index + 1)
            aim[number, 0, rows + top, columns + left] = (x - columns - 0.5) / ROWS
            aim[number, 1, rows + top, columns + left] = (y - rows - 0.5) / ROWS
    return torch.from_numpy(ink)[:, None], torch.from_numpy(aim), torch.from_numpy(belongs), torch.from_numpy(known)
