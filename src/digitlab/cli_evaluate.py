"""The verb `evaluate`: plain figures, and as asked for those on corrupted digits, on what is no digit, on refusing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from digitlab.evaluation.refusal import Refusal
    from digitlab.evaluation.rejection import Rejection
    from digitlab.evaluation.robustness import Robustness


def evaluate(
    model: Annotated[
        str, typer.Argument(help="A bundled name, a run folder, an .onnx or Keras file, or an address.")
    ] = "default",
    data: Annotated[
        str | None, typer.Option(help="mnist (its test images), a path or an address; else the recipe's own test part.")
    ] = None,
    robust: Annotated[bool, typer.Option("--robust", help="Also on digits corrupted in fifteen ways.")] = False,
    ood: Annotated[bool, typer.Option("--ood", help="Also on what is no digit: letters, scribbles, noise.")] = False,
    refuse: Annotated[
        float | None, typer.Option(metavar="RISK", help="Also refuse, so that at most this share of answers is wrong.")
    ] = None,
    digits: Annotated[int | None, typer.Option(metavar="N", help="Measure on this many of the digits only.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    report: Annotated[Path | None, typer.Option(help="Write an HTML report and figures into this folder.")] = None,
) -> None:
    """Measure a recogniser on labelled digits that it never learned from."""
    from digitlab import console, storage
    from digitlab.evaluation import held_out, judge, write_report
    from digitlab.evaluation.corruptions import CORRUPTIONS
    from digitlab.evaluation.findings import Findings
    from digitlab.evaluation.outliers import SETS
    from digitlab.evaluation.refusal import check_risk, find_refusal
    from digitlab.evaluation.rejection import measure_rejection
    from digitlab.evaluation.robustness import measure_robustness, sample
    from digitlab.exchange import open_model

    # What can be wrong is told before minutes of work.
    recognizer = open_model(model)
    if refuse is not None:
        check_risk(refuse)
    held, indices = sample(held_out(recognizer, data), digits)
    figures, probabilities = judge(recognizer, held)
    refusal = None if refuse is None else find_refusal(recognizer, refuse, held, probabilities)
    if report:
        storage.make_folder(report)
    try:
        with _progress(len(CORRUPTIONS) * robust + len(SETS) * ood) as listen:
            corrupted = measure_robustness(recognizer, held, indices=indices, listen=listen) if robust else None
            outliers = measure_rejection(recognizer, held, listen=listen) if ood else None
    except KeyboardInterrupt:
        console.say("\nstopped; nothing was written")
        raise typer.Exit(130) from None
    findings = Findings(corrupted, outliers, refusal)
    if as_json:
        console.print_json(figures.to_dict() | findings.to_dict())
    else:
        console.print_evaluation(figures)
        if refusal:
            print_refusal(refusal)
        if corrupted:
            print_robustness(corrupted)
        if outliers:
            print_rejection(outliers)
    if report:
        page = write_report(report, figures, held, probabilities, findings=findings, **background(recognizer))
        console.say(f"report: {page}")


def background(recognizer: Any) -> dict[str, Any]:
    """Return what a report tells about where a recogniser comes from."""
    from digitlab import console
    from digitlab.recipes import Recipe

    recipe = Recipe.from_dict(recognizer.manifest.recipe, recognizer.name)
    plan = [row for heading, rows in console.plan_rows(recipe) if "Chosen" not in heading for row in rows]
    facts = {"parameters": f"{recipe.parameters:,}", "temperature": round(recognizer.manifest.temperature, 4)}
    facts |= recognizer.manifest.training | {"versions": recognizer.manifest.versions}
    if recipe.members:
        facts["members"] = [f"{member['name']}, seed {member['seed']}" for member in facts.get("members", [])]
    return {"layers": recipe.rows, "plan": plan, "facts": facts}


def print_robustness(found: Robustness) -> None:
    """Print the accuracy under each corruption, the clean digits' before and the mean after them."""
    from digitlab import console

    rows = [
        (row.name.replace("_", " "), console.percent(row.accuracy), console.interval(*row.interval), f"{row.errors:,}",
         console.percent(row.refused))
        for row in found.rows
    ]  # fmt: skip
    rows.append(("mean of the fifteen", console.percent(found.mean), "", "", ""))
    title = f"{found.model} on {found.data}, corrupted: {found.clean.n:,} digits"
    columns = ("corruption", "accuracy", "95 % interval, %", "wrong", "refused as no digit")
    console.print_table(title, columns, rows)


def print_rejection(found: Rejection) -> None:
    """Print how each set of what is no digit is told from digits."""
    from digitlab import console

    rows = [
        (
            row.name,
            f"{row.n:,}",
            row.auroc_in_words,
            console.percent(row.false_acceptance),
            console.percent(row.refused),
        )
        for row in found.rows
    ]
    by = "the odds of being a digit" if found.score == "odds" else "confidence: it cannot say that there is no digit"
    refused = console.percent(found.digits_refused)
    console.print_table(
        f"{found.model}: what is no digit, told from {found.n:,} digits by {by}; of these {refused} are refused",
        ("what", "images", "AUROC", "accepted with 95 % of digits", "refused by default"),
        rows,
    )


def print_refusal(found: Refusal) -> None:
    """Print a rule for refusing, and what it does where it was found and where it is judged."""
    from digitlab import console

    wanted = f"at most {100 * found.wanted:g} % of the answers wrong"
    rule = "no threshold does" if found.threshold is None else f"answer from a confidence of {found.threshold:.6g} on"
    rows = []
    for name, part in (("found on", found.found), ("judged on", found.judged)):
        shares = (console.percent(part.coverage), part.errors, console.percent(part.risk, 3))
        bounds = console.interval(*(part.interval or (None, None)))
        rows.append((name, part.data, f"{part.answered:,} of {part.n:,}", *shares, bounds))
    columns = ("", "digits", "answered", "coverage", "wrong", "risk", "95 % interval, %")
    console.print_table(f"{wanted}: {rule}", columns, rows, left=2)


@contextlib.contextmanager
def _progress(steps: int) -> Iterator[Callable[[str], None]]:
    """Show on a terminal how far measuring is; yield what is told each part when it is done."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not (steps and console.is_terminal), transient=True) as progress:
        task = progress.add_task("measuring", total=steps)
        yield lambda name: progress.update(task, advance=1, description=name.replace("_", " "))
