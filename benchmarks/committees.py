"""Committees of the networks at hand, on MNIST's test images: one as it was trained, and all others of its size.

Networks are the members of runs/committee-0 and the runs of `best` in runs/compare/, each calibrated on validation
digits. `best` has one teacher in all its runs, so the networks are not all independent. Writes results/committees.json
and docs/figures/committee.png, what the trained committee reads wrong.

    digitlab train committee && python benchmarks/committees.py      # some minutes on two cores
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import torch

import record
from classics import RUNS
from digitlab import storage
from digitlab.errors import RunError
from digitlab.evaluation import held_out
from digitlab.evaluation.canvas import to_png
from digitlab.evaluation.metrics import evaluate_probabilities
from digitlab.evaluation.samples import wrong_ones
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer, load
from digitlab.training import Run
from digitlab.training.teacher import Choir

FIGURE = record.ROOT / "docs" / "figures" / "committee.png"
AT_ONCE = 1000  # images


def votes(recognizer: Recognizer, images: np.ndarray) -> list[np.ndarray]:
    """Return each member's calibrated probabilities, (N, 10); of what is no committee its own."""
    choir = Choir(recognizer, torch.device("cpu"), False)
    parts = [
        choir.each(torch.from_numpy(part)[:, None].float() / 255)
        for part in np.split(images, range(AT_ONCE, len(images), AT_ONCE))
    ]
    return [torch.cat(member).numpy() for member in zip(*parts, strict=True)]


def networks(committee: Path, runs: Path) -> dict[str, np.ndarray]:
    """Return the probabilities of all networks by their names. Raises RunError where there are none."""
    recognizer = load(committee)
    images = held_out(recognizer, "mnist").images
    named = [f"{member['name']} {member['seed']}" for member in recognizer.manifest.recipe["members"]]
    found = dict(zip(named, votes(recognizer, images), strict=True))
    for folder in sorted(runs.glob(f"best-{Recipe.load('best').digest}-s*")):
        run = Run.open(folder)
        if run.finished:
            found[f"best {run.seed}"] = votes(load(folder), images)[0]
            print(folder, flush=True)
    if len(found) <= len(named):
        raise RunError(f"there is no run of best in {runs}; train some with: python benchmarks/own.py --only best")
    return found


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--committee", type=Path, default=record.ROOT / "runs" / "committee-0", metavar="RUN")
    options.add_argument("--runs", type=Path, default=RUNS, metavar="DIR", help="where the runs of best lie")
    options.add_argument("--figure", type=Path, default=FIGURE, metavar="PNG")
    asked = options.parse_args()
    recognizer = load(asked.committee)
    digits, size = held_out(recognizer, "mnist"), len(recognizer.manifest.recipe["members"])
    found = networks(asked.committee, asked.runs)
    alone = {name: float((part.argmax(1) == digits.labels).mean()) for name, part in found.items()}
    together = [
        float((sum(chosen).argmax(1) == digits.labels).mean())
        for chosen in itertools.combinations(found.values(), size)
    ]
    probabilities = sum(list(found.values())[:size]) / size
    evaluation = evaluate_probabilities(probabilities, digits)
    storage.write_bytes(asked.figure, to_png(wrong_ones(digits, probabilities)))
    figures: dict[str, Any] = {
        "hardware of training": Run.open(asked.committee).facts["hardware"],
        "committee": evaluation.summary(),
        "networks": alone,
        "all": {"size": size, "committees": len(together), "mean": float(np.mean(together)),
                "least": min(together), "greatest": max(together)},
    }  # fmt: skip
    print(f"{asked.committee}: {evaluation.accuracy:.4f}; {len(together)} of {size}: mean {np.mean(together):.5f}")
    print(record.write("committees", figures, libraries=("torch", "numpy"), results=asked.results))


if __name__ == "__main__":
    record.run(main)
