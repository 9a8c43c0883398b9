"""How fast `conv3` trains: digitlab's loop beside Keras on TensorFlow and beside a plain torch loop.

Each side has a process of its own and one epoch to warm up; then they take turns, one epoch each a round, so that
whatever else the machine does meets all of them alike. Writes results/throughput.json.

    python benchmarks/throughput.py --keras-python OTHER_ENVIRONMENT/bin/python    # about five minutes on two cores
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import record
from digitlab import data
from digitlab.data.digits import Digits
from digitlab.errors import DataError, RunError
from digitlab.recipes import Recipe
from side import Side

SIDES = Path(__file__).with_name("throughput_sides.py")
TORCH = ("torch, no workers", "torch, 2 workers")


def digits_to_train_on(count: int) -> Digits:
    """Return MNIST's training digits, or the pen's where MNIST cannot be had."""
    try:
        return data.load("mnist").train[:count]
    except DataError as error:
        print(f"{error}\nso the pen's digits stand in")
        return data.load("strokes").train[:count]


def take_turns(names: dict[str, str], digits: Path, count: int, batch: int, rounds: int, logs: Path) -> dict[str, Any]:
    """Run the sides, round by round; `names` gives the interpreter of each. Return rates and facts by name."""
    sides: dict[str, Side] = {}
    surroundings = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        for number, (name, python) in enumerate(names.items()):
            line = [python, str(SIDES), name, str(digits), str(batch), str(rounds + 1)]
            try:
                sides[name] = Side(line, logs / f"{number}.log", surroundings)
            except RunError as error:
                raise RunError(f"the side {name!r} of the benchmark failed: {error}") from None
            print(f"{name}: warm", flush=True)
        rates: dict[str, list[float]] = {name: [] for name in sides}
        for turn in range(rounds):
            for name, side in sides.items():
                rates[name].append(count / float(side.ask(None)))  # the answer: the seconds of an epoch
            print(f"round {turn + 1}: " + ", ".join(f"{name} {rates[name][-1]:,.0f}" for name in rates), flush=True)
        return {
            name: {"images_per_second": record.spread(rates[name], 0), "rates": rates[name]} | side.facts
            for name, side in sides.items()
        }
    finally:
        for side in sides.values():
            side.close()


def ratio(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """Return how many times as fast we are, round by round: median, least, greatest."""
    return record.spread([mine / other for mine, other in zip(ours, theirs, strict=True)], 2)


def peak_memory(source: str, images: int) -> dict[str, Any]:
    """Return the peak memory of `digitlab.train` for one epoch (0 images: all), in a process that does nothing else."""
    line = [sys.executable, str(SIDES), "memory", source, str(images)]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode:
        raise RunError(f"the training whose memory is measured failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--keras-python", default=sys.executable, help="an interpreter that has Keras and TensorFlow")
    options.add_argument("--images", type=int, default=12_800, help="in an epoch")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--memory-images", type=int, default=0, help="of which memory is measured; 0: all")
    asked = options.parse_args()
    recipe = Recipe.load("conv3")
    batch, digits = recipe.plan.batch_size, digits_to_train_on(asked.images)
    names = {"digitlab": sys.executable}
    probe = subprocess.run([asked.keras_python, "-c", "import keras, tensorflow"], capture_output=True)
    if probe.returncode:
        print("Keras with TensorFlow cannot be imported there, so it is left out; name one with --keras-python")
    else:
        names["keras"] = asked.keras_python
    names |= dict.fromkeys(TORCH, sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        np.savez(path / "digits.npz", images=digits.images, labels=digits.labels)
        sides = take_turns(names, path / "digits.npz", len(digits), batch, asked.rounds, path)
        memory = peak_memory(digits.name.split()[0], asked.memory_images)
    different = {name: side["parameters"] for name, side in sides.items() if side["parameters"] != recipe.parameters}
    if different:
        raise RunError(f"the sides train different networks: {different} parameters, but conv3 has {recipe.parameters}")
    rates = {name: side.pop("rates") for name, side in sides.items()}
    plain = max(TORCH, key=lambda name: sides[name]["images_per_second"]["median"])
    figures = {"data": digits.name, "images": len(digits), "batch_size": batch, "rounds": asked.rounds, "sides": sides}
    figures |= {"times_plain_torch": ratio(rates["digitlab"], rates[plain]), "plain_torch": plain}
    figures |= {"times_keras": ratio(rates["digitlab"], rates["keras"]) if "keras" in rates else None}
    print(f"times plain torch: {figures['times_plain_torch']}\ntimes Keras: {figures['times_keras']}\nmemory: {memory}")
    figures["memory"] = memory
    print(record.write("throughput", figures, libraries=("torch", "numpy"), results=asked.results))


if __name__ == "__main__":
    record.run(main)
