"""The look that all figures share, and the bytes they become.

No pyplot and no global state: figures can be drawn on servers and in threads, and nothing is left open.
Colours are Okabe and Ito's, which the colour-blind tell apart too.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from digitlab.evaluation.extra import needs_extra

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET = "#23272e", "#8a919c"  # text and lines; grids and guides
BLUE, ORANGE, GREEN, VERMILION = "#0072b2", "#e69f00", "#009e73", "#d55e00"
SVG_RC = {
    "svg.fonttype": "none",
    "svg.hashsalt": "digitlab",
}  # text stays text; the same figure has the same bytes


def new_axes(
    width: float,
    height: float,
    *,
    rows: int = 1,
    columns: int = 1,
    heights: tuple[int, ...] | None = None,
    sharex: bool = False,
    arrange: bool = True,
) -> tuple[Figure, list[Axes]]:
    """Return a figure in the house style, width x height inches, and its axes row by row.

    Axes are arranged so that no words overlap, unless `arrange` leaves that to the caller.
    """
    with needs_extra("drawing figures"):
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08) if arrange else None
    figure = Figure(figsize=(width, height), layout=layout)
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


def percent_tick(share: float, _position: float | None = None) -> str:
    """Return a share as an axis writes it."""
    return f"{share * 100:.4g} %"
