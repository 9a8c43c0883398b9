"""Reliability and refusal, against values worked out by hand and the properties that must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digitlab.evaluation.calibration import (
    area_under_risk_coverage,
    calibration_error_by_chance,
    coverage_at_risk,
    coverage_without_error,
    expected_calibration_error,
    reliability,
    risk_coverage,
    threshold_for_risk,
)


@st.composite
def answers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Any confidences, ties included, each right or wrong."""
    n = draw(st.integers(1, 80))
    shares = st.one_of(st.floats(0, 1), st.sampled_from([0.1, 0.2, 0.5, 1.0]))
    return draw(arrays(np.float64, n, elements=shares)), draw(arrays(np.bool_, n))


def test_bins_count_confidence_and_accuracy() -> None:
    table = reliability(np.array([0.05, 0.5, 0.55, 1.0]), np.array([False, True, False, True]), bins=10)
    assert [row.n for row in table] == [1, 0, 0, 0, 1, 1, 0, 0, 0, 1]  # an upper edge belongs to its bin
    assert (table[0].accuracy, table[0].confidence) == (0.0, 0.05)
    assert (table[1].accuracy, table[1].confidence) == (None, None)
    assert (table[9].low, table[9].high) == (0.9, 1.0)
    # (0.05 wrong: 0.05) + (0.5 right: 0.5) + (0.55 wrong: 0.55) + (1 right: 0), over four
    assert expected_calibration_error(table) == pytest.approx(1.1 / 4)


@given(answers())
@settings(deadline=None)
def test_calibration_error_is_the_weighted_gap(answer: tuple[np.ndarray, np.ndarray]) -> None:
    confidence, right = answer
    gaps = 0.0
    for m in range(15):
        inside = (confidence * 15 > m) & (confidence * 15 <= m + 1)
        inside |= (confidence == 0) & (m == 0)
        gaps += abs(confidence[inside].sum() - right[inside].sum()) / len(right)
    error = expected_calibration_error(reliability(confidence, right))
    assert error == pytest.approx(gaps)
    assert 0 <= error <= 1


def test_sure_and_right_is_calibrated_sure_and_wrong_is_not() -> None:
    sure = np.ones(20)
    assert expected_calibration_error(reliability(sure, sure.astype(bool))) == 0
    assert expected_calibration_error(reliability(sure, np.zeros(20, bool))) == 1


def test_chance_leaves_a_calibrated_recogniser_as_much_error_as_other_draws_do() -> None:
    rng = np.random.default_rng(5)
    confidence = 1 - rng.beta(0.4, 12, 3000)
    errors = [expected_calibration_error(reliability(confidence, rng.random(3000) < confidence)) for _ in range(400)]
    low, high = calibration_error_by_chance(confidence)
    assert 0.02 < np.mean(np.array(errors) < low) < 0.09
    assert 0.02 < np.mean(np.array(errors) > high) < 0.09
    assert (low, high) == calibration_error_by_chance(confidence)  # the same each time


def test_certainty_leaves_chance_nothing() -> None:
    assert calibration_error_by_chance(np.ones(50)) == (0, 0)
    assert calibration_error_by_chance(np.empty(0)) == (0, 0)


@given(answers())
@settings(deadline=None)
def test_coverage_rises_to_all_and_risk_to_the_error_rate(answer: tuple[np.ndarray, np.ndarray]) -> None:
    confidence, right = answer
    coverage, risk = risk_coverage(confidence, right)
    assert (np.diff(coverage) > 0).all()
    assert coverage[-1] == 1
    assert risk[-1] == pytest.approx(np.mean(~right))
    assert len(coverage) == len(np.unique(confidence))
    free = coverage_without_error(confidence, right)
    assert free == pytest.approx(max(coverage[risk == 0], default=0.0))


def test_of_equally_sure_digits_none_can_be_refused_alone() -> None:
    confidence, right = np.array([0.9, 0.9, 0.8, 0.95]), np.array([True, False, True, True])
    coverage, risk = risk_coverage(confidence, right)
    assert coverage.tolist() == [0.25, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 1 / 3, 1 / 4])
    assert coverage_without_error(confidence, right) == 0.25


@given(answers(), st.sampled_from([0.0, 0.001, 0.1, 0.3, 1.0]))
@settings(deadline=None)
def test_coverage_and_threshold_at_a_risk_are_the_best_there_are(
    answer: tuple[np.ndarray, np.ndarray], risk: float
) -> None:
    confidence, right = answer
    shares = {t: np.mean(confidence >= t) for t in confidence if np.mean(~right[confidence >= t]) <= risk}
    assert coverage_at_risk(confidence, right, risk) == pytest.approx(max(shares.values(), default=0.0))
    assert threshold_for_risk(confidence, right, risk) == min(shares, default=None)
    if risk == 0:
        assert coverage_at_risk(confidence, right, 0) == pytest.approx(coverage_without_error(confidence, right))


def test_the_area_is_the_mean_risk_over_coverages() -> None:
    confidence, right = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False])
    assert area_under_risk_coverage(confidence, right) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    # All are equally sure: any order is a guess, and the area is the share that is wrong.
    assert area_under_risk_coverage(np.ones(4), right) == pytest.approx(0.5)
