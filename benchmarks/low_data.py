"""How few labels are enough, and what the pen is worth: a network that learns from 10 to 60,000 digits of MNIST, once
from nothing and once after it has learned from `strokes`, which needs no labels by hand.

Steps are fixed beforehand by the number of labels; nothing is chosen by any result. The labels are the first of each
class in an order that the seed gives. Finished trainings are kept beside the figures and not done again.
Writes results/low_data.json and docs/figures/low-data.png.

    python benchmarks/low_data.py        # about half an hour on two cores
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

import record
from digitlab import data, storage
from digitlab.console import percent
from digitlab.data import strokes
from digitlab.data.digits import Digits, Material
from digitlab.evaluation import mean_interval
from digitlab.evaluation.canvas import to_png
from digitlab.manifest import Manifest
from digitlab.networks import to_onnx
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer
from digitlab.training.device import keep_memory
from digitlab.training.loop import Training
from record_tables import low_data_figure

FIGURE = record.ROOT / "docs" / "figures" / "low-data.png"
RECIPE = Path(__file__).with_name("low-data.toml")
STEPS = {10: 200, 100: 300, 1000: 600, 6000: 1000, 18_000: 1600, 60_000: 2400}
PEN = 20_000  # digits that the pen writes
PEN_STEPS = 1200
GENTLER = 1 / 3  # of the learning rate, for what has learned before


def first_of_each(digits: Digits, count: int, seed: int) -> Digits:
    """Return `count` digits with as many of each class as there can be, in an order that the seed gives."""
    order = np.random.default_rng(seed).permutation(len(digits.labels))
    place = np.empty(len(order), np.int64)  # how many of its own class stand before each
    for label in range(10):
        own = order[digits.labels[order] == label]
        place[own] = np.arange(len(own))
    return digits[np.sort(order[np.argsort(place[order], kind="stable")][:count])]


def learn(recipe: Recipe, digits: Digits, steps: int, seed: int, begin: dict[str, Any] | None = None) -> Training:
    """Train for about `steps` steps, from nothing or from another training's weights."""
    batch = min(recipe.plan.batch_size, len(digits.labels))
    epochs = max(1, round(steps * batch / len(digits.labels)))
    rate = recipe.plan.learning_rate * (GENTLER if begin else 1)
    planned = recipe.changed(epochs=epochs, batch_size=batch, learning_rate=rate)
    training = Training(planned, Material(digits, digits[:0], digits[:0]), seed, torch.device("cpu"), bf16=False)
    if begin:
        training.start_from(begin)
    for _ in range(epochs):
        training.run_epoch(lambda event: None)
    return training


def accuracy(recipe: Recipe, training: Training, test: Digits) -> float:
    """Return the share of test digits that the recogniser reads right, as the file that users would get."""
    content = to_onnx(recipe.layers, training.weights(), Manifest(recipe.name, recipe.to_dict()))
    return float((Recognizer(content, trusted=True).predict(test.images) == test.labels).mean())


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--labels", type=int, nargs="+", default=list(STEPS), help="how many labels; as in the table")
    options.add_argument("--kept", type=Path, default=record.ROOT / "runs" / "low-data.json", help="finished trainings")
    asked = options.parse_args()
    keep_memory()
    recipe, splits = Recipe.load(RECIPE), data.load("mnist", split="full")
    kept = json.loads(asked.kept.read_text()) if asked.kept.exists() else {}
    pens: dict[int, dict[str, Any]] = {}
    for seed in range(asked.seeds):
        for count in [0, *asked.labels]:
            for begin in ("pen",) if not count else ("nothing", "pen"):
                key = f"{recipe.digest} {seed} {count} {begin}"
                if key in kept:
                    continue
                if begin == "pen" and seed not in pens:
                    pen = strokes.generate(PEN, seed=100 + seed)
                    pens[seed] = (trained := learn(recipe, pen, PEN_STEPS, seed)).state()
                if count:
                    digits = first_of_each(splits.train, count, seed)
                    trained = learn(recipe, digits, STEPS[count], seed, pens[seed] if begin == "pen" else None)
                kept[key] = accuracy(recipe, trained, splits.test)
                storage.write_json(asked.kept, kept)
                print(f"seed {seed}, {count:,} labels, from {begin}: {percent(kept[key])}", flush=True)
    rows = []
    for count in [0, *asked.labels]:
        row: dict[str, Any] = {"labels": count, "steps": STEPS.get(count, 0)}
        for begin in ("pen",) if not count else ("nothing", "pen"):
            values = [kept[f"{recipe.digest} {seed} {count} {begin}"] for seed in range(asked.seeds)]
            row[begin] = dict(zip(("mean", "low", "high"), mean_interval(values), strict=True)) | {"values": values}
        rows.append(row)
    figures = {"parameters": recipe.parameters, "pen": PEN, "pen_steps": PEN_STEPS, "seeds": asked.seeds, "rows": rows}
    print(record.write("low_data", figures, libraries=("torch", "numpy", "onnxruntime"), results=asked.results))
    if asked.results == record.RESULTS:
        storage.write_bytes(FIGURE, to_png(low_data_figure(figures), 110))


if __name__ == "__main__":
    record.run(main)
