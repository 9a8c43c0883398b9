"""What a person sees in the terminal: tables and progress.

Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from digitlab.errors import DigitlabError

if TYPE_CHECKING:
    from rich.table import Table

    from digitlab.evaluation import Compared, Evaluation
    from digitlab.manifest import Manifest
    from digitlab.recipes import Recipe

TOLD = 10_000  # pieces of pages from one line about them to the next


def print_json(content: Any) -> None:
    """Print JSON to standard output, for programs."""
    import json  # every verb imports this module, and few print JSON

    print(json.dumps(content, indent=2, ensure_ascii=False))


def say(message: str) -> None:
    """Print a line for people, to standard error."""
    print(message, file=sys.stderr, flush=True)


@contextmanager
def errors_told() -> Iterator[None]:
    """Run the body; an error of ours becomes one sentence, and the process ends with code 2."""
    try:
        yield
    except DigitlabError as error:
        say(f"digitlab: {error}")
        sys.exit(2)


def let_go() -> None:
    """Lead standard output nowhere: what is still in its buffer must not fail, with a traceback, when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def percent(share: float | None, digits: int = 2) -> str:
    """Return 0.9912 as "99.12 %", and None as a dash."""
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def sureness(confidence: float) -> str:
    """Return a reading's confidence as "99.7 %": rounded down, and never a hundred, since no reading is certain."""
    return percent(min(math.floor(1000 * confidence), 999) / 1000, 1)


def interval(low: float | None, high: float | None) -> str:
    """Return an interval of shares as "98.90 to 99.12"."""
    return "–" if low is None or high is None else f"{100 * low:.2f} to {100 * high:.2f}"


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], left: int = 1) -> None:
    """Print a table; the first `left` columns are text, the others numbers."""
    from rich import box
    from rich.console import Console

    made = new_table(title, box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        made.add_column(column, justify="left" if index < left else "right", overflow="fold")
    for row in rows:
        made.add_row(*(str(cell) for cell in row))
    # A pipe has no width: there, lines are as long as they need to be.
    Console(width=None if sys.stdout.isatty() else 160, highlight=False).print(made)


def new_table(title: str, style: Any) -> Table:
    """Return an empty table in the house's style."""
    from rich.table import Table

    return Table(title=title or None, box=style, title_justify="left", title_style="bold", pad_edge=False)


def print_recipe(recipe: Recipe) -> None:
    """Print a recipe's layer table as Keras does, then its training plan, its claim and its choices."""
    rows = [(name, shape, f"{count:,}") for name, shape, count in recipe.rows]
    print(f"{recipe.name}: {recipe.title}\n\n{recipe.description}")
    columns = ("Member", "Trained for", "Parameters") if recipe.members else ("Layer", "Output shape", "Parameters")
    print_table("", columns, rows, left=2)
    print(f"Parameters: {recipe.parameters:,}   multiply-adds: {recipe.multiplications:,}\n")
    for heading, entries in plan_rows(recipe):
        print(heading)
        for key, value in entries:
            print(f"  {key:<16} {value}")
    if recipe.minutes:
        print(f"\nAbout {recipe.minutes:g} minutes on two processor cores: digitlab train {recipe.name}")


def plan_rows(recipe: Recipe) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield a heading and rows of (setting, value) for training, augmentation, data, claim and choices."""
    from digitlab.remote import shown

    page = recipe.to_dict()
    quiet = {
        "settle_epochs",
        "settle_share",
        "settle_rate",
        "start",
        "teacher",
        "teacher_share",
        "label_smoothing",
        "averaging",
        "weight_decay",
        "warmup",
        "strokes",
        "train_size",
    }
    for part in ("data",) if recipe.members else ("training", "augmentation", "data"):
        rows = [(k, shown(str(v))) for k, v in page[part].items() if v or (part == "training" and k not in quiet)]
        if page[part].get("optimizer") in ("adam", "adamw"):
            rows = [row for row in rows if row[0] != "momentum"]
        if rows:
            yield part.capitalize(), rows
    if recipe.claim:
        yield "Claim", [("accuracy", f"{recipe.claim.accuracy:g} %"), ("text", recipe.claim.text)]
    if recipe.choices:
        yield "Chosen where its source is silent", list(recipe.choices.items())


def print_evaluation(e: Evaluation) -> None:
    """Print a recogniser's figures."""
    corrected = "–"
    if e.corrected_accuracy is not None:
        corrected = f"{percent(e.corrected_accuracy)} ({e.corrected_errors} wrong of {e.corrected_n:,})"
    rows = [
        ("accuracy", f"{percent(e.accuracy)} ({e.errors} wrong of {e.n:,})"),
        ("95 % interval", f"{interval(*e.interval)} %"),
        ("corrected labels", corrected),
        ("negative log-likelihood", f"{e.nll:.4f}"),
        ("Brier score", f"{e.brier:.5f}"),
        ("calibration error (ECE)", f"{percent(e.ece)} (if calibrated: {interval(*e.ece_if_calibrated)} %)"),
        ("answered without error", percent(e.coverage_without_error)),
    ]
    if e.corrected_coverage_without_error is not None:
        rows.append(("the same, corrected labels", percent(e.corrected_coverage_without_error)))
    rows += [
        (f"answered with {100 * row['risk']:g} % wrong", percent(row["coverage"]))
        for row in e.coverage_at_risk
        if row["risk"]
    ]
    rows.append(("area under risk and coverage", f"{e.aurc:.6f}"))
    print_table(f"{e.model} on {e.data}", ("", ""), rows)


def print_figures(manifest: Manifest) -> None:
    """Print the figures that a recogniser carries."""
    from digitlab.cards import figure_name

    rows = [
        (figure_name(manifest, name), f"{percent(figure['accuracy'])} of {figure['n']:,}")
        for name, figure in manifest.figures.items()
    ]
    print_table(manifest.name, ("", ""), rows)


def print_comparison(results: Sequence[Compared]) -> None:
    """Print recipes side by side."""
    columns = (
        "recipe",
        "images",
        "epochs",
        "parameters",
        "runs",
        "test accuracy",
        "95 % interval",
        "claim",
        "met",
        "s",
    )
    rows = []
    for r in results:
        met = "–" if r.claim is None else ("yes" if r.mean >= r.claim else "no")
        counts = (f"{r.train_size:,}", r.epochs, f"{r.parameters:,}", len(r.values))
        shares = (percent(r.mean), interval(r.low, r.high), percent(r.claim))
        rows.append((r.name, *counts, *shares, met, f"{r.seconds:.0f}"))
    print_table("", columns, rows)


@contextmanager
def training_display(name: str, epochs: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Show a training's progress on standard error; yield what listens to it.

    On a terminal a bar shows rate and time left; elsewhere each epoch is a line.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(name, total=epochs, rate="")

        told = 0

        def listen(event: dict[str, Any]) -> None:
            nonlocal told
            if event["event"] == "progress":
                done = event["epoch"] - 1 + event["images"] / event["of"]
                progress.update(task, completed=done, description=f"{name}, epoch {event['epoch']} of {epochs}")
            elif event["event"] == "loading":
                joined = f" and {event['strokes']:,} digits by the pen" if event["strokes"] else ""
                progress.update(task, description=f"{name}, loading {event['source']}{joined}")
            elif event["event"] == "pages":
                progress.update(task, description=f"{name}, making pages: {event['made']:,} of {event['of']:,} pieces")
                # Elsewhere than on a terminal this would be minutes of silence.
                if not console.is_terminal and event["made"] // TOLD > told:
                    told = event["made"] // TOLD
                    console.print(f"{name}: making pages, {event['made']:,} of {event['of']:,} pieces")
            elif event["event"] == "member":
                done = " is trained already" if event["finished"] else ""
                console.print(f"{name}: member {event['number']} of {event['of']}, {event['name']}{done}")
            elif event["event"] == "resumed":
                progress.update(task, completed=event["epoch"])
                console.print(f"{name}: goes on after epoch {event['epoch']}")
            elif event["event"] == "epoch":
                progress.update(task, completed=event["epoch"], rate=f"{event['images_per_second']:,.0f} images/s")
                console.print(_epoch_line(name, epochs, event))

        yield listen


def _epoch_line(name: str, epochs: int, event: dict[str, Any]) -> str:
    """Return an epoch's metrics as one line."""
    validation = event.get("validation_accuracy")
    parts = [
        f"{name}: epoch {event['epoch']:>3} of {epochs}",
        f"loss {event['train_loss']:.4f}",
        *([] if validation is None else [f"validation {percent(validation)}"]),
        f"{event['seconds']:.1f} s, {event['images_per_second']:,.0f} images/s",
    ]
    return "   ".join(parts)
