"""How long an epoch of each recipe takes when the machine has nothing else to do.

The runs behind results/classics.json may share the machine with other work, so their own durations say little.
Here each recipe trains on a part of its images, warmed up, three times in turn with the others; the median is scaled
to its whole epoch.

    python benchmarks/epochs.py
"""

from __future__ import annotations

import torch

import record
from digitlab import training
from digitlab.recipes import Recipe, bundled_names
from digitlab.training.device import describe_hardware, fast_bfloat16, keep_memory
from digitlab.training.loop import Training

PART = 12_800  # images: a hundred steps of 128
ROUNDS = 3


def main() -> None:
    options = record.parser(__doc__)
    asked = options.parse_args()
    keep_memory()
    device = training.pick_device("cpu")
    ready: dict[str, tuple[Training, int]] = {}
    seconds: dict[str, list[float]] = {}
    for name in bundled_names():
        recipe = Recipe.load(name).changed(strokes=0)
        splits = training.load_material(recipe, 0)
        count = len(splits.train) + Recipe.load(name).data.strokes
        part = splits._replace(train=splits.train[:PART], validation=splits.validation[:0])
        ready[name] = (Training(recipe, part, 0, device, fast_bfloat16(device)), count)
        ready[name][0].run_epoch(lambda event: None)
    for _ in range(ROUNDS):
        for name, (one, count) in ready.items():
            taken = one.run_epoch(lambda event: None)["seconds"] * count / PART
            seconds.setdefault(name, []).append(taken)
            print(f"{name:<20} {taken:6.1f} s an epoch of {count:,} images", flush=True)
    rows = {name: {"images": ready[name][1], "seconds": record.spread(taken, 2)} for name, taken in seconds.items()}
    figures = {"trained_on": describe_hardware(device), "recipes": rows}
    record.write("epochs", figures, libraries=("torch", "numpy"), results=asked.results)


if __name__ == "__main__":
    torch.manual_seed(0)
    record.run(main)
