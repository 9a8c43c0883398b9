"""Figures that show what a recogniser can do and where it fails: each function returns a Figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from digitlab.data.digits import Digits
from digitlab.errors import UsageError
from digitlab.evaluation.calibration import risk_coverage
from digitlab.evaluation.canvas import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    QUIET,
    VERMILION,
    new_axes,
    percent_tick,
)
from digitlab.evaluation.extra import needs_extra
from digitlab.evaluation.metrics import Evaluation, annotators, checked, wilson_interval
from digitlab.evaluation.refusal import Refusal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CYCLE = (BLUE, VERMILION, GREEN, ORANGE, "#cc79a7", "#56b4e9", INK)
MARKERS = "osD^vPX"

Curve = Sequence[dict[str, Any]]


def learning_curves(history: Curve) -> Figure:
    """Draw what training recorded by epoch: loss, accuracy, learning rate; panels without data are left out.

    Args:
        history: one dictionary an epoch; of its keys epoch, train_loss, validation_loss, train_accuracy,
            validation_accuracy and learning_rate any may be missing.

    Raises:
        UsageError: there is nothing to draw.
    """
    with needs_extra("drawing figures"):
        from matplotlib.ticker import LogLocator, MaxNLocator
    panels = [
        ("loss, nats", (("train_loss", "training"), ("validation_loss", "validation"))),
        ("accuracy", (("train_accuracy", "training"), ("validation_accuracy", "validation"))),
        ("learning rate", (("learning_rate", "learning rate"),)),
    ]
    panels = [(title, series) for title, series in panels if any(_points(history, key)[0] for key, _ in series)]
    if not panels:
        raise UsageError("the history holds no epochs with a loss, an accuracy or a rate; train for one epoch at least")
    figure, axes = new_axes(3.1 * len(panels) + 0.4, 2.9, columns=len(panels))
    for ax, (title, series) in zip(axes, panels, strict=True):
        for (key, label), colour in zip(series, (BLUE, VERMILION), strict=False):
            epochs, values = _points(history, key)
            if values:
                marker = "o" if len(values) <= 30 else ""
                ax.plot(epochs, values, marker=marker, markersize=3.5, color=colour, label=label, linewidth=1.6)
        ax.set_xlabel("epoch")
        ax.set_title(title)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if title == "accuracy":
            ax.yaxis.set_major_formatter(percent_tick)
        if title == "loss, nats" and len(ax.lines) and _spread(ax.lines) > 8:
            ax.set_yscale("log")
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_major_formatter("{x:g}")
            ax.minorticks_off()
        if len(ax.lines) > 1:
            ax.legend(frameon=False, labelcolor=INK, fontsize=9)
    return figure


def confusion(evaluation: Evaluation) -> Figure:
    """Draw given against read labels with their counts; colour is kept for errors, so that few stand out."""
    counts = np.array(evaluation.confusion)  # (10, 10)
    errors = counts * (1 - np.eye(10, dtype=int))
    figure, (ax,) = new_axes(5.6, 5.2)
    worst = max(1, errors.max())
    for given, read in np.ndindex(10, 10):
        n = counts[given, read]
        shade = (QUIET, 0.16) if given == read else (VERMILION, 0.12 + 0.63 * (n / worst) ** 0.7 if n else 0.0)
        ax.add_patch(_cell((read, given), shade))
        if n:
            weight = "normal" if given == read else "bold"
            ax.text(read, given, str(n), ha="center", va="center", color=INK, fontsize=8.5, fontweight=weight)
    ax.set(xlim=(-0.5, 9.5), ylim=(9.5, -0.5), xticks=range(10), yticks=range(10), aspect="equal")
    ax.set_xlabel("read as")
    ax.set_ylabel("given label")
    ax.tick_params(length=0)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return figure


def reliability_diagram(evaluation: Evaluation) -> Figure:
    """Draw accuracy against confidence, with Wilson intervals, and below how many digits each bin holds."""
    filled = [row for row in evaluation.reliability if row.n]
    x = np.array([row.confidence for row in filled])
    y = np.array([row.accuracy for row in filled])
    low, high = np.array([wilson_interval(round(row.n * (row.accuracy or 0)), row.n) for row in filled]).T
    figure, (ax, below) = new_axes(5.2, 5.2, rows=2, heights=(3, 1), sharex=True)
    ax.plot([0, 1], [0, 1], color=QUIET, linestyle=(0, (4, 3)), linewidth=1.2, label="perfectly calibrated")
    bars = np.clip([y - low, high - y], 0, 1)
    ax.errorbar(
        x,
        y,
        yerr=bars,
        fmt="o",
        color=BLUE,
        markersize=5,
        linewidth=1.2,
        label="bins, 95 % interval",
        clip_on=False,
    )
    ax.set(xlim=(0, 1.02), ylim=(0, 1.24), yticks=np.linspace(0, 1, 6), ylabel="accuracy")  # room for the legend
    ax.legend(frameon=False, loc="upper left", labelcolor=INK, fontsize=9, borderaxespad=0)
    ece = f"ECE {evaluation.ece * 100:.2f} %"
    ax.text(0.98, 0.05, ece, transform=ax.transAxes, ha="right", color=INK, fontweight="bold")
    # Nearly all digits are in the last bin: only a logarithmic axis shows the others too.
    left, n = np.array([row.low for row in filled]), np.array([row.n for row in filled])
    width = evaluation.reliability[0].high
    below.bar(left, n, width * 0.9, align="edge", color=BLUE, alpha=0.55)
    for edge, count in zip(left, n, strict=True):
        below.text(edge + width * 0.45, count * 1.25, str(count), ha="center", color=INK, fontsize=7)
    below.set_yscale("log")
    below.set(ylim=(0.7, n.max() * 6), xlabel="confidence", ylabel="digits")
    below.yaxis.set_major_formatter("{x:,.0f}")
    below.minorticks_off()
    below.grid(axis="x", visible=False)
    for each in (ax.xaxis, ax.yaxis, below.xaxis):
        each.set_major_formatter(percent_tick)
    return figure


def risk_coverage_curve(
    evaluation: Evaluation, digits: Digits, probabilities: np.ndarray, refusal: Refusal | None = None
) -> Figure:
    """Draw the error rate among the digits answered, when the least sure are refused.

    Where annotators corrected labels there is a second line, by theirs; a rule for refusing is marked by a point.
    """
    probabilities = checked(probabilities, digits)
    confidence, read = probabilities.max(axis=1), probabilities.argmax(axis=1)
    figure, (ax,) = new_axes(5.2, 4.6)
    most = _risk_line(ax, confidence, read == digits.labels, BLUE, "labels as given")
    opinion = annotators(digits)
    if opinion is not None and opinion[1].any():
        labels, agreed = opinion
        most = max(most, _risk_line(ax, confidence[agreed], (read == labels)[agreed], ORANGE, "labels corrected"))
    free = evaluation.coverage_without_error
    ax.axvline(free, color=GREEN, linestyle=(0, (4, 3)), linewidth=1.3)
    side, shift = ("left", 6) if free < 0.6 else ("right", -6)
    label = f"no error up to {free * 100:.1f} %"
    where = ("data", "axes fraction")
    ax.annotate(label, (free, 0.7), (shift, 0), xycoords=where, textcoords="offset points", ha=side, color=INK)
    if refusal is not None and refusal.judged.risk is not None:
        point = refusal.judged.coverage, refusal.judged.risk
        ax.plot(
            *point, "D", color=VERMILION, clip_on=False, label=f"at most {refusal.wanted * 100:g} % wrong, as chosen"
        )
        free = min(free, refusal.judged.coverage)
    # Where nothing is wrong there is little to see: most of the axis is for the rest.
    start = max(0.0, math.floor(10 - 30 * (1 - free)) / 10) if free < 1 else 0.0
    ax.set(xlim=(start, 1), xlabel="share of digits answered, surest first", ylabel="errors among the answers")
    ax.set_ylim(0, max(most * 1.15, 1e-3))
    ax.xaxis.set_major_formatter(percent_tick)
    ax.yaxis.set_major_formatter(percent_tick)
    if len(ax.get_legend_handles_labels()[0]) > 1:
        ax.legend(frameon=False, loc="upper left", labelcolor=INK, fontsize=9)
    return figure


def _risk_line(ax: Axes, confidence: np.ndarray, right: np.ndarray, colour: str, label: str) -> float:
    """Draw risk by coverage and return the greatest risk."""
    coverage, risk = risk_coverage(confidence, right)
    if len(risk) > 1000:  # more than anyone can see
        some = np.linspace(0, len(risk) - 1, 1000).round().astype(int)
        coverage, risk = coverage[some], risk[some]
    marker = "o" if len(risk) <= 20 else ""  # a recogniser that knows few confidences makes points, not a line
    ax.step(coverage, risk, where="post", color=colour, linewidth=1.8, marker=marker, label=label)
    if colour == BLUE:
        ax.fill_between(coverage, risk, step="post", color=BLUE, alpha=0.12, linewidth=0)
    return float(risk.max())


def comparison(
    results: Sequence[dict[str, Any]], *, x_label: str = "training images", y_label: str = "accuracy"
) -> Figure:
    """Draw means with their intervals side by side, each run as a faint point.

    Args:
        results: dictionaries of name, mean, low, high and values, shares 0 to 1; low and high are None where
            one run leaves no interval. With x in every one, means are drawn against it, a line a name.
        x_label: what x is.
        y_label: what was measured.

    Raises:
        UsageError: there are no results.
    """
    if not results:
        raise UsageError("there is nothing to compare; name one recipe at least")
    if all(row.get("x") is not None for row in results):
        return _curves_by_name(results, x_label, y_label)
    figure, (ax,) = new_axes(6.4, 0.9 + 0.45 * len(results))
    for row, place in zip(results, range(len(results)), strict=True):
        values = row.get("values") or []
        ax.plot(
            values,
            [place + 0.25] * len(values),
            "o",
            color=BLUE,
            alpha=0.4,
            markersize=4.5,
            markeredgewidth=0,
        )
        ax.errorbar(row["mean"], place, xerr=_bars([row]), fmt="D", color=BLUE, markersize=5.5, linewidth=1.8)
    ax.set(
        yticks=range(len(results)),
        ylim=(len(results) - 0.5, -0.5),
        xlabel=f"{y_label}: mean, 95 % interval, runs",
    )
    ax.set_yticklabels([row["name"] for row in results])
    ax.xaxis.set_major_formatter(percent_tick)
    ax.grid(axis="y", visible=False)
    return figure


def _curves_by_name(results: Sequence[dict[str, Any]], x_label: str, y_label: str) -> Figure:
    figure, (ax,) = new_axes(6.4, 4)
    for i, name in enumerate(dict.fromkeys(row["name"] for row in results)):
        rows = sorted((row for row in results if row["name"] == name), key=lambda row: row["x"])
        x, mean = [row["x"] for row in rows], [row["mean"] for row in rows]
        colour, marker = CYCLE[i % len(CYCLE)], MARKERS[i % len(MARKERS)]
        ax.errorbar(x, mean, yerr=_bars(rows), label=name, color=colour, marker=marker, linewidth=1.6)
        for row in rows:
            values = row.get("values") or []
            ax.plot([row["x"]] * len(values), values, "o", color=colour, alpha=0.3, markersize=4)
    sizes = sorted({row["x"] for row in results})
    if sizes[0] > 0 and sizes[-1] / sizes[0] > 2:
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(_no_ticks())
    ax.set_xticks(sizes, [f"{size:,g}" for size in sizes])
    ax.set(xlabel=x_label, ylabel=f"{y_label}: mean, 95 % interval, runs")
    ax.yaxis.set_major_formatter(percent_tick)
    ax.legend(frameon=False, labelcolor=INK)
    return figure


def _bars(rows: Sequence[dict[str, Any]]) -> np.ndarray:
    """Return how far the intervals reach below and above their means, (2, N); NaN where there is none."""
    ends = [(row.get("low"), row["mean"], row.get("high")) for row in rows]
    nan = math.nan
    return np.array([(nan, nan) if low is None or high is None else (m - low, high - m) for low, m, high in ends]).T


def _points(history: Curve, key: str) -> tuple[list[float], list[float]]:
    """Return epochs and values of a key, without the epochs that lack it or where it is not finite."""
    rows = [(row.get("epoch", i), row.get(key)) for i, row in enumerate(history, 1)]
    kept = [(float(e), float(v)) for e, v in rows if isinstance(v, int | float) and math.isfinite(v)]
    return [e for e, _ in kept], [v for _, v in kept]


def _spread(lines: Sequence[Any]) -> float:
    values = np.concatenate([line.get_ydata() for line in lines])
    return float(values.max() / values.min()) if values.min() > 0 else 0.0


def _cell(centre: tuple[int, int], shade: tuple[str, float]) -> Any:
    from matplotlib.patches import Rectangle

    corner = centre[0] - 0.48, centre[1] - 0.48
    return Rectangle(corner, 0.96, 0.96, facecolor=shade[0], alpha=shade[1], edgecolor="none", linewidth=0)


def _no_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()
