"""Digits and probabilities to evaluate: drawn at random, so that nothing has to be downloaded."""

from __future__ import annotations

import numpy as np
import pytest

from digitlab.data.digits import Digits


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def blobs(labels: np.ndarray, name: str = "blobs", origin: np.ndarray | None = None) -> Digits:
    """Return images that stand for digits: one bright square whose place is its label."""
    images = np.zeros((len(labels), 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4 + label : 14 + label, 8:20] = 255
    return Digits(images, np.asarray(labels), name, origin)


@pytest.fixture(scope="session")
def judged() -> tuple[Digits, np.ndarray]:
    """400 digits and the probabilities of a recogniser that is right about nine times in ten."""
    random = np.random.default_rng(7)
    labels = random.integers(0, 10, 400)
    logits = random.normal(0, 1.4, (400, 10)) + 5 * np.eye(10)[labels]
    return blobs(labels), softmax(logits)


@pytest.fixture(scope="session")
def doubted() -> tuple[Digits, np.ndarray]:
    """Three digits of MNIST's test file: people relabel one to 9, see no digit in one, and let one be.

    The recogniser reads 9, 6 and 4 where the labels given are 8, 6 and 5.
    """
    digits = blobs(np.array([8, 6, 5]), "mnist test", np.array([60_947, 62_654, 60_000]))
    probabilities = np.full((3, 10), 0.01)
    probabilities[[0, 1, 2], [9, 6, 4]] = 0.91
    return digits, probabilities
