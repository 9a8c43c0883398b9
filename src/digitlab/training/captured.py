"""A training step captured once as a graph of a graphics card, then replayed: no kernel waits for Python.

A small network's step is some hundred kernels of a few microseconds each, less than Python needs to start them one by
one. What changes from step to step (images, answers, rate, the average's share) lies in tensors that stay where they
are and are filled before each replay.

Source: "Accelerating PyTorch with CUDA Graphs", PyTorch's blog, 2021; whole-network capture as its notes describe it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim.swa_utils import AveragedModel

WARM = 3  # steps before capture, in which libraries choose their kernels and optimisers make their state


class CapturedStep:
    """A step of one network and optimiser, for batches of one shape.

    Args:
        learn: takes images and answers, changes the weights, returns the loss as a tensor without dimensions.
        network, optimizer, average: all that a step changes.
        x: a batch of images, on the card, in its memory format.
        y: their answers.

    Attributes:
        shape: of batches that it takes.
    """

    def __init__(
        self,
        learn: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        network: torch.nn.Module,
        optimizer: torch.optim.Optimizer,
        average: AveragedModel | None,
        x: torch.Tensor,
        y: torch.Tensor,
    ) -> None:
        self.shape = x.shape
        self._learn, self._optimizer, self._average = learn, optimizer, average
        self._x, self._y = x.clone(memory_format=torch.preserve_format), y.clone()
        self._rate, self._share = torch.zeros(2, device=x.device).unbind()
        self._followers = list(_floating(average.module, network)) if average is not None else []
        for group in optimizer.param_groups:
            group["lr"] = self._rate
        changed = [network, *([average] if average is not None else [])]
        with unchanged(changed, optimizer):
            beside = torch.cuda.Stream()
            beside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(beside):
                for _ in range(WARM):
                    self._step()
            torch.cuda.current_stream().wait_stream(beside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._loss = self._step()

    def __call__(self, x: torch.Tensor, y: torch.Tensor, rate: float, share: float) -> torch.Tensor:
        """Take a step at this learning rate; the average moves by `share` of its way to the weights.

        Returns the loss, in a tensor that the next step overwrites.
        """
        self._x.copy_(x)
        self._y.copy_(y)
        self._rate.fill_(rate)
        self._share.fill_(share)
        self._graph.replay()
        return self._loss

    def _step(self) -> torch.Tensor:
        loss = self._learn(self._x, self._y)
        if self._average is not None:
            averaged, current = zip(*self._followers, strict=True)
            way = torch._foreach_sub([value.detach() for value in current], averaged)
            torch._foreach_mul_(way, self._share)
            torch._foreach_add_(averaged, way)
            self._average.n_averaged.add_(1)
        return loss


def _floating(averaged: torch.nn.Module, current: torch.nn.Module) -> Iterable[tuple[torch.Tensor, torch.Tensor]]:
    """Yield weights and buffers of both that have an average; counters have none."""
    for parts in (
        zip(averaged.parameters(), current.parameters(), strict=True),
        zip(averaged.buffers(), current.buffers(), strict=True),
    ):
        for mine, other in parts:
            if mine.is_floating_point():
                yield mine.detach(), other


class unchanged:
    """Steps taken within leave no trace: weights, buffers and the optimiser's state are as they were, in place."""

    def __init__(self, modules: Iterable[torch.nn.Module], optimizer: torch.optim.Optimizer) -> None:
        self._modules, self._optimizer = list(modules), optimizer
        self._before: dict[int, torch.Tensor] = {}

    def _tensors(self) -> list[torch.Tensor]:
        states: list[dict[str, Any]] = list(self._optimizer.state.values())
        tensors = [value for state in states for value in state.values() if isinstance(value, torch.Tensor)]
        for module in self._modules:
            tensors += [*module.parameters(), *module.buffers()]
        return tensors

    def __enter__(self) -> None:
        self._before = {id(tensor): tensor.detach().clone() for tensor in self._tensors()}

    @torch.no_grad()
    def __exit__(self, *what: object) -> None:
        for tensor in self._tensors():
            before = self._before.get(id(tensor))
            if before is None:  # the optimiser made it in the first of these steps: its start is zero
                tensor.zero_()
            else:
                tensor.copy_(before)
