"""What a camera makes of a page: an app's scan has white paper, and the ink is still there."""

import cv2
import numpy as np

from digitlab.data.camera import MUCH, Seen, bleached, in_two_levels


def test_bleached_paper_is_white_whatever_the_light_and_its_ink_is_dark():
    light = np.linspace(110, 230, 400, dtype=np.float32)[None, :, None] * np.ones((300, 1, 3), np.float32)
    ink = np.zeros((300, 400), np.uint8)
    for x in range(40, 400, 60):
        cv2.putText(ink, "5", (x, 180), cv2.FONT_HERSHEY_SIMPLEX, 2, 255, 5, cv2.LINE_AA)
    page = (light * (1 - 0.6 * ink[..., None] / np.float32(255))).astype(np.uint8)
    for seed in range(12):
        after = bleached(np.random.default_rng(seed), page, Seen(5, 0.6))
        assert after.shape == page.shape
        assert after.dtype == np.uint8
        paper, written = after[ink == 0].mean(axis=-1), after[ink == 255].mean(axis=-1)
        assert np.median(paper) > 235
        assert np.median(written) < 150
        by_side = [np.median(after[:, half][ink[:, half] == 0]) for half in (slice(0, 200), slice(200, 400))]
        assert abs(by_side[0] - by_side[1]) < 25  # the light that fell from one side is gone


def written(size: int = 2, thick: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """A grey page in even light and its ink, (H, W) uint8."""
    ink = np.zeros((300, 400), np.uint8)
    for x in range(40, 400, 60):
        cv2.putText(ink, "5", (x, 180), cv2.FONT_HERSHEY_SIMPLEX, size, 255, thick, cv2.LINE_AA)
    return cv2.merge([(210 * (1 - 0.6 * ink / np.float32(255))).astype(np.uint8)] * 3), ink


def test_a_page_in_two_levels_shows_its_ink_in_one_and_its_paper_in_the_other():
    page, ink = written()
    turned = set()
    for seed in range(12):
        after = in_two_levels(np.random.default_rng(seed), page, Seen(5, 0.6))
        assert set(np.unique(after).tolist()) == {0, 255}
        light = after[ink == 0].mean() > 127
        turned.add(light)
        assert abs(after[ink == 255].mean() - after[ink == 0].mean()) > 150
    assert turned == {True, False}  # black on white, and white on black


def test_a_page_that_would_drown_in_its_own_grain_is_left_as_it_is():
    rng = np.random.default_rng(0)
    page = rng.integers(0, 256, (300, 400, 1), dtype=np.uint8).repeat(3, axis=2)
    after = in_two_levels(np.random.default_rng(1), page, Seen(2, 0.3))
    assert np.array_equal(after, page) or (after[..., 0] == 255).mean() <= MUCH
