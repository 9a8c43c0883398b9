"""Judges that say what they are told to, and pages of which it is known where the digits stand."""

from collections.abc import Callable

import numpy as np

from digitlab.data.strokes import draw
from digitlab.recognizer import Verdict

Box = tuple[int, int, int, int]


def write(texts: list[str], height: int = 40, seed: int = 0, shape: tuple[int, int] = (320, 560)):
    """Write rows of digits in dark ink on light paper: (H, W) uint8, and the boxes of each row."""
    rng = np.random.default_rng(seed)
    ink, boxes = np.zeros(shape, np.uint8), []
    for number, text in enumerate(texts):
        left, top, row = 30, 30 + 2 * height * number, []
        for label in text:
            digit = draw(int(label), rng, height)
            ink[top : top + height, left : left + digit.shape[1]] = digit
            row.append((left, top, left + digit.shape[1], top + height))
            left += digit.shape[1] + height // 3
        boxes.append(row)
    return (225 - 0.7 * ink).astype(np.uint8), boxes


def overlap(a: Box, b: Box) -> float:
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0, across) * max(0, down)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def verdict(labels: list[int] | np.ndarray, odds: list[float] | np.ndarray, several=None, part=None) -> Verdict:
    """0.91 for each label; as from one who cannot tell, unless shares of being several and a part are given."""
    probabilities = np.full((len(labels), 10), 0.01, np.float32)
    probabilities[np.arange(len(labels)), labels] = 0.91
    shares = (np.ones(len(labels)) if told is None else told for told in (several, part))
    return Verdict(probabilities, *(np.asarray(column, np.float32) for column in (odds, *shares)))


class Fake:
    """Says what it is told to."""

    def __init__(self, say: Callable[[np.ndarray], Verdict]) -> None:
        self.say, self.asked = say, []

    def judge(self, images: np.ndarray) -> Verdict:
        self.asked.append(images.shape)
        return self.say(images)


def always(label: int, odds: float = 8.0) -> Fake:
    return Fake(lambda images: verdict([label] * len(images), [odds] * len(images)))
