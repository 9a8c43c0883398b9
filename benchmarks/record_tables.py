"""The tables and the figure of docs/record.md; `tables.py` fills the tables in."""

from __future__ import annotations

from typing import Any

from cells import Results, markdown
from digitlab.console import interval, percent

TICKS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
BEGINNINGS = {"nothing": "from nothing", "pen": "from the pen's digits"}


def _with_spread(part: Results | None) -> str:
    if part is None:
        return ""
    return f"{percent(part['mean'])} ({interval(part['low'], part['high'])})"


def committees(page: Results) -> str:
    whole, every = page["committee"], page["all"]
    members = [value for name, value in page["networks"].items() if not name.startswith("best ")]
    best = [value for name, value in page["networks"].items() if name.startswith("best ")]
    corrected = f"{percent(whole['corrected_accuracy'])}"
    rows = [
        ("its five members alone, mean", percent(sum(members) / len(members)), ""),
        ("`committee`, as it was trained", percent(whole["accuracy"]), corrected),
        (f"runs of `best`, mean of {len(best)}", percent(sum(best) / len(best)), ""),
        (f"all {every['committees']} committees of {every['size']} among these networks, mean",
         percent(every["mean"]), ""),
    ]  # fmt: skip
    return markdown(("networks", "MNIST's test images", "labels as most annotators give them"), rows)


def low_data(page: Results) -> str:
    columns = ("labels", *BEGINNINGS.values(), "fewer mistakes")
    rows = []
    for row in page["rows"]:
        both = "nothing" in row
        fewer = 1 - (1 - row["pen"]["mean"]) / (1 - row["nothing"]["mean"]) if both else None
        cells = [_with_spread(row.get(begin)) for begin in BEGINNINGS]
        rows.append((f"{row['labels']:,}", *cells, percent(fewer, 0) if both else ""))
    told = markdown(columns, rows)
    return told + f"\n{page['parameters']:,} parameters; means over {page['seeds']} seeds with 95 % intervals.\n"


def low_data_figure(page: Results) -> Any:
    """Return the figure of mistakes against labels, both on logarithmic scales."""
    from digitlab.evaluation.figures import comparison

    points = [
        {"name": said, "x": row["labels"], "mean": 1 - row[begin]["mean"], "low": None, "high": None,
         "values": [1 - value for value in row[begin]["values"]]}
        for begin, said in BEGINNINGS.items() for row in page["rows"] if begin in row and row["labels"]
    ]  # fmt: skip
    figure = comparison(points, x_label="labels", y_label="wrong")
    figure.axes[0].set(yscale="log", ylabel="wrong on the test images: mean, and each seed")
    figure.axes[0].set_yticks(TICKS, [f"{100 * tick:g} %" for tick in TICKS])
    figure.axes[0].minorticks_off()
    return figure
