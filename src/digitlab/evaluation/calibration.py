"""How far a recogniser's word can be trusted, and what it gains by refusing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

BINS = 15  # of equal width; the number that published calibration errors use
DRAWS = 300  # of digits that are right by chance
RISKS = (0.0, 0.0001, 0.0005, 0.001, 0.005)  # at which coverage is told: none wrong, then one of 10,000 to 200 answers


@dataclass(frozen=True)
class Bin:
    """Digits whose confidence lies in (low, high].

    Attributes:
        low, high: the bin's edges, 0 to 1.
        n: how many digits.
        confidence: their mean confidence, or None where there are none.
        accuracy: the share that is right, or None where there are none.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary: low, high, n, confidence, accuracy."""
        return {key: round(v, 6) if isinstance(v, float) else v for key, v in asdict(self).items()}


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> list[Bin]:
    """Sort digits into bins of equal width by confidence, and compare confidence with accuracy in each.

    Source: Guo et al., "On Calibration of Modern Neural Networks", 2017 (arXiv 1706.04599), section 2.

    Args:
        confidence: (N,) the probability of each prediction, 0 to 1.
        right: (N,) bool, whether the prediction is right.
        bins: how many.

    Returns:
        `bins` bins, from low to high confidence.
    """
    which = _bin_of(confidence, bins)
    counts = np.bincount(which, minlength=bins)
    trusted = np.bincount(which, confidence, minlength=bins)
    correct = np.bincount(which, right, minlength=bins)
    return [
        Bin(
            low=m / bins,
            high=(m + 1) / bins,
            n=int(counts[m]),
            confidence=float(trusted[m] / counts[m]) if counts[m] else None,
            accuracy=float(correct[m] / counts[m]) if counts[m] else None,
        )
        for m in range(bins)
    ]


def _bin_of(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Return in which of some bins of equal width each confidence lies, (N,), counted from 0."""
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def expected_calibration_error(table: list[Bin]) -> float:
    """Return the mean distance between confidence and accuracy over a reliability table, by count: 0 to 1.

    Source: Guo et al., 2017, equation 3.
    """
    filled = [(b.n, b.confidence, b.accuracy) for b in table if b.confidence is not None and b.accuracy is not None]
    total = sum(n for n, _, _ in filled)
    return sum(n * abs(accuracy - confidence) for n, confidence, accuracy in filled) / total if total else 0.0


def calibration_error_by_chance(confidence: np.ndarray, bins: int = BINS, seed: int = 0) -> tuple[float, float]:
    """Return between what calibration errors a perfectly calibrated recogniser of such confidence lies: 0 to 1.

    Of finitely many digits it shows one as well. Whether each is right is drawn by its confidence, `DRAWS` times; nine
    in ten of the errors lie between these two. Source: consistency resampling, Bröcker and Smith, "Increasing the
    Reliability of Reliability Diagrams", 2007 (Weather and Forecasting 22).

    Args:
        confidence: (N,) the probability of each prediction, 0 to 1.
        bins: how many, of equal width.
        seed: of the draws.
    """
    if not len(confidence):
        return 0.0, 0.0
    rng, confidence = np.random.default_rng(seed), np.sort(confidence)  # the digits' order is to say nothing
    which = _bin_of(confidence, bins)
    trusted = np.bincount(which, confidence, minlength=bins)
    errors = [
        np.abs(np.bincount(which, rng.random(len(which)) < confidence, minlength=bins) - trusted).sum() / len(which)
        for _ in range(DRAWS)
    ]
    low, high = np.percentile(errors, [5, 95])
    return float(low), float(high)


def risk_coverage(confidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what share of the answers is wrong when only the surest are given.

    Digits of equal confidence are answered together: no threshold could tell them apart.
    Source: El-Yaniv and Wiener, "On the Foundations of Noise-free Selective Classification", 2010 (JMLR 11).

    Args:
        confidence: (N,) the probability of each prediction, 0 to 1.
        right: (N,) bool, whether the prediction is right.

    Returns:
        coverage (K,), the share of digits answered, rising to 1, and risk (K,), the wrong share of those.
    """
    order = np.argsort(-confidence, kind="stable")
    answered = np.arange(1, len(order) + 1)
    wrong = np.cumsum(~right[order].astype(bool))
    ends = np.flatnonzero(np.append(np.diff(confidence[order]) != 0, True))  # last digit of each confidence
    return answered[ends] / len(order), wrong[ends] / answered[ends]


def coverage_without_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Return the share of digits that are surer than the surest wrong one: 1 where none is wrong."""
    right = right.astype(bool)
    return 1.0 if right.all() else float(np.mean(confidence > confidence[~right].max()))


def area_under_risk_coverage(confidence: np.ndarray, right: np.ndarray) -> float:
    """Return the mean risk over all coverages, 0 to 1; less is better, and the share that is wrong is guessing.

    Source: Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks", 2017 (arXiv 1705.08500).
    """
    coverage, risk = risk_coverage(confidence, right)
    return float((risk * np.diff(coverage, prepend=0)).sum())


def coverage_at_risk(confidence: np.ndarray, right: np.ndarray, risk: float) -> float:
    """Return the largest share of digits that can be answered, surest first, with at most `risk` of them wrong."""
    coverage, risks = risk_coverage(confidence, right)
    return float(max(coverage[risks <= risk], default=0.0))


def threshold_for_risk(confidence: np.ndarray, right: np.ndarray, risk: float) -> float | None:
    """Return the least confidence to answer from, so that at most `risk` of the answers are wrong.

    Args:
        confidence: (N,) the probability of each prediction, 0 to 1.
        right: (N,) bool, whether the prediction is right.
        risk: 0 to 1.

    Returns:
        One of the confidences; None where even the surest are wrong too often.
    """
    coverage = coverage_at_risk(confidence, right, risk)
    if not coverage:
        return None
    return float(np.sort(confidence)[len(confidence) - round(coverage * len(confidence))])
