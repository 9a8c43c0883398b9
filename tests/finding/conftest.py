"""Pages for tests, drawn by the pen: where each digit stands is known."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from digitlab.data.strokes import draw

Box = tuple[int, int, int, int]


def _row(text: str, height: int = 40, gap: int | None = None, margin: int | None = None, seed: int = 0):
    gap, margin = height // 2 if gap is None else gap, height if margin is None else margin
    rng = np.random.default_rng(seed)
    digits = [draw(int(label), rng, height) for label in text]
    width = sum(digit.shape[1] for digit in digits) + gap * (len(digits) - 1) + 2 * margin
    ink, boxes, left = np.zeros((height + 2 * margin, width), np.uint8), [], margin
    for digit in digits:
        right = left + digit.shape[1]
        where = ink[margin : margin + height, left:right]
        np.maximum(where, digit, out=where)
        boxes.append((left, margin, right, margin + height))
        left = right + gap
    return ink, boxes


def _on_paper(ink: np.ndarray, dark: float = 60, light: float = 220, noise: float = 0) -> np.ndarray:
    level = light - (light - dark) * (ink / 255) + np.random.default_rng(1).normal(0, noise, ink.shape)
    return np.clip(np.rint(level), 0, 255).astype(np.uint8)


def _squared(picture: np.ndarray, pitch: int, thick: int, level: int) -> np.ndarray:
    lines = np.full_like(picture, 255)
    for at in range(pitch // 3, max(picture.shape), pitch):
        cv2.line(lines, (at, 0), (at, picture.shape[0]), level, thick)
        cv2.line(lines, (0, at), (picture.shape[1], at), level, thick)
    return np.minimum(picture, lines)


def _overlap(a: Box, b: Box) -> float:
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0, across) * max(0, down)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    cv2.setNumThreads(1)


@pytest.fixture
def row() -> Callable[..., tuple[np.ndarray, list[Box]]]:
    """Write digits side by side: ink (H, W) uint8, 255 is full ink, and their boxes."""
    return _row


@pytest.fixture
def on_paper() -> Callable[..., np.ndarray]:
    """Lay ink on paper, perhaps a grainy one: a grey picture (H, W) uint8."""
    return _on_paper


@pytest.fixture
def squared() -> Callable[[np.ndarray, int, int, int], np.ndarray]:
    """Make paper squared: a grey picture with lines drawn over it, so far apart, so thick, no lighter than what is."""
    return _squared


@pytest.fixture
def overlap() -> Callable[[Box, Box], float]:
    """Intersection over union of two boxes."""
    return _overlap
