"""A rule for refusing is found on the validation digits, keeps its promise there, and is judged on others."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab import data
from digitlab.data import Digits, Splits, strokes
from digitlab.errors import UsageError
from digitlab.evaluation import find_refusal, judge
from digitlab.evaluation.metrics import wilson_interval
from digitlab.evaluation.refusal import apply_threshold
from digitlab.recognizer import Recognizer


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory):
    """Digits by the pen in three parts, as a file."""
    digits = strokes.generate(700, seed=21)
    parts = Splits(digits[:100], digits[100:400], digits[400:])
    return data.export(parts, "npz", tmp_path_factory.mktemp("refusal") / "digits.npz")


@given(st.sampled_from([0.0, 0.01, 0.05, 0.2, 0.6]))
@settings(deadline=None, max_examples=5)
def test_the_promise_is_kept_where_the_rule_is_found(file, template: Callable[..., Recognizer], risk: float) -> None:
    recognizer = template(file)
    parts = data.load(file)
    _, probabilities = judge(recognizer, parts.test)
    rule = find_refusal(recognizer, risk, parts.test, probabilities)
    assert rule.found.n == 300
    assert rule.found.risk is None or rule.found.risk <= risk
    seen = recognizer.predict_proba(parts.validation.images)
    confidence, right = seen.max(axis=1), seen.argmax(axis=1) == parts.validation.labels
    for other in np.unique(confidence):
        if rule.threshold is None or other < rule.threshold:  # answering more would break it
            assert (~right[confidence >= other]).mean() > risk
    judged = probabilities.max(axis=1) >= (rule.threshold if rule.threshold is not None else 2)
    wrong = judged & (probabilities.argmax(axis=1) != parts.test.labels)
    assert (rule.judged.answered, rule.judged.errors) == (judged.sum(), wrong.sum())
    if judged.any():
        assert rule.judged.interval == wilson_interval(int(wrong.sum()), int(judged.sum()))
    content = json.loads(json.dumps(rule.to_dict(), allow_nan=False))
    assert content.keys() == {"wanted", "threshold", "found", "judged"}
    assert content["judged"].keys() == {"data", "n", "answered", "errors", "coverage", "risk", "interval"}


def test_where_no_threshold_helps_nothing_is_answered() -> None:
    digits = Digits(np.zeros((4, 28, 28), np.uint8), np.zeros(4, np.int64))
    told = apply_threshold(None, digits, np.eye(10)[[0, 1, 1, 1]])
    assert (told.answered, told.coverage, told.risk, told.interval) == (0, 0.0, None, None)


def test_no_validation_digits_no_rule(file, template: Callable[..., Recognizer]) -> None:
    test = data.load(file).test
    (whole := file.parent / "whole").mkdir(exist_ok=True)
    data.export(Splits(test, test[:0], test), "npz", whole / "two.npz")
    recognizer = template(whole / "two.npz", "full")
    with pytest.raises(UsageError, match="no validation digits"):
        find_refusal(recognizer, 0.1, test, recognizer.predict_proba(test.images))


@pytest.mark.parametrize("risk", [-0.1, 1.0, float("nan")])
def test_a_risk_that_is_no_share_is_refused(template, risk: float) -> None:
    with pytest.raises(UsageError, match="is no share of wrong answers"):
        find_refusal(template(), risk, strokes.generate(1), np.eye(10)[:1])
