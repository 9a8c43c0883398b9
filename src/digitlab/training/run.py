"""A run: one training and its folder.

run.json                the recipe, seed, data digests, versions, hardware: enough to do it again
metrics.jsonl           one line an epoch
checkpoint.safetensors  the state after the last whole epoch
recognizer.onnx         the result; it is there once the training is done
"""

from __future__ import annotations

import importlib.metadata
import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from digitlab import data, remote, storage
from digitlab.data.digits import Digits, Material, Pieces, fixed_ranks
from digitlab.errors import RunError, UsageError
from digitlab.recipes import Recipe, bundled_names
from digitlab.recognizer import load

HELD_OUT = 100  # seeds of pages from here on are never trained on
RECIPE_FILE, METRICS_FILE, RECOGNIZER_FILE = "run.json", "metrics.jsonl", "recognizer.onnx"


@dataclass
class Run:
    """A training's folder and what is known about it.

    Attributes:
        folder: where it lies.
        recipe: as trained, changes from the command line included.
        seed: of all randomness.
        facts: what run.json holds beside these: data, versions, hardware, precision, command.
        history: metrics of each epoch so far, as in metrics.jsonl.
    """

    folder: Path
    recipe: Recipe
    seed: int
    facts: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def recognizer(self) -> Path:
        """The recogniser's file; it exists once the training is done."""
        return self.folder / RECOGNIZER_FILE

    @property
    def finished(self) -> bool:
        """Whether all epochs are done and the recogniser is written."""
        # A committee's recogniser is written when all members are done; its own history is theirs.
        return self.recognizer.exists() and (bool(self.recipe.members) or len(self.history) >= self.recipe.plan.epochs)

    @property
    def validation_accuracy(self) -> float | None:
        """What the recogniser reached on the validation digits, 0 to 1; None where there are none."""
        return load(self.folder).manifest.figures.get("validation", {}).get("accuracy")

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """Read a run from its folder. Raises RunError where it is none, or is damaged."""
        folder = Path(folder)
        path = folder / RECIPE_FILE
        try:
            page = json.loads(path.read_text())
            recipe = Recipe.from_dict(page.pop("recipe"), page.pop("name"))
            seed = int(page.pop("seed"))
            history = _read_history(folder / METRICS_FILE)
        except FileNotFoundError:
            raise RunError(
                f"{folder} is no run folder (it has no {RECIPE_FILE}); start one with: digitlab train"
            ) from None
        except OSError as error:
            raise RunError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(f"{path} is damaged ({error}); start the training again") from None
        return cls(folder, recipe, seed, page, history)

    def save(self) -> None:
        """Write run.json. Raises OutputError."""
        page = {"name": self.recipe.name, "seed": self.seed, **self.facts, "recipe": self.recipe.to_dict()}
        storage.write_json(self.folder / RECIPE_FILE, page)

    def keep_history(self, epochs: int) -> None:
        """Forget metrics beyond `epochs`, which a checkpoint does not cover. Raises OutputError."""
        self.history = self.history[:epochs]
        lines = "".join(json.dumps(entry) + "\n" for entry in self.history)
        storage.write_text(self.folder / METRICS_FILE, lines)

    def add_metrics(self, metrics: dict[str, Any]) -> None:
        """Append one epoch's metrics."""
        entry = {key: value for key, value in metrics.items() if key != "event"}
        self.history.append(entry)
        with open(self.folder / METRICS_FILE, "a") as file:
            file.write(json.dumps(entry) + "\n")


def new_folder(recipe: Recipe, seed: int, parent: Path = Path("runs")) -> Path:
    """Return a folder name that is not taken: runs/conv3-0, runs/conv3-0-2, and so on."""
    stem = parent / f"{recipe.name}-{seed}"
    number, folder = 1, stem
    while folder.exists():
        number += 1
        folder = stem.with_name(f"{stem.name}-{number}")
    return folder


def pinned(recipe: Recipe) -> Recipe:
    """Return a recipe that names its data as a run may keep it: an address without secrets, and with its digest.

    Data at an address are fetched for that. Any other recipe is returned as it is. Raises as `remote.fetch` does.
    """
    name = recipe.data.name
    return recipe.changed(name=remote.fetch(name).pinned) if remote.is_url(name) else recipe


def load_material(recipe: Recipe, seed: int, listen: Callable[[dict[str, Any]], None] = lambda event: None) -> Material:
    """Return the digits that a recipe asks for: its subset, the pen's digits mixed in, and pieces of pages.

    Args:
        recipe: names them.
        seed: of what is made or chosen.
        listen: is told "pages" while pieces are made; see `digitlab.training.loop.Listener`.

    Raises:
        DataError: they cannot be had.
        UsageError: more training images are asked for than there are.
    """
    source = recipe.data
    material = Material(*data.load("mnist" if source.name == "pages" else source.name, split=source.split))
    there = source.pieces if source.name == "pages" else len(material.train)
    if source.train_size > there:
        raise UsageError(f"--train-size {source.train_size} is more than the {there} training images of {source.name}")
    if source.pieces:
        from digitlab.data import pieces

        held = source.pieces // 10
        told = {"event": "pages", "of": source.pieces + held}
        material = material._replace(
            pieces=pieces.load(source.pieces, seed, material.train, lambda made: listen({**told, "made": made})),
            held_out=pieces.load(
                held, HELD_OUT + seed, material.validation, lambda made: listen({**told, "made": source.pieces + made})
            ),
        )
    train = material.train
    if source.train_size and source.name == "pages":  # all digits stay: pages are written with them
        images, labels = material.pieces
        chosen = _subset(len(labels), source.train_size, seed)
        material = material._replace(pieces=Pieces(images[chosen], labels[chosen]))
    elif source.train_size:
        train = train[_subset(len(train), source.train_size, seed)]
    if source.strokes:
        from digitlab.data import strokes

        drawn = strokes.generate(source.strokes, seed=seed)
        images, labels = (
            np.concatenate([train.images, drawn.images]),
            np.concatenate([train.labels, drawn.labels]),
        )
        train = Digits(images, labels, f"{train.name} with {source.strokes} strokes")
    return material._replace(train=train, drawn=source.strokes)


def _subset(count: int, size: int, seed: int) -> np.ndarray:
    """Return which of `count` images to train on, (size,) int64."""
    # Another seed draws another subset, so that intervals cover the choice of images.
    return np.sort(fixed_ranks(count, f"subset {seed}")[:size])


def facts_about(material: Material) -> dict[str, Any]:
    """Return what a run should remember about its surroundings: data and versions."""
    named = zip(("train", "validation", "test"), material[:3], strict=True)
    facts = {part: {"name": d.name, "n": len(d), "sha256": d.digest} for part, d in named if len(d)}
    for name, pieces in (("pieces", material.pieces), ("held_out", material.held_out)):
        if len(pieces.labels):
            facts[name] = {"name": f"{name} of pages", "n": len(pieces.labels), "sha256": pieces.digest}
    return {"data": facts, "versions": versions()}


def command(recipe: Recipe, seed: int) -> str:
    """Return the command that trains a recipe like this; options only where the bundled recipe differs."""
    words = ["digitlab", "train", recipe.name, "--seed", str(seed)]
    if recipe.name in bundled_names():
        given = Recipe.load(recipe.name)
        options = {
            "--data": (recipe.data.name, given.data.name),
            "--epochs": (_first(recipe).plan.epochs, _first(given).plan.epochs),
            "--batch-size": (_first(recipe).plan.batch_size, _first(given).plan.batch_size),
            "--train-size": (recipe.data.train_size, given.data.train_size),
            "--start": (_first(recipe).plan.start, _first(given).plan.start),
        }
        for option, (value, usual) in options.items():
            if value != usual:
                words += [option, str(value)]
    else:
        words[2] += ".toml"
    return shlex.join(words)


def _first(recipe: Recipe) -> Recipe:
    """Return a committee's first member, which has the epochs and the batch size of all where they were changed."""
    return recipe.members[0].recipe if recipe.members else recipe


def versions() -> dict[str, str]:
    """Return the versions of what shapes the figures."""
    python = ".".join(map(str, sys.version_info[:3]))
    named = ("digitlab", "torch", "numpy", "onnx", "onnxruntime")
    return {"python": python} | {name: importlib.metadata.version(name) for name in named}


def _read_history(path: Path) -> list[dict[str, Any]]:
    """Read metrics.jsonl; a last line cut short by a crash is left out."""
    history: list[dict[str, Any]] = []
    if path.exists():
        for line in path.read_text().splitlines():
            try:
                history.append(json.loads(line))
            except ValueError:
                break
    return history
