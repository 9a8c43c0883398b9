"""Make the picture of docs/recipes.md: what each part of [augmentation] does to digits by the pen; no data is needed.

python examples/make_variety.py        # writes docs/figures/variety.png
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from digitlab import storage
from digitlab.data import strokes
from digitlab.evaluation.canvas import to_png
from digitlab.evaluation.contact import contact_sheet
from digitlab.recipes import Augmentation, Recipe
from digitlab.training.augment import augment
from digitlab.training.disturb import KINDS

FIGURE = Path(__file__).parent.parent / "docs" / "figures" / "variety.png"
COLUMNS = 10
SHAPE = ("rotation", "shear", "zoom", "shift", "elastic")
LOOKS = ("thickness", "blur", "contrast", "noise")


def rows(whole: Augmentation) -> dict[str, Augmentation]:
    """Return by name: nothing, shape, looks, each kind of disturbance for all images, and all as a training has it."""
    settings = dataclasses.asdict(whole)
    return {
        "clean": Augmentation(),
        "shape": Augmentation(**{name: settings[name] for name in SHAPE}),
        "looks": Augmentation(**{name: settings[name] for name in LOOKS}),
        **{kind: Augmentation(disturbance=1.0, **{kind: settings[kind]}) for kind in KINDS},
        "all": whole,
    }


def main() -> None:
    """Draw it, by the settings of `default`."""
    digits = strokes.generate(COLUMNS, seed=5, labels=np.arange(COLUMNS)).images
    images = torch.from_numpy(digits)[:, None].float() / 255
    drawn = {
        name: augment(images, how, torch.Generator().manual_seed(2))
        for name, how in rows(Recipe.load("default").augmentation).items()
    }
    sheet = np.stack([(part[:, 0] * 255).round().byte().numpy() for part in drawn.values()])
    content = to_png(contact_sheet(sheet, list(drawn)), 110)
    storage.write_bytes(FIGURE, content)
    print(f"docs/figures/{FIGURE.name}, {len(content):,} bytes")


if __name__ == "__main__":
    main()
