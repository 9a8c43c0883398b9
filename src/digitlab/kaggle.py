"""Kaggle's digit recogniser: from its files to a submission.

    train.csv       label,pixel0,...,pixel783    42,000 rows
    test.csv        pixel0,...,pixel783          28,000 rows
    submission.csv  ImageId,Label                a row for each row of test.csv, in its order, counted from 1

Of train.csv a fixed twenty-first is kept to choose by (the split "submission"), all else is learned from.
Source: https://www.kaggle.com/c/digit-recognizer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digitlab import remote, storage
from digitlab.data.sources import read_images
from digitlab.errors import OutputError, UsageError
from digitlab.exchange import open_model
from digitlab.recipes import Recipe

if TYPE_CHECKING:
    from digitlab.training import Run

HEADER = "ImageId,Label"


class Entry:
    """What is to be submitted: the images to label, and what labels them.

    All that can be wrong is told when it is made, before minutes of training.

    Attributes:
        test: the file of images to label; of an address, what may be told.
        images: (N, 28, 28) uint8, in the file's order.
        recipe: what to train first, with train.csv as its data; None where a model reads.
        folder: of that training's run; None where a model reads.
        out: the file to write.
    """

    def __init__(
        self,
        files: Sequence[str | Path],
        recipe: str | None = None,
        model: str | Path | None = None,
        out: str | Path = "submission.csv",
        epochs: int | None = None,
        seed: int | None = None,
        device: str = "auto",
    ) -> None:
        """Check what is asked for, and read the test file.

        Args:
            files: train.csv and test.csv, paths or addresses; with `model` test.csv alone, or both, of which the first
                is not opened.
            recipe: a bundled name or a .toml file, to be trained on train.csv; or else
            model: whatever `digitlab.load` opens.
            out: the file to write.
            epochs, seed, device: of the training, as in `digitlab.train`.

        Raises:
            UsageError: the arguments do not go together.
            RecipeError, ModelError: there is no such recipe or recogniser.
            DataError: test.csv is missing or malformed; the line is named.
            OutputError: nothing can be written to `out`.
        """
        _check(files, recipe, model, epochs, seed)
        self.test, self.out = remote.shown(files[-1]), Path(out)
        if any(self.out.resolve() == Path(file).resolve() for file in files if not remote.is_url(file)):
            raise UsageError(f"--out {out} would overwrite what is read; choose another name")
        if self.out.is_dir():
            raise OutputError(f"{out} is a folder; name a file, such as {self.out / 'submission.csv'}")
        storage.make_folder(self.out.parent)
        self._seed, self._device = seed or 0, device
        self.recipe: Recipe | None = None
        self.folder: Path | None = None
        self._recognizer = None
        if recipe is None:
            self._recognizer = _reader_of_digits(open_model(model or ""))
        else:
            from digitlab import training  # brings torch, which a model does not need

            training.pick_device(device)
            self.recipe = _for_submission(Recipe.load(recipe), files[0], epochs)
            self.folder = training.new_folder(self.recipe, self._seed)
        self.images = read_images(files[-1])

    def train(self, listen: Callable[[dict[str, Any]], None] = lambda event: None) -> Run:
        """Train the recipe as `digitlab.train` does; what it raises, this raises. The run's recogniser then reads."""
        from digitlab import training

        if self.recipe is None:
            raise UsageError("a model reads this entry, so there is nothing to train; name a recipe instead")
        run = training.train(self.recipe, seed=self._seed, device=self._device, out=self.folder, listen=listen)
        self._recognizer = open_model(run.folder)
        return run

    def write(self) -> int:
        """Write the submission, whole or not at all; return how many images it labels. Raises OutputError."""
        if self._recognizer is None:
            raise UsageError("nothing has learned to read this entry yet; call train() first")
        labels = self._recognizer.predict(self.images)
        write_submission(self.out, labels)
        return len(labels)


def write_submission(path: str | Path, labels: np.ndarray) -> None:
    """Write labels, (N,) int, with Kaggle's columns, atomically. Raises OutputError."""
    rows = (f"{number},{label}" for number, label in enumerate(labels.tolist(), 1))
    storage.write_text(path, "\n".join([HEADER, *rows]) + "\n")


def _check(
    files: Sequence[str | Path], recipe: str | None, model: str | Path | None, epochs: int | None, seed: int | None
) -> None:
    if (recipe is None) == (model is None):
        raise UsageError(
            "say what reads the digits: --recipe R to train it on train.csv (see: digitlab recipes), or --model M"
        )
    if recipe is not None and len(files) != 2:
        raise UsageError("a recipe needs two files; name them in this order: digitlab kaggle train.csv test.csv")
    if model is not None and len(files) not in (1, 2):
        raise UsageError("a model labels one file; name it alone: digitlab kaggle test.csv")
    if model is not None and (epochs is not None or seed is not None):
        raise UsageError("--epochs and --seed are of a training, but --model is trained already; leave them out")


def _for_submission(recipe: Recipe, train: str | Path, epochs: int | None) -> Recipe:
    """Return the recipe with train.csv as its data. Raises UsageError, RecipeError."""
    if recipe.data.channels != 1:
        raise UsageError(f"recipe {recipe.name} learns from pieces of pages, not from train.csv; choose another one")
    shown = remote.shown(train)
    if not shown.lower().endswith((".csv", ".csv.gz")):
        raise UsageError(f"{shown} is no table to train on; name Kaggle's train.csv, its name ends in .csv or .csv.gz")
    return recipe.changed(name=str(train), split="submission", epochs=epochs)


def _reader_of_digits(recognizer: Any) -> Any:
    if recognizer.channels != 1:
        raise UsageError(f"{recognizer.name} is a judge of pieces, which reads no single digits; choose another model")
    return recognizer
