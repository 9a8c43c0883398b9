"""What is no digit is made alike for the same seed; how it is told from digits agrees with sums done by hand."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import digitlab
from digitlab.data import Digits, strokes
from digitlab.errors import UsageError
from digitlab.evaluation import make_outliers, measure_rejection
from digitlab.evaluation.garments import GARMENTS, garment
from digitlab.evaluation.outliers import FAMILIAR, SETS
from digitlab.evaluation.rejection import Rejection, auroc, false_acceptance
from digitlab.recognizer import Recognizer

SCORES = arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 7.0]))


@pytest.fixture(scope="module")
def digits() -> Digits:
    return strokes.generate(200, seed=11)


@pytest.fixture(scope="module")
def found(digits: Digits) -> Rejection:
    """Of the bundled recogniser, which knows "not a digit"."""
    return measure_rejection(digitlab.load("default"), digits, count=60)


@pytest.mark.parametrize("name", SETS)
def test_fewer_are_the_first_of_more_and_another_seed_gives_others(name: str) -> None:
    images = make_outliers(name, 24, seed=1)
    assert images.shape == (24, 28, 28)
    assert images.dtype == np.uint8
    assert np.array_equal(make_outliers(name, 9, seed=1), images[:9])
    assert not np.array_equal(make_outliers(name, 24, seed=2), images)
    assert len({image.tobytes() for image in images}) > 12
    assert make_outliers(name, 0).shape == (0, 28, 28)


def test_the_sets_are_what_they_are_called() -> None:
    assert set(FAMILIAR) < set(SETS)
    assert make_outliers("blank", 200).max() < 64
    assert make_outliers("letters", 20).max(axis=(1, 2)).min() > 100
    halves = make_outliers("halves", 60)
    edges = [halves[:, 0], halves[:, -1], halves[:, :, 0], halves[:, :, -1]]
    touching = np.array([edge.max(axis=1) > 60 for edge in edges]).any(axis=0)
    assert touching.mean() > 0.9  # what is left of a digit is cut by the frame
    assert (make_outliers("noise", 50) > 0).mean(axis=(1, 2)).min() > 0.15


def test_garments_are_solid_and_fill_the_frame_as_fashion_does() -> None:
    rng = np.random.default_rng(0)
    images = np.stack([garment(rng) for _ in range(200)])
    inked = images > 30
    longer = np.maximum(inked.any(axis=1).sum(axis=1), inked.any(axis=2).sum(axis=1))
    assert longer.min() >= 18
    assert 0.2 < inked.mean(axis=(1, 2)).mean() < 0.7
    for pieces in GARMENTS.values():
        points = np.concatenate([np.array(piece) for piece in pieces])
        assert points.min() >= 0
        assert points.max() <= 100


@given(SCORES, SCORES)
@settings(deadline=None)
def test_auroc_is_the_share_of_pairs_in_order(ours: np.ndarray, others: np.ndarray) -> None:
    above = (ours[:, None] > others).mean() + 0.5 * (ours[:, None] == others).mean()
    assert auroc(ours, others) == pytest.approx(above)


@given(SCORES, SCORES, st.sampled_from([0.5, 0.9, 0.95, 1.0]))
@settings(deadline=None)
def test_false_acceptance_is_at_the_strictest_threshold_that_keeps_the_digits(ours, others, coverage: float) -> None:
    kept = [t for t in ours if (ours >= t).mean() >= coverage - 1e-12]
    assert false_acceptance(ours, others, coverage) == pytest.approx((others >= max(kept)).mean())


def test_the_bundled_recogniser_refuses_by_its_odds(found: Rejection, digits: Digits) -> None:
    odds = digitlab.load("default").judge(digits.images).odds
    assert found.score == "odds"
    assert found.digits_refused == pytest.approx((odds < 0).mean())
    assert [row.name for row in found.rows] == [*SETS, "all"]
    assert [row.familiar for row in found.rows] == [name in FAMILIAR for name in SETS] + [None]
    scribbles = digitlab.load("default").judge(make_outliers("scribbles", 60)).odds
    assert found.sets[1].auroc == pytest.approx((odds[:, None] > scribbles).mean(), abs=1e-6)
    assert found.sets[1].refused == pytest.approx((scribbles < 0).mean())
    assert found.overall.n == 420
    assert found.overall.refused == pytest.approx(np.mean([row.refused for row in found.sets]))
    assert found.sheet.shape == (7, 10, 28, 28)


def test_one_that_knows_digits_only_refuses_by_confidence(template: Callable[..., Recognizer], digits: Digits) -> None:
    recognizer = template()
    found = measure_rejection(recognizer, digits, count=40)
    confidence = recognizer.predict_proba(digits.images).max(axis=1)
    assert found.score == "confidence"
    assert found.digits_refused == pytest.approx((confidence < 0.5).mean())
    blank = recognizer.predict_proba(make_outliers("blank", 40)).max(axis=1)
    assert found.sets[5].refused == pytest.approx((blank < 0.5).mean())


def test_json_is_plain_and_complete(found: Rejection) -> None:
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    kept = {"model", "data", "digest", "n", "seed", "score", "threshold", "coverage", "digits_refused", "sets"}
    assert content.keys() == kept | {"overall"}
    assert content["sets"][0].keys() == {"name", "n", "auroc", "false_acceptance", "refused", "familiar"}


def test_an_auroc_is_not_rounded_to_perfection(found: Rejection) -> None:
    from dataclasses import replace

    shown = [replace(found.overall, auroc=value).auroc_in_words for value in (0.99999, 1.0, 0.5)]
    assert shown == ["0.9999", "1.0000", "0.5000"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(("leters", 3), "did you mean letters"), (("cats", 3), "there are letters"), (("noise", -1), "0 or more")],
)
def test_what_makes_no_sense_is_refused(arguments: tuple, complaint: str, digits: Digits) -> None:
    with pytest.raises(UsageError, match=complaint):
        make_outliers(*arguments)
    with pytest.raises(UsageError, match="needs digits and outliers"):
        measure_rejection(digitlab.load("default"), digits[:0])
