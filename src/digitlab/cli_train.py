"""What the verbs that train have in common: progress, sinks, Ctrl-C, and the report at the end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from digitlab.recipes import Recipe
    from digitlab.sinks import Sinks
    from digitlab.training import Listener, Run


@contextlib.contextmanager
def shown(page: Recipe, command: str, sinks: Sinks | None = None) -> Iterator[Listener]:
    """Show the progress of the training inside; Ctrl-C is met with the command that goes on, and exit code 130."""
    from digitlab import console

    try:
        with console.training_display(page.name, page.plan.epochs) as display:

            def listen(event: dict[str, Any]) -> None:
                display(event)
                if sinks:
                    sinks.listen(event)

            yield listen
    except KeyboardInterrupt:
        if sinks:
            sinks.close("stopped")
        console.say(f"\nstopped; all whole epochs are kept. Go on with: {command}")
        raise typer.Exit(130) from None


def report(run: Run, sinks: Sinks | None = None) -> None:
    """Judge a finished run on its test digits; write and announce its report. A judge of pieces shows its figures."""
    from digitlab import console
    from digitlab.cli_evaluate import background
    from digitlab.evaluation import held_out, judge, write_report
    from digitlab.recognizer import load

    recognizer, epochs = load(run.folder), run.recipe.plan.epochs
    if sinks:
        reached = recognizer.manifest.figures.items()
        sinks.final({f"final_{what.replace(' ', '_')}_accuracy": f["accuracy"] for what, f in reached}, epochs)
    # There are no test digits for a judge of pieces, nor where they are judged elsewhere.
    if recognizer.channels != 1 or run.recipe.data.split == "submission":
        console.print_figures(recognizer.manifest)
        print(f"recogniser  {run.recognizer}")
        return
    digits = held_out(recognizer)
    figures, probabilities = judge(recognizer, digits)
    page = write_report(run.folder, figures, digits, probabilities, history=run.history, **background(recognizer))
    if sinks:
        sinks.final({f"test_{name}": getattr(figures, name) for name in ("accuracy", "nll", "ece")}, epochs)
    console.print_evaluation(figures)
    print(f"recogniser  {run.recognizer}\nreport      {page}")
