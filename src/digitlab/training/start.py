"""A start: the weights of a finished recogniser, with which a training begins instead of random ones.

What was learned stays, and few epochs at a low rate suit it to other digits: one's own, or more of the same.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch

from digitlab.errors import ModelError
from digitlab.networks import Network
from digitlab.recipes import Recipe, bundled_names
from digitlab.recognizer import Recognizer, load
from digitlab.tensors import COUNTED, weights


class Start:
    """Weights to begin with.

    Args:
        recognizer: that has them.
        name: how the recipe names it.

    Attributes:
        facts: its name and its digest, for the run's.
    """

    def __init__(self, recognizer: Recognizer, name: str) -> None:
        self._weights: dict[str, np.ndarray] = weights(recognizer.content, name)[0]
        self.name, self.facts = name, {"name": name, "sha256": hashlib.sha256(recognizer.content).hexdigest()}

    def mix(self, learned: dict[str, np.ndarray], share: float) -> dict[str, np.ndarray]:
        """Return weights on the way from what was learned to the start's, of which they have `share`.

        Source: Wortsman et al., "Robust fine-tuning of zero-shot models", 2022 (arXiv 2109.01903).
        """
        mixed = dict(learned)
        for name, own in self._weights.items():
            given = np.zeros_like(learned[name])
            given[: len(own)] = own  # answers that the start does not know are zero, as they were in the beginning
            mixed[name] = ((1 - share) * learned[name] + share * given).astype(np.float32)
        return mixed

    def give(self, network: Network) -> None:
        """Put the weights into a network; answers that it has beyond theirs begin at zero.

        Raises ModelError where it has other layers.
        """
        state = network.state_dict()
        own = {name: value.shape for name, value in state.items() if not name.endswith(COUNTED)}
        given = {name: torch.from_numpy(np.array(value)) for name, value in self._weights.items()}
        for name in (name for name in own if name.startswith(f"stages.{len(network.stages) - 1}.")):
            # A start may know ten digits, and not that there is anything else.
            if name in given and (rows := own[name][0] - len(given[name])) > 0:
                given[name] = torch.cat([given[name], given[name].new_zeros(rows, *given[name].shape[1:])])
        if own != {name: value.shape for name, value in given.items()}:
            raise ModelError(
                f"{self.name} has other layers than the recipe that is to start with it; take the recipe it was "
                "trained by, or one with the same layers"
            )
        network.load_state_dict(state | given)


def find_start(recipe: Recipe) -> Start | None:
    """Return what a recipe starts with, or None. Raises ModelError where it is not at hand or does not fit."""
    name = recipe.plan.start
    if not name:
        return None
    start = Start(opened(recipe, name, "start"), name)
    start.give(Network(recipe.layers))  # told before a run's folder is made
    return start


def opened(recipe: Recipe, name: str, role: str) -> Recognizer:
    """Open the recogniser that a recipe names as its start or its teacher. Raises ModelError, with the fix."""
    try:
        return load(name)
    except ModelError as error:
        stem = Path(name).name.rpartition("-")[0]  # of a run's folder, as it is named where nothing else is asked for
        hint = f"; train it first with: digitlab train {stem}" if stem in bundled_names() else ""
        raise ModelError(f"the {role} of recipe {recipe.name} cannot be opened: {error}{hint}") from None
