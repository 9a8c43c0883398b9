"""A map of the pen learns to tell blots from lines, the same way each time."""

import cv2
import numpy as np
import pytest
import torch

from digitlab.training.cycle import Epoch
from digitlab.training.penning import judged, train


def crops(seed: int, count: int) -> np.ndarray:
    """Rings on lines that are as dark."""
    rng = np.random.default_rng(seed)
    found = np.full((count, 48, 48, 5), 128, np.uint8)
    for crop in found:
        lines, pen = np.zeros((2, 48, 48), np.uint8)
        for y in range(int(rng.integers(12)), 48, 12):
            lines[y : y + 2] = 200
        x, y = (int(at) for at in rng.integers(12, 36, 2))
        cv2.circle(pen, (x, y), 8, 1, 3)
        crop[..., 0], crop[..., -1] = np.maximum(lines, 200 * pen), pen
    return found


@pytest.fixture(scope="module")
def trained():
    epochs: list[Epoch] = []
    return train(crops(0, 240), crops(1, 24), 4, 0, epochs.append), epochs


def test_the_pen_is_told_from_lines(trained) -> None:
    _, epochs = trained
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4]
    assert epochs[-1].held_out_loss < 0.5 * epochs[0].loss
    assert epochs[-1].right > 0.8


def test_what_is_judged_is_what_the_last_epoch_said(trained) -> None:
    network, epochs = trained
    assert judged(network, crops(1, 24)) == pytest.approx((epochs[-1].held_out_loss, epochs[-1].right))


def test_the_same_seed_trains_the_same_network() -> None:
    first, second = (train(crops(0, 32), crops(1, 8), 1, 3, lambda epoch: None) for _ in range(2))
    for one, other in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
