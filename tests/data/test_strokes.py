"""The pen writes what it is told, always the same, and so that others' digits can be learned from it."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data.idx import read_pair
from digitlab.data.skeletons import chances, glyphs, poses
from digitlab.data.strokes import draw, generate
from digitlab.errors import DataError, UsageError


@pytest.fixture(scope="module")
def written():
    return generate(2000, seed=1)


def test_digits_have_mnists_form(written):
    assert written.name == "strokes"
    assert written.images.shape == (2000, 28, 28)
    assert written.images.dtype == np.uint8
    assert written.labels.dtype == np.int64


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    assert generate(50, seed=3).digest == generate(50, seed=3).digest
    assert generate(50, seed=3).digest != generate(50, seed=4).digest


def test_fewer_digits_are_the_first_of_more():
    assert generate(100, seed=5)[:13].digest == generate(13, seed=5).digest
    labels = np.arange(100) * 7 % 10
    assert generate(100, seed=5, labels=labels)[:10].digest == generate(10, seed=5, labels=labels[:10]).digest


def test_a_digit_depends_on_no_other_digits_label():
    labels = np.zeros(6, np.int64)
    others = np.array([5, 5, 0, 5, 5, 5])
    np.testing.assert_array_equal(generate(6, 0, labels).images[2], generate(6, 0, others).images[2])


def test_labels_are_balanced_and_shuffled(written):
    assert np.bincount(written.labels).tolist() == [200] * 10
    assert len({tuple(ten) for ten in written.labels.reshape(-1, 10).tolist()}) > 190


def test_no_two_digits_are_alike(written):
    assert len(np.unique(written.images.reshape(2000, -1), axis=0)) == 2000


def test_each_digit_stands_in_the_20_pixel_box_with_its_mass_at_the_centre(written):
    for image in written.images[:500]:
        rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 in (19, 20)  # a faint edge row may round to nothing
        mass = image / image.sum(dtype=float)
        # Half a pixel from whole shifts, and as much again because edges are darkened after framing.
        assert abs(mass.sum(axis=1) @ np.arange(28) - 14) < 1
        assert abs(mass.sum(axis=0) @ np.arange(28) - 14) < 1


def test_pens_run_from_thin_to_thick():
    from cv2 import DIST_L2, distanceTransform

    # A straight stroke tells its width plainly: twice the distance from its middle to the paper.
    bars = generate(400, seed=1, labels=np.ones(400, np.int64)).images
    ink = [(np.kron(image, np.ones((4, 4), np.uint8)) > 127).astype(np.uint8) for image in bars]
    widths = np.array([distanceTransform(one, DIST_L2, 5).max() / 2 for one in ink])  # pixels of the 28
    assert np.quantile(widths, 0.05) < 2.1
    assert 2.5 < np.median(widths) < 3.7
    assert np.quantile(widths, 0.95) > 4.5


def test_ink_is_as_much_as_mnists_and_mostly_full(written):
    means = written.images.reshape(2000, -1).mean(axis=1)
    assert 30 < means.mean() < 37  # MNIST: 33.3
    assert 9 < means.std() < 13  # MNIST: 11
    assert (written.images > 250).sum() > 0.3 * (written.images > 0).sum()


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"count": -1}, UsageError, "0 or more"),
        ({"count": 1, "seed": -1}, UsageError, "0 or more"),
        ({"count": 3, "labels": np.zeros(2, np.int64)}, UsageError, "3 strokes need 3 labels"),
        ({"count": 1, "labels": np.array([10])}, DataError, "outside 0 to 9"),
    ],
)
def test_impossible_wishes_are_refused(arguments, error, says):
    with pytest.raises(error, match=says):
        generate(**arguments)


def test_no_digits_are_digits_too():
    assert len(generate(0)) == 0


@settings(deadline=None, max_examples=150)
@given(label=st.integers(0, 9), seed=st.integers(0, 2**32), height=st.integers(10, 300))
def test_a_drawn_digit_fills_its_picture(label, seed, height):
    picture = draw(label, np.random.default_rng(seed), height)
    assert picture.dtype == np.uint8
    assert picture.shape[0] == height
    assert all(edge.any() for edge in (picture[0], picture[-1], picture[:, 0], picture[:, -1]))
    assert picture.max() > 80
    np.testing.assert_array_equal(picture, draw(label, np.random.default_rng(seed), height))


@pytest.mark.parametrize("height", [10, 1000])
def test_digits_are_drawn_at_the_extreme_heights(height):
    assert draw(8, np.random.default_rng(0), height).shape[0] == height


def test_a_digit_keeps_its_shape_at_any_height():
    import cv2

    for label in range(10):
        small = draw(label, np.random.default_rng(label), 100).astype(float)
        large = cv2.resize(draw(label, np.random.default_rng(label), 400), small.shape[::-1], interpolation=3)
        assert np.abs(small - large).mean() < 12, label


@pytest.mark.parametrize("height", [9, 1001])
def test_other_heights_are_refused(height):
    with pytest.raises(UsageError, match="10 to 1000"):
        draw(3, np.random.default_rng(0), height)


def test_an_unknown_glyph_is_refused_with_those_known():
    with pytest.raises(UsageError, match="0 1 2 3 4 5 6 7 8 9"):
        draw(10, np.random.default_rng(0))


def test_the_curve_passes_its_points_and_rounds_corners_only_when_asked():
    for skeleton in [habit for habits in glyphs().values() for habit in habits]:
        sharp, rounded, starts = skeleton.curves(detail=4)
        assert starts[-1] == len(sharp) == len(rounded)
        np.testing.assert_allclose(sharp.sum(axis=1), 1)  # moving all points moves the curve
        first = 0
        for start, length in zip(starts, skeleton.lengths, strict=False):
            at = start + 4 * np.arange(length)
            points = skeleton.points[first : first + length]
            np.testing.assert_allclose(sharp[at] @ skeleton.points, points, atol=1e-12)
            np.testing.assert_allclose(rounded[at] @ skeleton.points, points, atol=1e-12)
            first += length
        assert np.allclose(sharp, rounded) == (not skeleton.corners.any())


def test_habits_are_named_once_and_blend_only_with_their_like():
    for glyph, habits in glyphs().items():
        assert len({habit.habit for habit in habits}) == len(habits) >= 5
        assert chances(glyph)[-1] == 1
        for habit in habits:
            assert habit in poses(habit, glyph)
            assert {pose.points.shape for pose in poses(habit, glyph)} == {habit.points.shape}


def nearest(images, labels, asked):
    """Read by the five nearest of `images`, all softened a little so that a shift of a pixel costs little."""
    neighbors = pytest.importorskip("sklearn.neighbors", reason="scikit-learn is in the extra [train]")
    import cv2

    def soften(many):
        return np.stack([cv2.GaussianBlur(one, (0, 0), 1).ravel() for one in many]).astype(np.float32)

    reader = neighbors.KNeighborsClassifier(5, algorithm="brute").fit(soften(images), labels)
    return reader.predict(soften(asked))


def test_what_is_learned_from_strokes_reads_strokes_of_another_seed(written):
    others = generate(500, seed=2)
    assert (nearest(written.images, written.labels, others.images) == others.labels).mean() > 0.75


def test_what_is_learned_from_strokes_reads_real_digits():
    images = Path(os.environ.get("DIGITLAB_DATA", "")) / "mnist" / "train-images-idx3-ubyte.gz"
    if not images.is_file():
        pytest.skip("DIGITLAB_DATA names no folder with MNIST's training images")
    real = read_pair(images)[:1000]  # the test images stay closed here
    digits = generate(6000, seed=1)
    assert (nearest(digits.images, digits.labels, real.images) == real.labels).mean() > 0.85
