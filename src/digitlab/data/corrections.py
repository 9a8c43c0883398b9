"""The labels of MNIST's test images that people agree are wrong.

Five annotators looked at each test image that a recogniser doubted; their votes are published by Northcutt,
Athalye and Mueller, "Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks", 2021
(arXiv 2103.14749; https://github.com/cleanlab/label-errors). For ten images a majority names another digit;
for three a majority sees no digit; for two no answer has a majority.
"""

from __future__ import annotations

import numpy as np

from digitlab.data.digits import Digits

TEST_OFFSET = 60_000  # `Digits.origin` of the first test image

# Index within the 10,000 test images: (given label, label of the majority).
CORRECTED = {
    947: (8, 9),
    1621: (0, 6),
    1901: (9, 4),
    2462: (2, 0),
    2597: (5, 3),
    3558: (5, 0),
    5937: (5, 3),
    6651: (0, 6),
    6783: (1, 6),
    9729: (5, 6),
}
NO_DIGIT = (2654, 3520, 9679)
NO_AGREEMENT = (2130, 8527)


def corrected(digits: Digits) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels as people agree on them, and for which images they agree.

    Only MNIST is known: digits whose name starts with "mnist" and that have an `origin`, in any part and
    any order. Other digits come back as they are.

    Returns:
        labels: (N,) int64, a copy.
        keep: (N,) bool, False for the five test images that have no agreed digit.
    """
    labels, keep = digits.labels.copy(), np.ones(len(digits), bool)
    if digits.origin is None or not digits.name.startswith("mnist"):
        return labels, keep
    for index, (_, label) in CORRECTED.items():
        labels[digits.origin == TEST_OFFSET + index] = label
    keep[np.isin(digits.origin, [TEST_OFFSET + index for index in NO_DIGIT + NO_AGREEMENT])] = False
    return labels, keep
