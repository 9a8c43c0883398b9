"""Variety for training images, a batch at a time, on whatever device they are on.

One resampling does all of rotation, shear, zoom, shift and elastic bending, so nothing is blurred twice.
Elastic fields follow Simard, Steinkraus and Platt, "Best Practices for Convolutional Neural Networks", 2003.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as functional

from digitlab.recipes import Augmentation
from digitlab.training.disturb import disturb
from digitlab.training.fields import between, bicubic, grown, shrunk

COPIES = 4  # of each image that tells how sure to be
COARSE = 5  # knots a side of the random field that bends an image; bicubic in between


def augment(images: torch.Tensor, how: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Return a varied copy of a batch.

    Args:
        images: (N, 1, 28, 28) float in 0..1, light on dark.
        how: the ranges; a part at zero costs nothing.
        generator: where all randomness comes from; on the images' device.

    Returns:
        (N, 1, 28, 28) float in 0..1.
    """
    varied = vary(images, how, generator)
    return disturb(varied, how, generator) if how.disturbance else varied


def varied_copies(images: np.ndarray, how: Augmentation) -> np.ndarray:
    """Return images a few times over, each time varied anew, the same way in every call.

    Args:
        images: (N, 28, 28) or (N, C, 28, 28) uint8.
        how: the ranges.

    Returns:
        uint8 of the same shape but N: first all images, then all again, and so on.
    """
    generator = torch.Generator().manual_seed(0)
    given = torch.from_numpy(images.reshape(len(images), -1, *images.shape[-2:])).float() / 255
    copies = torch.cat([augment(given, how, generator) for _ in range(COPIES)])
    return (copies.clamp(0, 1) * 255).round().to(torch.uint8).numpy().reshape(-1, *images.shape[1:])


def vary(images: torch.Tensor, how: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Return what `augment` returns, but without its disturbances."""
    looks = how.thickness or how.blur or how.contrast or how.noise
    # Which images look different, (N, 1, 1, 1): 1 or 0, a factor of whatever changes their looks.
    chosen = (_uniform(images, generator) < 2 * how.appearance - 1).float() if looks else images.new_ones(1)
    if how.thickness:
        images = _thicken(images, how.thickness * chosen, generator)
    if how.rotation or how.shear or how.zoom or how.shift or how.elastic:
        images = _warp(images, how, generator)
    if how.blur:
        images = _blur(images, how.blur * chosen, generator)
    if how.contrast:
        # Ink that is fainter, or whose grey edges count for more or for less.
        level = 1 - how.contrast * chosen * _uniform(images, generator).abs()
        images = level * images.pow((how.contrast * chosen * _uniform(images, generator)).exp())
    if how.noise:
        grain = torch.randn(images.shape, generator=generator, device=images.device)
        images = (images + how.noise * chosen * _uniform(images, generator).abs() * grain).clamp_(0, 1)
    return images


def _uniform(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """One number in -1..1 for each image, (N, 1, 1, 1)."""
    return between(images, -1, 1, generator)


def _thicken(images: torch.Tensor, share: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Grow strokes by up to `share` pixels on each side, 2 at most, or shrink them by up to half of it."""
    amount = share * _uniform(images, generator)
    broader = torch.lerp(images, grown(images), amount.clamp(0, 1))
    if (amount > 1).any():
        broader = torch.lerp(broader, grown(broader), (amount - 1).clamp(0, 1))
    # A digit that would shrink away (thin pens) shrinks half as far.
    return torch.where(amount > 0, broader, torch.lerp(images, shrunk(images), (-amount * 0.5).clamp(0, 1)))


def _warp(images: torch.Tensor, how: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Resample through a random affine map and a smooth random field."""
    count, side = len(images), images.shape[-1]
    random = torch.rand(count, 6, generator=generator, device=images.device) * 2 - 1
    angle, shear = (
        random[:, 0] * math.radians(how.rotation),
        torch.tan(random[:, 1] * math.radians(how.shear)),
    )
    wide, tall = 1 + how.zoom * random[:, 2], 1 + how.zoom * random[:, 3]
    cosine, sine = torch.cos(angle), torch.sin(angle)
    # Where each output pixel comes from, in grid_sample's units of half the image.
    theta = torch.stack(
        [
            *(cosine * wide, (shear * cosine - sine) * tall, random[:, 4] * how.shift * 2 / side),
            *(sine * wide, (shear * sine + cosine) * tall, random[:, 5] * how.shift * 2 / side),
        ],
        dim=1,
    ).view(count, 2, 3)
    grid = functional.affine_grid(theta, [count, 1, side, side], align_corners=False)  # (N, 28, 28, 2)
    if how.elastic:
        knots = torch.rand(count, 2, COARSE, COARSE, generator=generator, device=images.device) * 2 - 1
        field = bicubic(knots, side)  # (N, 2, 28, 28)
        grid = grid + field.permute(0, 2, 3, 1) * (how.elastic * 2 / side)
    warped = functional.grid_sample(images, grid, mode=how.interpolation, padding_mode="zeros", align_corners=False)
    return warped.clamp_(0, 1) if how.interpolation == "bicubic" else warped  # cubics overshoot at edges


def _blur(images: torch.Tensor, largest: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Blur each image by a Gaussian of its own width, sigma 0 to `largest` pixels."""
    sigma = (largest * _uniform(images, generator).abs()).clamp_(min=0.05).view(-1, 1)
    offsets = torch.arange(-2, 3, device=images.device, dtype=images.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum(dim=1, keepdim=True)  # (N, 5)
    # Shifted copies, weighted: five additions an axis, where a grouped convolution would be slow.
    for axis in (2, 3):
        padding = (2, 2, 0, 0) if axis == 3 else (0, 0, 2, 2)
        padded = functional.pad(images, padding)
        shifted = [padded.narrow(axis, step, images.shape[axis]) for step in range(5)]
        images = sum(part * kernel[:, step].view(-1, 1, 1, 1) for step, part in enumerate(shifted))  # type: ignore[assignment]
    return images
