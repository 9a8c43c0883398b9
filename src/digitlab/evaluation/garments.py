"""Silhouettes of clothes, drawn by hand as polygons: things as large and as solid as digits, and far from writing.

They stand for pictures such as those of Fashion-MNIST, of which none is used. Points are x and y in a square of 100,
y downwards.
"""

from __future__ import annotations

import numpy as np

Points = tuple[tuple[int, int], ...]

# One or more polygons each; those after the first are drawn in another shade.
GARMENTS: dict[str, tuple[Points, ...]] = {
    "shirt": (
        ((34, 8), (42, 14), (58, 14), (66, 8), (96, 24), (86, 46), (74, 40), (74, 92), (26, 92), (26, 40), (14, 46),
         (4, 24)),
    ),
    "pullover": (
        ((36, 6), (50, 12), (64, 6), (80, 14), (98, 84), (84, 90), (74, 46), (74, 94), (26, 94), (26, 46), (16, 90),
         (2, 84), (20, 14)),
        ((40, 8), (50, 12), (60, 8), (50, 22)),
    ),
    "trousers": (
        ((28, 4), (72, 4), (82, 97), (62, 97), (50, 34), (38, 97), (18, 97)),
        ((28, 4), (72, 4), (73, 11), (27, 11)),
    ),
    "dress": (
        ((38, 4), (44, 16), (56, 16), (62, 4), (66, 6), (62, 40), (86, 96), (14, 96), (38, 40), (34, 6)),
        ((38, 40), (62, 40), (64, 47), (36, 47)),
    ),
    "coat": (
        ((36, 4), (64, 4), (82, 12), (96, 80), (82, 84), (76, 44), (80, 98), (20, 98), (24, 44), (18, 84), (4, 80),
         (18, 12)),
        ((48, 8), (52, 8), (52, 98), (48, 98)),
    ),
    "skirt": (
        ((30, 12), (70, 12), (92, 90), (8, 90)),
        ((30, 12), (70, 12), (72, 20), (28, 20)),
    ),
    "sneaker": (
        ((4, 46), (14, 42), (26, 52), (40, 38), (50, 42), (66, 58), (92, 64), (98, 76), (96, 82), (4, 82)),
        ((4, 76), (98, 76), (97, 86), (4, 86)),
    ),
    "boot": (
        ((30, 4), (62, 4), (62, 52), (86, 66), (94, 80), (94, 90), (30, 90)),
        ((30, 84), (94, 84), (94, 94), (66, 94), (60, 90), (46, 96), (30, 96)),
    ),
    "pump": (
        ((2, 40), (12, 34), (26, 52), (56, 68), (84, 64), (98, 74), (92, 82), (56, 82), (34, 68), (20, 58), (16, 88),
         (8, 88)),
    ),
    "bag": (
        ((8, 42), (92, 42), (96, 92), (4, 92)),
        ((26, 42), (30, 18), (70, 18), (74, 42), (67, 42), (64, 25), (36, 25), (33, 42)),
    ),
}  # fmt: skip
"""Silhouettes by the names of what they show."""

_OVER = 4  # times as large as wanted, before shrinking: smooth edges


def garment(rng: np.random.Generator) -> np.ndarray:
    """Draw a garment of any cut and cloth.

    Returns:
        (28, 28) uint8, light on dark; it fills the frame as Fashion-MNIST's do.
    """
    import cv2

    pieces = list(GARMENTS.values())[int(rng.integers(len(GARMENTS)))]
    side = 28 * _OVER
    cloth, other = rng.uniform(0.35, 1, 2)
    picture = np.zeros((side, side), np.float32)
    stretch, lean = rng.uniform(0.75, 1, 2), rng.normal(0, 0.05)
    flip = -1 if rng.random() < 0.5 else 1
    for index, points in enumerate(pieces):
        drawn = (np.array(points) / 50 - 1) * stretch + rng.normal(0, 0.02, (len(points), 2))  # -1 to 1
        drawn = np.stack([flip * drawn[:, 0] + lean * drawn[:, 1], drawn[:, 1]], axis=1)
        dots = np.rint((drawn + 1) * side / 2).astype(np.int32)
        cv2.fillPoly(picture, [dots], float(other if index else cloth))
    picture *= _cloth(rng, side)
    small = cv2.resize(picture, (28, 28), interpolation=cv2.INTER_AREA)
    return np.rint(255 * small.clip(0, 1)).astype(np.uint8)


def _cloth(rng: np.random.Generator, side: int) -> np.ndarray:
    """Return what a cloth's pattern and folds do to its shade, (side, side) float32, about 1."""
    import cv2

    y, x = np.mgrid[:side, :side] / side
    folds = cv2.resize(rng.random((5, 5), np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    shade = 0.8 + 0.35 * folds
    pattern = rng.random()
    if pattern < 0.2:
        shade = shade * np.where(np.sin(x * rng.uniform(15, 40)) > 0, 1, 0.6)
    elif pattern < 0.4:
        shade = shade * np.where(np.sin(y * rng.uniform(15, 40)) > 0, 1, 0.6)
    return shade.astype(np.float32)
