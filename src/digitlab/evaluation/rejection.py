"""Whether a recogniser refuses what is no digit, and what that costs in digits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from digitlab.data.digits import Digits
from digitlab.errors import UsageError
from digitlab.evaluation.extra import needs_extra
from digitlab.evaluation.outliers import FAMILIAR, SETS, make_outliers
from digitlab.recognizer import Recognizer

COUNT = 1000  # images of each set, at most
COVERAGE = 0.95  # of the digits, at which false acceptance is told
THRESHOLD = 0.5  # probability below which an image is refused, if nobody says otherwise
SHOWN = 10  # images that a sheet shows of each set


@dataclass(frozen=True)
class OutlierSet:
    """How what is no digit is told from digits.

    Attributes:
        name: of the set; "all" for all of them together.
        n: how many images.
        auroc: the probability that a digit scores higher than one of them, ties counting half: 0.5 is guessing.
        false_acceptance: the share accepted at the threshold that accepts 95 % of the digits.
        refused: the share refused at the default threshold.
        familiar: whether it resembles what recognisers are shown as "not a digit"; None for all together.
    """

    name: str
    n: int
    auroc: float
    false_acceptance: float
    refused: float
    familiar: bool | None

    @property
    def auroc_in_words(self) -> str:
        """The AUROC to four decimals, rounded down, so that 1.0000 is perfect."""
        return f"{math.floor(self.auroc * 10_000 + 1e-9) / 10_000:.4f}"


@dataclass(frozen=True)
class Rejection:
    """A recogniser's figures on what is no digit.

    Attributes:
        model: the recogniser's name.
        data: name of the digits.
        digest: SHA-256 of the digits.
        n: how many digits.
        seed: of the outliers.
        score: what is compared: "odds" of being a digit, or "confidence", the largest probability, of a recogniser
            that cannot say "not a digit".
        digits_refused: the share of the digits refused at the default threshold.
        sets: one row each.
        overall: all sets together.
        sheet: (7, up to 10, 28, 28) uint8, some images of each set.
    """

    model: str
    data: str
    digest: str
    n: int
    seed: int
    score: str
    digits_refused: float
    sets: tuple[OutlierSet, ...]
    overall: OutlierSet
    sheet: np.ndarray = field(repr=False, compare=False)

    @property
    def rows(self) -> tuple[OutlierSet, ...]:
        """The sets, then all together."""
        return (*self.sets, self.overall)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary of all attributes but the sheet, by their names; shares have six decimals."""
        facts = {name: getattr(self, name) for name in ("model", "data", "digest", "n", "seed", "score")}
        return facts | {
            "threshold": THRESHOLD,
            "coverage": COVERAGE,
            "digits_refused": round(self.digits_refused, 6),
            "sets": [_plain(row) for row in self.sets],
            "overall": _plain(self.overall),
        }


def measure_rejection(
    recognizer: Recognizer,
    digits: Digits,
    *,
    count: int | None = None,
    seed: int = 0,
    listen: Callable[[str], None] = lambda name: None,
) -> Rejection:
    """Measure how well a recogniser tells digits from what is no digit.

    Args:
        recognizer: of single digits.
        digits: that it never learned from; at least one.
        count: images of each set, at least one; by default as many as there are digits, up to 1,000.
        seed: of the sets; 0 or more.
        listen: is told each set when it is done.

    Raises:
        UsageError: there are no digits, or `count` or `seed` is out of range.
        MissingExtraError: scikit-learn is not installed.
    """
    count = min(COUNT, len(digits)) if count is None else count
    if not len(digits) or count < 1:
        raise UsageError(
            f"rejection needs digits and outliers, not {len(digits)} and {count}; name one of each at least"
        )
    score, least = ("odds", 0.0) if recognizer.can_reject else ("confidence", THRESHOLD)
    ours = _scores(recognizer, digits.images)
    sets, found, sheet = [], [], []
    for name in SETS:
        images = make_outliers(name, count, seed)
        found.append(_scores(recognizer, images))
        sets.append(_row(name, ours, found[-1], least, name in FAMILIAR))
        sheet.append(images[:SHOWN])
        listen(name)
    facts = (recognizer.name, digits.name, digits.digest, len(digits), seed, score, float((ours < least).mean()))
    overall = _row("all", ours, np.concatenate(found), least, None)
    return Rejection(*facts, tuple(sets), overall, np.stack(sheet))


def auroc(digits: np.ndarray, others: np.ndarray) -> float:
    """Return the probability that a digit, of scores (N,), scores higher than another image, of scores (M,)."""
    with needs_extra():
        from sklearn.metrics import roc_auc_score
    labels = np.concatenate([np.ones(len(digits)), np.zeros(len(others))])
    return float(roc_auc_score(labels, np.concatenate([digits, others])))


def false_acceptance(digits: np.ndarray, others: np.ndarray, coverage: float = COVERAGE) -> float:
    """Return the share of others, scores (M,), accepted by the strictest threshold that accepts `coverage` of digits.

    What scores the threshold itself is accepted.
    """
    threshold = np.sort(digits)[int((1 - coverage) * len(digits) + 1e-9)]
    return float((others >= threshold).mean())


def _scores(recognizer: Recognizer, images: np.ndarray) -> np.ndarray:
    """Return how much each image is a digit, (N,): log odds, or the largest probability."""
    verdict = recognizer.judge(images)
    return verdict.odds if recognizer.can_reject else verdict.probabilities.max(axis=1)


def _row(name: str, digits: np.ndarray, others: np.ndarray, least: float, familiar: bool | None) -> OutlierSet:
    shares = auroc(digits, others), false_acceptance(digits, others), float((others < least).mean())
    return OutlierSet(name, len(others), *shares, familiar)


def _plain(row: OutlierSet) -> dict[str, Any]:
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in asdict(row).items()}
