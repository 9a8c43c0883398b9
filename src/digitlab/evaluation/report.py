"""The report of an evaluation: a page that needs nothing but itself, figures as JSON, and PNGs to show."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from digitlab.data.digits import Digits
from digitlab.evaluation import canvas, contact, figures, samples
from digitlab.evaluation.extra import needs_extra
from digitlab.evaluation.findings import Findings
from digitlab.evaluation.metrics import Evaluation, annotators, checked, worst_first
from digitlab.storage import make_folder, write_bytes, write_json, write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN_WRONG = 49
FIRST_WRONG = 9
SHOWN_OTHERWISE = ("random", "wrong", "corruptions", "outliers")  # figures that the page has as pictures of its own
# In the page, a figure takes the page's colours, so that it is read on light and dark ground alike.
PAGE_COLOURS = {
    canvas.INK: "currentColor",
    canvas.QUIET: "var(--quiet)",
    canvas.BLUE: "var(--blue)",
    canvas.VERMILION: "var(--vermilion)",
    canvas.GREEN: "var(--green)",
}


def write_report(
    folder: str | Path,
    evaluation: Evaluation,
    digits: Digits,
    probabilities: np.ndarray,
    *,
    history: Sequence[dict[str, Any]] | None = None,
    facts: dict[str, Any] | None = None,
    layers: Sequence[tuple[str, str, int]] | None = None,
    plan: Sequence[tuple[str, str]] | None = None,
    title: str = "",
    findings: Findings = Findings(),  # noqa: B008  # it never changes
) -> Path:
    """Write report.html, evaluation.json and figures/*.png into a folder, and return the path of the page.

    Args:
        folder: made if need be.
        evaluation: what `evaluate_probabilities` returned for the next two.
        digits: the N labelled digits.
        probabilities: (N, 10) float, each row sums to one.
        history: one dictionary an epoch, see `figures.learning_curves`.
        facts: where the recogniser comes from: data digest, versions, hardware, command; it may be nested.
        layers: layer, output shape and parameters, row by row.
        plan: how it was trained, as rows of setting and value.
        title: of the page; the recogniser's name if empty.
        findings: on corrupted digits, on what is no digit, and a rule for refusing, as far as there are any.

    Raises:
        UsageError: the probabilities do not fit the digits.
        OutputError: something cannot be written.
        MissingExtraError: matplotlib or Jinja is not installed.
    """
    probabilities = checked(probabilities, digits)
    folder = make_folder(folder)
    drawn = _draw(evaluation, digits, probabilities, history, findings)
    page = _page(
        title=title or evaluation.model or "A recogniser of handwritten digits",
        evaluation=evaluation,
        tiles=_tiles(evaluation),
        confusions=_most_confused(evaluation),
        drawn={name: _inline(figure, name) for name, figure in drawn.items() if name not in SHOWN_OTHERWISE},
        random=_cells(digits, probabilities, samples.pick_random(len(digits), 25)),
        wrong=_cells(digits, probabilities, worst_first(probabilities, digits.labels)[:SHOWN_WRONG]),
        first=FIRST_WRONG,
        layers=list(layers or ()),
        plan=list(plan or ()),
        facts=_flat(facts or {}),
        findings=findings,
        strips=_strips(findings),
    )
    for name, figure in drawn.items():
        write_bytes(folder / "figures" / f"{name}.png", canvas.to_png(figure))
    write_json(folder / "evaluation.json", evaluation.to_dict() | findings.to_dict())
    write_text(folder / "report.html", page)  # last: where the page is, all that belongs to it is there too
    return folder / "report.html"


def _draw(
    evaluation: Evaluation,
    digits: Digits,
    probabilities: np.ndarray,
    history: Sequence[dict[str, Any]] | None,
    findings: Findings,
) -> dict[str, Figure]:
    drawn = {"learning-curves": figures.learning_curves(history)} if history else {}
    if findings.robustness:
        drawn["corruptions"] = contact.corruption_sheet(findings.robustness)
    if findings.outliers:
        drawn["outliers"] = contact.outlier_sheet(findings.outliers)
    return drawn | {
        "confusion": figures.confusion(evaluation),
        "reliability": figures.reliability_diagram(evaluation),
        "risk-coverage": figures.risk_coverage_curve(evaluation, digits, probabilities, findings.refusal),
        "random": samples.random_results(digits, probabilities),
        "wrong": samples.wrong_ones(digits, probabilities, count=SHOWN_WRONG, columns=FIRST_WRONG),
    }


def _page(**content: Any) -> str:
    """Fill the template; whatever is not marked safe by us is escaped, and a missing piece is an error."""
    with needs_extra("writing a report"):
        from jinja2 import Environment, StrictUndefined
    source = resources.files("digitlab.evaluation").joinpath("report.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source).render(**content) + "\n"


def _tiles(e: Evaluation) -> list[tuple[str, str, str]]:
    """Return the key figures: name, value, what it says."""
    low, high = e.interval
    tiles = [
        ("Accuracy", _percent(e.accuracy), f"95 % interval {_percent(low)} to {_percent(high)}"),
        ("Errors", f"{e.errors:,}", f"of {e.n:,} digits"),
    ]
    if e.corrected_accuracy is not None:
        meaning = f"{e.corrected_errors:,} errors of {e.corrected_n:,}, labels as most annotators give them"
        tiles.append(("Corrected accuracy", _percent(e.corrected_accuracy), meaning))
    low, high = e.ece_if_calibrated
    chance = f"if calibrated, chance leaves {_percent(low)} to {_percent(high)}"
    return [
        *tiles,
        (
            "Error-free",
            f"{e.coverage_without_error * 100:.1f} %",
            "of the digits, the surest, hold no error",
        ),
        ("Calibration error", _percent(e.ece), f"mean gap between confidence and accuracy (ECE, 15 bins); {chance}"),
        ("Log-loss", f"{e.nll:.4f}", "nats a digit (NLL); lower is better"),
    ]


def _most_confused(e: Evaluation, count: int = 5) -> list[tuple[int, int, int]]:
    """Return the most frequent confusions: given label, read label, how often."""
    pairs = [(n, given, read) for given, row in enumerate(e.confusion) for read, n in enumerate(row)]
    ranked = sorted(((n, given, read) for n, given, read in pairs if n and given != read), key=lambda p: (-p[0], p))
    return [(given, read, n) for n, given, read in ranked[:count]]


def _cells(digits: Digits, probabilities: np.ndarray, which: np.ndarray) -> list[dict[str, Any]]:
    """Return what the page shows of each digit `which`."""
    opinion = annotators(digits)
    cells = []
    for i in map(int, which):
        read, given = int(probabilities[i].argmax()), int(digits.labels[i])
        cells.append(
            {
                "index": i,
                "image": _thumbnail(digits.images[i]),
                "given": given,
                "read": read,
                "confidence": samples.percent(float(probabilities[i, read])),
                "remark": samples.annotators_say(opinion, i, given),
            }
        )
    return cells


def _strips(findings: Findings) -> dict[str, str]:
    """Return the pictures of each corruption and each set of outliers, by its name."""
    shown: list[tuple[str, np.ndarray]] = []
    if found := findings.robustness:
        shown += zip((row.name for row in found.rows), found.sheet, strict=True)
    if others := findings.outliers:
        shown += zip((row.name for row in others.sets), others.sheet, strict=True)
    return {name: _thumbnail(contact.strip(images)) for name, images in shown}


def _thumbnail(image: np.ndarray) -> str:
    """Return a digit, or several side by side, as a data URI, ink dark on light."""
    content = io.BytesIO()
    Image.fromarray(255 - image).save(content, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()


def _inline(figure: Figure, name: str) -> Any:
    """Return a figure as an SVG element for the page: no prolog, no addresses, own ids."""
    from markupsafe import Markup  # comes with Jinja

    svg = canvas.to_svg(figure).decode()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg).replace("xlink:href", "href")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="', f' id="{name}-', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r'\1 aria-hidden="true" focusable="false"', svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    if name == "learning-curves":  # as wide as its panels need; on a narrow screen it scrolls
        width = round(96 * figure.get_figwidth())
        svg = svg.replace("<svg", f'<svg style="max-width: {width}px; min-width: {0.65 * width:.0f}px"', 1)
    for drawn, shown in PAGE_COLOURS.items():
        svg = svg.replace(drawn, shown)
    return Markup(svg)


def _flat(facts: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested facts as rows of name and value; an inner name follows its outer one."""
    rows = []
    for name, value in facts.items():
        label = f"{prefix}{str(name).replace('_', ' ')}"
        if isinstance(value, dict):
            rows += _flat(value, f"{label} · ")
        elif isinstance(value, list | tuple):
            rows.append((label, ", ".join(map(str, value))))
        elif value is not None:
            rows.append((label, f"{value:g}" if isinstance(value, float) else str(value)))
    return rows


def _percent(share: float) -> str:
    return f"{share * 100:.2f}\N{NO-BREAK SPACE}%"
