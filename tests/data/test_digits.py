"""Digits are checked when they are made, and can be chosen from, joined and recognised by their digest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data.digits import Digits, concatenate, fixed_ranks
from digitlab.errors import DataError

IMAGES = np.arange(4 * 784, dtype=np.uint32).astype(np.uint8).reshape(4, 28, 28)
LABELS = np.array([3, 1, 4, 1])


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES / 255, LABELS, "uint8"),
        (IMAGES.reshape(4, 784), LABELS, r"\(4, 784\)"),
        (IMAGES, LABELS[:3], "4 images but labels of shape"),
        (IMAGES, LABELS + 7, r"label 10 of digit 0 is outside 0 to 9 \(2 such labels\)"),
        (IMAGES, LABELS - 2, "label -1 of digit 1"),
    ],
)
def test_wrong_digits_are_refused_by_name(images, labels, message):
    with pytest.raises(DataError, match=message) as caught:
        Digits(images, labels, "mine")
    assert str(caught.value).startswith("mine: ")


def test_a_choice_keeps_name_and_origin():
    digits = Digits(IMAGES, LABELS, "mine", np.arange(10, 14))
    chosen = digits[digits.labels == 1]
    assert (len(chosen), chosen.name, chosen.origin.tolist()) == (2, "mine", [11, 13])
    np.testing.assert_array_equal(digits[2:].images, IMAGES[2:])
    assert digits.renamed("yours").origin.tolist() == [10, 11, 12, 13]


def test_the_digest_knows_pixels_labels_and_order_but_not_memory_layout():
    digits = Digits(IMAGES, LABELS)
    changed = IMAGES.copy()
    changed[0, 0, 0] += 1
    same = Digits(np.asfortranarray(IMAGES), LABELS.astype(np.uint8), "other name")
    assert digits.digest == same.digest
    others = Digits(changed, LABELS), Digits(IMAGES, LABELS[::-1].copy()), digits[::-1], digits[:3]
    assert digits.digest not in {other.digest for other in others}


def test_joined_digits_keep_order_and_origin_only_if_all_have_one():
    first, second = Digits(IMAGES[:1], LABELS[:1], "a", np.array([0])), Digits(IMAGES[1:], LABELS[1:], "b")
    both = concatenate([first, second], "both")
    assert both.digest == Digits(IMAGES, LABELS).digest
    assert both.origin is None
    assert concatenate([first, first], "twice").origin.tolist() == [0, 0]
    assert len(concatenate([], "none")) == 0


@given(st.integers(0, 300), st.text(max_size=5))
@settings(deadline=None, max_examples=30)
def test_ranks_are_a_shuffle_that_depends_on_purpose_alone(count, purpose):
    ranks = fixed_ranks(count, purpose)
    assert sorted(ranks) == list(range(count))
    np.testing.assert_array_equal(ranks, fixed_ranks(count, purpose))
    if count > 20:
        assert ranks.tolist() != fixed_ranks(count, purpose + "!").tolist()


def test_ranks_never_change():
    # Written down once: sorted(range(8), key=lambda i: sha256(f"x {i}").digest()[:8]).
    assert fixed_ranks(8, "x").tolist() == [6, 2, 4, 0, 5, 1, 7, 3]
