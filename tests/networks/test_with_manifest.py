"""A recogniser's manifest can be rewritten; its network cannot change by that."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

pytest.importorskip("torch", reason="networks are built with the extra train")

from digitlab.errors import ModelError
from digitlab.manifest import Manifest
from digitlab.networks.onnx_graph import to_onnx, with_manifest
from digitlab.recipes import read_layers
from digitlab.recognizer import Recognizer


@pytest.fixture(scope="module")
def content() -> bytes:
    random = np.random.default_rng(0)
    weights = {
        "stages.1.weight": random.normal(size=(10, 784)).astype(np.float32),
        "stages.1.bias": random.normal(size=10).astype(np.float32),
    }
    layers = read_layers(["flatten", "dense 10"], "test")
    return to_onnx(layers, weights, Manifest("small", temperature=2.0, figures={"validation": {"accuracy": 0.5}}))


def test_the_new_manifest_replaces_the_old_one(content: bytes) -> None:
    old = Recognizer(content).manifest
    new = dataclasses.replace(old, figures={"test": {"accuracy": 0.9, "n": 10}}, temperature=1.5)
    assert Recognizer(with_manifest(content, new)).manifest == new


def test_the_network_answers_to_the_bit_as_before(content: bytes) -> None:
    images = np.random.default_rng(1).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    stamped = Recognizer(with_manifest(content, Manifest("renamed")))
    assert np.array_equal(stamped.logits(images), Recognizer(content).logits(images))


def test_the_same_manifest_gives_the_same_bytes(content: bytes) -> None:
    assert with_manifest(content, Recognizer(content).manifest) == content


def test_what_is_no_recogniser_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="this model"):
        with_manifest(content[: len(content) // 2], Manifest("half"))
