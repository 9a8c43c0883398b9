"""The learning rate over a training, and the optimiser it drives."""

from __future__ import annotations

import dataclasses
import math

import torch

from digitlab.recipes import Plan
from digitlab.training.muon import Muon

CAPTURABLE = ("adam", "adamw", "muon")  # optimisers that wait for nothing on a graphics card


def rate_of(step: int, steps: int, plan: Plan) -> float:
    """Return the learning rate of a step, counted from the training's first; an epoch has `steps`.

    With a `settle_rate` the schedule ends where the training begins to settle, and once more at the very end.
    """
    if not plan.settle_rate:
        return rate_at(step / (steps * plan.epochs), plan)
    before = steps * (plan.epochs - plan.settle_epochs)
    if step < before:
        return rate_at(step / before, plan)
    settling = dataclasses.replace(plan, learning_rate=plan.settle_rate, warmup=0.0)
    return rate_at((step - before) / (steps * plan.settle_epochs), settling)


def rate_at(progress: float, plan: Plan) -> float:
    """Return the learning rate at `progress` (0..1 of all steps)."""
    if progress < plan.warmup:
        return plan.learning_rate * max(progress / plan.warmup, 0.01)
    left = (progress - plan.warmup) / (1 - plan.warmup)
    if plan.schedule == "constant":
        return plan.learning_rate
    if plan.schedule == "linear":
        return plan.learning_rate * (1 - left)
    return plan.learning_rate * 0.5 * (1 + math.cos(math.pi * left))


def make_optimizer(network: torch.nn.Module, plan: Plan) -> torch.optim.Optimizer:
    """Return the plan's optimiser; its fused form, which steps all weights at once.

    Weight decay applies to matrices and filters only, not to biases and batch norm. On a graphics card the optimisers
    in `CAPTURABLE` count their steps there, so that a step can be captured.
    """
    card = next(network.parameters()).is_cuda
    learned = [p for p in network.parameters() if p.requires_grad]  # whitened filters are not
    if plan.optimizer == "muon":
        return Muon(learned, plan.learning_rate, plan.momentum, plan.weight_decay)
    weights = [p for p in learned if p.ndim > 1]
    others = [p for p in learned if p.ndim <= 1]
    groups = [{"params": weights, "weight_decay": plan.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if not plan.weight_decay:  # nothing tells the two apart then, and each group costs a small network dearly
        groups = [{"params": weights + others, "weight_decay": 0.0}]
    if plan.optimizer == "adam":
        return torch.optim.Adam(groups, plan.learning_rate, fused=True, capturable=card)
    if plan.optimizer == "adamw":
        return torch.optim.AdamW(groups, plan.learning_rate, fused=True, capturable=card)
    if plan.optimizer == "rmsprop":
        return torch.optim.RMSprop(groups, plan.learning_rate, momentum=plan.momentum)
    return torch.optim.SGD(groups, plan.learning_rate, momentum=plan.momentum, nesterov=plan.momentum > 0, fused=True)
