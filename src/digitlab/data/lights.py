"""The light that falls on a page: gradients, vignettes, shadows of hands and phones, glare."""

from __future__ import annotations

import math

import numpy as np


def light_up(rng: np.random.Generator, page: np.ndarray, depth: float) -> tuple[np.ndarray, str]:
    """Let uneven light fall on a page.

    Args:
        rng: decides on gradients, vignette, shadows and glare.
        page: (H, W, 3) uint8.
        depth: 0 to 1, how uneven the light may be.

    Returns:
        The lit page and what kind of light it is, for people.
    """
    import cv2

    height, width = page.shape[:2]
    small = max(8, round(160 * height / max(height, width))), max(8, round(160 * width / max(height, width)))
    y, x = np.mgrid[-1 : 1 : small[0] * 1j, -1 : 1 : small[1] * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * math.pi)
    light = 1 + depth * rng.uniform(0, 0.3) * (math.cos(angle) * x + math.sin(angle) * y)
    name = "even"
    if rng.random() < 0.35 * depth:
        centre = rng.uniform(-0.4, 0.4, 2)
        light *= 1 - rng.uniform(0.15, 0.6) * np.minimum(((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 2, 1)
        name = "vignette"
    if rng.random() < 0.3 * depth:
        light *= shadow(rng, small)
        name = "shadow"
    lit = np.repeat(light[..., None], 3, axis=2)
    if rng.random() < 0.3:
        lit *= (
            1 + np.asarray(rng.normal(0, 0.04, 3), np.float32) * (math.sin(angle) * x - math.cos(angle) * y)[..., None]
        )
    lit *= rng.uniform(0.65, 1.0) / lit.max() if rng.random() < 0.5 else 1 / lit.max()
    shade = cv2.resize(
        np.asarray(np.clip(lit, 0.35, 1) * 255, np.uint8), (width, height), interpolation=cv2.INTER_LINEAR
    )
    page = cv2.multiply(page, shade, scale=1 / 255)
    if rng.random() < 0.06 * depth:
        glare = np.exp(-(((x - rng.uniform(-1, 1)) / 0.4) ** 2 + ((y - rng.uniform(-1, 1)) / 0.3) ** 2))
        glare = cv2.resize(
            np.asarray(glare * rng.uniform(10, 45), np.uint8), (width, height), interpolation=cv2.INTER_LINEAR
        )
        page = cv2.add(page, cv2.merge([glare] * 3))
        name += ", glare"
    return page, name


def shadow(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return the shadow of a hand or a phone, (h, w) float32: 1 in the light, less in the shade."""
    import cv2

    height, width = shape
    mask = np.zeros(shape, np.float32)
    corner = rng.uniform(-0.1, 1.1, 2) * (width, height)
    around = np.linspace(0, 2 * math.pi, 90)
    knots = rng.uniform(0.2, 0.75, 8)
    reach = max(shape) * np.interp(around, np.linspace(0, 2 * math.pi, 9), [*knots, knots[0]])
    if rng.random() < 0.6:  # a hand is rounder than a phone
        reach = np.convolve(np.concatenate([reach[-8:], reach, reach[:8]]), np.ones(17) / 17, "valid")
    points = corner + np.stack([np.cos(around), np.sin(around)], axis=1) * reach[:, None]
    cv2.fillPoly(mask, [np.asarray(points, np.int32)], 1.0)
    mask = cv2.GaussianBlur(mask, (0, 0), float(rng.choice([1.0, 2.5, 6.0, 14.0])))
    return 1 - rng.uniform(0.12, 0.5) * mask
