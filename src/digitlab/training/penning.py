"""Training of the map of the pen: crops of ruled pages, and how much of what is inked is told right."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch.nn import functional

from digitlab.networks.unet import UNet
from digitlab.training.cycle import Epoch, run
from digitlab.training.device import fast_bfloat16

# Of the network, on half, a quarter, an eighth and a sixteenth of the rows. ONNX Runtime works on sixteen channels at a
# time: this network takes three quarters of the time of one with 12, 20, 32 and 48, which has as many weights.
CHANNELS = 16, 16, 32, 48
BATCH = 8
INKED = 12  # darkness, of 255, from which on a pixel counts in full
BARE = 0.1  # and what all others count
DARKER = 0.3  # logarithm of how far darkness varies
GREY = 0.2  # share of crops that are seen without colours


def train(crops: np.ndarray, held_out: np.ndarray, epochs: int, seed: int, listen: Callable[[Epoch], None]) -> UNet:
    """Return a trained map of the pen.

    Args:
        crops: to learn from, as `digitlab.data.ruled.generate` gives them.
        held_out: to judge each epoch by; nothing is learned from them.
        epochs: how often each crop is seen.
        seed: of weights, order and variety.
        listen: is told of each epoch.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = UNet(crops.shape[-1] - 1, 1, CHANNELS).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    quick = torch.autocast("cpu", torch.bfloat16, enabled=fast_bfloat16(torch.device("cpu")))

    def losses() -> Iterator[torch.Tensor]:
        order = rng.permutation(len(crops))
        for at in range(0, len(order) - BATCH + 1, BATCH):
            with quick:
                loss, _ = _losses(network, _varied(crops[order[at : at + BATCH]], rng))
            yield loss

    return run(network, epochs, len(crops) // BATCH, losses, lambda trained: judged(trained, held_out), listen)


def judged(network: UNet, crops: np.ndarray) -> tuple[float, float]:
    """Return the mean loss on crops, and the overlap of inked pixels that are the pen's and those said to be.

    The overlap is a share of their union.
    """
    network.eval()
    with torch.inference_mode():
        found = [_losses(network, crops[at : at + BATCH]) for at in range(0, len(crops), BATCH)]
    both, either = np.sum([counts for _, counts in found], axis=0)
    return float(np.mean([float(loss) for loss, _ in found])), float(both / max(1, either))


def _varied(crops: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return crops, turned over along either axis as chance wants it, paler or darker, or without colours."""
    crops = crops.copy()
    for crop in crops:
        if rng.random() < GREY:
            crop[..., 1:-1] = crop[..., 1:-1].mean(axis=2, keepdims=True)
        crop[..., 0] = np.minimum(255, crop[..., 0] * np.exp(rng.uniform(-DARKER, DARKER)))
    if rng.random() < 0.5:
        crops = crops[:, ::-1]
    return crops[:, :, ::-1] if rng.random() < 0.5 else crops


def _losses(network: UNet, crops: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
    """Return the loss on crops; and how many inked pixels are said to be the pen's and are, and how many are either."""
    pixels = torch.from_numpy(np.ascontiguousarray(crops))
    seen = (pixels[..., :-1].float() / 255).permute(0, 3, 1, 2)  # channels last
    pen, inked = pixels[..., -1].float(), pixels[..., 0] >= INKED
    said = network(seen)[:, 0].float()
    weight = torch.where(inked, 1.0, BARE)
    loss = (functional.binary_cross_entropy_with_logits(said, pen, reduction="none") * weight).sum() / weight.sum()
    told, true = (said > 0) & inked, (pen > 0) & inked
    return loss, np.array([int((told & true).sum()), int((told | true).sum())])
