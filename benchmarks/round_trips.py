"""Does a network stay the same on its way to Keras and back? Every classic system, on MNIST's 10,000 test images.

Each recipe is trained for one short epoch, so that weights and running statistics are not trivial, and then goes from
torch to ONNX, to Keras in both of its forms, and to ONNX again. After each step the probabilities are compared with
those of the torch module. Writes results/round_trips.json.

    python benchmarks/round_trips.py        # about five minutes on two cores
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

import digitlab
import record
from digitlab import data, training
from digitlab.exchange.extra import keras
from digitlab.networks import Network
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer

CLASSICS = ("conv3", "dense784", "conv2-rotated", "vgg-bn", "lenet50")
TRAIN_SIZE = 6_000  # images
BATCH = 500  # images at once


def of_torch(run: training.Run, temperature: float, images: np.ndarray) -> np.ndarray:
    """Return the probabilities of the module that training left in its checkpoint, (N, 10)."""
    saved = load_file(run.folder / "checkpoint.safetensors")
    network = Network(run.recipe.layers).eval()
    kept = "average.module." if run.recipe.plan.averaging else "network."
    weights = {name.removeprefix(kept): value for name, value in saved.items() if name.startswith(kept)}
    network.load_state_dict(weights)
    with torch.inference_mode():
        batches = torch.from_numpy(images)[:, None].split(BATCH)
        logits = torch.cat([network(batch.float() / 255) for batch in batches])
    return (logits / temperature).softmax(1).numpy()


def of_keras(model: Any, images: np.ndarray) -> np.ndarray:
    """Return what Keras itself says, (N, 10)."""
    return np.asarray(model.predict(images[..., None] / np.float32(255), batch_size=BATCH, verbose=0))


def trip(recipe: Recipe, images: np.ndarray, folder: Path) -> dict[str, Any]:
    """Train a recipe and take it around; return how far each stop is from the torch module."""
    run = training.train(recipe, out=folder / "run")
    first = digitlab.load(run.folder)
    expected = of_torch(run, first.manifest.temperature, images)
    architecture, weights = digitlab.export_model(first, "keras-json", folder / "keras")
    (whole,) = digitlab.export_model(first, "keras", folder / "model.keras")
    in_parts = keras().models.model_from_json(architecture.read_text())
    in_parts.load_weights(weights)
    stops = {
        "onnx": first.predict_proba(images),
        "keras": of_keras(in_parts, images),
        "keras, one file": of_keras(keras().models.load_model(whole), images),
        "recogniser": back(folder / "a.onnx", architecture, weights).predict_proba(images),
        "recogniser, of one file": back(folder / "b.onnx", whole).predict_proba(images),
    }
    return {
        "recipe": recipe.name,
        "parameters": recipe.parameters,
        "stops": {
            name: {
                "labels_changed": int((found.argmax(1) != expected.argmax(1)).sum()),
                "greatest_difference": float(np.abs(found - expected).max()),
            }
            for name, found in stops.items()
        },
    }


def back(out: Path, *files: Path) -> Recognizer:
    """Return the recogniser made of Keras's files."""
    return digitlab.load(digitlab.import_model(*files, out=out))


def main() -> None:
    asked = record.parser(__doc__).parse_args()
    images = data.load("mnist").test.images
    rows = []
    for name in CLASSICS:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(trip(Recipe.load(name).changed(epochs=1, train_size=TRAIN_SIZE), images, Path(folder)))
        for stop, figures in rows[-1]["stops"].items():
            told = f"{figures['labels_changed']} labels, {figures['greatest_difference']:.1e}"
            print(f"{name:<14} {stop:<24} {told}", flush=True)
    figures = {"n": len(images), "train_size": TRAIN_SIZE, "rows": rows}
    record.write("round_trips", figures, libraries=("torch", "keras", "onnx", "onnxruntime"), results=asked.results)


if __name__ == "__main__":
    record.run(main)
