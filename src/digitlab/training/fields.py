"""What variety is made of: random numbers and smooth fields, strokes that grow, pixels taken from somewhere else."""

from __future__ import annotations

import torch
import torch.nn.functional as functional


def between(images: torch.Tensor, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    """Return one number in low..high for each image, (N, 1, 1, 1), on their device."""
    return torch.rand(len(images), 1, 1, 1, generator=generator, device=images.device) * (high - low) + low


def bicubic(knots: torch.Tensor, side: int) -> torch.Tensor:
    """Enlarge (N, C, k, k) to (N, C, side, side) by two small matrix products, far quicker than `interpolate`."""
    basis = torch.eye(knots.shape[-1], device=knots.device)[None, None]
    rows = functional.interpolate(basis, size=(side, knots.shape[-1]), mode="bicubic", align_corners=True)[0, 0]
    return rows @ knots @ rows.T


def resample(images: torch.Tensor, moves: torch.Tensor) -> torch.Tensor:
    """Take each pixel from where `moves`, (N, H, W, 2) in pixels across and down, points to; zero outside."""
    count, _, high, wide = images.shape
    same = torch.tensor([[1.0, 0, 0], [0, 1, 0]], device=images.device).expand(count, 2, 3)
    grid = functional.affine_grid(same, [count, 1, high, wide], align_corners=False)
    scale = torch.tensor([2 / wide, 2 / high], device=images.device)
    return functional.grid_sample(images, grid + moves * scale, padding_mode="zeros", align_corners=False)


def grown(images: torch.Tensor) -> torch.Tensor:
    """Return the largest value in 3x3 around each pixel: what max-pooling gives, in a tenth of its time."""
    for axis in (-1, -2):
        length = images.shape[axis] - 1
        wider = images.clone()
        for here, there in ((0, 1), (1, 0)):  # each pixel and its neighbour on one side, then on the other
            part = wider.narrow(axis, here, length)
            torch.maximum(part, images.narrow(axis, there, length), out=part)
        images = wider
    return images


def shrunk(images: torch.Tensor) -> torch.Tensor:
    """Return the least value in 3x3 around each pixel."""
    return -grown(-images)
