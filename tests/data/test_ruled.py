"""Crops of ruled pages know where the pen was."""

import numpy as np
import pytest

from digitlab.data import ruled
from digitlab.data.pages import make_page
from digitlab.finding.penmap import CHANNELS


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    return ruled.generate(20, 40, None)


def test_crops_show_what_the_network_sees_and_where_the_pen_was(crops) -> None:
    assert crops.shape[1:] == (ruled.SIDE, ruled.SIDE, CHANNELS + 1)
    assert len(crops) >= 20
    darkness, pen = crops[..., 0], crops[..., -1]
    assert set(np.unique(pen)) == {0, 1}
    assert (pen.any(axis=(1, 2))).mean() > 0.8
    assert darkness[pen > 0].mean() > 3 * darkness[pen == 0].mean()
    assert (darkness[pen == 0] > 40).mean() > 0.01  # lines


def test_they_are_the_same_whatever_the_number_of_workers(crops) -> None:
    np.testing.assert_array_equal(crops, ruled.generate(20, 40, None, 2))


def test_a_page_without_lines_gives_none() -> None:
    rng = np.random.default_rng(0)
    pages = [make_page(seed, None, "rows") for seed in range(4)]
    assert not [crop for page in pages for crop in ruled.crops_of(page, rng)]
