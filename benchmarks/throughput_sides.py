"""The three sides of `throughput.py`, each run in a process of its own: digitlab, Keras, and a plain torch loop.

All train `conv3` on the same digits in batches of the same size. A side warms up with one epoch and says what it is as
a line of JSON; then, for each line that it is sent, it trains one epoch and answers with the seconds it took.
Only what a side itself needs is imported, for Keras lives in another environment, which has no digitlab.

    python benchmarks/throughput_sides.py SIDE DIGITS.npz BATCH EPOCHS
    python benchmarks/throughput_sides.py memory SOURCE IMAGES             # peak memory of one epoch of digitlab.train
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Side = tuple[Callable[[], Any], dict[str, Any]]  # trains one epoch; facts about the side


def digitlab_side(images: np.ndarray, labels: np.ndarray, batch: int, epochs: int) -> Side:
    """digitlab's own loop, as `digitlab.train` runs it."""
    import torch

    from digitlab.data.digits import Digits, Material
    from digitlab.recipes import Recipe
    from digitlab.training.device import fast_bfloat16, keep_memory, pick_device
    from digitlab.training.loop import Training, deterministic

    recipe = Recipe.load("conv3").changed(epochs=epochs)
    if batch != recipe.plan.batch_size:
        recipe = recipe.changed(batch_size=batch)
    digits = Digits(images, labels)
    keep_memory()
    place = pick_device("cpu")
    quick = fast_bfloat16(place)
    with deterministic():
        training = Training(recipe, Material(digits, digits[:0], digits[:0]), 0, place, quick)

    def epoch() -> None:
        with deterministic():
            training.run_epoch(lambda event: None)

    facts = {"torch": torch.__version__, "threads": torch.get_num_threads(), "precision": "bf16" if quick else "fp32"}
    return epoch, facts | {"parameters": recipe.parameters}


def keras_side(images: np.ndarray, labels: np.ndarray, batch: int, epochs: int) -> Side:
    """Keras with all its defaults: `model.fit` on float32 arrays."""
    import keras
    import tensorflow
    from keras import layers

    x = images[..., None].astype(np.float32) / 255  # (N, 28, 28, 1)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dropout(0.5),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss)
    facts = {"keras": keras.__version__, "tensorflow": tensorflow.__version__, "backend": keras.backend.backend()}
    facts |= {"precision": keras.config.floatx(), "parameters": model.count_params()}
    return lambda: model.fit(x, labels, batch_size=batch, epochs=1, verbose=0), facts


def torch_side(images: np.ndarray, labels: np.ndarray, batch: int, epochs: int, workers: int) -> Side:
    """The loop of countless tutorials: float32, a DataLoader over tensors, Adam."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    x = torch.from_numpy(images).unsqueeze(1).float() / 255  # (N, 1, 28, 28)
    batches = DataLoader(TensorDataset(x, torch.from_numpy(labels)), batch, shuffle=True, num_workers=workers)
    network = nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 128, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.25), nn.Dropout(0.5), nn.Linear(128, 10)),
    )
    optimizer, criterion = torch.optim.Adam(network.parameters(), lr=1e-3), nn.CrossEntropyLoss()

    def epoch() -> None:
        network.train()
        for part, wanted in batches:
            optimizer.zero_grad()
            loss = criterion(network(part), wanted)
            loss.backward()
            optimizer.step()

    facts = {"torch": torch.__version__, "threads": torch.get_num_threads(), "precision": "float32"}
    parameters = sum(weight.numel() for weight in network.parameters())
    return epoch, facts | {"workers": workers, "parameters": parameters}


def memory_side(source: str, images: int) -> dict[str, Any]:
    """Train one epoch with `digitlab.train`, loading the digits included; return its peak of memory."""
    import tempfile
    from pathlib import Path

    import digitlab
    from digitlab.recipes import Recipe

    recipe = Recipe.load("conv3").changed(epochs=1, name=source, train_size=images or None)
    with tempfile.TemporaryDirectory() as folder:
        run = digitlab.train(recipe, device="cpu", out=Path(folder) / "run")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB
    return {"images": run.facts["data"]["train"]["n"], "peak_mb": round(peak / 1e6)}


def main() -> None:
    if sys.argv[1] == "memory":
        print(json.dumps(memory_side(sys.argv[2], int(sys.argv[3]))), flush=True)
        return
    name, path, batch, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    with np.load(path, allow_pickle=False) as file:
        digits = file["images"], file["labels"]
    makers: dict[str, Callable[[], Side]] = {
        "digitlab": lambda: digitlab_side(*digits, batch, epochs),
        "keras": lambda: keras_side(*digits, batch, epochs),
        "torch, no workers": lambda: torch_side(*digits, batch, epochs, 0),
        "torch, 2 workers": lambda: torch_side(*digits, batch, epochs, 2),
    }
    epoch, facts = makers[name]()
    epoch()  # memory touched first, code compiled, caches filled
    print(json.dumps(facts), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        epoch()
        print(json.dumps(time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()
