"""What a recogniser's probabilities are worth, measured against labelled digits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from digitlab.data.corrections import TEST_OFFSET, corrected
from digitlab.data.digits import Digits
from digitlab.errors import UsageError
from digitlab.evaluation.calibration import (
    RISKS,
    Bin,
    area_under_risk_coverage,
    calibration_error_by_chance,
    coverage_at_risk,
    coverage_without_error,
    expected_calibration_error,
    reliability,
)
from digitlab.evaluation.extra import needs_extra

LABELS = tuple(range(10))


@dataclass(frozen=True)
class Evaluation:
    """The figures of one recogniser on one collection of digits.

    Attributes:
        model: the recogniser's name.
        data: the collection's name.
        digest: SHA-256 of the collection.
        n: how many digits.
        errors: how many are read wrong.
        accuracy: the share that is read right, 0 to 1.
        interval: 95 % Wilson interval of the accuracy.
        nll: mean negative log-likelihood of the given labels, nats.
        brier: mean squared distance of the probabilities from the given label, summed over labels: 0 to 2.
        ece: expected calibration error, 15 bins, 0 to 1.
        ece_if_calibrated: between what it would lie, nine times in ten, if each confidence were exactly right.
        coverage_without_error: the share of digits that are surer than the surest wrong one.
        coverage_at_risk: risk and coverage, the largest share of digits that can be answered with that risk.
        aurc: area under the risk-coverage curve: the mean risk over all coverages, 0 to 1.
        corrected_accuracy, corrected_errors, corrected_n, corrected_coverage_without_error: against the labels that
            most annotators give, without digits they do not agree on; None where nobody looked again (all but MNIST's
            test file).
        temperature: what the logits were divided by, if known.
        per_class: label, precision, recall, f1 and n of each label.
        confusion: 10 rows (given label) of 10 counts (predicted label).
        reliability: confidence against accuracy in 15 bins.
    """

    model: str
    data: str
    digest: str
    n: int
    errors: int
    accuracy: float
    interval: tuple[float, float]
    nll: float
    brier: float
    ece: float
    ece_if_calibrated: tuple[float, float]
    coverage_without_error: float
    coverage_at_risk: list[dict[str, float]]
    aurc: float
    corrected_accuracy: float | None
    corrected_errors: int | None
    corrected_n: int | None
    corrected_coverage_without_error: float | None
    temperature: float | None
    per_class: list[dict[str, Any]] = field(repr=False)
    confusion: list[list[int]] = field(repr=False)
    reliability: list[Bin] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary of all attributes, by their names; shares have six decimals."""
        plain = dict(vars(self))
        plain["interval"], plain["ece_if_calibrated"] = list(self.interval), list(self.ece_if_calibrated)
        plain["reliability"] = [row.to_dict() for row in self.reliability]
        return {key: _rounded(value) for key, value in plain.items()}

    def summary(self) -> dict[str, Any]:
        """Return the same without the long tables: by label, confusion, reliability."""
        return {k: v for k, v in self.to_dict().items() if k not in ("per_class", "confusion", "reliability")}


def evaluate_probabilities(
    probabilities: np.ndarray, digits: Digits, *, model: str = "", temperature: float | None = None
) -> Evaluation:
    """Measure probabilities against the labels of the digits they are for.

    Args:
        probabilities: (N, 10) float, each row sums to one.
        digits: the N labelled digits, in the same order.
        model: the recogniser's name, for people.
        temperature: what its logits were divided by, for the record.

    Raises:
        UsageError: the probabilities do not fit the digits, or are none.
        MissingExtraError: SciPy or scikit-learn is not installed.
    """
    probabilities, labels = checked(probabilities, digits), digits.labels
    with needs_extra():
        from sklearn.metrics import confusion_matrix, log_loss
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)  # (N,), (N,)
    right = predicted == labels
    table = reliability(confidence, right)
    right_too, agreed = _corrected(predicted, digits)
    corrected_n = None if agreed is None else int(agreed.sum())
    corrected_errors = None if right_too is None else int((~right_too).sum())
    return Evaluation(
        model=model,
        data=digits.name,
        digest=digits.digest,
        n=len(digits),
        errors=int((~right).sum()),
        accuracy=float(right.mean()),
        interval=wilson_interval(int(right.sum()), len(right)),
        nll=float(log_loss(labels, probabilities, labels=LABELS)),
        brier=float(((probabilities - np.eye(10)[labels]) ** 2).sum(axis=1).mean()),
        ece=expected_calibration_error(table),
        ece_if_calibrated=calibration_error_by_chance(confidence),
        coverage_without_error=coverage_without_error(confidence, right),
        coverage_at_risk=[{"risk": r, "coverage": coverage_at_risk(confidence, right, r)} for r in RISKS],
        aurc=area_under_risk_coverage(confidence, right),
        corrected_accuracy=None if not corrected_n else 1 - (corrected_errors or 0) / corrected_n,
        corrected_errors=corrected_errors,
        corrected_n=corrected_n,
        corrected_coverage_without_error=(
            None if right_too is None else coverage_without_error(confidence[agreed], right_too)
        ),
        temperature=temperature,
        per_class=_per_class(labels, predicted),
        confusion=confusion_matrix(labels, predicted, labels=LABELS).tolist(),
        reliability=table,
    )


def checked(probabilities: np.ndarray, digits: Digits) -> np.ndarray:
    """Return the probabilities as float64 with rows that sum to one; raises UsageError if they do not fit."""
    probabilities = np.asarray(probabilities, np.float64)
    if not len(digits):
        raise UsageError(f"{digits.name} holds no digits; choose data with at least one to evaluate on")
    if probabilities.shape != (len(digits), 10):
        raise UsageError(
            f"{digits.name} has {len(digits)} digits, so probabilities must be ({len(digits)}, 10),"
            f" but are {probabilities.shape}"
        )
    sums = probabilities.sum(axis=1)
    if not (np.isfinite(sums).all() and (probabilities >= 0).all() and np.allclose(sums, 1, atol=1e-3)):
        raise UsageError("each row of probabilities must be 0 or more and sum to one; apply softmax to logits first")
    return probabilities / sums[:, None]


def wilson_interval(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval of a share, which stays within 0 to 1 and is honest near both ends.

    Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927 (JASA 22).
    """
    with needs_extra():
        from scipy.stats import binomtest
    interval = binomtest(successes, n).proportion_ci(level, method="wilson")
    return float(interval.low), float(interval.high)


def mean_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float | None, float | None]:
    """Return mean, low and high: the mean over independent runs and its t-interval.

    One run says nothing about the spread: then low and high are None.

    Raises:
        UsageError: there are no values.
        MissingExtraError: SciPy is not installed.
    """
    runs = np.asarray(values, np.float64)
    if not runs.size:
        raise UsageError("a mean needs at least one run; run at least one seed")
    mean = float(runs.mean())
    if runs.size == 1:
        return mean, None, None
    with needs_extra():
        from scipy.stats import t
    half = float(t.ppf((1 + level) / 2, runs.size - 1) * runs.std(ddof=1) / np.sqrt(runs.size))
    return mean, mean - half, mean + half


def annotators(digits: Digits) -> tuple[np.ndarray, np.ndarray] | None:
    """Return what annotators say: labels (N,) int64 and, as (N,) bool, where most of them agree.

    None where nobody looked at these digits again: that was done for MNIST's test file alone.
    """
    if digits.origin is None or not digits.name.startswith("mnist"):
        return None
    return corrected(digits) if (digits.origin >= TEST_OFFSET).any() else None


def worst_first(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the indices of the wrong ones, (E,) int64: first whose given label was thought least likely."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    given = probabilities[wrong, labels[wrong]]
    return wrong[np.lexsort((wrong, -probabilities[wrong].max(axis=1), given))]


def _corrected(predicted: np.ndarray, digits: Digits) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return what is right by the annotators' labels, (M,) bool, of the digits they agree on, (N,) bool; or None twice.

    M is how many they agree on.
    """
    opinion = annotators(digits)
    if opinion is None:
        return None, None
    labels, agreed = opinion
    return (predicted == labels)[agreed], agreed


def _per_class(labels: np.ndarray, predicted: np.ndarray) -> list[dict[str, Any]]:
    with needs_extra():
        from sklearn.metrics import precision_recall_fscore_support
    # A label that never occurs is no cause for alarm: its figures are 0.
    columns = precision_recall_fscore_support(labels, predicted, labels=LABELS, zero_division=0)
    return [
        {"label": label, "precision": float(p), "recall": float(r), "f1": float(f), "n": int(n)}
        for label, p, r, f, n in zip(LABELS, *columns, strict=True)
    ]


def _rounded(value: Any) -> Any:
    """Round every float in nested lists and dictionaries to six decimals."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
