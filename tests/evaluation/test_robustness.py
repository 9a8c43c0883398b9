"""Accuracy on corrupted digits is what counting gives, and a sample of digits meets the same images."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

import digitlab
from digitlab.data import Digits, strokes
from digitlab.errors import UsageError
from digitlab.evaluation import corrupt, measure_robustness
from digitlab.evaluation.corruptions import CORRUPTIONS
from digitlab.evaluation.metrics import wilson_interval
from digitlab.evaluation.robustness import Robustness, sample
from digitlab.recognizer import Recognizer


@pytest.fixture(scope="module")
def digits() -> Digits:
    return strokes.generate(120, seed=8)


@pytest.fixture(scope="module")
def found(template: Callable[..., Recognizer], digits: Digits) -> Robustness:
    return measure_robustness(template(), digits, seed=5)


def test_each_row_is_what_counting_gives(found: Robustness, template, digits: Digits) -> None:
    recognizer = template()
    assert [row.name for row in found.rows] == ["clean", *CORRUPTIONS]
    for row in found.rows:
        images = digits.images if row.name == "clean" else corrupt(row.name, digits.images, 5)
        right = int((recognizer.predict(images) == digits.labels).sum())
        assert (row.n, row.errors) == (120, 120 - right)
        assert row.accuracy == pytest.approx(right / 120)
        assert row.interval == wilson_interval(right, 120)
    assert found.mean == pytest.approx(np.mean([row.accuracy for row in found.corruptions]))
    assert found.clean.accuracy > found.mean


def test_one_that_knows_no_digit_says_how_often_it_refuses(found: Robustness, digits: Digits) -> None:
    recognizer = digitlab.load("default")
    rows = measure_robustness(recognizer, digits[:40]).rows
    odds = recognizer.judge(corrupt("stripe", digits.images[:40])).odds
    assert rows[10].refused == pytest.approx((odds < 0).mean())
    assert {row.refused for row in found.rows} == {None}


def test_the_sheet_shows_the_same_digits_in_every_row(found: Robustness, digits: Digits) -> None:
    assert found.sheet.shape == (16, 10, 28, 28)
    assert np.array_equal(found.sheet[0], digits.images[:10])
    assert np.array_equal(found.sheet[4], corrupt("motion_blur", digits.images, 5)[:10])


def test_json_is_plain_and_complete(found: Robustness, digits: Digits) -> None:
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert content.keys() == {"model", "data", "digest", "seed", "clean", "corruptions", "mean"}
    assert content["digest"] == digits.digest
    assert content["corruptions"][0].keys() == {"name", "n", "errors", "accuracy", "interval", "refused"}
    assert len(content["corruptions"]) == 15


def test_a_sample_is_spread_over_all_and_meets_the_same_images(found: Robustness, template, digits: Digits) -> None:
    some, indices = sample(digits, 40)
    assert np.array_equal(some.images, digits.images[indices])
    assert len(set(indices.tolist())) == 40
    assert indices.max() > 100
    assert set(sample(digits, 20)[1]) <= set(indices)
    part = measure_robustness(template(), some, seed=5, indices=indices)
    assert np.array_equal(part.sheet[3, 0], corrupt("glass_blur", digits.images, 5)[indices[0]])


def test_all_are_taken_where_there_are_no_more(digits: Digits) -> None:
    for count in (None, 120, 500):
        assert sample(digits, count)[0] is digits


def test_nothing_to_measure_is_refused(template, digits: Digits) -> None:
    with pytest.raises(UsageError, match="holds no digits"):
        measure_robustness(template(), digits[:0])
    with pytest.raises(UsageError, match="--digits 0"):
        sample(digits, 0)
