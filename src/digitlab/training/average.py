"""The moving average of weights, which is what a training keeps where its plan asks for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel


def averaged(network: torch.nn.Module, decay: float) -> AveragedModel | None:
    """Return the average of a network, to be told of each step; None where `decay` is 0."""
    if not decay:
        return None

    def move(average: Any, current: Any, count: Any) -> None:
        torch._foreach_lerp_(average, current, 1 - share_kept(decay, int(count)))

    return AveragedModel(network, multi_avg_fn=_floats_only(move), use_buffers=True)


def share_kept(decay: float, steps: int) -> float:
    """Return the share of itself that the average keeps, after so many steps."""
    # In the first steps the average follows closely, else the random start would stay in it for long.
    return min(decay, (1 + steps) / (10 + steps)) if steps else 0.0


def _floats_only(move: Callable[[Any, Any, Any], None]) -> Callable[[Any, Any, Any], None]:
    """Copy counters (batch norm's num_batches_tracked), which have no average."""

    def wrapped(average: Any, current: Any, count: Any) -> None:
        if average[0].is_floating_point():
            move(average, current, count)
        else:
            for target, value in zip(average, current, strict=True):
                target.copy_(value)

    return wrapped
