"""The figures of an evaluation agree with scikit-learn, with SciPy and with sums done by hand."""

from __future__ import annotations

import json
import math
import sys
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from digitlab.data.digits import Digits
from digitlab.errors import MissingExtraError, UsageError
from digitlab.evaluation import Evaluation, evaluate_probabilities, mean_interval
from digitlab.evaluation.metrics import wilson_interval, worst_first

from .conftest import blobs, softmax


@st.composite
def judgements(draw: st.DrawFn) -> tuple[Digits, np.ndarray]:
    """Any digits with any probabilities, sharp or blunt, right or wrong."""
    n = draw(st.integers(1, 60))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = random.integers(0, 10, n)
    help_given = draw(st.floats(-3, 12))
    return blobs(labels), softmax(random.normal(0, 2, (n, 10)) + help_given * np.eye(10)[labels])


def test_agrees_with_scikit_learn(judged: tuple[Digits, np.ndarray]) -> None:
    digits, probabilities = judged
    labels, read = digits.labels, probabilities.argmax(axis=1)
    e = evaluate_probabilities(probabilities, digits, model="m", temperature=1.5)
    assert e.accuracy == pytest.approx(reference.accuracy_score(labels, read))
    assert e.errors == (labels != read).sum()
    assert e.n == 400
    assert e.nll == pytest.approx(reference.log_loss(labels, probabilities))
    one_against_rest = [reference.brier_score_loss(labels == k, probabilities[:, k]) for k in range(10)]
    assert e.brier == pytest.approx(sum(one_against_rest))
    assert e.confusion == reference.confusion_matrix(labels, read).tolist()
    report = reference.classification_report(labels, read, output_dict=True)
    for row in e.per_class:
        expected = report[str(row["label"])]
        assert row["precision"] == pytest.approx(expected["precision"])
        assert row["recall"] == pytest.approx(expected["recall"])
        assert row["f1"] == pytest.approx(expected["f1-score"])
        assert row["n"] == expected["support"]
    assert (e.model, e.temperature, e.data, e.digest) == ("m", 1.5, "blobs", digits.digest)


@given(st.integers(1, 20_000), st.data())
@settings(deadline=None, max_examples=50)
def test_wilson_interval_is_wilsons_formula_and_holds_the_share(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    share, z = successes / n, NormalDist().inv_cdf(0.975)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = wilson_interval(successes, n)
    assert (low, high) == pytest.approx((centre - half, centre + half), abs=1e-9)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


@given(judgements())
@settings(deadline=None, max_examples=40)
def test_figures_stay_within_their_ranges_and_ignore_the_order(judgement: tuple[Digits, np.ndarray]) -> None:
    digits, probabilities = judgement
    e = evaluate_probabilities(probabilities, digits)
    assert e.interval[0] <= e.accuracy + 1e-12
    assert e.accuracy <= e.interval[1] + 1e-12
    assert 0 <= e.ece <= 1
    assert 0 <= e.brier <= 2
    assert e.nll >= 0
    assert 0 <= e.coverage_without_error <= e.accuracy
    coverages = [row["coverage"] for row in e.coverage_at_risk]
    assert coverages == sorted(coverages)
    assert coverages[0] == pytest.approx(e.coverage_without_error)
    assert 0 <= e.aurc <= 1
    assert sum(map(sum, e.confusion)) == sum(row.n for row in e.reliability) == e.n
    assert sum(e.confusion[k][k] for k in range(10)) == e.n - e.errors
    order = np.random.default_rng(0).permutation(len(digits))
    turned = evaluate_probabilities(probabilities[order], digits[order]).to_dict()
    original = e.to_dict()
    del turned["digest"], original["digest"]  # they do depend on the order
    assert _close(turned, original)


def test_the_perfect_recogniser_has_perfect_figures() -> None:
    labels = np.arange(50) % 10
    e = evaluate_probabilities(np.eye(10)[labels], blobs(labels))
    assert (e.accuracy, e.errors, e.ece, e.brier, e.coverage_without_error) == (1.0, 0, 0.0, 0.0, 1.0)
    assert e.nll == pytest.approx(0, abs=1e-12)
    assert e.interval[1] == 1.0
    assert e.interval[0] < 1.0  # fifty digits prove no perfection


def test_labels_that_never_occur_have_figures_too(recwarn: pytest.WarningsRecorder) -> None:
    labels = np.zeros(3, np.int64)
    e = evaluate_probabilities(np.eye(10)[labels], blobs(labels))
    assert [row["n"] for row in e.per_class] == [3] + [0] * 9
    assert e.per_class[4]["f1"] == 0.0
    assert not recwarn.list


def test_people_correct_the_labels_of_mnists_test_file(doubted: tuple[Digits, np.ndarray]) -> None:
    digits, probabilities = doubted
    e = evaluate_probabilities(probabilities, digits)
    assert (e.errors, e.n) == (2, 3)
    assert (e.corrected_errors, e.corrected_n) == (
        1,
        2,
    )  # the 9 is right after all; the one without agreement is out
    assert e.corrected_accuracy == 0.5
    assert (e.coverage_without_error, e.corrected_coverage_without_error) == (0.0, 0.0)  # all are equally sure


def test_coverage_without_error_is_told_by_the_annotators_labels_too(doubted: tuple[Digits, np.ndarray]) -> None:
    digits, probabilities = doubted
    surer = probabilities.copy()
    surer[0] = 0.99 * np.eye(10)[9] + 0.001  # the 9 that was labelled 8 is read most surely
    e = evaluate_probabilities(surer, digits)
    assert e.coverage_without_error == 0.0
    assert e.corrected_coverage_without_error == 0.5
    assert e.coverage_at_risk[0] == {"risk": 0.0, "coverage": 0.0}


@pytest.mark.parametrize("name", ["strokes", "mnist train"])
def test_nothing_is_corrected_where_nobody_looked_again(name: str) -> None:
    labels = np.arange(10)
    e = evaluate_probabilities(np.eye(10), blobs(labels, name, np.arange(10)))
    assert e.corrected_accuracy is e.corrected_errors is e.corrected_n is None
    assert e.corrected_coverage_without_error is None


def test_json_is_stable_and_complete(judged: tuple[Digits, np.ndarray]) -> None:
    e = evaluate_probabilities(judged[1], judged[0])
    content = json.loads(json.dumps(e.to_dict(), allow_nan=False))
    promised = "accuracy errors n interval nll ece corrected_accuracy per_class confusion"
    assert set(promised.split()) <= set(content)
    assert set(content) == set(Evaluation.__dataclass_fields__)
    assert set(content) - set(e.summary()) == {"per_class", "confusion", "reliability"}
    assert content["interval"] == pytest.approx(e.interval, abs=1e-6)
    assert content["reliability"][14]["high"] == 1.0
    assert set(content["per_class"][0]) == {"label", "precision", "recall", "f1", "n"}


@pytest.mark.parametrize(
    ("probabilities", "complaint"),
    [
        (np.eye(10)[:9], "must be \\(10, 10\\)"),
        (np.full((10, 10), 0.2), "apply softmax"),
        (np.full((10, 10), np.nan), "apply softmax"),
        (np.tile([1.5, -0.5] + [0.0] * 8, (10, 1)), "apply softmax"),
    ],
)
def test_probabilities_that_cannot_be_are_refused(probabilities: np.ndarray, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        evaluate_probabilities(probabilities, blobs(np.arange(10)))


def test_no_digits_are_refused() -> None:
    with pytest.raises(UsageError, match="holds no digits"):
        evaluate_probabilities(np.zeros((0, 10)), blobs(np.zeros(0, np.int64)))


def test_a_missing_library_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    with pytest.raises(MissingExtraError, match=r"evaluating .* pip install 'digitlab\[train\]'"):
        evaluate_probabilities(np.eye(10), blobs(np.arange(10)))


def test_worst_first_begins_where_the_given_label_was_least_likely() -> None:
    probabilities = np.full((4, 10), 0.0)
    probabilities[:, 3] = [0.6, 0.9, 0.99, 0.7]
    probabilities[:, 5] = [0.4, 0.1, 0.01, 0.3]
    labels = np.array([5, 5, 3, 5])  # the third is right
    assert worst_first(probabilities, labels).tolist() == [1, 3, 0]


def test_mean_interval_is_students() -> None:
    mean, low, high = mean_interval([0.99, 0.992, 0.991])
    half = 4.302652729911275 * 0.001 / math.sqrt(3)  # the 97.5 % point of t with two degrees of freedom
    assert (mean, low, high) == pytest.approx((0.991, 0.991 - half, 0.991 + half))


def test_one_run_has_no_interval_and_none_has_no_mean() -> None:
    assert mean_interval([0.5]) == (0.5, None, None)
    with pytest.raises(UsageError, match="at least one run"):
        mean_interval([])


def _close(a: object, b: object) -> bool:
    """Compare nested plain values; floats may differ in the last digit, as sums depend on order."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_close(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_close, a, b))
    return abs(a - b) < 3e-6 if isinstance(a, float) and isinstance(b, float) else a == b
