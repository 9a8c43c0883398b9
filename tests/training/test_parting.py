"""A parter learns to tell two bars apart, the same way each time."""

import numpy as np
import pytest
import torch

from digitlab.data.joined import Joined
from digitlab.finding.parting import ROWS
from digitlab.training.cycle import Epoch
from digitlab.training.parting import judged, train


def bars(seed: int, count: int) -> list[Joined]:
    """Two bars each, joined by a thin one, at random distances."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(count):
        apart = int(rng.integers(14, 24))
        ink, owner = np.zeros((2, ROWS, 16 + apart), np.uint8)
        for number, x in enumerate((4, 4 + apart)):
            ink[:, x : x + 4], owner[:, x : x + 4] = 255, number + 1
        ink[15:17, 4 : 4 + apart] = 200
        middles = np.array([(x + 2, ROWS / 2) for x in (4, 4 + apart)], np.float32)
        found.append(Joined(ink, owner, middles))
    return found


@pytest.fixture(scope="module")
def trained():
    epochs: list[Epoch] = []
    return train(bars(0, 256), bars(1, 32), 4, 0, epochs.append), epochs


def test_votes_become_right(trained) -> None:
    _, epochs = trained
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4]
    assert epochs[-1].loss < 0.5 * epochs[0].loss
    assert epochs[-1].right > 0.9


def test_what_is_judged_is_what_the_last_epoch_said(trained) -> None:
    network, epochs = trained
    assert judged(network, bars(1, 32)) == pytest.approx((epochs[-1].held_out_loss, epochs[-1].right))


def test_what_belongs_to_no_digit_is_told_from_what_does(trained) -> None:
    network, _ = trained
    piece = bars(2, 1)[0]
    with torch.inference_mode():
        (said,) = network(torch.from_numpy(piece.ink[None, None].astype(np.float32) / 255)[..., :32])
    own = said[0].numpy()
    inked, owned = piece.ink[:, :32] > 0, piece.owner[:, :32] > 0
    middle = inked & ~owned
    middle[:, :11] = False  # close to a bar, either will do
    assert own[owned].mean() > own[middle].mean() + 1


def test_the_same_seed_trains_the_same_network() -> None:
    first, second = (train(bars(0, 64), bars(1, 8), 1, 3, lambda epoch: None) for _ in range(2))
    for one, other in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
