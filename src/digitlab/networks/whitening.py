"""Filters that are found instead of learned: the directions in which small patches of the images vary most.

A first layer that is never trained needs no gradient, and neither does what lies before or right after it: no more
than a forward pass is left of the part of a network that works on the most pixels.

Source: the fixed first layer of Keller Jordan, "94% on CIFAR-10 in 3.29 Seconds", 2024 (arXiv 2404.00498).
"""

from __future__ import annotations

import torch
from torch import nn

from digitlab.networks.module import Crop, Network

LEAST_VARIANCE = 1e-3  # is added to each direction's, so that what is hardly more than noise is not enlarged


@torch.no_grad()
def whiten(network: Network, images: torch.Tensor) -> None:
    """Set a network's whitened filters, if it has any.

    The first half are the patches' eigenvectors of largest variance, each divided by its standard deviation; the
    second half are their negatives, since a ReLU lets only one side through.

    Args:
        network: whose filters are set in place.
        images: (N, C, 28, 28) float in 0..1, some of the training images.
    """
    for stage in network.stages:
        if isinstance(stage, Crop):
            images = stage(images)
        elif isinstance(stage, nn.Conv2d) and not stage.weight.requires_grad and stage.bias is not None:
            side, half = stage.kernel_size[0], stage.out_channels // 2
            patches = images.unfold(2, side, 1).unfold(3, side, 1).movedim(1, 3).flatten(0, 2).flatten(1)
            mean = patches.mean(0)  # (C * side * side,)
            spread = patches.T @ patches / len(patches) - mean.outer(mean)
            # Rising; so small a matrix is quicker on the processor.
            variances, directions = (part.to(spread.device) for part in torch.linalg.eigh(spread.cpu()))
            scale = (variances[-half:] + LEAST_VARIANCE).rsqrt()
            filters = (directions[:, -half:] * scale).T.flip(0)  # (half, C * side * side)
            filters = torch.cat([filters, -filters])
            stage.weight.copy_(filters.view_as(stage.weight))
            stage.bias.copy_(-(filters @ mean))
        else:
            return
