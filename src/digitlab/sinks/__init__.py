"""Where a training's figures go beside metrics.jsonl, for those who look at them with other tools.

    tensorboard   event files in the run's folder
    mlflow        a run of MLflow, on the server that MLFLOW_TRACKING_URI names or in files here

A sink hears the events that the display hears. One that fails says so once and is left out; the training goes on.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from digitlab.errors import UsageError
from digitlab.recipes import Recipe
from digitlab.remote import shown

NAMES = ("tensorboard", "mlflow")


class Sink(Protocol):
    """One of those places. What it raises is told once, and it hears no more."""

    def begin(self, epoch: int) -> None:
        """Open the run's place, new, or after this many epochs that it has heard of already."""

    def log(self, figures: dict[str, float], epoch: int) -> None:
        """Add figures, by name, of an epoch."""

    def end(self, status: str) -> None:
        """Close the run's place; `status` is "finished", "stopped" or "failed"."""


class Sinks:
    """The sinks of one run, as a context: `listen` hears the training's events inside it."""

    def __init__(self, names: Sequence[str], folder: Path, recipe: Recipe, seed: int) -> None:
        """Make them ready; nothing is written before the first epoch.

        Args:
            names: of NAMES. Those that the run's folder shows to have been used before are joined to them.
            folder: of the run.
            recipe, seed: of the run; told as parameters.

        Raises:
            MissingExtraError: a sink's package is not installed.
            UsageError: there is no such sink, or it is not set up.
        """
        for name in names:
            if name not in NAMES:
                raise UsageError(f"there is no sink {name!r}; choose one of {', '.join(NAMES)}")
        self._sinks: dict[str, Sink] = {}
        facts = parameters(recipe, seed)
        if "tensorboard" in names or (folder / "tensorboard").is_dir():
            from digitlab.sinks.tensorboard import TensorBoard

            self._sinks["tensorboard"] = TensorBoard(folder / "tensorboard", facts)
        if "mlflow" in names or (folder / "mlflow.json").is_file():
            from digitlab.sinks.mlflow import Mlflow

            self._sinks["mlflow"] = Mlflow(folder / "mlflow.json", folder.name, facts)
        self._begun = False

    def listen(self, event: dict[str, Any]) -> None:
        """Hear an event of a training; see `digitlab.training.Listener`."""
        if event["event"] in ("resumed", "epoch"):
            self._begin(event["epoch"] - (event["event"] == "epoch"))
        if event["event"] == "epoch":
            figures = {k: float(v) for k, v in event.items() if k != "epoch" and isinstance(v, int | float)}
            self._tell("log", figures, event["epoch"])

    def final(self, figures: dict[str, float], epoch: int) -> None:
        """Add what the recogniser reaches after its last epoch, by name: "test_accuracy" and so on."""
        self._begin(epoch)
        self._tell("log", figures, epoch)

    def __enter__(self) -> Sinks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close("finished" if kind is None else "failed" if issubclass(kind, Exception) else "stopped")

    def close(self, status: str) -> None:
        """Say how the run ended: "finished", "stopped" or "failed". What comes later is not heard."""
        if self._begun:
            self._tell("end", status)
        self._sinks.clear()

    def _begin(self, epoch: int) -> None:
        if not self._begun:
            self._begun = True
            self._tell("begin", epoch)

    def _tell(self, what: str, *about: Any) -> None:
        for name, sink in list(self._sinks.items()):
            try:
                getattr(sink, what)(*about)
            except Exception as error:  # whatever a server or a disk may do, a training is worth more
                del self._sinks[name]
                print(
                    f"digitlab: --log {name} failed ({type(error).__name__}) and is left out; the training goes on,"
                    " and metrics.jsonl has all figures",
                    file=sys.stderr,
                    flush=True,
                )


def parameters(recipe: Recipe, seed: int) -> dict[str, str | int | float]:
    """Return a recipe as flat settings, "training.epochs" and so on, with seed and number of weights."""
    facts: dict[str, str | int | float] = {"recipe": recipe.name, "seed": seed, "parameters": recipe.parameters}
    page = recipe.to_dict()
    for part in ("training", "augmentation", "data"):
        facts |= {f"{part}.{key}": shown(v) if isinstance(v, str) else v for key, v in page.get(part, {}).items()}
    members = {"members": json.dumps([(m.recipe.name, m.seed) for m in recipe.members])}
    return facts | (members if recipe.members else {"layers": json.dumps(recipe.lines)})
