"""The corrected labels are the annotators', in any part and order of MNIST, and touch nothing else."""

import os
from pathlib import Path

import numpy as np
import pytest

from digitlab.data import Digits, corrected, load
from digitlab.data.corrections import CORRECTED, NO_AGREEMENT, NO_DIGIT


def blank(origin, label=0, name="mnist test"):
    count = len(origin)
    return Digits(np.zeros((count, 28, 28), np.uint8), np.full(count, label), name, np.asarray(origin))


def test_ten_labels_change_and_five_digits_are_dropped():
    labels, keep = corrected(blank(np.arange(60_000, 70_000)))
    changed = np.flatnonzero(labels)
    assert set(changed) == {index for index, (_, label) in CORRECTED.items() if label != 0}
    assert len(CORRECTED) == 10
    assert np.flatnonzero(~keep).tolist() == sorted(NO_DIGIT + NO_AGREEMENT)
    assert keep.sum() == 9_995


def test_the_order_does_not_matter_and_training_digits_stay():
    digits = blank([947, 60_947, 69_679, 5, 61_621], label=8, name="mnist kaggle test")
    labels, keep = corrected(digits)
    assert labels.tolist() == [8, 9, 8, 8, 6]
    assert keep.tolist() == [True, True, False, True, True]
    assert digits.labels.tolist() == [8] * 5


def test_other_digits_come_back_as_they_are():
    others = blank([60_947], name="photos"), Digits(np.zeros((1, 28, 28), np.uint8), np.array([3]), "mnist")
    for digits in others:
        labels, keep = corrected(digits)
        assert labels.tolist() == digits.labels.tolist()
        assert keep.all()


@pytest.mark.skipif(
    not (Path(os.environ.get("DIGITLAB_DATA", "")) / "mnist").is_dir() or "DIGITLAB_DATA" not in os.environ,
    reason="needs MNIST in $DIGITLAB_DATA/mnist",
)
def test_the_given_labels_are_those_of_mnist():
    test = load("mnist").test
    assert {index: int(test.labels[index]) for index in CORRECTED} == {
        index: given for index, (given, _) in CORRECTED.items()
    }
