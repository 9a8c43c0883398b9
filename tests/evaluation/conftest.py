"""Digits and probabilities to evaluate: drawn at random, so that nothing has to be downloaded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from digitlab.data import strokes
from digitlab.data.digits import Digits
from digitlab.manifest import Manifest
from digitlab.networks.onnx_graph import to_onnx
from digitlab.recipes import read_layers
from digitlab.recognizer import Recognizer


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


@pytest.fixture(scope="session")
def template() -> Callable[..., Recognizer]:
    """Return what makes a recogniser that compares images with the mean of each digit by the pen.

    It takes the name of the data that its recipe is to name, and its split.
    """
    digits = strokes.generate(1000, seed=2)
    means = np.stack([digits.images[digits.labels == label].mean(axis=0).ravel() / 255 for label in range(10)])
    weights = {"stages.1.weight": (means * 0.6).astype(np.float32)}
    weights["stages.1.bias"] = (-0.3 * (means**2).sum(axis=1)).astype(np.float32)
    layers = ["flatten", "dense 10"]

    def make(source: str = "strokes", split: str = "standard") -> Recognizer:
        recipe = {"layers": layers, "data": {"name": str(source), "split": split}}
        return Recognizer(to_onnx(read_layers(layers), weights, Manifest("template", recipe)))

    return make
