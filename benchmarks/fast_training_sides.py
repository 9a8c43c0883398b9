"""The sides of `fast_training.py`, each in a process of its own: it warms up, then trains anew for each seed.

Peers are written from their descriptions. A side that is not ours learns from all 60,000 images. Keras is judged on the
test images after each epoch, untimed, and stops once it reads 99 % of them.

    python benchmarks/fast_training_sides.py SIDE DIGITS.npz EPOCHS    # EPOCHS: of Keras, at most
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Train = Callable[[int], dict[str, Any]]  # a seed -> "seconds", "accuracy"
Made = tuple[Train, Callable[[], Any], dict[str, Any]]  # the training, the warm-up, facts about the side
ENOUGH = 0.99  # of the test images, for Keras to stop
ON_CARD = " on cuda"  # after a recipe's name
LONG = 3.0  # seconds: after such a wait for the other sides' turns a side warms up again, as its memory may be cold


def digitlab_side(name: str, digits: dict[str, np.ndarray], device: str) -> Made:
    """A recipe of ours by the loop of `digitlab train`; for a graphics card, too, images begin in main memory."""
    import torch

    from digitlab.data.digits import Material
    from digitlab.recipes import Recipe
    from digitlab.training.device import describe_hardware, keep_memory, pick_device
    from digitlab.training.loop import Training, deterministic
    from digitlab.training.run import load_material

    recipe, place = Recipe.load(name), pick_device(device)
    test = torch.from_numpy(digits["test_images"])[:, None].to(place)
    keep_memory()

    def train(seed: int) -> dict[str, Any]:
        material = load_material(recipe, seed)
        bare = Material(material.train, material.validation[:0], material.test[:0])
        with deterministic():
            start = time.perf_counter()
            training = Training(recipe, bare, seed, place, False)
            for _ in range(recipe.plan.epochs):
                training.run_epoch(lambda event: None)
            training.weights()  # on the processor, so a card is done
            seconds = time.perf_counter() - start
        with torch.inference_mode():
            network = training.network.eval()
            found = torch.cat([network(part.float() / 255).argmax(1) for part in test.split(1000)])
        return {"seconds": seconds, "accuracy": float((found.cpu().numpy() == digits["test_labels"]).mean())}

    facts = {"parameters": recipe.parameters, "precision": "float32", "threads": torch.get_num_threads()}
    if place.type == "cuda":
        return train, lambda: train(0), facts | {"hardware": describe_hardware(place), "torch": torch.__version__}
    return train, lambda: train(0), facts | {"peak": peak()}


def peak() -> float:
    """Return the operations a second that a float32 product of matrices of 1,024 x 1,024 reaches, the best of many."""
    import torch

    one, other = torch.randn(2, 1024, 1024)
    taken = []
    for _ in range(30):
        start = time.perf_counter()
        one @ other
        taken.append(time.perf_counter() - start)
    return 2 * 1024**3 / min(taken)


def torch_side(digits: dict[str, np.ndarray], which: str) -> Made:
    """train_mnist_fast's final recipe, or PyTorch's basic example: float32, one epoch, digits as one tensor."""
    import torch
    from torch import nn
    from torch.nn import functional

    fast = which == "train_mnist_fast"
    batch = 256 if fast else 64
    images, labels = torch.from_numpy(digits["images"])[:, None], torch.from_numpy(digits["labels"]).long()
    test = torch.from_numpy(digits["test_images"])[:, None]

    def network() -> nn.Module:
        if fast:
            return nn.Sequential(
                *(nn.Conv2d(1, 24, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(24, 32, 3), nn.MaxPool2d(2), nn.ReLU()),
                *(nn.Flatten(), nn.Linear(800, 256), nn.ReLU(), nn.Linear(256, 10)),
            )
        return nn.Sequential(
            *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.25)),
            *(nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)),
        )

    def train(seed: int, steps: int | None = None) -> dict[str, Any]:
        torch.manual_seed(seed)
        start = time.perf_counter()
        x = images.float() / 255
        x = (x - x.mean()) / x.std()
        made = network()
        total = -(-len(x) // batch)
        if fast:
            optimizer: torch.optim.Optimizer = torch.optim.Adam(made.parameters(), 1e-2, betas=(0.7, 0.9))
            # Its betas stay as they are; torch's one-cycle would move the first with the rate.
            cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=total, cycle_momentum=False)
        else:
            optimizer = torch.optim.Adadelta(made.parameters(), 1.0)  # gamma acts from the second epoch on
        for chosen in torch.randperm(len(x)).split(batch)[:steps]:
            optimizer.zero_grad()
            functional.cross_entropy(made(x[chosen]), labels[chosen]).backward()
            optimizer.step()
            if fast:
                cycle.step()
        seconds = time.perf_counter() - start
        made.eval()
        with torch.inference_mode():
            level, spread = images.float().div(255).mean(), images.float().div(255).std()
            parts = [made((part.float() / 255 - level) / spread).argmax(1) for part in test.split(1000)]
        return {"seconds": seconds, "accuracy": float((torch.cat(parts).numpy() == digits["test_labels"]).mean())}

    parameters = sum(weight.numel() for weight in network().parameters())
    facts = {"parameters": parameters, "precision": "float32", "threads": torch.get_num_threads(), "batch_size": batch}
    return train, lambda: train(0, 20), facts


def keras_side(digits: dict[str, np.ndarray], longest: int) -> Made:
    """Keras's `mnist_convnet` example, all defaults, for `longest` epochs at most or until it reads 99 %."""
    import keras
    import tensorflow

    from keras_example import mnist_convnet

    def train(seed: int, most: int = longest, images: int = 60_000) -> dict[str, Any]:
        keras.utils.set_random_seed(seed)
        test = digits["test_images"][..., None].astype(np.float32) / 255
        start = time.perf_counter()
        x = digits["images"][:images, ..., None].astype(np.float32) / 255  # (N, 28, 28, 1)
        y = keras.utils.to_categorical(digits["labels"][:images], 10)
        model = mnist_convnet("categorical_crossentropy")
        seconds, accuracy, epochs = time.perf_counter() - start, 0.0, 0
        while accuracy < ENOUGH and epochs < most:
            start = time.perf_counter()
            model.fit(x, y, batch_size=128, epochs=1, verbose=0)
            seconds += time.perf_counter() - start
            found = model.predict(test, batch_size=1000, verbose=0).argmax(1)
            print(f"epoch {epochs + 1}: {seconds:.1f} s in all", file=sys.stderr, flush=True)
            accuracy, epochs = float((found == digits["test_labels"]).mean()), epochs + 1
        return {"seconds": seconds, "accuracy": accuracy, "epochs": epochs}

    facts = {"keras": keras.__version__, "tensorflow": tensorflow.__version__, "precision": keras.config.floatx()}
    parameters = mnist_convnet("categorical_crossentropy").count_params()
    return train, lambda: train(0, 1, 5_000), facts | {"parameters": parameters, "batch_size": 128}


def augmentation_side(name: str, digits: dict[str, np.ndarray], images: int = 1024) -> Made:
    """What varying images takes of the time of an epoch of `images`, by a recipe of ours."""
    import torch

    from digitlab.data.digits import Digits, Material
    from digitlab.recipes import Recipe
    from digitlab.training.augment import augment
    from digitlab.training.device import fast_bfloat16, keep_memory, pick_device
    from digitlab.training.loop import Training, deterministic

    recipe, place = Recipe.load(name), pick_device("cpu")
    some = Digits(digits["images"][:images], digits["labels"][:images].astype(np.int64), name)
    keep_memory()
    with deterministic():
        training = Training(recipe, Material(some, some[:0], some[:0]), 0, place, fast_bfloat16(place))

    def train(seed: int) -> dict[str, Any]:
        x = torch.from_numpy(some.images)[:, None].float() / 255
        with deterministic():
            start = time.perf_counter()
            augment(x, recipe.augmentation, torch.Generator().manual_seed(seed))
            varied = time.perf_counter() - start
            seconds = training.run_epoch(lambda event: None)["seconds"]
        return {"seconds": seconds, "augmentation": varied}

    return train, lambda: train(0), {}


def main() -> None:
    name = sys.argv[1]
    with np.load(sys.argv[2], allow_pickle=False) as file:
        digits = dict(file)
    if name == "keras":
        train, warm, facts = keras_side(digits, int(sys.argv[3]))
    elif name in ("train_mnist_fast", "example"):
        train, warm, facts = torch_side(digits, name)
    elif name.startswith("augmentation "):
        train, warm, facts = augmentation_side(name.removeprefix("augmentation "), digits)
    else:
        bare = name.removesuffix(ON_CARD)
        train, warm, facts = digitlab_side(bare, digits, "cpu" if bare == name else "cuda")
    warm()  # memory touched first, code compiled, caches filled
    print(json.dumps(facts), flush=True)
    stopped = time.perf_counter()
    for line in sys.stdin:
        if time.perf_counter() - stopped > LONG:
            warm()
        print(json.dumps(train(json.loads(line))), flush=True)
        stopped = time.perf_counter()


if __name__ == "__main__":
    main()
