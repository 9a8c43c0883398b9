"""Photographs with no digit in them, to learn from that most of what is dark on light is nobody's writing.

They are the pictures that come with scikit-learn (a temple, a flower) and Matplotlib (an officer, a painting), as far
as these are installed: cut, turned, enlarged and recoloured anew each time.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

PICTURES = (
    ("sklearn", "datasets/images/china.jpg"),
    ("sklearn", "datasets/images/flower.jpg"),
    ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg"),
    ("matplotlib", "mpl-data/sample_data/Minduka_Present_Blue_Pack.png"),
)
"""Libraries, and the pictures in their folders."""


def scene(rng: np.random.Generator) -> np.ndarray | None:
    """Return a photograph with no digit, (H, W, 3) uint8, 80 to 500 pixels a side; None where none is at hand."""
    import cv2

    pictures = _pictures()
    if not pictures:
        return None
    picture = pictures[int(rng.integers(len(pictures)))]
    side = int(rng.integers(60, 420))
    top, left = (int(rng.integers(0, size - min(side, size) + 1)) for size in picture.shape[:2])
    cut = np.rot90(picture[top : top + side, left : left + side], int(rng.integers(4)))
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    zoom = float(np.exp(rng.uniform(np.log(0.6), np.log(3))))
    zoom = float(np.clip(zoom, 80 / min(cut.shape[:2]), 500 / max(cut.shape[:2])))
    cut = cv2.resize(np.ascontiguousarray(cut), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA if zoom < 1 else 1)
    cut = 255 * (cut / 255.0) ** np.exp(rng.normal(0, 0.4))
    if rng.random() < 0.4:
        cut = np.repeat(cut.mean(axis=2, keepdims=True), 3, axis=2)
    if rng.random() < 0.2:  # a drawing: few levels
        levels = int(rng.integers(1, 4))
        cut = np.rint(cut / 255 * levels) * (255 / levels)
    if rng.random() < 0.3:
        cut = 255 - cut
    return cut.clip(0, 255).astype(np.uint8)


@cache
def _pictures() -> tuple[np.ndarray, ...]:
    from PIL import Image

    return tuple(np.asarray(Image.open(path).convert("RGB")) for path in _files())


def _files() -> list[Path]:
    """Return the pictures that are at hand, in a fixed order."""
    # The libraries are found without being imported: making pages never needs them.
    files = []
    for library, name in PICTURES:
        found = find_spec(library)
        path = Path(found.origin).parent / name if found and found.origin else None
        if path and path.exists():
            files.append(path)
    return files
