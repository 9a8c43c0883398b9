"""Make a finished run a recogniser that ships with the package: measured, stamped, carded.

    digitlab train reader && python benchmarks/bundle.py runs/reader-0
    python benchmarks/bundle.py --int8 reader       # the judge that ships, in eight bits: the one that reads
    digitlab train default && python benchmarks/bundle.py runs/default-0

The judge of pieces comes first: with it, pictures of single digits are read to measure the other. Writes
src/digitlab/weights/NAME.onnx and NAME.md, named as its recipe is, and results/NAME.json. It refuses a run that the
bundled recipe does not give, and files that together are too large to ship.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from pathlib import Path
from typing import Any

import record
from digitlab import data, storage
from digitlab.cards import card
from digitlab.data import pieces
from digitlab.data.digits import Material
from digitlab.errors import RunError, UsageError
from digitlab.evaluation import held_out, judge
from digitlab.exchange.to_int8 import to_int8
from digitlab.networks.onnx_graph import with_manifest
from digitlab.reading import Reader
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer, load
from digitlab.training import Run
from digitlab.training.run import HELD_OUT
from digitlab.training.teaching import calibrated
from photos import score_singles

WEIGHTS = record.ROOT / "src" / "digitlab" / "weights"
LARGEST = 8_000_000  # bytes, of all that ships
LARGEST_TO_FIND = 3_000_000  # and of what finds digits and judges pieces


def checked(run: Run, weights: Path) -> None:
    """Refuse what cannot ship. Raises RunError with what is wrong and the fix."""
    if not run.finished:
        raise RunError(f"{run.folder} is not finished; go on with: digitlab train --resume {run.folder}")
    if Recipe.load(run.recipe.name).digest != run.recipe.digest:
        raise RunError(
            f"{run.folder} was trained by another recipe than the bundled {run.recipe.name!r}; train that one as it is"
        )
    small_enough(run.recipe.name, run.recognizer.stat().st_size, weights)


def small_enough(name: str, size: int, weights: Path) -> None:
    """Refuse a recogniser that, with the others that ship, is too large. Raises RunError."""
    others = sum(file.stat().st_size for file in weights.rglob("*.onnx") if file.stem != name)
    if size + others > LARGEST:
        beside = f" beside {others:,} of the others" if others else ""
        raise RunError(f"{name} has {size:,} bytes{beside}, but {LARGEST:,} may ship; train a smaller network")


def measure_judge(recognizer: Recognizer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a judge's figures as `measure` does: those on its held-out pieces, which its training has measured."""
    figures = recognizer.manifest.figures
    missing = {"validation", "digit or not"} - figures.keys()
    if missing:
        raise RunError(f"the judge has no figure named {missing.pop()!r}; train it again")
    return figures, {"which_digit": figures["validation"], "digit_or_not": figures["digit or not"]}


def measure(recognizer: Recognizer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return figures for the manifest (accuracy and n by what they are on), and all of them for results/."""
    evaluation, _ = judge(recognizer, held_out(recognizer, "mnist"))
    figures = {**recognizer.manifest.figures, "test": {"accuracy": evaluation.accuracy, "n": evaluation.n}}
    everything: dict[str, Any] = {
        "test": evaluation.summary(),
        "digit_or_not": figures.get("digit or not"),
        "singles": None,
    }
    photos = Path(os.environ.get("DIGITLAB_DATA", "")) / "photos"
    if "DIGITLAB_DATA" in os.environ and (photos / "labels.json").exists():
        scored = score_singles(photos, Reader(recognizer))
        figures["pictures of single digits"] = {"accuracy": scored["accuracy"], "n": scored["n"]}
        everything["singles"] = {key: scored[key] for key in ("accuracy", "n", "right", "mean_over_sources", "sources")}
    else:
        print("no pictures of single digits in $DIGITLAB_DATA/photos, so that figure is left out")
    return figures, everything


def in_eight_bits(judge: Recognizer) -> bytes:
    """Return the file of a judge in eight bits, calibrated and measured on the pieces that it was held to itself."""
    splits, training = data.load("mnist"), judge.manifest.training
    recipe = Recipe.from_dict(judge.manifest.recipe, judge.name)
    held_out = pieces.load(recipe.data.pieces // 10, HELD_OUT + training["seed"], splits.validation)
    content = to_int8(judge)
    manifest = Recognizer(content).manifest
    facts = {"name": "held_out of pages", "n": len(held_out.labels), "sha256": held_out.digest}
    training = manifest.training | {"data": training["data"] | {"held_out": facts}}
    bare = dataclasses.replace(manifest, temperature=1.0, digit_temperature=1.0, digit_offset=0.0, training=training)
    made = calibrated(Recognizer(with_manifest(content, bare)), Material(*splits, held_out=held_out))
    return with_manifest(content, made)


def ship(content: bytes, everything: dict[str, Any], weights: Path, results: Path) -> None:
    """Write a recogniser among those that ship, its card and its figures. Raises RunError where it is too large."""
    manifest = Recognizer(content).manifest
    small_enough(manifest.name, len(content), weights)
    parameters = Recipe.from_dict(manifest.recipe, manifest.name).parameters
    facts = {"name": manifest.name, "parameters": parameters, "bytes": len(content), "seed": manifest.training["seed"]}
    facts["sha256"] = hashlib.sha256(content).hexdigest()
    storage.write_bytes(weights / f"{manifest.name}.onnx", content)
    storage.write_text(weights / f"{manifest.name}.md", card(manifest) + "\n")
    record.write(manifest.name, facts | everything, libraries=("onnxruntime", "numpy"), results=results)
    print(card(manifest))


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("run", type=Path, nargs="?", metavar="RUN", help="the folder of a finished run")
    options.add_argument("--int8", metavar="JUDGE", help="instead of a run: a judge that ships, in eight bits")
    options.add_argument("--weights", type=Path, default=WEIGHTS, metavar="DIR", help="where it goes")
    asked = options.parse_args()
    if (asked.run is None) == (asked.int8 is None):
        raise UsageError("name either the folder of a run or, with --int8, a judge that ships")
    if asked.int8:
        content = in_eight_bits(load(asked.int8))
        ship(content, measure_judge(Recognizer(content))[1], asked.weights, asked.results)
        return
    run = Run.open(asked.run)
    checked(run, asked.weights)
    content = run.recognizer.read_bytes()
    recognizer = Recognizer(content, str(run.recognizer))
    figures, everything = measure(recognizer) if recognizer.channels == 1 else measure_judge(recognizer)
    # The recipe is the bundled one (its words may have been bettered since), so this is how anyone gets it again.
    training = recognizer.manifest.training | {"command": f"digitlab train {run.recipe.name} --seed {run.seed}"}
    manifest = dataclasses.replace(
        recognizer.manifest, recipe=Recipe.load(run.recipe.name).to_dict(), figures=figures, training=training
    )
    ship(with_manifest(content, manifest), everything, asked.weights, asked.results)


if __name__ == "__main__":
    record.run(main)
