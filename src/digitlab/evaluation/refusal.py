"""A rule for refusing: below which confidence to give no answer, so that few answers are wrong.

The rule is found on the validation digits and judged on others, since a threshold that was found on the digits it is
judged by keeps its promise by construction.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from digitlab import data
from digitlab.data.digits import Digits
from digitlab.errors import UsageError
from digitlab.evaluation.calibration import threshold_for_risk
from digitlab.evaluation.metrics import wilson_interval
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer


@dataclass(frozen=True)
class Answered:
    """What the rule does to a collection of digits.

    Attributes:
        data: the collection's name.
        n: how many digits.
        answered: how many are sure enough.
        errors: how many of those answered are wrong.
        coverage: the share that is answered.
        risk: the wrong share of the answers; None where there is no answer.
        interval: 95 % Wilson interval of the risk, or None.
    """

    data: str
    n: int
    answered: int
    errors: int
    coverage: float
    risk: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Refusal:
    """A rule: answer only with a confidence of `threshold` or more.

    Attributes:
        wanted: the largest share of wrong answers that is allowed.
        threshold: the least confidence to answer from; None where no threshold keeps the risk down.
        found: the rule on the validation digits, where it was found.
        judged: the rule on other digits: what it is worth.
    """

    wanted: float
    threshold: float | None
    found: Answered
    judged: Answered

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary of all attributes, by their names; shares have six decimals."""
        return {
            "wanted": self.wanted,
            "threshold": self.threshold,
            "found": _plain(self.found),
            "judged": _plain(self.judged),
        }


def find_refusal(recognizer: Recognizer, risk: float, digits: Digits, probabilities: np.ndarray) -> Refusal:
    """Find the rule that answers most of a recogniser's own validation digits with at most `risk` of answers wrong.

    Args:
        recognizer: of single digits.
        risk: 0 to less than 1.
        digits: to judge the rule by.
        probabilities: (N, 10), what the recogniser says of these.

    Raises:
        UsageError: the risk is out of range, or the recogniser's recipe keeps no validation digits.
        DataError: the recipe's data cannot be had.
        MissingExtraError: SciPy is not installed.
    """
    check_risk(risk)
    recipe = Recipe.from_dict(recognizer.manifest.recipe, recognizer.name)
    chosen = data.load(recipe.data.name, split=recipe.data.split).validation
    if not len(chosen):
        raise UsageError(
            f"{recognizer.name} keeps no validation digits (split {recipe.data.split!r}) to find a threshold on;"
            " train it with the split 'standard'"
        )
    seen = recognizer.predict_proba(chosen.images)
    confidence, right = seen.max(axis=1), seen.argmax(axis=1) == chosen.labels
    threshold = threshold_for_risk(confidence, right, risk)
    judged = apply_threshold(threshold, digits, probabilities)
    return Refusal(risk, threshold, apply_threshold(threshold, chosen, seen), judged)


def check_risk(risk: float) -> None:
    """Raise UsageError for a share of wrong answers that makes no sense."""
    if not 0 <= risk < 1:
        raise UsageError(f"--refuse {risk:g} is no share of wrong answers; name one from 0 to 1, such as 0.001")


def apply_threshold(threshold: float | None, digits: Digits, probabilities: np.ndarray) -> Answered:
    """Return what becomes of digits, (N, 10) probabilities, where less confident answers are refused."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == digits.labels
    answered = confidence >= (np.inf if threshold is None else threshold)
    count, errors = int(answered.sum()), int((answered & ~right).sum())
    return Answered(
        data=digits.name,
        n=len(digits),
        answered=count,
        errors=errors,
        coverage=count / len(digits),
        risk=errors / count if count else None,
        interval=wilson_interval(errors, count) if count else None,
    )


def _plain(part: Answered) -> dict[str, Any]:
    plain = asdict(part)
    plain["coverage"] = round(part.coverage, 6)
    plain["risk"] = None if part.risk is None else round(part.risk, 6)
    plain["interval"] = None if part.interval is None else [round(bound, 6) for bound in part.interval]
    return plain
