"""Components are those that OpenCV's own statistics tell of."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from digitlab.finding.components import components


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 2**31))
def test_boxes_and_areas_are_those_of_opencv(height, width, share, seed):
    mask = (np.random.default_rng(seed).random((height, width)) < share).astype(np.uint8)
    found = components(mask)
    _, label, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_BBDT)
    np.testing.assert_array_equal(found.label, label)
    np.testing.assert_array_equal(found.boxes[1:, :2], stats[1:, :2])
    np.testing.assert_array_equal(found.boxes[1:, 2:] - found.boxes[1:, :2], stats[1:, 2:4])
    np.testing.assert_array_equal(found.area[1:], stats[1:, 4])
    np.testing.assert_array_equal(found.inked, np.flatnonzero(mask))
    np.testing.assert_array_equal(found.owner, label.ravel()[found.inked[found.begins]])
    of = label.ravel()[found.inked]
    np.testing.assert_allclose(found.sums(found.inked.astype(float)), np.bincount(of, found.inked, len(stats)))


def test_a_mask_without_narrow_components_keeps_the_others():
    mask = np.zeros((60, 80), np.uint8)
    mask[5:25, 5:25] = mask[30:33, 10:70] = 1
    mask[50:52, 50:52] = 1
    kept = mask.copy()
    kept[30:] = 0
    np.testing.assert_array_equal(components(mask).at_least(10), kept)
