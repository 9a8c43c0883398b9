"""Muon: steps of equal length in all directions of a matrix, so that few large steps are enough.

Each step's momentum is made nearly orthogonal before it is taken. Biases, batch norm and the last layer take Adam's
steps at a tenth of the rate.

Source: Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024
(https://kellerjordan.github.io/posts/muon/); the polynomial's coefficients are his.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

SHARE = 0.1  # of the rate, for what is no hidden matrix
BETAS, EPSILON = (0.9, 0.99), 1e-8  # of Adam
POLYNOMIAL = (3.4445, -4.7750, 2.0315)
TURNS = 3  # of the polynomial: singular values end between about 0.5 and 1.2, which is near enough


class Muon(torch.optim.Optimizer):
    """Muon for matrices and filters, Adam for the last layer and for vectors.

    Args:
        weights: in the network's order; the last matrix is the layer that gives the answers.
        rate: of Muon; that of Adam is `SHARE` of it. Like torch's own optimisers it reads the rate from its groups.
        momentum: of Muon, as Nesterov has it.
        decay: share of a hidden matrix that is taken away each step, times the rate.
    """

    def __init__(self, weights: Sequence[torch.Tensor], rate: float, momentum: float, decay: float) -> None:
        hidden = [weight for weight in weights if weight.ndim > 1][:-1]
        chosen = {id(weight) for weight in hidden}
        others = [weight for weight in weights if id(weight) not in chosen]
        # A network of one layer has no hidden matrix, and torch refuses a group without weights.
        groups = [{"params": part, "hidden": part is hidden} for part in (hidden, others) if part]
        super().__init__(groups, {"lr": rate, "momentum": momentum, "weight_decay": decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Take one step down the gradients; those that are None are left out."""
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if group["hidden"]:
                for weight in weights:
                    self._muon(weight, group)
            elif weights:
                self._adam(weights, SHARE * group["lr"])

    def _muon(self, weight: torch.Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["momentum"] = torch.zeros_like(weight)
        velocity = state["momentum"].mul_(group["momentum"]).add_(weight.grad)
        ahead = velocity.mul(group["momentum"]).add_(weight.grad).flatten(1)  # (rows, columns)
        rows, columns = ahead.shape
        if group["weight_decay"]:
            weight.mul_(1 - group["lr"] * group["weight_decay"])
        # A product, since in a captured step the rate is a tensor, which `alpha` cannot be.
        weight.sub_(orthogonal(ahead).view(weight.shape) * (group["lr"] * max(1, rows / columns) ** 0.5))

    def _adam(self, weights: list[torch.Tensor], rate: float) -> None:
        for weight in weights:
            state = self.state[weight]
            if not state:
                start = torch.zeros((), device=weight.device)
                state |= {"count": start, "mean": torch.zeros_like(weight), "square": torch.zeros_like(weight)}
        states = [self.state[weight] for weight in weights]
        steps, means, squares = ([state[part] for state in states] for part in ("count", "mean", "square"))
        gradients = [weight.grad for weight in weights]
        torch._foreach_add_(steps, 1.0)
        # On a graphics card the count stays a tensor: nothing waits, and a captured step counts on.
        done: Any = steps[0] if steps[0].is_cuda else float(steps[0])
        slow, slower = BETAS
        torch._foreach_lerp_(means, gradients, 1 - slow)
        torch._foreach_mul_(squares, slower)
        torch._foreach_addcmul_(squares, gradients, gradients, value=1 - slower)
        sizes = torch._foreach_sqrt(squares)
        torch._foreach_div_(sizes, (1 - slower**done) ** 0.5)
        torch._foreach_add_(sizes, EPSILON)
        moves = torch._foreach_div(means, sizes)
        torch._foreach_mul_(moves, -rate / (1 - slow**done))
        torch._foreach_add_(weights, moves)


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """Return (rows, columns) with the same singular vectors, and singular values that are all near 1.

    An odd polynomial of the matrix, X <- aX + b(XX')X + c(XX')(XX')X, applied a few times. All of it but the last
    product is of the small square XX', which makes a wide matrix cheap.
    """
    wide = matrix if len(matrix) <= matrix.shape[1] else matrix.T
    wide = wide / (wide.norm() + 1e-7)
    a, b, c = POLYNOMIAL
    square, factor = wide @ wide.T, None
    for number in range(TURNS):
        turn = torch.addmm(square, square, square, beta=b, alpha=c)
        turn.diagonal().add_(a)
        factor = turn if factor is None else turn @ factor  # all of these commute
        if number < TURNS - 1:
            square = turn @ square @ turn
    found = factor @ wide
    return found if wide is matrix or len(matrix) <= matrix.shape[1] else found.T
