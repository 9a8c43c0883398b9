"""Rounds: a plan gone through several times from one start, and the mean of what each time was learned.

Trainings that begin with the same finished weights end in one valley: the mean of their weights is right more often
than any of them, and costs no more to ask (Wortsman et al., "Model soups", 2022, arXiv 2203.05482). From random weights
they do not, so rounds need a start.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch

from digitlab.recipes import Plan


@dataclass(frozen=True)
class Round:
    """One of a plan's rounds.

    Attributes:
        number: 0 for the first.
        first: its first epoch, counted from the training's own first, which is 0.
        plan: the whole plan's, with the epochs of this round alone.
    """

    number: int
    first: int
    plan: Plan

    def settles(self, epoch: int) -> bool:
        """Tell whether an epoch of it (counted as `first`) is one of its last, in which it settles."""
        return epoch - self.first >= self.plan.epochs - self.plan.settle_epochs


def round_at(epoch: int, plan: Plan) -> Round:
    """Return the round that has an epoch, counted from 0; they are as long as each other, or differ by one epoch."""
    count = min(plan.rounds, plan.epochs)
    ends = [(number + 1) * plan.epochs // count for number in range(count)]
    number = next((number for number, end in enumerate(ends) if epoch < end), count - 1)
    first = ends[number - 1] if number else 0
    return Round(number, first, dataclasses.replace(plan, epochs=ends[number] - first, rounds=1))


class Learned:
    """The sum of what finished rounds have learned.

    Attributes:
        sums: of weights and buffers, by their names; empty before the first round has ended.
    """

    def __init__(self) -> None:
        self.sums: dict[str, torch.Tensor] = {}

    def add(self, state: dict[str, torch.Tensor]) -> None:
        """Add what a round has learned; counters, of which there is no mean, are those of the last one."""
        self.sums = {
            name: value.clone() + (self.sums.get(name, 0) if value.is_floating_point() else 0)
            for name, value in state.items()
        }

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return the sums, as a module its weights: for checkpoints."""
        return self.sums

    def mean(self, state: dict[str, torch.Tensor], number: int) -> dict[str, torch.Tensor]:
        """Return the mean of what was added, `number` times, and of another state."""
        if not number:
            return state
        return {
            name: (self.sums[name] + value) / (number + 1) if value.is_floating_point() else value
            for name, value in state.items()
        }
