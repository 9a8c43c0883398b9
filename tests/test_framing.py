"""Framing makes what MNIST's own makers made."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.framing import BOX, SIDE, frame

MNIST = Path(os.environ.get("DIGITLAB_DATA", "")) / "mnist"


def drawn(points: list[tuple[int, int]], width: int = 9) -> np.ndarray:
    ink = np.zeros((120, 120), np.uint8)
    cv2.polylines(ink, [np.array(points)], False, 255, width, cv2.LINE_AA)
    return ink


SEVEN = drawn([(30, 20), (90, 20), (55, 100)])


@pytest.mark.skipif("DIGITLAB_DATA" not in os.environ or not MNIST.is_dir(), reason="DIGITLAB_DATA is not set")
def test_mnists_own_digits_are_framed_to_their_own_pixels() -> None:
    from digitlab import data

    images = data.load("mnist").test.images[:2000]
    assert np.mean([np.array_equal(frame(image), image) for image in images]) > 0.999


def test_the_longer_side_is_20_pixels_and_the_centre_of_mass_at_pixel_14() -> None:
    framed = frame(SEVEN)
    assert framed.shape == (SIDE, SIDE)
    rows, columns = np.flatnonzero(framed.max(axis=1)), np.flatnonzero(framed.max(axis=0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == BOX
    mass = framed / framed.sum()
    assert abs(mass.sum(axis=1) @ np.arange(SIDE) - 14) <= 0.5
    assert abs(mass.sum(axis=0) @ np.arange(SIDE) - 14) <= 0.5


def test_framing_twice_is_framing_once() -> None:
    once = frame(SEVEN)
    np.testing.assert_array_equal(frame(once), once)


def test_blank_paper_is_framed_blank() -> None:
    assert not frame(np.zeros((50, 40), np.uint8)).any()


@settings(max_examples=40, deadline=None)
@given(left=st.integers(0, 90), top=st.integers(0, 90), right=st.integers(0, 90), below=st.integers(0, 90))
def test_where_the_digit_stands_does_not_matter(left: int, top: int, right: int, below: int) -> None:
    moved = np.pad(SEVEN, ((top, below), (left, right)))
    np.testing.assert_array_equal(frame(moved), frame(SEVEN))


@settings(max_examples=20, deadline=None)
@given(factor=st.integers(2, 9))
def test_how_large_the_digit_is_hardly_matters(factor: int) -> None:
    larger = np.kron(SEVEN, np.ones((factor, factor), np.uint8))
    assert np.abs(frame(larger).astype(int) - frame(SEVEN)).max() <= 2


@settings(max_examples=60, deadline=None)
@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 99))
def test_ink_of_any_shape_fits_the_frame(height: int, width: int, seed: int) -> None:
    ink = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    framed = frame(ink)
    assert framed.shape == (SIDE, SIDE)
    assert framed.any() == ink.any()
