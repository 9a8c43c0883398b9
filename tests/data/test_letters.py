"""The pen writes letters and marks as it writes digits, and what it writes of digits has not changed."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data.distractors import GREEK, LETTERS, MARKS
from digitlab.data.skeletons import chances, glyphs, letters, poses
from digitlab.data.strokes import draw, generate, write
from digitlab.data.writers import RARE
from digitlab.errors import UsageError

NAMES = tuple(letters())


def test_the_names_are_those_of_letters_greek_and_marks():
    rare = [name for name, _ in RARE.values()]
    assert set(NAMES) == {*LETTERS, *GREEK, *MARKS, *rare}
    assert len(NAMES) == len(LETTERS) + len(GREEK) + len(MARKS) + len(rare)
    assert not set(NAMES) & set(glyphs())


def test_habits_are_named_once_and_blend_only_with_their_like():
    for name, habits in letters().items():
        assert len({habit.habit for habit in habits}) == len(habits), name
        assert chances(name)[-1] == 1
        for habit in habits:
            assert habit in poses(habit, name)
            assert {pose.points.shape for pose in poses(habit, name)} == {habit.points.shape}


def test_no_two_points_of_a_stroke_coincide():
    for name, habits in letters().items():
        for habit in habits:
            strokes = np.split(habit.points, np.cumsum(habit.lengths)[:-1])
            for stroke in strokes:
                assert len(stroke) >= 2, (name, habit.habit)
                assert np.linalg.norm(np.diff(stroke, axis=0), axis=1).min() > 0.01, (name, habit.habit)


@pytest.mark.parametrize("height", [10, 40, 130])
def test_every_glyph_fills_its_picture(height):
    for index, name in enumerate(NAMES):
        ink = draw(name, np.random.default_rng(index), height)
        assert ink.dtype == np.uint8
        assert height in (ink.shape[0], max(ink.shape)), name
        assert all(edge.any() for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1])), name
        assert ink.max() > 80, name


def test_flat_marks_are_as_long_as_asked_and_others_as_high():
    for seed in range(20):
        assert max(draw("minus", np.random.default_rng(seed), 60).shape) == 60
        assert draw("E", np.random.default_rng(seed), 60).shape[0] == 60
        assert draw("3", np.random.default_rng(seed), 60).shape[0] == 60


def test_case_tells_glyphs_apart_and_a_digits_name_is_the_digit():
    pictures = [draw(name, np.random.default_rng(0), 40) for name in ("G", "g", "7")]
    np.testing.assert_array_equal(pictures[2], draw(7, np.random.default_rng(0), 40))
    assert pictures[0].shape != pictures[1].shape or not np.array_equal(pictures[0], pictures[1])


def test_dots_are_full_and_rings_are_not():
    for seed in range(20):
        dot = draw("dot", np.random.default_rng(seed), 40)
        assert dot[dot.shape[0] // 2, dot.shape[1] // 2] > 60
    rings = [draw("O", np.random.default_rng(seed), 40) for seed in range(20)]
    assert np.mean([ring[20, ring.shape[1] // 2] < 30 for ring in rings]) > 0.8


@pytest.mark.parametrize("name", ["aa", "", "Alpha", "10", "+"])
def test_an_unknown_name_is_refused_with_those_known(name):
    with pytest.raises(UsageError, match=r"0 1 2 .* 9 A B .* alpha .* plus"):
        draw(name, np.random.default_rng(0))


def test_the_bits_of_digits_are_those_from_before_there_were_letters():
    digest = hashlib.sha256(generate(200, seed=7).images.tobytes())
    for seed in range(60):
        rng = np.random.default_rng(seed)
        digest.update(draw(seed % 10, rng, (10, 28, 40, 100, 333)[seed % 5]).tobytes())
        digest.update(rng.random(3).tobytes())  # as many random numbers were drawn
    assert digest.hexdigest() == "217943cd7312a6d5cf60d74c7b82dd92f2b7e379447623a9b1fc1c3188bd1621"


@settings(deadline=None, max_examples=60)
@given(
    names=st.lists(st.sampled_from([*NAMES, *"0123456789"]), min_size=1, max_size=6),
    seed=st.integers(0, 2**32),
    height=st.integers(10, 120),
    joined=st.booleans(),
    gap=st.floats(-0.1, 0.4),
)
def test_a_row_is_tight_and_always_the_same(names, seed, height, joined, gap):
    ink = write(names, np.random.default_rng(seed), height, joined, gap)
    assert ink.dtype == np.uint8
    assert ink.max() > 60
    assert ink.shape[0] < 5 * height
    assert all(edge.any() for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))
    np.testing.assert_array_equal(ink, write(names, np.random.default_rng(seed), height, joined, gap))


def test_small_letters_stand_lower_than_capitals_and_tails_reach_below():
    def middle_height(word):
        return np.median([write(word, np.random.default_rng(seed), 60).shape[0] for seed in range(15)])

    low, capital, tailed = middle_height("nene"), middle_height("HEHE"), middle_height("hghg")
    assert low < 0.8 * capital < capital < tailed


def test_letters_of_a_joined_word_hang_together():
    import cv2

    def pieces(joined):
        rows = [write("nuen", np.random.default_rng(seed), 60, joined, 0.3) for seed in range(15)]
        return np.mean([cv2.connectedComponents((row > 60).astype(np.uint8))[0] - 1 for row in rows])

    assert pieces(joined=True) < 1.7
    assert pieces(joined=False) > 2.5


@pytest.mark.parametrize(("names", "height"), [([], 40), (["a"], 9), (["a"], 1001)])
def test_rows_of_nothing_and_other_heights_are_refused(names, height):
    with pytest.raises(UsageError, match="10 to 1000"):
        write(names, np.random.default_rng(0), height)
