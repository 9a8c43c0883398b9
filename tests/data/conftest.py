"""Digits for tests: drawn at random with dark borders, and a small stand-in for MNIST's four files."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from digitlab.data import idx, mnist
from digitlab.data.digits import Digits


def _random_digits(count, seed=0):
    random = np.random.default_rng(seed)
    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 4:24, 4:24] = random.integers(0, 256, (count, 20, 20))
    return Digits(images, random.integers(0, 10, count), "random")


@pytest.fixture
def random_digits():
    return _random_digits


@pytest.fixture
def small_mnist(monkeypatch, tmp_path):
    """Gzip files, by name, of a stand-in for MNIST with 60 + 10 digits; no data folder, an empty cache."""
    train, test = _random_digits(60), _random_digits(10, seed=1)
    arrays = train.images, train.labels.astype(np.uint8), test.images, test.labels.astype(np.uint8)
    contents = dict(zip(mnist.DIGESTS, map(idx.pack, arrays), strict=True))
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(mnist, "DIGESTS", digests)
    monkeypatch.setattr(mnist, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.delenv("DIGITLAB_DATA", raising=False)
    monkeypatch.setenv("DIGITLAB_MIRRORS", "http://127.0.0.1:9")  # nothing listens there
    return {name: gzip.compress(content, mtime=0) for name, content in contents.items()}


@pytest.fixture
def cached_mnist(small_mnist, tmp_path):
    """The stand-in, found in the cache."""
    folder = tmp_path / "cache" / "mnist"
    folder.mkdir(parents=True)
    for name, content in small_mnist.items():
        Path(folder / f"{name}.gz").write_bytes(content)
    return folder
