"""The five classic systems, measured: every claim against the mean of several seeds.

Runs lie in runs/compare/ and are used again, so the script can be stopped and started. Writes results/classics.json,
results/lenet50.json with docs/figures/lenet50.png, and src/digitlab/recipes/measured.json, which `digitlab recipes`
shows.

    python benchmarks/classics.py                   # hours on two cores; most of it conv2-rotated, 100 epochs
    python benchmarks/classics.py --finished-only   # what the runs so far give; trains nothing
    python benchmarks/classics.py --only lenet50    # one recipe's settings; the other rows stay as they are
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import record
from digitlab import console, storage
from digitlab.evaluation.canvas import to_png
from digitlab.evaluation.comparison import folder_of, run_once, summarise
from digitlab.evaluation.figures import comparison
from digitlab.recipes import Recipe, measured
from digitlab.training import Run

RUNS = record.ROOT / "runs" / "compare"
MEASURED = record.ROOT / "src" / "digitlab" / "recipes" / "measured.json"
FIGURE = record.ROOT / "docs" / "figures" / "lenet50.png"
LIBRARIES = ("torch", "numpy", "onnxruntime", "scipy")


@dataclass(frozen=True)
class Setting:
    """A recipe in one setting, and what its source says of just that.

    Attributes:
        name: of the recipe.
        seeds: how many runs; seeds count from 0.
        claim: accuracy that the source names for this setting, percent; None where it names none.
        said: the claim in few words.
        epochs, train_size: instead of the recipe's own; 0 means its own, and all images.
    """

    name: str
    seeds: int
    claim: float | None = None
    said: str = ""
    epochs: int = 0
    train_size: int = 0

    @property
    def recipe(self) -> Recipe:
        """The recipe with the setting's changes."""
        return Recipe.load(self.name).changed(epochs=self.epochs or None, train_size=self.train_size or None)

    @property
    def title(self) -> str:
        """What it is called: "lenet50, 10 epochs, 18,000 images"."""
        images = f", {self.train_size:,} images" if self.train_size else ""
        return f"{self.name}, {self.recipe.plan.epochs} epochs{images}"


SETTINGS = (
    Setting("conv3", 5, 98, "98 %"),
    Setting("dense784", 5, 98, "98 %"),
    Setting("conv2-rotated", 5, 99, "about 99 %", epochs=10),
    Setting("conv2-rotated-keep", 5, 99, "about 99 %", epochs=10),
    Setting("conv2-rotated", 5, 99.58, "99.58 %"),
    Setting("conv2-rotated-keep", 5, 99.58, "99.58 %"),
    Setting("vgg-bn", 3, 99.29, "99.29 %"),
    Setting("lenet50", 5, 99, "over 99 %"),
    Setting("lenet50", 5, 98, "hardly above 98 %", train_size=18_000),
    Setting("lenet50-one-conv", 5),
    Setting("lenet50-one-conv", 5, epochs=20),
    Setting("lenet50-one-conv", 5, train_size=18_000),
)

# What lenet50's author asked, each as a difference of two settings.
QUESTIONS = (
    ("two convolutions against one", "lenet50, 10 epochs", "lenet50-one-conv, 10 epochs"),
    ("two convolutions against one with twice the epochs", "lenet50, 10 epochs", "lenet50-one-conv, 20 epochs"),
    ("all images against 18,000", "lenet50, 10 epochs", "lenet50, 10 epochs, 18,000 images"),
    (
        "all images against 18,000, one convolution",
        "lenet50-one-conv, 10 epochs",
        "lenet50-one-conv, 10 epochs, 18,000 images",
    ),
)


def gather(setting: Setting, runs: Path, finished_only: bool) -> list[Run]:
    """Return the runs of a setting: all of them, trained if need be, or those that are finished already."""
    recipe, gathered = setting.recipe, []
    for seed in range(setting.seeds):
        if not finished_only:
            with console.training_display(f"{setting.title}, seed {seed}", recipe.plan.epochs) as listen:
                gathered.append(run_once(recipe, seed, runs, "auto", lambda name, listen=listen: listen))
            continue
        folder = folder_of(recipe, seed, runs)
        if (folder / "run.json").exists() and (found := Run.open(folder)).finished:
            gathered.append(found)
    return gathered


def measure(setting: Setting, runs: list[Run], results: Path) -> dict[str, Any]:
    """Return a setting's row: its runs judged on their test digits, beside the claim.

    The runs may have shared the machine with others, so how long one takes is worked out from results/epochs.json,
    which is measured alone; where that is missing, their own mean duration stands.
    """
    row = {"setting": setting.title, **summarise(runs).to_dict()}
    epochs, alone = results / "epochs.json", None
    if epochs.exists():
        alone = json.loads(epochs.read_text())["recipes"].get(row["name"])
    if alone:
        row["seconds"] = round(alone["seconds"]["median"] * row["epochs"] * row["train_size"] / alone["images"], 1)
    row |= {"claim": None if setting.claim is None else round(setting.claim / 100, 6), "said": setting.said}
    return row | {"all_images": not setting.train_size, "seeds_wanted": setting.seeds}


def measured_by_recipe(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what `digitlab recipes` shows: each recipe as it stands, own epochs and all images."""
    return {
        row["name"]: {
            "mean": row["mean"],
            "low": row["low"],
            "high": row["high"],
            "runs": len(row["values"]),
            "epochs": row["epochs"],
            "text": in_words(row),
        }
        for row in rows
        if row["all_images"] and row["epochs"] == Recipe.load(row["name"]).plan.epochs
    }


def write_measured(found: dict[str, dict[str, Any]], results: Path) -> None:
    """Put figures among those that `digitlab recipes` shows."""
    storage.write_json(results / MEASURED.name if is_trial(results) else MEASURED, measured() | found)


def is_trial(results: Path) -> bool:
    """Whether figures are for somewhere else than results/: then they stay there."""
    return results.resolve() != record.RESULTS


def in_words(row: dict[str, Any]) -> str:
    """Return "99.21 % (99.15 to 99.27)"."""
    spread = "one run" if row["low"] is None else console.interval(row["low"], row["high"])
    return f"{console.percent(row['mean'])} ({spread})"


def answers(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the differences that answer the questions: mean, and 95 % interval after Welch where runs allow it."""
    from scipy.stats import ttest_ind

    found = {row["setting"]: row for row in rows}
    told = []
    for question, first, second in QUESTIONS:
        if first not in found or second not in found:
            continue
        one, other = found[first]["values"], found[second]["values"]
        low = high = None
        if min(len(one), len(other)) > 1:
            low, high = map(float, ttest_ind(one, other, equal_var=False).confidence_interval(0.95))
        difference = found[first]["mean"] - found[second]["mean"]
        told.append(
            {"question": question, "first": first, "second": second}
            | {"difference": difference, "low": low, "high": high}
        )
    return told


def rows_of(results: Path) -> dict[str, dict[str, Any]]:
    """Return the rows that were written before, by their settings."""
    written = results / "classics.json"
    return {row["setting"]: row for row in json.loads(written.read_text())["rows"]} if written.exists() else {}


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--finished-only", action="store_true", help="train nothing; take the runs that are finished")
    names = sorted({setting.name for setting in SETTINGS})
    options.add_argument(
        "--only", choices=names, metavar="RECIPE", help="just this recipe's settings; the other rows stay"
    )
    options.add_argument("--runs", type=Path, default=RUNS, metavar="DIR", help="where the runs lie")
    asked = options.parse_args()
    rows = []
    stay = rows_of(asked.results) if asked.only else {}
    for setting in SETTINGS:
        if asked.only and setting.name != asked.only:
            rows += [stay[setting.title]] if setting.title in stay else []
            continue
        runs = gather(setting, asked.runs, asked.finished_only)
        if not runs:
            print(f"{setting.title:45s} no finished run")
            continue
        rows.append(measure(setting, runs, asked.results))
        print(f"{setting.title:45s} {in_words(rows[-1])}, {len(runs)} of {setting.seeds} runs", flush=True)
    if not rows:
        print("nothing is finished, so nothing is written")
        return
    figures = {"rows": rows}
    print(record.write("classics", figures, libraries=LIBRARIES, results=asked.results))
    write_measured(measured_by_recipe(rows), asked.results)
    lenet = [row for row in rows if row["name"].startswith("lenet50")]
    if lenet:
        figures = {"rows": lenet, "answers": answers(lenet)}
        record.write("lenet50", figures, libraries=LIBRARIES, results=asked.results)
        drawn = comparison([row | {"name": row["setting"]} for row in lenet], y_label="test accuracy")
        storage.write_bytes(asked.results / FIGURE.name if is_trial(asked.results) else FIGURE, to_png(drawn))


if __name__ == "__main__":
    record.run(main)
