"""Train what wants a graphics card, in the order in which one learns from another, as many side by side as it bears.

Five runs of `best`, three of `student` taught by the first of them, three committees that share no member. Runs lie in
runs/, and in runs/compare/ for own.py once they are finished. What is finished stays, what was stopped goes on, so it
may be given little time and started again. NVIDIA's MPS service, started before, helps:

    nvidia-cuda-mps-control -d
    python benchmarks/card.py --minutes 30
    python benchmarks/own.py --finished-only && python benchmarks/committees.py
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import record
from classics import RUNS
from digitlab.errors import RunError
from digitlab.evaluation.comparison import folder_of
from digitlab.recipes import Recipe
from digitlab.training import Run, pick_device

CARD = 9  # trainings at once: a card of 2023 is busy then, and 16 cores start their kernels
LOOK = 0.5  # seconds
TRAIN = "import sys; from digitlab import training; training.train(sys.argv[1], seed=int(sys.argv[2]), out=sys.argv[3])"
GO_ON = "import sys; from digitlab import training; training.resume(sys.argv[3])"


@dataclass(frozen=True)
class Task:
    """One training, and the task that must be done before it."""

    recipe: str
    seed: int
    after: str = ""

    @property
    def name(self) -> str:
        """What it is called, and its folder in runs/."""
        return f"{self.recipe}-{self.seed}"

    @property
    def share(self) -> int:
        """How many of the trainings at once it is."""
        return len(Recipe.load(self.recipe).members) or 1


TASKS = (
    *(Task("best", seed) for seed in range(5)),
    *(Task("student", seed, "best-0") for seed in range(3)),
    *(Task("committee", seed) for seed in range(3)),
)


def finished(folder: Path) -> bool:
    return (folder / "run.json").exists() and Run.open(folder).finished


def keep(task: Task, folder: Path) -> None:
    """Put a finished run where own.py looks for it."""
    to = folder_of(Recipe.load(task.recipe), task.seed, RUNS)
    if not to.exists():
        shutil.copytree(folder, to)


def train_all(runs: Path, deadline: float, only: Sequence[str] = ()) -> list[str]:
    """Train until all is done or the time is up; return the names of what is left. Raises RunError where one fails.

    Args:
        runs: the folder that they lie in.
        deadline: by time.monotonic().
        only: recipes to train; all if there are none.
    """
    waiting = [task for task in TASKS if task.recipe in (only or task.recipe) and not finished(runs / task.name)]
    done = {task.name for task in TASKS if finished(runs / task.name)}
    for task in waiting:
        if task.after and task.after not in done | {one.name for one in waiting}:
            raise RunError(f"{task.name} learns from {task.after}, which is not finished; train that one, too")
    busy: dict[Task, subprocess.Popen[bytes]] = {}
    started = time.monotonic()
    try:
        while (waiting or busy) and time.monotonic() < deadline:
            for task in list(waiting):
                room = CARD - sum(one.share for one in busy)
                if (task.after and task.after not in done) or (busy and task.share > room):
                    continue
                waiting.remove(task)
                begun = (runs / task.name / "run.json").exists()
                command = [sys.executable, "-c", GO_ON if begun else TRAIN, task.recipe, str(task.seed)]
                busy[task] = subprocess.Popen([*command, str(runs / task.name)])
                print(
                    f"{time.monotonic() - started:6.0f} s: {task.name} {'goes on' if begun else 'begins'}", flush=True
                )
            time.sleep(LOOK)
            for task, process in list(busy.items()):
                if process.poll() is None:
                    continue
                del busy[task]
                if process.returncode:
                    raise RunError(f"{task.name} failed; see above, and start again when it is mended")
                done.add(task.name)
                keep(task, runs / task.name)
                print(f"{time.monotonic() - started:6.0f} s: {task.name} is done", flush=True)
    finally:
        for process in busy.values():
            process.terminate()
        for process in busy.values():
            process.wait()
    return [task.name for task in (*busy, *waiting)]


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--minutes", type=float, default=60.0, help="to stop after; what is left goes on next time")
    options.add_argument("--runs", type=Path, default=record.ROOT / "runs", metavar="DIR")
    recipes = list(dict.fromkeys(task.recipe for task in TASKS))
    options.add_argument("--only", action="append", choices=recipes, help="a recipe, with what it learns from finished")
    asked = options.parse_args()
    pick_device("cuda")  # or tell that there is none
    left = train_all(asked.runs, time.monotonic() + 60 * asked.minutes, asked.only or ())
    print(f"left for next time: {', '.join(left)}" if left else "all is done")


if __name__ == "__main__":
    record.run(main)
