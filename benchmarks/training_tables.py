"""How soon networks are trained, as tables; see tables.py."""

from __future__ import annotations

from cells import Results, markdown
from digitlab.console import interval, percent

PEERS = {
    "train_mnist_fast": "train_mnist_fast's recipe, one epoch",
    "keras": "Keras's `mnist_convnet` to 99 %",
    "example": "PyTorch's basic example, one epoch",
}
OURS = ("fast", "fast-99.4")
PENDING = "*Not measured yet: `python benchmarks/fast_training.py`*\n"


def fast(page: Results) -> str:
    """Accuracy and time of our recipes."""
    if not {"accuracy", "time"} <= page.keys():
        return PENDING
    rows = []
    for name, found in page["accuracy"]["recipes"].items():
        seconds = page["time"]["sides"][name]["seconds"]
        extremes = f"{percent(found['least'])} to {percent(found['greatest'])}"
        rows.append((f"`{name}`", f"{seconds['median']:.2f}", f"{seconds['least']:.2f} to {seconds['greatest']:.2f}",
                     f"{percent(found['mean'])} ({interval(found['low'], found['high'])})", extremes,
                     len(found["values"])))  # fmt: skip
    columns = ("recipe", "s, median", "least to greatest", "MNIST's test images: mean (95 % interval)",
               "least to greatest", "runs")  # fmt: skip
    return markdown(columns, rows)


def peers(page: Results) -> str:
    """What others take; each row's `fast` is that of the same run."""
    rows = []
    for part, name in (("time", "train_mnist_fast"), ("keras", "keras"), ("example", "example")):
        if part not in page:
            continue
        ours, theirs = (page[part]["sides"][side] for side in ("fast", name))
        times = page[part]["times_train_mnist_fast" if part == "time" else "times"]
        below = part == "keras" and theirs["accuracy"]["mean"] < 0.99
        told = f"{times['median']:.1f} x" if times["least"] == times["greatest"] else (
            f"{times['median']:.1f} x ({times['least']:.1f} to {times['greatest']:.1f})")  # fmt: skip
        reached = percent(theirs["accuracy"]["mean"]) + (
            f" after {theirs['epochs']} epochs" if "epochs" in theirs else ""
        )
        rows.append((PEERS[name], theirs["runs"], f"{theirs['seconds']['median']:.1f}", reached,
                     f"{ours['seconds']['median']:.2f}", ("at least " if below else "") + told))  # fmt: skip
    columns = ("trained instead", "runs", "s, median", "accuracy, mean", "`fast` beside it, s", "`fast` is faster by")
    return markdown(columns, rows) if rows else PENDING


def work(page: Results) -> str:
    """What is computed, and how near to the machine's peak."""
    if "time" not in page:
        return PENDING
    rows = []
    for name in OURS:
        side = page["time"]["sides"][name]
        rows.append((f"`{name}`", f"{side['images']:,}", f"{side['multiply_adds_an_image'] / 1e6:.2f}",
                     f"{side['operations'] / 1e9:.0f}", percent(side["share_of_peak"], 0)))  # fmt: skip
    columns = ("recipe", "images seen", "million multiply-adds an image", "GFLOP in all", "of the peak")
    peak = page["time"]["sides"]["fast"]["peak"] / 1e9
    told = f"\nThe peak is what a product of float32 matrices of 1,024 x 1,024 reaches there: {peak:.0f} GFLOP/s.\n"
    return markdown(columns, rows) + told


def card(page: Results) -> str:
    """Accuracy and time of our recipes on a graphics card."""
    if not page.get("cuda"):
        return PENDING
    rows = []
    for name, found in page["cuda"]["recipes"].items():
        seconds, right = found["seconds"], found["accuracy"]
        rows.append((f"`{name}`", found["hardware"], f"{seconds['median']:.3f}",
                     f"{seconds['least']:.3f} to {seconds['greatest']:.3f}",
                     f"{percent(right['mean'])} ({interval(right['low'], right['high'])})", found["runs"]))  # fmt: skip
    columns = ("recipe", "on", "s, median", "least to greatest", "MNIST's test images: mean (95 % interval)", "runs")
    return markdown(columns, rows)


def augmentation(page: Results) -> str:
    """What varying images takes of an epoch."""
    if "augmentation" not in page:
        return PENDING
    rows = [
        (f"`{name}`", percent(share["median"], 1), f"{100 * share['least']:.1f} to {100 * share['greatest']:.1f} %")
        for name, share in page["augmentation"]["recipes"].items()
    ]
    return markdown(("recipe", "augmentation's share of an epoch, median", "least to greatest"), rows)
