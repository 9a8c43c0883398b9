"""The median is NumPy's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from digitlab.finding.median import median

NUMBERS = {"min_value": -1000, "max_value": 1000}


@given(arrays.arrays(np.float32, st.integers(1, 40), elements=st.floats(**NUMBERS, width=32)))
def test_the_median_of_floats_is_numpys_to_the_bit(values: np.ndarray) -> None:
    assert median(values) == float(np.median(values))


@given(st.lists(st.integers(**NUMBERS), min_size=1, max_size=40))
def test_the_median_of_whole_numbers_is_numpys(values: list[int]) -> None:
    assert median(values) == float(np.median(values))
