"""What is written on: paper of every kind, boards, and pictures that no camera has seen.

Whatever varies slowly is made small and enlarged, and fine texture is a tile that repeats: a page of a
megapixel takes a few milliseconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

PAPERS = {
    "white": 0.3,
    "grey": 0.16,
    "cream": 0.12,
    "coloured": 0.07,
    "cardboard": 0.03,
    "crumpled": 0.06,
    "scan": 0.06,
    "screen": 0.03,
    "flat": 0.07,
    "black": 0.05,
    "board": 0.05,
}
"""Kinds of paper with weights; flat, black and screen are no paper but pictures, scan is one from a scanner."""

PICTURES = ("flat", "black")
"""Kinds that no camera has seen."""


@dataclass(frozen=True)
class Paper:
    """A page before anybody writes on it.

    Attributes:
        kind: a key of PAPERS.
        pixels: (H, W, 3) uint8 RGB.
        colour: (3,) float32, its colour on average.
    """

    kind: str
    pixels: np.ndarray
    colour: np.ndarray

    @property
    def dark(self) -> bool:
        """Whether one writes on it in a light colour."""
        return self.kind in ("black", "board")


def make_paper(rng: np.random.Generator, height: int, width: int, kind: str) -> Paper:
    """Make a paper of a kind, `height` by `width` pixels."""
    colour = _colour(rng, kind)
    texture = np.zeros((height, width), np.float32)
    if kind not in PICTURES:
        grain = {"cardboard": 5.0, "board": 4.0, "scan": 0.7}.get(kind, 1.8) * rng.random()
        texture += tiled(fine(rng, rng.uniform(0.4, 2.0)) * grain, height, width)
        texture += clouds(rng, height, width, int(rng.integers(3, 24))) * (rng.random() ** 2 * 7)
    if kind == "crumpled" or (kind in ("white", "grey", "cream") and rng.random() < 0.1):
        texture += _facets(rng, height, width) * rng.uniform(5, 22)
    if kind in ("white", "cream", "grey", "coloured") and rng.random() < 0.15:
        texture += _fold(rng, height, width)
    if kind == "board":
        smear = clouds(rng, height, width, 5) + clouds(rng, height, width, 40, stretch=4.0)
        texture += np.maximum(smear, 0) * rng.uniform(3, 22)
    if kind == "cardboard" or (kind == "cream" and rng.random() < 0.3):
        _fibres(rng, texture)
    if kind not in PICTURES and kind != "board" and rng.random() < 0.06:
        _stain(rng, texture)
    return Paper(kind, tinted(texture, colour), colour)


def _colour(rng: np.random.Generator, kind: str) -> np.ndarray:
    """Draw the colour (3,) RGB of a kind of paper."""
    grey = {"white": (225, 255), "grey": (130, 225), "scan": (235, 255), "crumpled": (190, 250), "screen": (215, 250)}
    if kind in grey:
        return np.asarray(rng.uniform(*grey[kind]) + rng.normal(0, 2.5, 3), np.float32)
    if kind == "cream":
        return np.asarray([rng.uniform(225, 252), rng.uniform(215, 240), rng.uniform(175, 220)], np.float32)
    if kind == "cardboard":
        return np.asarray(np.array([190, 155, 115]) * rng.uniform(0.75, 1.2) + rng.normal(0, 5, 3), np.float32)
    if kind == "board":
        boards = [(35, 38, 38), (28, 70, 52), (45, 88, 70), (55, 58, 62), (20, 45, 40)]
        return np.asarray(boards[int(rng.integers(len(boards)))], np.float32) + np.float32(rng.uniform(-6, 10))
    if kind == "black":
        return (
            np.asarray([0, 0, 0], np.float32) if rng.random() < 0.7 else np.asarray(rng.uniform(0, 50, 3), np.float32)
        )
    if kind == "flat" and rng.random() < 0.6:
        return np.asarray([255, 255, 255], np.float32)
    light = rng.uniform(0.35, 1.0, 3)  # post-its and coloured sheets; pure colours in a paint program
    light[int(rng.integers(3))] = rng.uniform(0.7, 1.0)
    return np.asarray(255 * (light if kind == "flat" else 0.55 * light + 0.45), np.float32)


def tinted(texture: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Return (H, W, 3) uint8: a texture (H, W) float32 around a colour (3,)."""
    import cv2

    return cv2.merge([cv2.add(texture, float(value), dtype=cv2.CV_8U) for value in colour])


def clouds(rng: np.random.Generator, height: int, width: int, cells: int, stretch: float = 1.0) -> np.ndarray:
    """Return smooth noise (height, width) float32 within about -1 to 1, `cells` to the longer side."""
    import cv2

    longer = max(height, width)
    shape = max(2, round(cells * height / longer)), max(2, round(cells * width / longer / stretch))
    small = rng.uniform(-1, 1, shape).astype(np.float32)
    middle = min(width, 8 * shape[1]), min(height, 8 * shape[0])
    small = cv2.resize(small, middle, interpolation=cv2.INTER_CUBIC)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def fine(rng: np.random.Generator, softness: float, side: int = 197) -> np.ndarray:
    """Return a tile (side, side) float32 of noise of unit variance, blurred by `softness` pixels, that repeats."""
    import cv2

    tile = rng.standard_normal((side, side), dtype=np.float32)
    if softness > 0.3:
        edge = math.ceil(3 * softness)
        tile = cv2.GaussianBlur(np.pad(tile, edge, mode="wrap"), (0, 0), softness)[edge:-edge, edge:-edge]
    return tile / tile.std()


def tiled(tile: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a tile repeated over (height, width)."""
    times = (-(-height // tile.shape[0]), -(-width // tile.shape[1])) + (1,) * (tile.ndim - 2)
    return np.tile(tile, times)[:height, :width]


def _facets(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return the shading of crumpled paper, (height, width) float32 within about -1 to 1: facets with sharp folds."""
    import cv2

    shape = max(8, height // 6), max(8, width // 6)
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    shading = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(6, 18))):
        angle, offset = rng.uniform(0, 2 * math.pi), rng.uniform(-1, 1)
        away = math.cos(angle) * x + math.sin(angle) * y - offset
        shading += rng.normal() * (np.tanh(25 * away) + 1.5 * np.exp(-((30 * away) ** 2)))
    shading /= 2.5 * max(float(shading.std()), 1e-3)
    return cv2.resize(shading, (width, height), interpolation=cv2.INTER_LINEAR)


def _fold(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return the shading of one fold across the page: one side darker, a light or dark line between."""
    along = np.arange(width if rng.random() < 0.5 else height, dtype=np.float32)
    away = along - len(along) * rng.uniform(0.2, 0.8)
    profile = rng.normal(0, 4) * np.tanh(away / 20) + rng.normal(0, 10) * np.exp(-((away / rng.uniform(1, 3)) ** 2))
    across = profile[None, :] if len(along) == width else profile[:, None]
    return np.broadcast_to(across.astype(np.float32), (height, width))


def _fibres(rng: np.random.Generator, texture: np.ndarray) -> None:
    """Draw short pale and dark fibres on a texture (H, W), in place."""
    import cv2

    height, width = texture.shape
    for _ in range(int(rng.integers(10, 120))):
        start = rng.uniform(0, 1, 2) * (width, height)
        steps = np.cumsum(rng.normal(0, 1, (6, 2)) + rng.normal(0, 2, 2), axis=0) * max(height, width) / 300
        cv2.polylines(texture, [np.asarray(start + steps, np.int32)], False, float(rng.normal(0, 9)), 1)


def _stain(rng: np.random.Generator, texture: np.ndarray) -> None:
    """Put the ring or the blot of a spilled drop on a texture (H, W), in place."""
    import cv2

    height, width = texture.shape
    layer = np.zeros((max(4, height // 4), max(4, width // 4)), np.float32)
    centre = int(rng.uniform(0, layer.shape[1])), int(rng.uniform(0, layer.shape[0]))
    radius = int(max(layer.shape) * rng.uniform(0.05, 0.3)) + 1
    cv2.circle(layer, centre, radius, float(-rng.uniform(4, 22)), int(rng.choice([-1, 2, 3])))
    layer = cv2.GaussianBlur(layer, (0, 0), rng.uniform(1, 4))
    texture += cv2.resize(layer, (width, height), interpolation=cv2.INTER_LINEAR)
