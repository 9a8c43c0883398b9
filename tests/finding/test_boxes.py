"""What boxes share, as counting pixels says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitlab.finding.boxes import TWIN, areas, repeated, shared, twins

SIDE = 12
spans = st.tuples(st.integers(0, SIDE - 1), st.integers(1, SIDE)).map(lambda at: (at[0], min(SIDE, at[0] + at[1])))
boxes = st.lists(st.tuples(spans, spans).map(lambda s: (s[0][0], s[1][0], s[0][1], s[1][1])), min_size=1, max_size=6)


def drawn(box: tuple[int, ...]) -> np.ndarray:
    page = np.zeros((SIDE, SIDE), bool)
    page[box[1] : box[3], box[0] : box[2]] = True
    return page


@given(boxes, boxes)
def test_areas_and_what_is_shared_are_pixels(some, others) -> None:
    first, second = np.array(some), np.array(others)
    assert areas(first).tolist() == [drawn(box).sum() for box in some]
    both = [[(drawn(one) & drawn(other)).sum() for other in others] for one in some]
    assert shared(first, second).tolist() == both
    union = [[(drawn(one) | drawn(other)).sum() for other in others] for one in some]
    more = np.array(both) - TWIN * np.array(union)
    clear = np.abs(more) > 1e-6  # else rounding decides
    np.testing.assert_array_equal(twins(first, second)[clear], more[clear] > 0)


@given(boxes)
def test_of_twins_the_first_is_not_repeated(some) -> None:
    every = np.array(some)
    same = twins(every, every)
    assert repeated(every).tolist() == [any(same[i, j] for j in range(i)) for i in range(len(some))]
    assert repeated(np.zeros((0, 4))).shape == (0,)


@given(boxes, st.integers(1, 4))
def test_boxes_are_repeated_however_many_are_compared_at_a_time(some, at_a_time) -> None:
    every, at_once = np.array(some), repeated(np.array(some))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("digitlab.finding.boxes.ROWS", at_a_time)
        np.testing.assert_array_equal(repeated(every), at_once)


def test_of_no_boxes_none_are_twins() -> None:
    none, one = np.zeros((0, 4), np.float32), np.array([[0, 0, 5, 5]], np.float32)
    assert twins(none, one).shape == (0, 1)
    assert not twins(one, none).any(axis=1).any()
