"""Dropout and pooling for training on a processor: the same mathematics as torch's own, in fewer passes over memory.

On other devices torch's own are quick, so they are used there, and so they are where nothing is to be learnt.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

LEVELS = 256  # of a random byte


class Dropout(nn.Dropout):
    """Dropout that spends one random byte on a value, where torch spends a whole random number: eight times fewer.

    So on a processor the dropped share is the multiple of 1/256 nearest to `p` (at most 255/256). What is kept is
    divided by the share that is truly kept, so the expected value is exact. Draws from torch's global generator.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return `x` with values dropped and the others enlarged; in evaluation `x` itself."""
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        dropped = min(round(self.p * LEVELS), LEVELS - 1)
        # All 64 bits are random only if asked for by the lowest number there is; without, the sign is always plus.
        numbers = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        kept = numbers.view(torch.uint8)[: x.numel()].ge_(dropped)  # in place: stays a byte, which is quick
        factors = kept.to(x.dtype).mul_(LEVELS / (LEVELS - dropped))
        # In the order in which memory holds x, else the product would walk through one of them by leaps.
        return x * factors.as_strided(x.shape, x.stride()) if _dense(x) else x * factors.view(x.shape)


class HalvingMaxPool(nn.MaxPool2d):
    """Max-pooling of 2x2 at stride 2, whose gradient needs no list of indices."""

    def __init__(self) -> None:
        super().__init__(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, C, H // 2, W // 2) of (N, C, H, W)."""
        learns = torch.is_grad_enabled() and x.requires_grad
        return _Halve.apply(x) if learns and x.device.type == "cpu" else super().forward(x)


class _Halve(torch.autograd.Function):
    """Take the larger of each two columns, then of each two rows; remember which, as ones and zeros.

    Among equals the first in reading order wins and has the whole gradient, as in torch: left before right, then top
    before bottom. The ones and zeros have the images' own type, since only then are comparison and product vectorised.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[2] // 2, x.shape[3] // 2
        ctx.shape = x.shape
        cells = x.permute(0, 2, 3, 1)[:, : 2 * height, : 2 * width]
        left, right = cells.unflatten(2, (width, 2)).unflatten(1, (height, 2)).unbind(4)  # (N, H/2, 2, W/2, C) each
        columns = torch.maximum(left, right)
        is_left = torch.ge(left, right, out=torch.empty_like(columns))
        top, bottom = columns.unbind(2)
        is_top = torch.ge(top, bottom, out=torch.empty_like(top, memory_format=torch.contiguous_format))
        ctx.save_for_backward(is_left, is_top)
        pooled = torch.empty((*x.shape[:2], height, width), dtype=x.dtype, memory_format=torch.channels_last)
        torch.maximum(top, bottom, out=pooled.permute(0, 2, 3, 1))
        return pooled

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        is_left, is_top = ctx.saved_tensors
        count, channels, height, width = ctx.shape
        rows, columns = height // 2, width // 2
        gradient = gradient.permute(0, 2, 3, 1)
        tall = torch.empty_like(is_left)
        torch.mul(gradient, is_top, out=tall[:, :, 0])
        torch.sub(gradient, tall[:, :, 0], out=tall[:, :, 1])
        result = gradient.new_empty(count, height, width, channels)
        result[:, 2 * rows :] = 0  # an odd last row and column were seen by no window
        result[:, :, 2 * columns :] = 0
        cells = result[:, : 2 * rows, : 2 * columns].unflatten(2, (columns, 2)).unflatten(1, (rows, 2))
        torch.mul(tall, is_left, out=cells[..., 0, :])
        torch.sub(tall, cells[..., 0, :], out=cells[..., 1, :])
        return result.permute(0, 3, 1, 2)


def _dense(x: torch.Tensor) -> bool:
    return x.is_contiguous() or (x.ndim == 4 and x.is_contiguous(memory_format=torch.channels_last))
