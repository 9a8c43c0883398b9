"""How well a recogniser reads digits that are corrupted in fifteen ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from digitlab.data.digits import Digits, fixed_ranks
from digitlab.errors import UsageError
from digitlab.evaluation.corruptions import CORRUPTIONS, corrupt
from digitlab.evaluation.metrics import wilson_interval
from digitlab.recognizer import Recognizer

SHOWN = 10  # digits that a sheet shows of each corruption
CLEAN = "clean"


@dataclass(frozen=True)
class Row:
    """What is read of the digits under one corruption.

    Attributes:
        name: of the corruption.
        n: how many digits.
        errors: how many are read wrong.
        accuracy: the share that is read right, 0 to 1.
        interval: 95 % Wilson interval of the accuracy.
        refused: the share thought rather no digit than one, right or wrong; None where it cannot say that.
    """

    name: str
    n: int
    errors: int
    accuracy: float
    interval: tuple[float, float]
    refused: float | None


@dataclass(frozen=True)
class Robustness:
    """A recogniser's figures on corrupted digits.

    Attributes:
        model: the recogniser's name.
        data: the collection's name.
        digest: SHA-256 of the digits before they were corrupted.
        seed: of the corruptions.
        clean: the digits as they are.
        corruptions: one row each, in the order of the paper.
        mean: of the accuracies of the corruptions, each weighing the same: what is published as accuracy on MNIST-C.
        sheet: (16, up to 10, 28, 28) uint8, the same digits clean and under each corruption.
    """

    model: str
    data: str
    digest: str
    seed: int
    clean: Row
    corruptions: tuple[Row, ...]
    mean: float
    sheet: np.ndarray = field(repr=False, compare=False)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The digits as they are, then each corruption."""
        return (self.clean, *self.corruptions)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary of all attributes but the sheet, by their names; shares have six decimals."""
        facts = {name: getattr(self, name) for name in ("model", "data", "digest", "seed")}
        return facts | {
            "clean": _plain(self.clean),
            "corruptions": [_plain(row) for row in self.corruptions],
            "mean": round(self.mean, 6),
        }


def measure_robustness(
    recognizer: Recognizer,
    digits: Digits,
    *,
    seed: int = 0,
    indices: np.ndarray | None = None,
    listen: Callable[[str], None] = lambda name: None,
) -> Robustness:
    """Measure a recogniser on digits, clean and under each of the fifteen corruptions.

    Args:
        recognizer: of single digits.
        digits: labelled digits that it never learned from; at least one.
        seed: of the corruptions; the same seed gives the same images.
        indices: (N,) int, the digits' places in their collection, where these are a part of it.
        listen: is told each corruption when it is done.

    Raises:
        UsageError: there are no digits, or the seed is negative.
        MissingExtraError: SciPy is not installed.
    """
    if not len(digits):
        raise UsageError(f"{digits.name} holds no digits; choose data with at least one to evaluate on")
    rows, shown = [_row(CLEAN, recognizer, digits.images, digits.labels)], [digits.images[:SHOWN]]
    for name in CORRUPTIONS:
        images = corrupt(name, digits.images, seed, indices)
        rows.append(_row(name, recognizer, images, digits.labels))
        shown.append(images[:SHOWN])
        listen(name)
    clean, *corruptions = rows
    mean = sum(row.accuracy for row in corruptions) / len(corruptions)
    facts = (recognizer.name, digits.name, digits.digest, seed)
    return Robustness(*facts, clean, tuple(corruptions), mean, np.stack(shown))


def sample(digits: Digits, count: int | None) -> tuple[Digits, np.ndarray]:
    """Return up to `count` of the digits, always the same ones, spread over all; and their indices, (N,) int64.

    The first ones would not do: the first half of MNIST's test digits is easier than the second.

    Raises:
        UsageError: `count` is less than 1.
    """
    if count is not None and count < 1:
        raise UsageError(f"--digits {count} leaves nothing to measure; name 1 or more")
    if count is None or count >= len(digits):
        return digits, np.arange(len(digits))
    indices = np.sort(fixed_ranks(len(digits), "digitlab evaluate")[:count])
    return digits[indices], indices


def _row(name: str, recognizer: Recognizer, images: np.ndarray, labels: np.ndarray) -> Row:
    verdict, n = recognizer.judge(images), len(labels)
    right = int((verdict.probabilities.argmax(axis=1) == labels).sum())
    refused = float((verdict.odds < 0).mean()) if recognizer.can_reject else None
    return Row(name, n, n - right, right / n, wilson_interval(right, n), refused)


def _plain(row: Row) -> dict[str, Any]:
    low, high = row.interval
    refused = None if row.refused is None else round(row.refused, 6)
    shares = {"accuracy": round(row.accuracy, 6), "interval": [round(low, 6), round(high, 6)], "refused": refused}
    return asdict(row) | shares
