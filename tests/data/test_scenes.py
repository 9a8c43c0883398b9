"""Photographs without digits, cut anew each time."""

import numpy as np
import pytest

from digitlab.data import scenes
from digitlab.data.scenes import scene


@pytest.fixture(scope="module")
def cuts() -> list[np.ndarray]:
    pytest.importorskip("sklearn")
    return [scene(np.random.default_rng(seed)) for seed in range(12)]


def test_they_are_small_colour_pictures(cuts) -> None:
    for cut in cuts:
        assert cut.dtype == np.uint8
        assert cut.ndim == 3
        assert cut.shape[2] == 3
        assert min(cut.shape[:2]) >= 80
        assert max(cut.shape[:2]) <= 501


def test_each_is_another_and_the_same_generator_gives_the_same(cuts) -> None:
    assert len({cut.tobytes() for cut in cuts}) == len(cuts)
    np.testing.assert_array_equal(scene(np.random.default_rng(5)), cuts[5])


def test_they_show_something(cuts) -> None:
    assert all(cut.std() > 5 for cut in cuts)


def test_without_the_pictures_there_are_none(monkeypatch) -> None:
    monkeypatch.setattr(scenes, "_pictures", lambda: ())
    assert scene(np.random.default_rng(0)) is None
