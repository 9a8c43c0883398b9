"""How fast images of 28x28 are recognised: digitlab beside bare ONNX Runtime, eager torch and Keras.

Each side has a process of its own, confined to the same cores. Sides warm up, then take turns, round by round, so that
whatever else the machine does meets all of them alike; a product of matrices in each round says what the processor
gives at best. The other sides get floats that are ready and the batches that suit them best; digitlab gets bytes,
through its public API. Keras's side is its own example network, trained here first. Writes results/recognition.json.

    python benchmarks/recognition.py                                  # about ten minutes on two cores
    python benchmarks/recognition.py --images 6000 --model mine=runs/mine-0
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import record
from digitlab import data
from digitlab.errors import DataError, RunError, UsageError
from digitlab.recipes import Recipe
from digitlab.recognizer import bundled, load, read_file
from processes import Watch
from side import Side

SIDES = Path(__file__).with_name("recognition_sides.py")
SHIPPED = ("default", "tiny", "best")  # what the table has; some may not be trained yet
PEERS = ("onnxruntime", "torch", "keras")
SURROUNDINGS = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
FEW = {"keras": 20, "torch": 100}  # single images a round, where one takes long
SINGLE = 500
REST = 0.5  # seconds before each turn: threads of the side before spin for a tenth of a second after their work


def lay_out(folder: Path, models: dict[str, str], count: int) -> dict[str, Any]:
    """Write what the sides need into a folder: digits and models; return facts by model. Raises UsageError."""
    try:
        digits = data.load("mnist")
    except DataError as error:
        print(f"{error}\nso the pen's digits stand in")
        digits = data.load("strokes")
    known = np.concatenate([digits.train.images, digits.validation.images])
    np.savez(folder / "digits.npz", images=np.resize(known, (count, 28, 28)))
    tested = {"tested": digits.test.images, "answers": digits.test.labels}
    np.savez(folder / "training.npz", images=digits.train.images, labels=digits.train.labels, **tested)
    facts = {}
    for name, source in models.items():
        recognizer = load(source)
        if recognizer.channels != 1:
            raise UsageError(f"{name} is a judge of pieces, not of digits; name a recogniser of digits")
        (folder / f"{name}.onnx").write_bytes(read_file(source)[0])
        recipe = Recipe.from_dict(recognizer.manifest.recipe, name)
        facts[name] = {"parameters": recipe.parameters, "multiplications": recipe.multiplications}
        facts[name]["accuracy"] = recognizer.manifest.figures.get("test", {}).get("accuracy")
    return facts


def trained_keras(python: str, folder: Path, epochs: int) -> dict[str, Any] | None:
    """Train Keras's example in its environment; return its facts, None where there is no Keras.

    What the folder already holds is not trained again.
    """
    known = folder / "keras.json"
    if known.exists():
        return json.loads(known.read_text())
    probe = subprocess.run([python, "-c", "import keras, tensorflow"], capture_output=True)
    if probe.returncode:
        print("Keras with TensorFlow cannot be imported there, so it is left out; name one with --keras-python")
        return None
    line = [python, str(SIDES), "train-keras", str(folder), str(epochs)]
    done = subprocess.run(line, capture_output=True, text=True, env={**os.environ, **SURROUNDINGS})
    if done.returncode:
        raise RunError(f"Keras's example cannot be trained: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
    known.write_text(done.stdout.splitlines()[-1])
    return json.loads(known.read_text())


@contextlib.contextmanager
def confined(cores: int) -> Iterator[None]:
    """Let this process, and what it starts meanwhile, use so many cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def take_turns(sides: dict[str, Side], models: list[str], count: int, rounds: int) -> dict[str, Any]:
    """Ask the sides, round by round, one round to warm up; return rates and microseconds by side and model."""
    rates: dict[str, dict[str, list[float]]] = {name: {} for name in sides}
    single: dict[str, dict[str, list[float]]] = {name: {} for name in sides}
    for turn in range(rounds + 1):
        for name, side in sides.items():
            # Keras has one network, and a matrix is a matrix: once a round will do.
            for model in models if name in ("digitlab", "onnxruntime", "torch") else models[:1]:
                time.sleep(REST)
                seconds = side.ask(["many", model, count])
                taken = [] if name == "matmul" else side.ask(["one", model, FEW.get(name, SINGLE)])
                if turn:
                    rates[name].setdefault(model, []).append(count / seconds)
                    single[name].setdefault(model, []).extend(taken)
        print(f"round {turn or 'to warm up'}", flush=True)
    return {"rates": rates, "single": single}


def times(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """Return how many times as fast we are, round by round: median, least, greatest."""
    return record.spread([mine / other for mine, other in zip(ours, theirs, strict=True)], 3)


def told(taken: dict[str, Any], facts: dict[str, Any], models: dict[str, Any], count: int) -> dict[str, Any]:
    """Return the figures of one number of cores from what the sides took."""
    rates, first = taken["rates"], next(iter(models))
    peak = [rate / count * facts["matmul"]["operations"] / 1e9 for rate in rates["matmul"][first]]
    page: dict[str, Any] = {"matmul_gflops": record.spread(peak, 1), "models": {}}
    for model, known in models.items():
        ours = rates["digitlab"][model]
        gflops = [2e-9 * known["multiplications"] * rate for rate in ours]
        row: dict[str, Any] = {"images_per_second": record.spread(ours, 0), "gflops": record.spread(gflops, 1)}
        row["share_of_matmul"] = round(statistics.median(gflops) / statistics.median(peak), 3)
        row["us"] = latency(taken["single"]["digitlab"][model])
        for peer in (peer for peer in PEERS if peer in rates):
            theirs = rates[peer].get(model, rates[peer].get(first, []))
            single = taken["single"][peer].get(model) or taken["single"][peer][first]
            row[peer] = {"images_per_second": record.spread(theirs, 0), "times": times(ours, theirs)}
            row[peer]["us"] = latency(single)
        page["models"][model] = row
    return page


def latency(us: list[float]) -> dict[str, float]:
    """Return median and 99th percentile of single images, microseconds."""
    return {"median": round(statistics.median(us), 1), "p99": round(float(np.percentile(us, 99)), 1)}


def wanted(given: list[str]) -> dict[str, str]:
    """Return the models to measure, by name: those that ship, and those of --model NAME=PATH. Raises UsageError."""
    models = {name: name for name in SHIPPED if name in bundled()}
    for text in given:
        name, equals, source = text.partition("=")
        if not equals or not name.isidentifier() or not source:
            raise UsageError(f"--model {text} names no recogniser; write --model NAME=PATH, NAME in letters and digits")
        models[name] = source
    return models


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--keras-python", default=sys.executable, help="an interpreter that has Keras and TensorFlow")
    options.add_argument("--keras-epochs", type=int, default=3, help="for which Keras's example is trained")
    options.add_argument("--keep", type=Path, metavar="DIR", help="keep Keras's weights here, for another time")
    options.add_argument("--model", action="append", default=[], metavar="NAME=PATH", help="one more recogniser")
    options.add_argument("--images", type=int, default=60_000, help="recognised by each side in each round")
    options.add_argument("--rounds", type=int, default=5)
    asked = options.parse_args()
    if asked.rounds < 1 or asked.images < 1:
        raise UsageError("nothing can be told from so few; ask for one round and one image at least")
    models = wanted(asked.model)
    figures: dict[str, Any] = {"images": asked.images, "rounds": asked.rounds}
    figures["not_trained"] = [name for name in SHIPPED if name not in models]
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        figures["models"] = lay_out(folder, models, asked.images)
        figures["keras"] = trained_keras(asked.keras_python, folder, asked.keras_epochs)
        names = [name for name in ("digitlab", *PEERS, "matmul") if name != "keras" or figures["keras"]]
        figures["cores"] = {}
        for cores in sorted({1, len(os.sched_getaffinity(0))}):
            sides: dict[str, Side] = {}
            try:
                with confined(cores):
                    for name in names:
                        python = asked.keras_python if name == "keras" else sys.executable
                        line = [python, str(SIDES), name, str(folder), ",".join(models)]
                        sides[name] = Side(line, folder / f"{name}.log", SURROUNDINGS)
                facts = {name: side.facts for name, side in sides.items()}
                with Watch() as watch:
                    taken = take_turns(sides, list(models), asked.images, asked.rounds)
                page = told(taken, facts, figures["models"], asked.images)
            finally:
                for side in sides.values():
                    side.close()
            figures["cores"][str(cores)] = page | {"sides": facts, "others": watch.others}
            print(f"{cores} cores: {json.dumps(page, indent=1)}\nbusy with something else: {watch.others:.1%}")
    libraries = ("onnxruntime", "torch", "numpy")
    print(record.write("recognition", figures, libraries=libraries, results=asked.results))


if __name__ == "__main__":
    record.run(main)
