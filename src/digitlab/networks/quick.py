"""Dropout, pooling and convolution for training on a processor: torch's mathematics, by ways that are quicker there.

Weights, their names and their gradients are those of torch's modules. On other devices and in evaluation torch's own
code runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as functional
from torch import nn

LEVELS = 256  # of a random byte
PART = 350_000  # values pooled at once: few enough for all that one part needs to stay in the processor's cache
FEW_POSITIONS = 16  # that a filter is laid on: up to here a matrix product finds the filters' gradient sooner


class Dropout(nn.Dropout):
    """Dropout that spends one random byte on a value, where torch spends a whole random number.

    So on a processor the dropped share is the multiple of 1/256 nearest to `p` (at most 255/256). What is kept is
    divided by the share that is truly kept, so the expected value is exact. Draws from torch's global generator.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return `x` with values dropped and the others enlarged; in evaluation `x` itself."""
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        dropped = min(round(self.p * LEVELS), LEVELS - 1)
        # From the lowest number there is: all 64 bits are random only then, else the sign is always plus.
        numbers = torch.empty(-(-x.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        kept = numbers.view(torch.uint8)[: x.numel()].ge_(dropped)  # in place it stays a byte, which is quick
        factors = torch.empty_like(x)  # filled in memory's order; any order will do, since all are drawn alike
        torch.mul(kept, LEVELS / (LEVELS - dropped), out=factors.as_strided(kept.shape, (1,)))
        return x * factors


class HalvingMaxPool(nn.MaxPool2d):
    """Max-pooling of 2x2 at stride 2, with ones and zeros for its gradient instead of a list of indices."""

    def __init__(self) -> None:
        super().__init__(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, C, H // 2, W // 2) of (N, C, H, W)."""
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        return _Halve.apply(x) if x.requires_grad else _halved(x)


class Conv2d(nn.Conv2d):
    """Convolution that is quicker to learn where few positions are left, as at the end of a network."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, out_channels, H', W') of (N, in_channels, H, W)."""
        positions = (x.shape[2] - self.kernel_size[0] + 1) * (x.shape[3] - self.kernel_size[1] + 1)
        plain = self.stride == (1, 1) and self.padding == (0, 0)
        if not (self.training and x.device.type == "cpu" and plain and positions <= FEW_POSITIONS):
            return super().forward(x)
        kind = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        bias = None if self.bias is None else self.bias.to(kind)
        return _FewPositions.apply(x.to(kind), self.weight.to(kind), bias)


class Flatten(nn.Flatten):
    """Flattening whose gradient lies in memory as the images did, so that all before it stays quick."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (N, C * H * W) of (N, C, H, W)."""
        last = x.ndim == 4 and x.requires_grad and x.is_contiguous(memory_format=torch.channels_last)
        return _Flatten.apply(x) if last else super().forward(x)


class _Flatten(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        ctx.shape = x.shape
        return x.flatten(1)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        return gradient.view(ctx.shape).contiguous(memory_format=torch.channels_last)


class _Halve(torch.autograd.Function):
    """Take the larger of each two columns, then of each two rows; remember which, as ones and zeros.

    Among equals the first in reading order wins and has the whole gradient, as in torch: left before right, then top
    before bottom. The ones and zeros have the images' own type, since only then are comparison and product vectorised.
    """

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        count, channels, height, width = ctx.shape = x.shape
        rows, columns = height // 2, width // 2
        pooled = x.new_empty(count, rows, columns, channels).permute(0, 3, 1, 2)
        is_left, is_top = x.new_empty(count, rows, 2, columns, channels), x.new_empty(count, rows, columns, channels)
        for cells, best, lefts, tops in _parts(_cells(x), pooled.permute(0, 2, 3, 1), is_left, is_top):
            left, right = cells.unbind(4)
            torch.ge(left, right, out=lefts)
            top, bottom = torch.maximum(left, right).unbind(2)
            torch.ge(top, bottom, out=tops)
            torch.maximum(top, bottom, out=best)
        ctx.save_for_backward(is_left, is_top)
        return pooled

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        count, channels, height, width = ctx.shape
        result = gradient.new_empty(count, height, width, channels).permute(0, 3, 1, 2)
        result[:, :, height // 2 * 2 :] = 0  # an odd last row and column were seen by no window
        result[..., width // 2 * 2 :] = 0
        for cells, given, lefts, tops in _parts(_cells(result), gradient.permute(0, 2, 3, 1), *ctx.saved_tensors):
            larger = torch.empty_like(lefts)
            _share(given, tops, larger[:, :, 0], larger[:, :, 1])
            _share(larger, lefts, cells[..., 0, :], cells[..., 1, :])
        return result


def _cells(x: torch.Tensor) -> torch.Tensor:
    """Return a view of (N, C, H, W) by windows, (N, H // 2, 2, W // 2, 2, C)."""
    rows, columns = x.shape[2] // 2, x.shape[3] // 2
    return x.permute(0, 2, 3, 1)[:, : 2 * rows, : 2 * columns].unflatten(2, (columns, 2)).unflatten(1, (rows, 2))


def _halved(x: torch.Tensor) -> torch.Tensor:
    """Return what `_Halve` returns, where nothing before it learns and no gradient will be asked for."""
    left, right = _cells(x).unbind(4)
    top, bottom = torch.maximum(left, right).unbind(2)
    return torch.maximum(top, bottom).permute(0, 3, 1, 2)


def _parts(*tensors: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    images = max(1, PART // tensors[0][0].numel())
    return zip(*(tensor.split(images) for tensor in tensors), strict=True)


def _share(given: torch.Tensor, first: torch.Tensor, to_first: torch.Tensor, to_second: torch.Tensor) -> None:
    """Hand each value to the first where `first` is one, else to the second; zero to the other."""
    torch.mul(given, first, out=to_first)
    torch.sub(given, to_first, out=to_second)


class _FewPositions(torch.autograd.Function):
    """A convolution whose gradient for the filters is one matrix product: all gradients by all that filters met."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return functional.conv2d(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        filters, channels, tall, wide = weight.shape
        flat = gradient.permute(0, 2, 3, 1).reshape(-1, filters)
        # (N, H', W', tall, wide, channels): channels last, as they lie in memory.
        met = x.permute(0, 2, 3, 1).unfold(1, tall, 1).unfold(2, wide, 1).permute(0, 1, 2, 4, 5, 3)
        for_weight = (flat.t() @ met.reshape(len(flat), -1)).view(filters, tall, wide, channels).permute(0, 3, 1, 2)
        for_x = torch.nn.grad.conv2d_input(x.shape, weight, gradient) if ctx.needs_input_grad[0] else None
        return for_x, for_weight, flat.sum(0) if ctx.needs_input_grad[2] else None
