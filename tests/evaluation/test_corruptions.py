"""The corruptions do what MNIST-C's do, give the same image for the same index, and never reach training."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage, stats

from digitlab.data import strokes
from digitlab.errors import UsageError
from digitlab.evaluation import corrupt, overlays
from digitlab.evaluation.corruptions import CHUNK, CORRUPTIONS, glass_blur

ALWAYS_ALIKE = {"scale", "brightness", "stripe", "canny_edges"}  # nothing about these is drawn at random


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Thirty digits."""
    return strokes.generate(30, seed=4).images


def test_there_are_the_fifteen_of_the_paper() -> None:
    named = "shot_noise impulse_noise glass_blur motion_blur shear scale rotate brightness translate stripe fog"
    assert list(CORRUPTIONS) == [*named.split(), "spatter", "dotted_line", "zigzag", "canny_edges"]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_any_part_of_a_collection_is_corrupted_as_the_whole_is(name: str, images: np.ndarray) -> None:
    before = images.copy()
    whole = corrupt(name, images, seed=3)
    assert whole.shape == images.shape
    assert whole.dtype == np.uint8
    assert np.array_equal(images, before)
    assert (whole != images).any(axis=(1, 2)).all()
    which = np.array([17, 4, 29, 4])
    assert np.array_equal(corrupt(name, images[which], 3, which), whole[which])
    assert np.array_equal(corrupt(name, images, seed=4), whole) == (name in ALWAYS_ALIKE)
    assert corrupt(name, images[:0]).shape == (0, 28, 28)


@given(st.data())
@settings(deadline=None, max_examples=15)
def test_neither_order_nor_chunks_matter(data: st.DataObject) -> None:
    indices = np.array(data.draw(st.lists(st.integers(0, 5000), min_size=CHUNK + 1, max_size=CHUNK + 5)))
    grey = np.full((len(indices), 28, 28), 128, np.uint8)
    found = corrupt("impulse_noise", grey, 1, indices)
    one = data.draw(st.integers(0, len(indices) - 1))
    assert np.array_equal(corrupt("impulse_noise", grey[:1], 1, indices[one : one + 1])[0], found[one])


def test_shot_noise_counts_photons() -> None:
    grey = np.full((60, 28, 28), 255, np.uint8)
    found = corrupt("shot_noise", grey)
    assert set(np.unique(found)) == {0, 85, 170, 255}
    assert np.mean(found == 85) == pytest.approx(stats.poisson.pmf(1, 3), abs=0.005)
    assert not corrupt("shot_noise", grey * 0).any()


def test_impulse_noise_is_salt_and_pepper_on_17_percent() -> None:
    found = corrupt("impulse_noise", np.full((60, 28, 28), 100, np.uint8))
    assert set(np.unique(found)) == {0, 100, 255}
    assert np.mean(found == 0) == pytest.approx(0.085, abs=0.005)
    assert np.mean(found == 255) == pytest.approx(0.085, abs=0.005)


def test_glass_blur_is_that_of_one_pixel_after_the_other(images: np.ndarray) -> None:
    given = images[:3].astype(np.float32) / 255
    found = glass_blur(given, [np.random.default_rng(index) for index in range(3)])
    for index, image in enumerate(given):
        moves = np.random.default_rng(index).integers(0, 2, (2, 28, 28, 3), np.int8).tolist()
        slow = ndimage.gaussian_filter(image, (0.7, 0), mode="nearest")
        for turn in range(2):
            for row in range(27, 1, -1):
                for column in range(27, 1, -1):
                    changes, up, left = moves[turn][row][column]
                    if changes:
                        other = row - up, column - left
                        slow[row, column], slow[other] = slow[other], slow[row, column]
        np.testing.assert_allclose(found[index], ndimage.gaussian_filter(slow, (0.7, 0), mode="nearest"), atol=1e-6)


def test_motion_smears_a_dot_along_a_line_to_one_side() -> None:
    dots = np.zeros((40, 28, 28), np.uint8)
    dots[:, 14, 24] = 255
    found = corrupt("motion_blur", dots).astype(float)
    assert found.sum(axis=(1, 2)) == pytest.approx(np.full(40, 255), abs=6)
    assert not found[:, :, 25:].any()
    y, x = np.mgrid[:28, :28] - np.array([14, 24])[:, None, None]
    angles = np.degrees(np.arctan2((found * -y).sum(axis=(1, 2)), (found * -x).sum(axis=(1, 2))))
    assert np.abs(angles).max() < 47
    assert np.ptp(angles) > 60
    half = np.exp(-(np.arange(21) ** 2) / 18)
    assert found[:, 14, 24] / 255 == pytest.approx(np.full(40, 1 / half.sum()), abs=0.01)


@pytest.mark.parametrize(
    ("name", "turns"),
    [
        ("scale", [np.eye(2) / 0.7]),
        ("rotate", [cv2.getRotationMatrix2D((0, 0), way * math.degrees(0.4), 1)[:, :2] for way in (-1, 1)]),
        ("shear", [np.array([[1, -way * math.sin(0.4)], [0, math.cos(0.4)]]) for way in (-1, 1)]),
    ],
)
def test_warps_are_those_of_opencv_about_the_centre(name: str, turns: list[np.ndarray], images: np.ndarray) -> None:
    found = corrupt(name, images).astype(float)
    chosen = set()
    for image, warped in zip(images, found, strict=True):
        distances = []
        for matrix in turns:  # (x, y) of the result to (x, y) of the source
            about = np.column_stack([matrix, 13.5 - matrix @ [13.5, 13.5]])
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            distances.append(np.abs(cv2.warpAffine(image, about, (28, 28), flags=flags) - warped).mean())
        assert min(distances) < 0.7  # OpenCV knows places to a 32nd of a pixel only
        chosen.add(int(np.argmin(distances)))
    assert chosen == set(range(len(turns)))


def test_translation_is_by_three_pixels_both_ways(images: np.ndarray) -> None:
    found = corrupt("translate", images)
    wide = np.pad(images, ((0, 0), (3, 3), (3, 3)))
    ways = {
        (top, left) for image, moved in zip(wide, found, strict=True)
        for top in (0, 6) for left in (0, 6) if np.array_equal(image[top : top + 28, left : left + 28], moved)
    }  # fmt: skip
    assert len(ways) == 4


def test_light_changes_by_the_formula(images: np.ndarray) -> None:
    assert np.abs(corrupt("brightness", images) - np.minimum(images + 127.5, 255)).max() <= 0.5
    striped = corrupt("stripe", images)
    edges = np.r_[0:7, 21:28]
    assert np.array_equal(striped[:, :, edges], 255 - images[:, :, edges])
    assert np.array_equal(striped[:, :, 7:21], images[:, :, 7:21])


class Landscape:
    """Random numbers of an image for so many calls, then zeros."""

    def __init__(self, seed: int, calls: int) -> None:
        self.rng, self.calls = np.random.default_rng(seed), calls

    def uniform(self, low: float, high: float, shape: tuple[int, ...]) -> np.ndarray:
        self.calls -= 1
        return self.rng.uniform(low, high, shape) if self.calls >= 0 else np.zeros(shape)


def test_fog_is_the_corner_of_a_whole_landscape(images: np.ndarray) -> None:
    given = images[:2].astype(np.float32) / 255
    found = overlays.fog(given, [Landscape(seed, 6) for seed in range(2)])
    land = np.zeros((2, 1, 1), np.float32)
    scenes = [Landscape(seed, 6) for seed in range(2)]
    for level in range(8):
        land = overlays._finer(land, 1.96**-level, scenes)
    assert land.shape == (2, 256, 256)
    heights = (land - land.min(axis=(1, 2), keepdims=True)) / np.ptp(land, axis=(1, 2), keepdims=True)
    most = given.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, (given + 3 * heights[:, :28, :28]) * most / (most + 3), atol=1e-4)


def test_fog_hides_where_it_is_and_mud_covers() -> None:
    full, none = np.full((40, 28, 28), 255, np.uint8), np.zeros((40, 28, 28), np.uint8)
    fogged = corrupt("fog", full)
    assert fogged.min() >= 63  # a quarter of the light is left of ink without fog
    assert np.ptp(fogged.mean(axis=(1, 2))) > 60  # thick here, thin there
    assert corrupt("spatter", none).max() == 63
    covered = corrupt("spatter", full)
    assert 0.02 < np.mean(covered < 128) < 0.3
    assert np.mean(covered == 255) > 0.5


def test_lines_add_ink_and_take_none(images: np.ndarray) -> None:
    for name in ("dotted_line", "zigzag"):
        found = corrupt(name, images)
        assert (found >= images).all()
        assert (found != images).any(axis=(1, 2)).all()
    paper = np.zeros((200, 28, 28), np.uint8)
    dotted, teeth = corrupt("dotted_line", paper), corrupt("zigzag", paper)
    assert not dotted[:, :, np.arange(28) % 4 < 2].any()
    assert dotted[:, :, [10, 11, 14, 15]].any(axis=1).all()
    assert not teeth[:, :, :2].any()
    assert teeth[:, :, 2:24].any(axis=1).mean() > 0.9  # some teeth reach above or below the frame
    rows = np.argmax(teeth[:, :, 4:24], axis=1)[(teeth[:, :, 4:24].max(axis=1) > 100).all(axis=1)]
    assert (np.diff(np.sign(np.diff(rows, axis=1)), axis=1) != 0).sum(axis=1).min() >= 4  # up and down again


def test_canny_leaves_the_outline() -> None:
    square = np.zeros((1, 28, 28), np.uint8)
    square[0, 8:20, 8:20] = 255
    (found,) = corrupt("canny_edges", square)
    assert set(np.unique(found)) == {0, 255}
    assert not found[10:18, 10:18].any()
    assert not found[:6].any()
    holes = cv2.connectedComponents((found == 0).astype(np.uint8), connectivity=4)[0] - 1
    assert holes == 2  # inside and outside: the outline is closed
    assert not corrupt("canny_edges", np.full((1, 28, 28), 9, np.uint8))[0, 4:24, 4:24].any()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("fogg", np.zeros((1, 28, 28), np.uint8)), "did you mean fog"),
        (("sand", np.zeros((1, 28, 28), np.uint8)), "shot_noise, impulse_noise"),
        (("fog", np.zeros((1, 28, 28))), "uint8"),
        (("fog", np.zeros((28, 28), np.uint8)), "uint8 images"),
        (("fog", np.zeros((1, 28, 28), np.uint8), -1), "seed of 0 or more"),
        (("fog", np.zeros((2, 28, 28), np.uint8), 0, np.arange(3)), "2 images need as many indices"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        corrupt(*arguments)


def test_what_is_measured_by_cannot_be_trained_on() -> None:
    grimp = pytest.importorskip("grimp")
    graph = grimp.build_graph("digitlab", cache_dir=None)
    kept = ("corruptions", "overlays", "outliers", "garments")
    for module in (f"digitlab.evaluation.{name}" for name in kept):
        assert graph.chain_exists(importer="digitlab.cli_evaluate", imported=module)  # so the graph does see them
        for stop in ("digitlab.data", "digitlab.training", "digitlab.networks", "digitlab.recipes"):
            assert not graph.chain_exists(importer=stop, imported=module, as_packages=True), f"{stop} reaches {module}"
