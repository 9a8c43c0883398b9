"""Recipes side by side, each trained with several seeds, so that a difference can be told from luck."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from digitlab import training
from digitlab.errors import UsageError
from digitlab.evaluation.judging import judged_accuracy
from digitlab.evaluation.metrics import mean_interval
from digitlab.recipes import Recipe
from digitlab.training import Listener, Run

FOLDER = Path("runs") / "compare"


@dataclass(frozen=True)
class Compared:
    """One recipe in one setting, over several seeds.

    Attributes:
        name: of the recipe.
        parameters: of its network.
        epochs: that each run had.
        train_size: images that each run learned from.
        seeds: of the runs.
        values: each run's accuracy on the test digits, 0 to 1.
        mean, low, high: of the values, with the 95 % interval of the mean; None where one run leaves none.
        validation: mean accuracy on the validation digits, or None.
        seconds: mean duration of a run.
        test: name of the digits that judge.
        hardware: where the runs were.
        claim: what the recipe's source says, 0 to 1, or None.
    """

    name: str
    parameters: int
    epochs: int
    train_size: int
    seeds: list[int]
    values: list[float]
    mean: float
    low: float | None
    high: float | None
    validation: float | None
    seconds: float
    test: str
    hardware: str
    claim: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary of all attributes, by their names."""
        return asdict(self)


def compare(
    recipes: Sequence[str | Path | Recipe],
    *,
    seeds: int = 3,
    epochs: int | None = None,
    train_sizes: Sequence[int] = (0,),
    device: str = "auto",
    folder: Path = FOLDER,
    listen: Callable[[str], Listener] = lambda name: lambda event: None,
) -> list[Compared]:
    """Train recipes with several seeds and compare them. Finished runs in `folder` are used again.

    Args:
        recipes: names, files or recipes.
        seeds: how many runs each; seeds count from 0.
        epochs: instead of the recipes' own.
        train_sizes: numbers of training images; 0 means all. Every recipe is trained with each.
        device: "auto", "cpu" or "cuda".
        folder: where the runs lie; a stopped comparison goes on where it was.
        listen: is given each run's name, and returns what listens to its training.

    Raises as `digitlab.train` and `digitlab.evaluate` do; UsageError for the recipe of a judge of pieces.
    """
    loaded = [recipe if isinstance(recipe, Recipe) else Recipe.load(recipe) for recipe in recipes]
    for recipe in loaded:
        if recipe.data.channels != 1:
            raise UsageError(
                f"recipe {recipe.name} trains a judge of pieces, for which there are no test digits to compare by;"
                f" train it alone, which shows its figures: digitlab train {recipe.name}"
            )
    loaded = [training.pinned(recipe) for recipe in loaded]  # fetched once, and named alike in every run
    settings = [
        recipe.changed(epochs=epochs, train_size=size or None) for recipe in loaded for size in (train_sizes or (0,))
    ]
    results = []
    for recipe in settings:
        runs = [run_once(recipe, seed, folder, device, listen) for seed in range(seeds)]
        results.append(summarise(runs))
    return results


def run_once(recipe: Recipe, seed: int, folder: Path, device: str, listen: Callable[[str], Listener]) -> Run:
    """Return the finished run of a recipe and seed, trained or resumed if need be."""
    out = folder_of(recipe, seed, folder)
    if (out / "run.json").exists():
        return training.resume(out, listen=listen(out.name))
    return training.train(recipe, seed=seed, device=device, out=out, listen=listen(out.name))


def folder_of(recipe: Recipe, seed: int, folder: Path = FOLDER) -> Path:
    """Return where the run of a recipe and seed lies, whether there is one yet or not."""
    return folder / f"{recipe.name}-{recipe.digest}-s{seed}"


def summarise(runs: Sequence[Run]) -> Compared:
    """Return what several runs of one recipe have in common, judged on their test digits."""
    first = runs[0]
    values = [judged_accuracy(run.folder) for run in runs]
    mean, low, high = mean_interval(values)
    chosen = [a for run in runs if (a := run.validation_accuracy) is not None]
    return Compared(
        name=first.recipe.name,
        parameters=first.recipe.parameters,
        epochs=first.recipe.plan.epochs,
        train_size=first.facts["data"]["train"]["n"],
        seeds=[run.seed for run in runs],
        values=values,
        mean=mean,
        low=low,
        high=high,
        validation=sum(chosen) / len(chosen) if chosen else None,
        seconds=sum(run.facts["seconds"] for run in runs) / len(runs),
        test=first.facts["data"].get("test", {}).get("name", ""),
        hardware=first.facts["hardware"],
        claim=first.recipe.claim.accuracy / 100 if first.recipe.claim else None,
    )
