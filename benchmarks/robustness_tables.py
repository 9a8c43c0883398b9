"""The tables of how sure and how robust a recogniser is; `tables.py` fills them in."""

from __future__ import annotations

import math
from typing import Any

from cells import Results, markdown
from digitlab.console import interval, percent


def corruptions(page: Results) -> str:
    found = page["robustness"]
    rows = [("none", *_row(found["clean"]))]
    rows += [(part["name"].replace("_", " "), *_row(part)) for part in found["corruptions"]]
    rows.append(("**mean of the fifteen**", f"**{percent(found['mean'])}**", "", "", ""))
    columns = (f"`{found['model']}`, corruption of {found['data']}", "read right", "95 % interval", "wrong", "refused")
    return markdown(columns, rows)


def others(page: Results) -> str:
    rows = [(f"`{row['name']}`", percent(row["accuracy"]), f"{interval(*row['interval'])} %", row["errors"])
            for row in page["rows"]]  # fmt: skip
    columns = (f"optdigits, {page['rows'][0]['n']:,} images", "read right", "95 % interval", "wrong")
    return markdown(columns, rows)


def _row(part: Results) -> tuple[Any, ...]:
    return (
        percent(part["accuracy"]),
        f"{interval(*part['interval'])} %",
        f"{part['errors']:,}",
        percent(part["refused"]),
    )


def outliers(page: Results) -> str:
    found = page["outliers"]
    rows = [
        (part["name"], {True: "yes", False: "no", None: ""}[part["familiar"]], f"{part['n']:,}", _area(part["auroc"]),
         percent(part["false_acceptance"]), percent(part["refused"]))
        for part in (*found["sets"], found["overall"])
    ]  # fmt: skip
    columns = ("what", "like what it was shown", "images", "AUROC", "accepted with 95 % of digits", "refused")
    told = f"\nRefused are those that it thinks rather no digit than one; so are {percent(found['digits_refused'])} of"
    return markdown(columns, rows, left=2) + told + f" the {found['n']:,} digits.\n"


def calibration(page: Results) -> str:
    e = page["evaluation"]
    low, high = e["ece_if_calibrated"]
    rows = [
        ("expected calibration error, 15 bins", percent(e["ece"], 3)),
        ("the same, nine times in ten, if each confidence were right", f"{percent(low, 3)} to {percent(high, 3)}"),
        ("Brier score, 0 to 2", f"{e['brier']:.5f}"),
        ("answered without error, surest first", percent(e["coverage_without_error"])),
        ("the same, labels as most annotators give them", percent(e["corrected_coverage_without_error"])),
        *((f"answered with {_risk(row['risk'])} wrong at most", percent(row["coverage"]))
          for row in e["coverage_at_risk"] if row["risk"]),
        ("area under the risk-coverage curve", f"{e['aurc']:.6f}"),
    ]  # fmt: skip
    return markdown((f"`{e['model']}` on {e['data']}, {e['n']:,} digits", ""), rows)


def refusals(page: Results) -> str:
    rows = []
    for rule in page["refusals"]:
        found, judged = rule["found"], rule["judged"]
        risk = "–" if judged["risk"] is None else f"{percent(judged['risk'], 3)} ({interval(*judged['interval'])})"
        threshold = "none" if rule["threshold"] is None else f"{rule['threshold']:.5f}"
        shares = (percent(found["coverage"]), percent(judged["coverage"]), f"{judged['errors']:,}", risk)
        rows.append((_risk(rule["wanted"]), threshold, *shares))
    columns = ("wrong answers allowed", "threshold", "answered, validation", "answered, test", "wrong", "risk, test")
    return markdown(columns, rows)


def _area(auroc: float) -> str:
    """Return an AUROC rounded down, so that 1.0000 is perfect."""
    return f"{math.floor(auroc * 10_000 + 1e-9) / 10_000:.4f}"


def _risk(share: float) -> str:
    return f"{100 * share:g} %"
