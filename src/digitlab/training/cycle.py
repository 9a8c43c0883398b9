"""How the networks are trained by which digits are found: one cycle of rising and falling rates, told epoch by epoch.

Method: Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

from digitlab.networks.unet import UNet

RATE, DECAY, WARM = 3e-3, 0.02, 0.1  # of AdamW, and the share of the steps in which rates rise


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to: mean loss in training and on what is held out, and there the share that is right."""

    number: int
    loss: float
    held_out_loss: float
    right: float


def run(
    network: UNet,
    epochs: int,
    steps: int,
    losses: Callable[[], Iterable[torch.Tensor]],
    judge: Callable[[UNet], tuple[float, float]],
    listen: Callable[[Epoch], None],
) -> UNet:
    """Train a network and return it.

    Args:
        network: with random weights.
        epochs: how many.
        steps: of one epoch.
        losses: gives the losses of an epoch's batches, one after the other.
        judge: returns the loss on what is held out, and the share that is right.
        listen: is told of each epoch.
    """
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * steps + 1, pct_start=WARM)
    for number in range(1, epochs + 1):
        network.train()
        found = []
        for loss in losses():
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            found.append(loss.item())
        network.eval()
        listen(Epoch(number, float(np.mean(found)), *judge(network)))
    return network.eval()
