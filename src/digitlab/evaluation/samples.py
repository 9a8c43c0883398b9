"""Digits themselves with what was made of them: some picked at random, and the wrong ones, worst first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from digitlab.data.digits import Digits
from digitlab.evaluation.canvas import INK, VERMILION, new_axes
from digitlab.evaluation.metrics import annotators, checked, worst_first

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CELL = 0.9  # height of a digit, inches


def random_results(digits: Digits, probabilities: np.ndarray, *, side: int = 5, seed: int = 0) -> Figure:
    """Draw side x side digits picked at random, with what was read and how surely; repeatable by seed."""
    probabilities = checked(probabilities, digits)
    return _grid(digits, probabilities, pick_random(len(digits), side * side, seed), side)


def wrong_ones(digits: Digits, probabilities: np.ndarray, *, count: int = 49, columns: int = 9) -> Figure:
    """Draw up to `count` digits that are read wrong, worst first: given label, what was read, and how surely.

    Where most annotators correct the given label, that is written too.
    """
    probabilities = checked(probabilities, digits)
    worst = worst_first(probabilities, digits.labels)[:count]
    if not len(worst):
        figure, (ax,) = new_axes(4, 1)
        ax.axis("off")
        ax.text(0.5, 0.5, "none is read wrong", ha="center", va="center", color=INK)
        return figure
    return _grid(digits, probabilities, worst, columns, annotators(digits))


def pick_random(n: int, count: int, seed: int = 0) -> np.ndarray:
    """Return up to `count` different indices below n in random order, (M,) int64; repeatable by seed."""
    return np.random.default_rng(seed).permutation(n)[:count]


def _grid(
    digits: Digits,
    probabilities: np.ndarray,
    which: np.ndarray,
    columns: int,
    opinion: tuple[np.ndarray, np.ndarray] | None = None,
) -> Figure:
    """Draw the digits `which` as cells of ink on paper, captioned; `opinion` adds what annotators say."""
    columns = max(1, min(columns, len(which)))
    rows = math.ceil(len(which) / columns)
    words = 0.1 + 0.15 * (2 if opinion is None else 3)  # height of a caption, inches
    height = rows * (CELL + words) + 0.1
    figure, axes = new_axes(1.25 * CELL * columns, height, rows=rows, columns=columns, arrange=False)
    figure.set_layout_engine("none")  # all cells are alike, so there is nothing to solve, and it is much faster
    figure.subplots_adjust(0.01, 0.05 / height, 0.99, 1 - (words + 0.05) / height, wspace=0, hspace=words / CELL)
    for ax in axes:
        ax.axis("off")
    for ax, i in zip(axes, which, strict=False):
        read, given = int(probabilities[i].argmax()), int(digits.labels[i])
        right = read == given
        ax.imshow(digits.images[i], cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
        first = f"{read}" if right else f"{given} read as {read}"
        caption = f"{first}\n{percent(probabilities[i, read])}"
        if opinion is not None:
            caption += f"\n{annotators_say(opinion, int(i), given) or ' '}"  # a line in any case: rows stay aligned
        ax.set_title(caption, fontsize=8, color=INK if right else VERMILION, pad=3, linespacing=1.15)
    return figure


def annotators_say(opinion: tuple[np.ndarray, np.ndarray] | None, i: int, given: int) -> str:
    """Return a remark where annotators doubt the given label of digit i; empty where they do not."""
    if opinion is None:
        return ""
    labels, agreed = opinion
    if not agreed[i]:
        return "people disagree"
    return f"people say {labels[i]}" if labels[i] != given else ""


def percent(share: float) -> str:
    """Return a confidence as people write it, rounded down so that no doubt is lost: 85.6 %, 99.97 %."""
    if share >= 1:
        return "100 %"
    scale, decimals = (100, 2) if share >= 0.99 else (10, 1)
    return f"{min(99.99, math.floor(share * 100 * scale + 1e-9) / scale):.{decimals}f} %"
