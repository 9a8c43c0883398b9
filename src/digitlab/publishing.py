"""A recogniser as others like to find it: its file, its weights, its recipe and a card, in a folder anywhere.

README.md           the card, in Hugging Face's form
recognizer.onnx     the recogniser; the folder's path or address opens it
model.safetensors   its weights, with recipe and manifest in the metadata
recipe.toml         how to train it again
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from digitlab.cards import model_card
from digitlab.errors import OutputError
from digitlab.manifest import Manifest
from digitlab.recipes import Recipe, to_toml
from digitlab.recognizer import FILE, Recognizer, read_file
from digitlab.remote import Target, is_url
from digitlab.tensors import to_safetensors

NAMES = ("README.md", FILE, "model.safetensors", "recipe.toml")
EVALUATION = "evaluation.json"  # of a run, on its test digits


def push(model: str | Path, target: str | Path, *, force: bool = False, licence: str = "mit") -> str:
    """Write a recogniser with card, weights and recipe to a folder.

    Args:
        model: what `digitlab.load` opens.
        target: a folder on this machine, an address of one that fsspec can write, or hf://user/name. One that was
            pushed to before is replaced.
        force: write into a folder that holds something else; of that, only files of the same names are replaced.
        licence: the name of one, as Hugging Face writes them.

    Returns:
        The target as it may be told; `digitlab.load` opens it.

    Raises:
        ModelError: there is no such recogniser, or its file is unusable.
        OutputError: the target holds something else, or cannot be written.
        MissingExtraError, UsageError, DownloadError: as `digitlab.load`, of the target likewise.
    """
    content, where, _ = read_file(model)
    manifest = Recognizer(content, where, threads=1).manifest
    place = Target.at(target)
    there = place.names()
    if there and not force and (FILE not in there or set(there) - set(NAMES)):
        other = next((name for name in there if name not in NAMES), there[0])
        raise OutputError(f"{place.shown} holds something else ({other}); choose another place, or add --force")
    recipe = Recipe.from_dict(manifest.recipe, manifest.name)
    card = model_card(_with_test(manifest, model), place.shown, licence)
    contents = (card.encode(), content, to_safetensors(content, where), to_toml(recipe).encode())
    place.write(dict(zip(NAMES, contents, strict=True)), f"{manifest.name}, {recipe.parameters:,} parameters")
    return place.shown


def _with_test(manifest: Manifest, model: str | Path) -> Manifest:
    """Return a manifest with the figures on the test digits, where the run's folder has them and it has not."""
    file = Path(model) / EVALUATION
    if "test" in manifest.figures or is_url(model) or not file.is_file():
        return manifest
    try:
        page = json.loads(file.read_text())
        test = {"accuracy": float(page["accuracy"]), "n": int(page["n"]), "data": str(page["data"])}
    except (OSError, ValueError, KeyError, TypeError):  # a file of someone else's: the card does without
        return manifest
    return dataclasses.replace(manifest, figures=manifest.figures | {"test": test})
