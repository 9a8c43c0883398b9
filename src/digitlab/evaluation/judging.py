"""From a recogniser and labelled digits to figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from digitlab import data, storage
from digitlab.data.digits import Digits
from digitlab.errors import DataError, UsageError
from digitlab.evaluation.metrics import Evaluation, evaluate_probabilities
from digitlab.exchange import open_model
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer

FILE = "evaluation.json"


def evaluate(model: str | Path | Recognizer = "default", source: str | Path | Digits | None = None) -> Evaluation:
    """Measure a recogniser.

    Args:
        model: whatever `digitlab.load` opens, or a recogniser.
        source: "mnist" (its 10,000 test images), a path to labelled digits, or Digits; None means the test
            part of what the recogniser's recipe names, which for `vgg-bn` are the 28,000 of Kaggle's split.

    Raises:
        ModelError: the recogniser cannot be opened.
        DataError: the digits cannot be had, or there are none.
        UsageError: it is a judge of pieces of pages, which reads no single digits.
    """
    recognizer = model if isinstance(model, Recognizer) else open_model(model)
    return judge(recognizer, held_out(recognizer, source))[0]


def held_out(recognizer: Recognizer, source: str | Path | Digits | None = None) -> Digits:
    """Return the digits to judge a recogniser by; for arguments and errors see `evaluate`."""
    if recognizer.channels != 1:
        raise UsageError(
            f"{recognizer.name} is a judge of pieces: it says what on a page is a digit, and there are no test digits"
            f" for that; see its figures with digitlab models, or measure a recogniser of digits: digitlab evaluate"
            " default"
        )
    if source is None:
        recipe = Recipe.from_dict(recognizer.manifest.recipe, recognizer.name)
        digits = data.load(recipe.data.name, split=recipe.data.split).test
    else:
        digits = source if isinstance(source, Digits) else data.load_all(source)
    if not len(digits):
        raise DataError(f"{digits.name} has no digits to judge by; name others with --data")
    return digits


def judge(recognizer: Recognizer, digits: Digits) -> tuple[Evaluation, np.ndarray]:
    """Return the figures, and the probabilities (N, 10) that they come from."""
    probabilities = recognizer.predict_proba(digits.images)
    temperature = recognizer.manifest.temperature
    figures = evaluate_probabilities(probabilities, digits, model=recognizer.name, temperature=temperature)
    return figures, probabilities


def judged_accuracy(folder: Path) -> float:
    """Return a finished run's test accuracy, 0 to 1; it is measured once, then kept in evaluation.json.

    Raises as `evaluate` does, and OutputError.
    """
    path = folder / FILE
    if not path.exists():
        storage.write_json(path, evaluate(folder).to_dict())
    return float(json.loads(path.read_text())["accuracy"])
