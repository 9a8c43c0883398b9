"""What is no digit comes in every kind, about as large as a digit would be, and always the same."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from digitlab.data import printed
from digitlab.data.distractors import CONFUSABLE, GREEK, KINDS, LETTERS, MARKS, distractor
from digitlab.errors import UsageError


@settings(deadline=None, max_examples=200)
@given(kind=st.sampled_from(sorted(KINDS)), seed=st.integers(0, 2**32), height=st.integers(10, 150))
@example(kind="texture", seed=3360032, height=10)
def test_a_distractor_is_ink_that_fills_its_picture(kind, seed, height):
    ink, made = distractor(np.random.default_rng(seed), height, kind)
    assert made == kind
    assert ink.dtype == np.uint8
    assert ink.ndim == 2
    assert ink.max() >= 40  # a single dot that is blurred by a pixel has no more
    assert all(edge.any() for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))
    assert ink.shape[0] <= 8 * height + 20
    assert ink.shape[1] <= 40 * height + 40


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32), height=st.integers(10, 80))
def test_the_generator_decides_on_all(seed, height):
    ink, kind = distractor(np.random.default_rng(seed), height)
    again, same = distractor(np.random.default_rng(seed), height)
    assert kind == same
    np.testing.assert_array_equal(ink, again)


def test_all_kinds_come_as_often_as_their_weights_say():
    assert math.isclose(sum(KINDS.values()), 1)
    counts = Counter(distractor(np.random.default_rng(seed), 12)[1] for seed in range(1500))
    for kind, weight in KINDS.items():
        assert abs(counts[kind] / 1500 - weight) < 4 * math.sqrt(weight / 1500), kind


@pytest.mark.parametrize("kind", ["letter", "greek", "mark", "print", "fragment", "pair", "shape", "texture"])
def test_sizes_are_about_those_of_digits(kind):
    rng = np.random.default_rng(1)
    small = np.median([max(distractor(rng, 20, kind)[0].shape) for _ in range(60)])
    large = np.median([max(distractor(rng, 80, kind)[0].shape) for _ in range(60)])
    assert 8 < small < 45
    assert 2.8 < large / small < 5.5


def test_what_a_person_takes_for_a_digit_is_left_out_alone():
    assert {*"OolIZSs", "bar", "slash", "parenleft"} <= CONFUSABLE <= {*LETTERS, *GREEK, *MARKS}
    assert not {"A", "beta", "gamma", "Q", "i", "plus", "hash"} & CONFUSABLE
    assert not set(printed.LETTERS) & set("OolIiJLSsZzBbqgGyYTDj")
    assert not set(printed.SYMBOLS + printed.LETTERS) & set("0123456789|/\\!()")


def test_a_fragment_is_less_than_a_digit_and_no_bar():
    from cv2 import connectedComponents

    rng = np.random.default_rng(2)
    for _ in range(60):
        ink = distractor(rng, 60, "fragment")[0] > 127
        spread = np.linalg.eigvalsh(np.cov(np.argwhere(ink).T))
        assert spread[0] > 0.05 * spread[1]
        assert connectedComponents(np.pad(~ink, 1, constant_values=True).astype(np.uint8), connectivity=4)[0] == 2
        assert max(ink.shape) < 110


def test_a_pair_is_wider_than_one_digit():
    from digitlab.data.strokes import draw

    rng = np.random.default_rng(3)
    pairs = [distractor(rng, 60, "pair")[0] for _ in range(80)]
    digits = [draw(seed % 10, rng, 60) for seed in range(80)]
    assert np.mean([ink.shape[1] / ink.shape[0] for ink in pairs]) > 1.6 * np.mean(
        [ink.shape[1] / ink.shape[0] for ink in digits]
    )


def test_rulings_are_no_upright_bars():
    rng = np.random.default_rng(4)
    for _ in range(150):
        rows, columns = distractor(rng, 40, "line")[0].shape
        assert columns > 0.15 * rows


def test_printed_signs_are_in_the_fonts_that_print_them():
    for face in printed._faces(wide=True):
        if not face:
            continue
        font = printed._font(face)
        missing = bytes(font.getmask("\uffff"))
        assert [sign for sign in printed.SYMBOLS if bytes(font.getmask(sign)) == missing] == []


def test_print_needs_no_plotting_library(monkeypatch):
    monkeypatch.setattr(printed, "find_spec", lambda name: None)
    printed._faces.cache_clear()
    try:
        for kind in ("print", "text"):
            ink, _ = distractor(np.random.default_rng(0), 40, kind)
            assert ink.max() > 100
    finally:
        printed._faces.cache_clear()


@pytest.mark.parametrize("height", [9, 1001])
def test_other_heights_are_refused(height):
    with pytest.raises(UsageError, match="10 to 1000"):
        distractor(np.random.default_rng(0), height)


def test_an_unknown_kind_is_refused_with_those_known():
    with pytest.raises(UsageError, match=r"no kind of distractor 'digit'; there are letter, .*shape"):
        distractor(np.random.default_rng(0), 40, "digit")


def test_large_distractors_can_be_made():
    for kind in KINDS:
        assert max(distractor(np.random.default_rng(0), 1000, kind)[0].shape) > 40


def test_an_invented_sign_is_no_bar_and_no_blot():
    signs = [distractor(np.random.default_rng(seed), 60, "sign")[0] for seed in range(80)]
    narrow = sum(ink.shape[1] < 0.45 * ink.shape[0] for ink in signs)
    full = sum((ink > 100).mean() > 0.5 for ink in signs)
    assert narrow + full <= 4  # some hands need more than eight attempts
    assert len({ink.tobytes() for ink in signs}) == len(signs)
