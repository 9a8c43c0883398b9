"""Disturbances for training images: what lies over, under and around the ink on real paper, in rough general kinds.

Each kind is for a share of the images, so most digits stay clean and many meet one kind, few two. The kinds resemble
some corruptions of MNIST-C (docs/robustness.md names them); none is one of these, and an import contract keeps those
out of training.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as functional

from digitlab.recipes import Augmentation
from digitlab.training.fields import between, bicubic, grown, resample, shrunk

KNOTS = (3, 5, 9)  # a side of random fields: broad light, shadows, stains
CORNERS = 5  # of a scratch, at most


def disturb(images: torch.Tensor, how: Augmentation, generator: torch.Generator) -> torch.Tensor:
    """Return a copy of a batch in which some images are disturbed.

    Args:
        images: (N, 1, 28, 28) float in 0..1, light on dark.
        how: its `disturbance` is the share of images that are disturbed, about; each kind at zero is left out.
        generator: where all randomness comes from; on the images' device.

    Returns:
        (N, 1, 28, 28) float in 0..1.
    """
    kinds = [(kind, getattr(how, name)) for name, kind in KINDS.items() if getattr(how, name)]
    images = images.clone()
    for kind, level in kinds:
        chance = how.disturbance / len(kinds)
        chosen = torch.rand(len(images), generator=generator, device=images.device) < chance
        where = chosen.nonzero().flatten()
        if len(where):
            images[where] = kind(images[where], level, generator).clamp_(0, 1)
    return images


def grain(images: torch.Tensor, level: float, generator: torch.Generator) -> torch.Tensor:
    """Add normal noise with a standard deviation of up to `level`."""
    noise = torch.randn(images.shape, generator=generator, device=images.device)
    return images + noise * between(images, 0, level, generator)


def specks(images: torch.Tensor, level: float, generator: torch.Generator) -> torch.Tensor:
    """Give up to the share `level` of all pixels a grey of its own, in half of the images black or white."""
    struck = torch.rand(images.shape, generator=generator, device=images.device)
    grey = torch.rand(images.shape, generator=generator, device=images.device)
    grey = torch.where(between(images, -1, 1, generator) > 0, grey.round(), grey)
    return torch.where(struck < between(images, 0, level, generator), grey, images)


def jitter(images: torch.Tensor, level: float, generator: torch.Generator) -> torch.Tensor:
    """Take each pixel from up to `level` pixels away, neighbours from different places."""
    count, _, high, wide = images.shape
    moves = torch.rand(count, high, wide, 2, generator=generator, device=images.device) * 2 - 1
    reach = between(images, level / 3, level, generator).view(-1, 1, 1, 1)
    return resample(images, moves * reach)


def scratches(images: torch.Tensor, level: float, generator: torch.Generator) -> torch.Tensor:
    """Draw a bent line of up to `level` full ink over each image, whole or dotted; one in four takes ink away."""
    count, _, high, wide = images.shape
    points = torch.rand(count, CORNERS, 2, generator=generator, device=images.device) * (wide + 7) - 4
    across = torch.arange(wide, device=images.device, dtype=images.dtype)
    down = torch.arange(high, device=images.device, dtype=images.dtype)
    places = torch.stack(torch.meshgrid(across, down, indexing="xy"), -1)  # (28, 28, 2): x, y
    start, leg = points[:, :-1, None, None], (points[:, 1:] - points[:, :-1])[:, :, None, None]
    length = leg.norm(dim=-1).clamp(min=1)
    along = (((places - start) * leg).sum(-1) / length).clamp(min=0).minimum(length)  # (N, legs, 28, 28), pixels
    apart = (places - start - leg * (along / length)[..., None]).norm(dim=-1)
    width = between(images, 0.3, 1.2, generator)
    line = (width + 0.5 - apart).clamp(0, 1)
    legs = torch.rand(count, CORNERS - 1, 1, 1, generator=generator, device=images.device)
    legs[:, :1] = 0  # the first is always drawn, each other in two of three images
    period = between(images, 3, 8, generator)
    gaps = (along.remainder(period) < period * between(images, 0.3, 0.7, generator)).to(images.dtype)
    dotted = between(images, -1, 1, generator) > 0
    drawn = (line * torch.where(dotted, gaps, 1.0) * (legs < 2 / 3)).amax(1, keepdim=True)
    drawn = drawn * between(images, level / 2, level, generator)
    takes = between(images, 0, 1, generator) < 0.25
    return torch.where(takes, images * (1 - drawn), torch.maximum(images, drawn))


def paper(images: torch.Tensor, level: float, generator: torch.Generator) -> torch.Tensor:
    """Lay ink on uneven paper that is up to `level` light, so that the ink stands out less."""
    base = between(images, 0, level, generator)
    ground = base + (level - base) * _field(images, generator) * between(images, 0, 1, generator)
    # Between light that is added and cut off, and ink that keeps its full scale.
    return ground + images * (1 - ground * between(images, 0, 1, generator))


def blots(images: torch.Tensor, level: float, generator: torch.Generator) -> torch.Tensor:
    """Lay small blots of up to `level` ink, or of none, over up to a quarter of each image."""
    count, _, high, wide = images.shape
    fine = torch.rand(count, 1, high, wide, generator=generator, device=images.device)
    fine = functional.avg_pool2d(fine, 3, 1, 1, count_include_pad=False) - 0.5
    cover = ((fine.abs() - between(images, 0.08, 0.22, generator)) * 12).clamp(0, 1)
    ink = (fine > 0).to(images.dtype) * between(images, level / 3, level, generator)
    return torch.lerp(images, ink, cover)


def inversion(images: torch.Tensor, level: float, generator: torch.Generator) -> torch.Tensor:
    """Turn light to dark by the share `level`: between two parallel lines, or outside of them."""
    _, _, high, wide = images.shape
    angle = between(images, 0, 6.2832, generator)
    upright = between(images, 0, 1, generator)
    angle = torch.where(upright < 0.5, (angle / 1.5708).round() * 1.5708, angle)  # half of the lines are straight
    across = torch.arange(wide, device=images.device, dtype=images.dtype) - (wide - 1) / 2
    down = torch.arange(high, device=images.device, dtype=images.dtype)[:, None] - (high - 1) / 2
    place = across * torch.cos(angle) + down * torch.sin(angle)
    first, second = between(images, -13, 0, generator), between(images, 0, 13, generator)
    inside = (place > first) & (place < second)
    turned = torch.where(between(images, -1, 1, generator) > 0, inside, ~inside)
    return torch.where(turned, torch.lerp(images, 1 - images, level), images)


def outline(images: torch.Tensor, level: float, generator: torch.Generator) -> torch.Tensor:
    """Leave of each stroke its edges: on its inner side, its outer side, or both."""
    inner, outer = images - shrunk(images), grown(images) - images
    side = between(images, 0, 3, generator)
    edge = torch.where(side < 1, inner, torch.where(side < 2, outer, inner + outer))
    edge = (edge * between(images, 1, 3, generator)).clamp(0, 1)
    return torch.lerp(images, edge, level)


def _field(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return a random field of several scales for each image, (N, 1, 28, 28) in 0..1."""
    total = torch.zeros_like(images)
    for knots in KNOTS:
        coarse = torch.rand(len(images), 1, knots, knots, generator=generator, device=images.device)
        total += bicubic(coarse, images.shape[-1]) * between(images, 0, 1, generator)
    low, high = total.amin((2, 3), keepdim=True), total.amax((2, 3), keepdim=True)
    return (total - low) / (high - low).clamp(min=1e-6)


KINDS: dict[str, Callable[[torch.Tensor, float, torch.Generator], torch.Tensor]] = {
    kind.__name__: kind for kind in (outline, scratches, blots, paper, inversion, jitter, grain, specks)
}
"""By the names of their settings in `Augmentation`, in the order in which they happen to a digit."""
