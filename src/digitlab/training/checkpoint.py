"""Checkpoints: all that a training needs to go on as if it had never stopped. One safetensors file, nothing pickled.

No random state is kept, because none is carried from one epoch to the next: see `digitlab.training.loop`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from digitlab.errors import RunError
from digitlab.storage import atomic_path
from digitlab.training.rounds import Learned

FILE = "checkpoint.safetensors"


def save(
    folder: Path,
    network: torch.nn.Module,
    average: torch.nn.Module | None,
    optimizer: torch.optim.Optimizer,
    learned: Learned,
    epoch: int,
) -> None:
    """Write the state after `epoch` whole epochs, atomically. Raises OutputError."""
    tensors = {f"network.{name}": value for name, value in network.state_dict().items()}
    if average is not None:
        tensors |= {f"average.{name}": value for name, value in average.state_dict().items()}
    tensors |= {f"learned.{name}": value for name, value in learned.sums.items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": torch.as_tensor(value) for key, value in state.items()}
    # clone: the averaged network may share nothing, but safetensors insists that no two tensors do
    tensors = {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format) for name, value in tensors.items()
    }
    with atomic_path(folder / FILE) as path:
        save_file(tensors, path, metadata={"epoch": str(epoch), "format": "1"})


def restore(
    folder: Path,
    network: torch.nn.Module,
    average: torch.nn.Module | None,
    optimizer: torch.optim.Optimizer,
    learned: Learned,
) -> int:
    """Load the last state into what is given; return how many epochs it has seen, 0 where there is no checkpoint.

    Raises:
        RunError: the file is damaged or belongs to another network; names what is wrong.
    """
    path = folder / FILE
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            epoch = int(json.loads(file.metadata()["epoch"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dictionary
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"checkpoint {path} is damaged ({str(error)[:80]}); delete it to train that run from the start"
        ) from None
    _fill(network, tensors, "network.", path)
    if average is not None:
        _fill(average, tensors, "average.", path)
    if any(name.startswith("learned.") for name in tensors):
        learned.add(network.state_dict())  # of the right names and shapes, to be filled
        _fill(learned, tensors, "learned.", path)
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".", 2)
            if value.ndim:  # the fused step reads memory in the weights' own order, so the state must have it too
                value = torch.empty_like(weights[int(index)]).copy_(value)
            state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return epoch


def _fill(module: torch.nn.Module | Learned, tensors: dict[str, torch.Tensor], prefix: str, path: Path) -> None:
    """Copy weights leaf by leaf, so that an error names the leaf."""
    for name, target in module.state_dict().items():
        value = tensors.get(prefix + name)
        if value is None or value.shape != target.shape:
            found = "is missing" if value is None else f"has shape {tuple(value.shape)}, not {tuple(target.shape)}"
            raise RunError(
                f"checkpoint {path} does not fit its recipe: {prefix}{name} {found}; delete it to start again"
            )
        target.copy_(value)
