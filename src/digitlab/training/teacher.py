"""A teacher: a finished recogniser whose opinion of each varied image is learned beside the image's label.

What a good recogniser, or a committee of them, finds a 3 also to resemble is more than the label says, and a small
network learns more from it. Both see the same varied image.

Sources: Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network", 2015 (arXiv 1503.02531); Beyer et
al., "Knowledge distillation: A good teacher is patient and consistent", 2022 (arXiv 2106.05237).
"""

from __future__ import annotations

import hashlib

import torch
import torch.nn.functional as functional

from digitlab.errors import ModelError
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer
from digitlab.training.start import opened


class Teacher:
    """Says of digits which ones they are, with its calibrated probabilities; of what is no digit it says nothing.

    Args:
        recognizer: of single digits.
        name: how the recipe names it.
        share: of an answer that is the teacher's, 0 to 1; the label has the rest.
    """

    def __init__(self, recognizer: Recognizer, name: str, share: float) -> None:
        self.recognizer, self.share = recognizer, share
        self.facts = {"name": name, "sha256": hashlib.sha256(recognizer.content).hexdigest()}

    def answers(self, images: torch.Tensor, labels: torch.Tensor, count: int) -> torch.Tensor:
        """Return what to learn from images: probabilities of all answers, (N, count) float32, on their device.

        Args:
            images: (N, 1, 28, 28) float in 0..1.
            labels: (N,) int64; 10 and above is no digit.
            count: of the answers that the student can give, 10 or more.
        """
        answers = functional.one_hot(labels, count).float()
        digits = labels < 10
        shown = images[digits, 0].clamp(0, 1).cpu().numpy()  # a blur may exceed full ink by a rounding error
        said = torch.from_numpy(self.recognizer.predict_proba(shown)).to(images.device)
        answers[digits] *= 1 - self.share
        answers[digits, :10] += self.share * said
        return answers


def find_teacher(recipe: Recipe) -> Teacher | None:
    """Return the teacher that a recipe names, or None. Raises ModelError where it cannot teach; names the fix."""
    name = recipe.plan.teacher
    if not name:
        return None
    recognizer = opened(recipe, name, "teacher")
    if recognizer.channels != 1:
        raise ModelError(f"the teacher of recipe {recipe.name}, {name}, judges pieces of pages; name one of digits")
    return Teacher(recognizer, name, recipe.plan.teacher_share)
