"""A teacher: a finished recogniser whose opinion of each varied image is learned beside the image's label.

What a good recogniser, or a committee of them, finds a 3 also to resemble is more than the label says, and a small
network learns more from it. Both see the same varied image.

Sources: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015 (arXiv 1503.02531); Beyer et
al., "Knowledge distillation: A good teacher is patient and consistent", 2022 (arXiv 2106.05237).
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch
import torch.nn.functional as functional

from digitlab.errors import ModelError
from digitlab.networks import Network
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer
from digitlab.tensors import weights
from digitlab.training.start import opened

AT_ONCE = 4096  # images that a teacher is shown at once on a graphics card


class Teacher:
    """Says of digits which ones they are, with its calibrated probabilities; of what is no digit it says nothing.

    Args:
        recognizer: of single digits.
        name: how the recipe names it.
        share: of an answer that is the teacher's, 0 to 1; the label has the rest.
    """

    def __init__(self, recognizer: Recognizer, name: str, share: float) -> None:
        self.recognizer, self.share = recognizer, share
        self._choir: Choir | None = None
        self.facts = {"name": name, "sha256": hashlib.sha256(recognizer.content).hexdigest()}

    def move(self, device: torch.device, bf16: bool) -> None:
        """Answer on this device from now on; on a graphics card in torch, so that images need not leave it."""
        self._choir = None if device.type == "cpu" else Choir(self.recognizer, device, bf16)

    def answers(
        self, images: torch.Tensor, labels: torch.Tensor, count: int, asked: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return what to learn from images: probabilities of all answers, (N, count) float32, on their device.

        Args:
            images: (N, 1, 28, 28) float in 0..1.
            labels: (N,) int64; 10 and above is no digit.
            count: of the answers that the student can give, 10 or more.
            asked: (N,) bool, of which images the teacher is asked; of the others the label counts alone. All if None.
        """
        answers = functional.one_hot(labels, count).float()
        digits = labels < 10 if asked is None else (labels < 10) & asked
        shown = images[digits].clamp(0, 1)  # a blur may exceed full ink by a rounding error
        if not len(shown):
            return answers
        if self._choir:
            said = self._choir(shown)
        else:
            said = torch.from_numpy(self.recognizer.predict_proba(shown[:, 0].cpu().numpy())).to(images.device)
        answers[digits] *= 1 - self.share
        answers[digits, :10] += self.share * said
        return answers


class Choir:
    """A recogniser in torch, a committee's members one by one: what `Recognizer.predict_proba` says, on any device.

    Args:
        recognizer: of single digits.
        device: where it is to run.
        bf16: compute in bfloat16.
    """

    def __init__(self, recognizer: Recognizer, device: torch.device, bf16: bool) -> None:
        arrays, manifest = weights(recognizer.content)
        recipe = Recipe.from_dict(manifest.recipe, manifest.name)
        self._coldness = 1 / manifest.temperature
        self._autocast = torch.autocast(device.type, torch.bfloat16, enabled=bf16)
        self._voices: list[tuple[Network, float]] = []
        for number, member in enumerate(recipe.members):
            own = f"members.{number}."
            of_member = {name.removeprefix(own): array for name, array in arrays.items() if name.startswith(own)}
            coldness = float(of_member.pop("coldness"))
            self._voices.append((_network(member.recipe, of_member, device), coldness))
        if not recipe.members:
            self._voices.append((_network(recipe, arrays, device), self._coldness))
            self._coldness = 1.0

    @torch.no_grad()
    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Return calibrated probabilities, (N, 10) float32, of (N, 1, 28, 28) float in 0..1."""
        return torch.cat([self._said(part) for part in images.split(AT_ONCE)])

    @torch.no_grad()
    def each(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Return what each member says, calibrated by itself: of each (N, 10) float32; images as for the whole."""
        images = images.contiguous(memory_format=torch.channels_last)
        votes = []
        for network, coldness in self._voices:
            with self._autocast:
                logits = network(images)
            votes.append((logits[:, :10].float() * coldness).softmax(1))
        return votes

    def _said(self, images: torch.Tensor) -> torch.Tensor:
        total = torch.stack(self.each(images)).sum(0)
        return (total.add(1e-20).log() * self._coldness).softmax(1)


def _network(recipe: Recipe, arrays: dict[str, np.ndarray], device: torch.device) -> Network:
    """Return a network with these weights; rows of answers that a committee's file has left out are zero."""
    network = Network(recipe.layers)
    last = f"stages.{len(recipe.layers) - 1}."
    state = network.state_dict()
    for name, array in arrays.items():
        named = name.replace("logits.", last)
        state[named].zero_()[: len(array)] = torch.from_numpy(np.array(array))
    network.load_state_dict(state)
    return network.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)


def find_teacher(recipe: Recipe) -> Teacher | None:
    """Return the teacher that a recipe names, or None. Raises ModelError where it cannot teach; names the fix."""
    name = recipe.plan.teacher
    if not name:
        return None
    recognizer = opened(recipe, name, "teacher")
    if recognizer.channels != 1:
        raise ModelError(f"the teacher of recipe {recipe.name}, {name}, judges pieces of pages; name one of digits")
    return Teacher(recognizer, name, recipe.plan.teacher_share)
