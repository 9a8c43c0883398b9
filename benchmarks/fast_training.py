"""How soon a network reads MNIST: `fast` and `fast-99.4` beside what people would train instead.

Seconds are from raw uint8 images in memory to final weights; imports and a warm-up lie before. Each side has a process
of its own, they take turns, and each warms up again before its own. Accuracy is on the 10,000 test images. Writes
results/fast_training.json, part by part, and what `digitlab recipes` shows of the two:

    python benchmarks/fast_training.py --only time           # rounds of ours and train_mnist_fast; about four minutes
    python benchmarks/fast_training.py --only keras --keras-python OTHER_ENVIRONMENT/bin/python
    python benchmarks/fast_training.py --only example        # PyTorch's basic example
    python benchmarks/fast_training.py --only accuracy       # 30 seeds of ours
    python benchmarks/fast_training.py --only augmentation   # its share of a step
    python benchmarks/fast_training.py --only cuda           # 30 seeds of ours on a graphics card
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import record
from classics import in_words, write_measured
from digitlab import data
from digitlab.errors import RunError, UsageError
from digitlab.evaluation.metrics import mean_interval
from digitlab.recipes import CONVOLUTIONS, Layer, Recipe, count_multiplications
from fast_training_sides import ON_CARD
from side import Side

SIDES = Path(__file__).with_name("fast_training_sides.py")
OURS = ("fast", "fast-99.4")
AUGMENTED = ("conv2-rotated", "best")
PARTS = ("time", "keras", "example", "accuracy", "augmentation")
CARD = "cuda"  # the part that needs a graphics card, and is measured only where it is asked for


class Keras(NamedTuple):
    """Where Keras is found, and how many epochs it may take to read 99 %."""

    python: str
    epochs: int


Turns = list[dict[str, Any]]  # of one side: "seconds", "accuracy" and whatever else it says of each training


def take_turns(order: list[str], rounds: int, keras: Keras) -> tuple[dict[str, Turns], dict[str, Any]]:
    """Let sides train in this order, `rounds` times over; return what each said of its trainings, and of itself.

    Raises RunError where a side fails.
    """
    splits = data.load("mnist", split="full")
    sides: dict[str, Side] = {}
    with tempfile.TemporaryDirectory() as folder:
        digits = Path(folder) / "digits.npz"
        np.savez(digits, images=splits.train.images, labels=splits.train.labels,
                 test_images=splits.test.images, test_labels=splits.test.labels)  # fmt: skip
        surroundings = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
        try:
            for name in dict.fromkeys(order):
                python = keras.python if name == "keras" else sys.executable
                try:
                    sides[name] = Side(
                        [python, str(SIDES), name, str(digits), str(keras.epochs)], Path(folder) / "log", surroundings
                    )
                except RunError as error:
                    raise RunError(f"the side {name!r} of the benchmark failed: {error}") from None
                print(f"{name}: warm", flush=True)
            said: dict[str, Turns] = {name: [] for name in sides}
            for seed in range(rounds):
                for name in order:
                    said[name].append(sides[name].ask(len(said[name])))
                    print(f"round {seed + 1}, {name}: {said[name][-1]}", flush=True)
            return said, {name: side.facts for name, side in sides.items()}
        finally:
            for side in sides.values():
                side.close()


def summary(turns: Turns) -> dict[str, Any]:
    """Return seconds and accuracies of one side's trainings."""
    mean, low, high = mean_interval([turn["accuracy"] for turn in turns])
    values = [turn["accuracy"] for turn in turns]
    found = {"runs": len(turns), "seconds": record.spread([turn["seconds"] for turn in turns], 3)}
    found["accuracy"] = {"mean": mean, "low": low, "high": high, "least": min(values), "greatest": max(values)}
    return found | {"epochs": turns[-1]["epochs"]} if "epochs" in turns[-1] else found


def times(ours: Turns, theirs: Turns) -> dict[str, float]:
    """Return how many times as long each of theirs took as our median: median, least, greatest."""
    usual = statistics.median(turn["seconds"] for turn in ours)
    return record.spread([turn["seconds"] / usual for turn in theirs], 2)


def training_multiplications(recipe: Recipe) -> int:
    """Return the multiply-adds of learning from one image: forwards, for weights, and for what feeds them."""
    total, learned_before = 0, False
    for layer in recipe.layers:
        own = count_multiplications((layer,))
        learns = learned(layer)
        total += own * (1 + learns + (learns and learned_before))
        learned_before |= learns
    return total


def learned(layer: Layer) -> bool:
    return layer.kind in (*CONVOLUTIONS, "dense") and not layer.whitened


def work(name: str, seconds: float, peak: float) -> dict[str, Any]:
    """Return what a recipe's training computes, and its share of what matrix products reach here."""
    recipe = Recipe.load(name)
    images = recipe.plan.epochs * (recipe.data.train_size or 55_000)
    operations = 2 * training_multiplications(recipe) * images
    return {"images": images, "multiply_adds_an_image": training_multiplications(recipe), "operations": operations,
            "share_of_peak": round(operations / seconds / peak, 4)}  # fmt: skip


def measure(part: str, rounds: int, seeds: int, keras: Keras) -> dict[str, Any]:
    """Return the figures of one part."""
    if part == "time":
        said, facts = take_turns([*OURS, "train_mnist_fast"], rounds, keras)
        found: dict[str, Any] = {name: summary(turns) | facts[name] for name, turns in said.items()}
        for name in OURS:
            seconds, peak = found[name]["seconds"]["median"], facts[name]["peak"]
            found[name] |= work(name, seconds, peak)
        ratio = found["fast-99.4"]["seconds"]["median"] / found["fast"]["seconds"]["median"]
        times_fast = times(said["fast"], said["train_mnist_fast"])
        return {"rounds": rounds, "sides": found, "times_train_mnist_fast": times_fast, "times_fast": round(ratio, 2)}
    if part in ("keras", "example"):
        said, facts = take_turns(["fast", "fast", part, "fast", "fast"], 1, keras)
        found = {name: summary(turns) | facts[name] for name, turns in said.items()}
        return {"rounds": 1, "sides": found, "times": times(said["fast"], said[part])}
    if part == "accuracy":
        found = {}
        for name in OURS:
            said, _ = take_turns([name], seeds, keras)
            found[name] = summary(said[name])["accuracy"] | {"values": [turn["accuracy"] for turn in said[name]]}
        return {"seeds": seeds, "recipes": found}
    if part == CARD:
        from digitlab.training import pick_device

        pick_device("cuda")  # or tell that there is none
        said, facts = take_turns([name + ON_CARD for name in OURS], seeds, keras)
        found = {name.removesuffix(ON_CARD): summary(turns) | facts[name] for name, turns in said.items()}
        return {"seeds": seeds, "recipes": found}
    found = {}
    for name in AUGMENTED:
        said, _ = take_turns([f"augmentation {name}"], rounds, keras)
        shares = [turn["augmentation"] / turn["seconds"] for turn in said[f"augmentation {name}"]]
        found[name] = record.spread(shares)
    return {"rounds": rounds, "recipes": found}


def of_recipes(accuracy: dict[str, Any] | None) -> dict[str, dict[str, Any]]:
    """Return what `digitlab recipes` shows of the fast recipes, of the part that says how accurate they are."""
    shown = {}
    for name, found in accuracy["recipes"].items() if accuracy else ():
        mean, low, high = mean_interval(found["values"])
        row = {"mean": mean, "low": low, "high": high}
        shown[name] = row | {"runs": len(found["values"]), "epochs": Recipe.load(name).plan.epochs,
                             "text": in_words(row)}  # fmt: skip
    return shown


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--only", action="append", choices=[*PARTS, CARD], help=f"a part; all but {CARD} if not given")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seeds", type=int, default=30)
    options.add_argument("--keras-epochs", type=int, default=20, help="at most; fewer give a lower bound of its time")
    options.add_argument("--keras-python", default=sys.executable, help="an interpreter that has Keras and TensorFlow")
    asked = options.parse_args()
    if asked.rounds < 1 or asked.seeds < 2:
        raise UsageError("nothing would be measured; use --rounds 1 or more and --seeds 2 or more")
    path = asked.results / "fast_training.json"
    figures = json.loads(path.read_text()) if path.exists() else {CARD: None}  # not yet measured
    parts = {part: figures[part] for part in (*PARTS, CARD) if part in figures}
    for part in asked.only or PARTS:
        found = measure(part, asked.rounds, asked.seeds, Keras(asked.keras_python, asked.keras_epochs))
        parts[part] = {"command": record.command(sys.argv), **found}
        record.write("fast_training", parts, libraries=("torch", "numpy"), results=asked.results)
    write_measured(of_recipes(parts.get("accuracy")), asked.results)
    print(path)


if __name__ == "__main__":
    record.run(main)
