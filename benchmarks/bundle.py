"""Make a finished run a recogniser that ships with the package: measured, stamped, carded.

    digitlab train reader && python benchmarks/bundle.py runs/reader-0
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
from digitlab import storage
from digitlab.cards import card
from digitlab.errors import RunError
from digitlab.evaluation import held_out, judge
from digitlab.networks.onnx_graph import with_manifest
from digitlab.reading import Reader
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer
from digitlab.training import Run
from photos import score_singles

WEIGHTS = record.ROOT / "src" / "digitlab" / "weights"
LARGEST = 3_000_000  # bytes, of all that ships


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
    others = sum(file.stat().st_size for file in weights.glob("*.onnx") if file.stem != name)
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


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("run", type=Path, metavar="RUN", help="the folder of a finished run")
    options.add_argument("--weights", type=Path, default=WEIGHTS, metavar="DIR", help="where it goes")
    asked = options.parse_args()
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
    stamped = with_manifest(content, manifest)
    small_enough(run.recipe.name, len(stamped), asked.weights)
    facts = {"name": run.recipe.name, "parameters": run.recipe.parameters, "bytes": len(stamped), "seed": run.seed}
    facts["sha256"] = hashlib.sha256(stamped).hexdigest()
    storage.write_bytes(asked.weights / f"{run.recipe.name}.onnx", stamped)
    storage.write_text(asked.weights / f"{run.recipe.name}.md", card(manifest) + "\n")
    record.write(run.recipe.name, facts | everything, libraries=("onnxruntime", "numpy"), results=asked.results)
    print(card(manifest))


if __name__ == "__main__":
    record.run(main)
