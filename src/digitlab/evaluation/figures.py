"""Figures that show what a recogniser can do and where it fails. Each function returns a matplotlib Figure.

No pyplot and no global state: figures can be drawn on servers and in threads, and nothing is left open.
Colours are Okabe and Ito's, which the colour-blind tell apart too.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from digitlab.data.digits import Digits
from digitlab.errors import UsageError
from digitlab.evaluation.calibration import risk_coverage
from digitlab.evaluation.extra import needs_extra
from digitlab.evaluation.metrics import Evaluation, annotators, checked, wilson_interval, worst_first

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET = "#23272e", "#8a919c"  # text and lines; grids and guides
BLUE, ORANGE, GREEN, VERMILION = "#0072b2", "#e69f00", "#009e73", "#d55e00"
CYCLE = (BLUE, VERMILION, GREEN, ORANGE, "#cc79a7", "#56b4e9", INK)
MARKERS = "osD^vPX"
SVG_RC = {
    "svg.fonttype": "none",
    "svg.hashsalt": "digitlab",
}  # text stays text; the same figure has the same bytes

Curve = Sequence[dict[str, Any]]


def to_png(figure: Figure, dots_per_inch: int = 144) -> bytes:
    """Return the figure as PNG on white."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=dots_per_inch, facecolor="white")
    return content.getvalue()


def to_svg(figure: Figure) -> bytes:
    """Return the figure as SVG on a transparent ground; the same figure gives the same bytes."""
    from matplotlib import rc_context

    content = io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with rc_context(SVG_RC):
        figure.savefig(content, format="svg", transparent=True, metadata=nothing)
    return content.getvalue()


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
    panels = [
        (title, series) for title, series in panels if any(_points(history, key)[0] for key, _ in series)
    ]
    if not panels:
        raise UsageError(
            "the history holds no epochs with a loss, an accuracy or a rate; train for one epoch at least"
        )
    figure, axes = _axes(3.1 * len(panels) + 0.4, 2.9, columns=len(panels))
    for ax, (title, series) in zip(axes, panels, strict=True):
        for (key, label), colour in zip(series, (BLUE, VERMILION), strict=False):
            epochs, values = _points(history, key)
            if values:
                marker = "o" if len(values) <= 30 else ""
                ax.plot(
                    epochs, values, marker=marker, markersize=3.5, color=colour, label=label, linewidth=1.6
                )
        ax.set_xlabel("epoch")
        ax.set_title(title)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if title == "accuracy":
            ax.yaxis.set_major_formatter(_percent)
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
    figure, (ax,) = _axes(5.6, 5.2)
    worst = max(1, errors.max())
    for given, read in np.ndindex(10, 10):
        n = counts[given, read]
        shade = (
            (QUIET, 0.16) if given == read else (VERMILION, 0.12 + 0.63 * (n / worst) ** 0.7 if n else 0.0)
        )
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
    figure, (ax, below) = _axes(5.2, 5.2, rows=2, heights=(3, 1), sharex=True)
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
    ax.set(
        xlim=(0, 1.02), ylim=(0, 1.24), yticks=np.linspace(0, 1, 6), ylabel="accuracy"
    )  # room for the legend
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
        each.set_major_formatter(_percent)
    return figure


def risk_coverage_curve(evaluation: Evaluation, digits: Digits, probabilities: np.ndarray) -> Figure:
    """Draw the error rate among the digits answered, when the least sure are refused."""
    probabilities = checked(probabilities, digits)
    coverage, risk = risk_coverage(probabilities.max(axis=1), probabilities.argmax(axis=1) == digits.labels)
    if len(risk) > 1000:  # more than anyone can see
        some = np.linspace(0, len(risk) - 1, 1000).round().astype(int)
        coverage, risk = coverage[some], risk[some]
    figure, (ax,) = _axes(5.2, 4.6)
    marker = (
        "o" if len(risk) <= 20 else ""
    )  # a recogniser that knows few confidences makes points, not a line
    ax.step(coverage, risk, where="post", color=BLUE, linewidth=1.8, marker=marker, clip_on=False)
    ax.fill_between(coverage, risk, step="post", color=BLUE, alpha=0.12, linewidth=0)
    free = evaluation.coverage_without_error
    ax.axvline(free, color=GREEN, linestyle=(0, (4, 3)), linewidth=1.3)
    side, shift = ("left", 6) if free < 0.6 else ("right", -6)
    label = f"no error up to {free * 100:.1f} %"
    where = ("data", "axes fraction")
    ax.annotate(
        label, (free, 0.9), (shift, 0), xycoords=where, textcoords="offset points", ha=side, color=INK
    )
    # Where nothing is wrong there is little to see: most of the axis is for the rest.
    start = max(0.0, math.floor(10 - 30 * (1 - free)) / 10) if free < 1 else 0.0
    ax.set(
        xlim=(start, 1), xlabel="share of digits answered, surest first", ylabel="errors among the answers"
    )
    ax.set_ylim(0, max(float(risk.max()) * 1.15, 1e-3))
    ax.xaxis.set_major_formatter(_percent)
    ax.yaxis.set_major_formatter(_percent)
    return figure


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
        figure, (ax,) = _axes(4, 1)
        ax.axis("off")
        ax.text(0.5, 0.5, "none is read wrong", ha="center", va="center", color=INK)
        return figure
    return _grid(digits, probabilities, worst, columns, annotators(digits))


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
    figure, (ax,) = _axes(6.4, 0.9 + 0.45 * len(results))
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
    ax.xaxis.set_major_formatter(_percent)
    ax.grid(axis="y", visible=False)
    return figure


def pick_random(n: int, count: int, seed: int = 0) -> np.ndarray:
    """Return up to `count` different indices below n in random order, (M,) int64; repeatable by seed."""
    return np.random.default_rng(seed).permutation(n)[:count]


def _curves_by_name(results: Sequence[dict[str, Any]], x_label: str, y_label: str) -> Figure:
    figure, (ax,) = _axes(6.4, 4)
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
    ax.yaxis.set_major_formatter(_percent)
    ax.legend(frameon=False, labelcolor=INK)
    return figure


def _bars(rows: Sequence[dict[str, Any]]) -> np.ndarray:
    """Return how far the intervals reach below and above their means, (2, N); NaN where there is none."""
    ends = [(row.get("low"), row["mean"], row.get("high")) for row in rows]
    nan = math.nan
    return np.array(
        [(nan, nan) if low is None or high is None else (m - low, high - m) for low, m, high in ends]
    ).T


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
    lines = 2 if opinion is None else 3
    figure, axes = _axes(1.15 * columns, (1.05 + 0.17 * lines) * rows, rows=rows, columns=columns)
    for ax in axes:
        ax.axis("off")
    for ax, i in zip(axes, which, strict=False):
        read, given = int(probabilities[i].argmax()), int(digits.labels[i])
        right = read == given
        ax.imshow(digits.images[i], cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
        first = f"{read}" if right else f"{given} read as {read}"
        caption = f"{first}\n{percent(probabilities[i, read])}"
        if opinion is not None:
            caption += (
                f"\n{annotators_say(opinion, int(i), given) or ' '}"  # a line in any case: rows stay aligned
            )
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


def _axes(
    width: float,
    height: float,
    *,
    rows: int = 1,
    columns: int = 1,
    heights: tuple[int, ...] | None = None,
    sharex: bool = False,
) -> tuple[Figure, list[Axes]]:
    """Return a figure in the house style, width x height inches, and its axes row by row."""
    with needs_extra("drawing figures"):
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
    axes = figure.subplots(rows, columns, squeeze=False, sharex=sharex, height_ratios=heights)
    for ax in axes.flat:
        ax.grid(color=QUIET, alpha=0.25, linewidth=0.7)
        ax.set_axisbelow(True)
        ax.tick_params(colors=INK, labelsize=9, length=3)
        ax.title.set(color=INK, fontsize=10.5)
        ax.xaxis.label.set_color(INK)
        ax.yaxis.label.set_color(INK)
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color(QUIET)
    return figure, list(axes.flat)


def _points(history: Curve, key: str) -> tuple[list[float], list[float]]:
    """Return epochs and values of a key, without the epochs that lack it or where it is not finite."""
    rows = [(row.get("epoch", i), row.get(key)) for i, row in enumerate(history, 1)]
    kept = [(float(e), float(v)) for e, v in rows if isinstance(v, int | float) and math.isfinite(v)]
    return [e for e, _ in kept], [v for _, v in kept]


def _spread(lines: Sequence[Any]) -> float:
    values = np.concatenate([line.get_ydata() for line in lines])
    return float(values.max() / values.min()) if values.min() > 0 else 0.0


def _percent(share: float, _position: float | None = None) -> str:
    return f"{share * 100:.4g} %"


def _cell(centre: tuple[int, int], shade: tuple[str, float]) -> Any:
    from matplotlib.patches import Rectangle

    corner = centre[0] - 0.48, centre[1] - 0.48
    return Rectangle(corner, 0.96, 0.96, facecolor=shade[0], alpha=shade[1], edgecolor="none", linewidth=0)


def _no_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()
