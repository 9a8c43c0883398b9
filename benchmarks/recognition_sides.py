"""The sides of `recognition.py`, each a process of its own: digitlab, bare ONNX Runtime, eager torch, Keras, a matmul.

A side warms up and says what it is as a line of JSON. Then it is asked one thing a line: `["many", MODEL, COUNT]` for
the seconds in which it recognises so many images, or `["one", MODEL, CALLS]` for the microseconds of single images. It
uses the cores that its parent may use. Only what a side itself needs is imported: Keras may live in an environment
that has no digitlab.

    python benchmarks/recognition_sides.py SIDE FOLDER MODELS       # FOLDER: digits.npz, MODEL.onnx, keras.weights.h5
    python benchmarks/recognition_sides.py train-keras FOLDER EPOCHS
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Work = Callable[[np.ndarray], Any]  # recognises the images that it is given
Side = tuple[dict[str, Work], np.ndarray, dict[str, Any]]  # work by model; images as it takes them; facts

BATCHES = (32, 128, 512, 2048)  # of which the other sides may take the one that is fastest for them
TRIED = 2048  # images
SPARSE = "sparse_categorical_crossentropy"  # labels as whole numbers
PRODUCT = 2048  # rows and columns of the matrices that show what the processor can do
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def floats(images: np.ndarray, *axes: int) -> np.ndarray:
    """Return images as the other sides want them: (N, ...) float32 in 0..1, made before the clock runs."""
    return np.expand_dims(images.astype(np.float32) / 255, axes)


def digitlab_side(folder: Path, models: list[str], images: np.ndarray) -> Side:
    """digitlab as anyone calls it: uint8 images, checked, to calibrated probabilities."""
    import digitlab

    works = {name: digitlab.load(folder / f"{name}.onnx").predict_proba for name in models}
    return works, images, {}


def onnxruntime_side(folder: Path, models: list[str], images: np.ndarray) -> Side:
    """ONNX Runtime alone: floats that are ready, to logits; its own threads share the work of a batch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = CORES, 3
    works, facts, inputs = {}, {}, floats(images, 1)  # (N, 1, 28, 28)
    for name in models:
        session = onnxruntime.InferenceSession(str(folder / f"{name}.onnx"), options)

        def bare(part: np.ndarray, session: Any = session) -> Any:
            return session.run(["logits"], {"images": part})

        works[name], facts[name] = batched(bare, inputs)
    return works, inputs, {"version": onnxruntime.__version__, "batch": facts}


def torch_side(folder: Path, models: list[str], images: np.ndarray) -> Side:
    """The same networks with the same weights as plain torch modules, without gradients."""
    import torch

    from digitlab.exchange.states import state_of
    from digitlab.networks import Network
    from digitlab.recognizer import load

    works, facts, inputs = {}, {}, floats(images, 1)  # (N, 1, 28, 28)
    for name in models:
        layers, state = state_of(load(folder / f"{name}.onnx"))
        network = Network(layers).eval()
        network.load_state_dict({key: torch.from_numpy(value) for key, value in state.items()})

        def eager(part: np.ndarray, network: Any = network) -> Any:
            with torch.inference_mode():
                return network(torch.from_numpy(part)).numpy()

        works[name], facts[name] = batched(eager, inputs)
    return works, inputs, {"version": torch.__version__, "batch": facts}


def keras_side(folder: Path, models: list[str], images: np.ndarray) -> Side:
    """Keras's own example network, by `model.predict`, whatever model is asked for."""
    import keras
    import tensorflow

    from keras_example import mnist_convnet

    network, inputs = mnist_convnet(SPARSE), floats(images, 3)  # (N, 28, 28, 1)
    network.load_weights(folder / "keras.weights.h5")
    rates = {}
    for size in BATCHES:  # the first is Keras's default
        network.predict(inputs[:size], batch_size=size, verbose=0)
        start = time.perf_counter()
        network.predict(inputs[:TRIED], batch_size=size, verbose=0)
        rates[size] = round(len(inputs[:TRIED]) / (time.perf_counter() - start))
    best = max(rates, key=lambda size: rates[size])
    facts = {"version": keras.__version__, "tensorflow": tensorflow.__version__, "batch": best, "tried": rates}
    return dict.fromkeys(models, lambda part: network.predict(part, batch_size=best, verbose=0)), inputs, facts


def matmul_side(folder: Path, models: list[str], images: np.ndarray) -> Side:
    """A product of two large float32 matrices, which is what the processor gives at best."""
    left = np.random.default_rng(0).random((PRODUCT, PRODUCT), np.float32)
    return dict.fromkeys(models, lambda part: left @ left), images, {"operations": 2 * PRODUCT**3}


def batched(work: Work, inputs: np.ndarray) -> tuple[Work, int]:
    """Return work by the batches in which it is fastest, and their size."""
    seconds = {}
    for size in BATCHES:
        for _ in range(2):  # the first touches the memory
            start = time.perf_counter()
            for at in range(0, min(TRIED, len(inputs)), size):
                work(inputs[at : at + size])
            seconds[size] = time.perf_counter() - start
    best = min(seconds, key=lambda size: seconds[size])
    return lambda part: [work(part[at : at + best]) for at in range(0, len(part), best)], best


def train_keras(folder: Path, epochs: int) -> dict[str, Any]:
    """Train the example as it is trained there, but for the epochs; keep its weights; return what it is worth."""
    from keras_example import mnist_convnet

    with np.load(folder / "training.npz", allow_pickle=False) as file:
        images, labels, tested, answers = (file[name] for name in ("images", "labels", "tested", "answers"))
    network = mnist_convnet(SPARSE)
    network.fit(floats(images, 3), labels, batch_size=128, epochs=epochs, verbose=0)
    network.save_weights(folder / "keras.weights.h5")
    _, accuracy = network.evaluate(floats(tested, 3), answers, batch_size=512, verbose=0)
    return {"parameters": network.count_params(), "epochs": epochs, "accuracy": round(float(accuracy), 4)}


def answer(side: Side, question: list[Any]) -> Any:
    """Do what is asked; return seconds, or microseconds of each call."""
    works, images, _ = side
    kind, model, count = question
    work = works[model]
    if kind == "many":
        start = time.perf_counter()
        work(images[:count])
        return time.perf_counter() - start
    taken = []
    for number in range(count):
        single = images[number % len(images)][None]
        start = time.perf_counter()
        work(single)
        taken.append(round(1e6 * (time.perf_counter() - start), 1))
    return taken


SIDES: dict[str, Callable[[Path, list[str], np.ndarray], Side]] = {
    "digitlab": digitlab_side,
    "onnxruntime": onnxruntime_side,
    "torch": torch_side,
    "keras": keras_side,
    "matmul": matmul_side,
}


def main() -> None:
    name, folder, rest = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    if name == "train-keras":
        print(json.dumps(train_keras(folder, int(rest))), flush=True)
        return
    with np.load(folder / "digits.npz", allow_pickle=False) as file:
        side = SIDES[name](folder, rest.split(","), file["images"])
    print(json.dumps(side[2]), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(side, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
