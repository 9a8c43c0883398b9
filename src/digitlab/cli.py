"""The command line: verbs only. Everything heavy is imported inside the verb that needs it."""

from __future__ import annotations

import contextlib
import copy
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from digitlab import cli_exchange, console
from digitlab.cli_evaluate import evaluate
from digitlab.cli_push import push
from digitlab.cli_wishes import Wishes, starting
from digitlab.errors import UsageError

app = typer.Typer(
    rich_markup_mode=None,  # plain help: the library that draws boxes takes longer to import than all of ours
    name="digitlab",
    help="Train, measure and use recognisers of handwritten digits.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
data_app = typer.Typer(no_args_is_help=True, help="Labelled digits: what they are, and in other formats.")
app.add_typer(data_app, name="data")


class Device(StrEnum):
    """Where to train."""

    auto, cpu, cuda = "auto", "cpu", "cuda"


class Split(StrEnum):
    """Which fixed split of MNIST."""

    standard, kaggle, full, submission = "standard", "kaggle", "full", "submission"


class Log(StrEnum):
    """Where a training's figures go, too."""

    tensorboard, mlflow = "tensorboard", "mlflow"


class Format(StrEnum):
    """What to export to."""

    folder, csv, npz, idx = "folder", "csv", "npz", "idx"


Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
LogOption = Annotated[
    list[Log] | None, typer.Option(help="Log to this tool, too, epoch by epoch; may be given several times.")
]
Model = Annotated[
    str, typer.Option("--model", "-m", help="A bundled name, a run folder, an .onnx or Keras file, or an address.")
]
DeviceOption = Annotated[Device, typer.Option(help="Where to train; auto takes a graphics card if there is one.")]


@app.callback(invoke_without_command=True)
def start(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Train, measure and use recognisers of handwritten digits."""
    if version:
        from digitlab import __version__

        print(__version__)
        raise typer.Exit


@app.command()
def read(
    images: Annotated[
        list[str], typer.Argument(help="Images, PDFs, folders of them, patterns in quotes, or - for standard input.")
    ],
    model: Model = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print JSON, one image a line, as they are read.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, one row a digit.")] = False,
    draw: Annotated[
        Path | None, typer.Option(help="Write pictures of what was read: a file for one image, else a folder.")
    ] = None,
    single: Annotated[bool, typer.Option("--single", help="Each image shows one digit and nothing else.")] = False,
    min_confidence: Annotated[float, typer.Option(help="Leave out digits less sure than this, 0 to 1.")] = 0.0,
    expect: Annotated[
        str | None, typer.Option(help=r"The form of every line: '\d{4}-\d{2}', or 10 for ten digits.")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Also folders inside folders.")] = False,
    pages: Annotated[str | None, typer.Option(help="Of documents, these pages: 3, 3-7 or 3-.")] = None,
) -> None:
    """Read the digits in images."""
    with starting():
        from digitlab.cli_read import read_images

    forms = [name for name, wanted in (("json", as_json), ("jsonl", as_jsonl), ("csv", as_csv)) if wanted]
    if len(forms) > 1:
        raise UsageError(f"{' and '.join(f'--{form}' for form in forms)} exclude each other; choose one")
    form = forms[0] if forms else "text"
    wishes = Wishes(images, form, model, draw, single, min_confidence, expect, recursive, pages)
    raise typer.Exit(read_images(wishes))


@app.command()
def recipes(
    recipe: Annotated[str | None, typer.Argument(help="A recipe's name or file; all are listed without it.")] = None,
    as_json: Json = False,
) -> None:
    """Show all recipes, or one with its layers and training plan."""
    from digitlab.recipes import Recipe, bundled_names, measured

    if recipe:
        page = Recipe.load(recipe)
        if as_json:
            console.print_json({"name": page.name, "parameters": page.parameters, **page.to_dict()})
        else:
            console.print_recipe(page)
        return
    figures = measured()
    pages = [Recipe.load(name) for name in bundled_names()]
    if as_json:
        content = [
            {"name": p.name, "parameters": p.parameters, "measured": figures.get(p.name), **p.to_dict()} for p in pages
        ]
        console.print_json(content)
        return
    rows = []
    for p in pages:
        ours = figures.get(p.name)
        claim = (p.claim.text, p.claim.source) if p.claim else ("–", "ours")
        rows.append((p.name, f"{p.parameters:,}", *claim, ours["text"] if ours else "–"))
    console.print_table("", ("recipe", "parameters", "claim", "source", "measured: mean, 95 % interval"), rows)


@app.command()
def train(
    recipe: Annotated[str | None, typer.Argument(help="A recipe's name, or a .toml file of your own.")] = None,
    data: Annotated[str | None, typer.Option(help="mnist, strokes, or a path or address of labelled digits.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training images.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images a step.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all randomness.")] = 0,
    train_size: Annotated[int | None, typer.Option(help="How many training images to use.")] = None,
    start: Annotated[str | None, typer.Option(help="A recogniser with whose weights to begin.")] = None,
    device: DeviceOption = Device.auto,
    out: Annotated[Path | None, typer.Option(help="The run's folder; a new one in runs/ by default.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with the run in this folder.")] = None,
    log: LogOption = None,
) -> None:
    """Train a recipe; write its recogniser, figures and report."""
    from digitlab import cli_train, training
    from digitlab.recipes import Recipe
    from digitlab.sinks import Sinks

    if (recipe is None) == (resume is None):
        raise UsageError("name a recipe to train (see: digitlab recipes), or a run to go on with: --resume DIR")
    if resume:
        if any(value is not None for value in (data, epochs, batch_size, train_size, start, out)) or seed:
            raise UsageError("--resume goes on with the run as it was begun; leave the other options out")
        begun = training.Run.open(resume)
        page, seed = begun.recipe, begun.seed
    else:
        changes = {"name": data, "epochs": epochs, "batch_size": batch_size, "train_size": train_size, "start": start}
        page = Recipe.load(str(recipe)).changed(**changes)
        training.pick_device(device.value)  # a wrong device is told before data are loaded
        out = out or training.new_folder(page, seed)
    folder = resume or out or Path()
    with Sinks(log or [], folder, page, seed) as sinks:
        if not resume:
            page = training.pinned(page)  # a download shows a bar of its own
        with cli_train.shown(page, f"digitlab train --resume {folder}", sinks) as listen:
            if resume:
                run = training.resume(resume, listen=listen)
            else:
                run = training.train(page, seed=seed, device=device.value, out=out, listen=listen)
        cli_train.report(run, sinks)


app.command()(evaluate)


@app.command()
def compare(
    recipes: Annotated[list[str], typer.Argument(help="Recipes' names or files.")],
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each.")] = 3,
    epochs: Annotated[int | None, typer.Option(help="Instead of each recipe's own.")] = None,
    train_size: Annotated[list[int] | None, typer.Option(help="Training images; may be given several times.")] = None,
    device: DeviceOption = Device.auto,
    out: Annotated[Path, typer.Option(help="Where the runs and the figure go.")] = Path("runs/compare"),
    as_json: Json = False,
) -> None:
    """Train recipes with several seeds and put them side by side, with intervals."""
    from digitlab import evaluation, storage
    from digitlab.evaluation.canvas import to_png
    from digitlab.evaluation.figures import comparison
    from digitlab.recipes import Recipe

    pages = [Recipe.load(recipe) for recipe in recipes]
    with contextlib.ExitStack() as stack:

        def listen(name: str) -> Any:
            stack.close()  # the display of the run before
            longest = next(p.changed(epochs=epochs).plan.epochs for p in pages if name.startswith(p.name + "-"))
            return stack.enter_context(console.training_display(name, longest))

        try:
            results = evaluation.compare(
                pages, seeds=seeds, epochs=epochs, train_sizes=train_size or [0], device=device.value,
                folder=out, listen=listen,
            )  # fmt: skip
        except KeyboardInterrupt:
            stack.close()
            console.say("\nstopped; the same command goes on where this one was")
            raise typer.Exit(130) from None
    rows = [r.to_dict() | ({"x": r.train_size} if train_size and len(train_size) > 1 else {}) for r in results]
    storage.write_bytes(out / "comparison.png", to_png(comparison(rows)))
    storage.write_json(out / "comparison.json", rows)
    if as_json:
        console.print_json(rows)
    else:
        console.print_comparison(results)
        print(f"figure  {out / 'comparison.png'}")


@app.command()
def kaggle(
    tables: Annotated[
        list[str], typer.Argument(metavar="TRAIN TEST", help="train.csv and test.csv; with --model, test.csv alone.")
    ],
    recipe: Annotated[str | None, typer.Option(help="Train this one on train.csv: a name or a .toml file.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Or what reads: a bundled name, a file, a folder or an address.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path("submission.csv"),
    epochs: Annotated[int | None, typer.Option(help="Passes over the training images.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of all randomness; 0 by default.")] = None,
    device: DeviceOption = Device.auto,
    log: LogOption = None,
) -> None:
    """Write a submission for Kaggle's digit recogniser: ImageId,Label."""
    from digitlab import cli_train
    from digitlab.kaggle import Entry
    from digitlab.sinks import Sinks

    entry = Entry(tables, recipe, model, out, epochs, seed, device.value)
    if entry.recipe:
        again = f"digitlab train --resume {entry.folder}; then: digitlab kaggle {entry.test} --model {entry.folder}"
        with Sinks(log or [], entry.folder or Path(), entry.recipe, seed or 0) as sinks:
            with cli_train.shown(entry.recipe, f"{again} --out {out}", sinks) as listen:
                run = entry.train(listen)
            cli_train.report(run, sinks)
    count = entry.write()
    console.say(f"{count:,} labels for {entry.test}")
    print(f"submission  {out}")


@app.command()
def models(
    model: Annotated[str | None, typer.Argument(help="Show this one's card.")] = None, as_json: Json = False
) -> None:
    """Show the recognisers at hand, bundled and own, or one's card."""
    from digitlab.cards import KINDS, at_hand, card
    from digitlab.exchange import open_model

    if model:
        manifest = open_model(model).manifest
        if as_json:
            import dataclasses

            console.print_json(dataclasses.asdict(manifest))
        else:
            print(card(manifest))
        return
    rows = at_hand(Path("runs"))
    if as_json:
        console.print_json(rows)
        return
    columns = ("model", "recipe", "what it does", "parameters", "kB", "test accuracy", "validation", "digit or not")
    shown = [
        (r["model"], r["recipe"], KINDS[r["kind"]], f"{r['parameters']:,}", f"{r['bytes'] / 1000:,.0f}",
         *(console.percent(r[key]) for key in ("test", "validation", "digit_or_not"))) for r in rows
    ]  # fmt: skip
    console.print_table("", columns, shown, left=3)


app.command()(push)
cli_exchange.register(app)


@data_app.command("info")
def data_info(
    source: Annotated[str, typer.Argument(help="mnist, strokes, or a path or address of labelled digits.")] = "mnist",
    split: Annotated[Split, typer.Option(help="Which split to show.")] = Split.standard,
    as_json: Json = False,
) -> None:
    """Show what a collection is: counts, digests, where its files lie."""
    from digitlab import data

    facts = data.describe(source, split=split.value)
    if as_json:
        console.print_json(facts)
        return
    rows = [
        (name, f"{part['count']:,}", *part["per_class"], part["digest"][:12]) for name, part in facts["parts"].items()
    ]
    console.print_table(f"{facts['source']}, split {split.value}", ("part", "digits", *"0123456789", "SHA-256"), rows)
    for file in facts["files"]:
        print(f"{file['sha256'][:12]}  {'verified' if file['verified'] else 'as found'}  {file['path']}")


@data_app.command("export")
def data_export(
    source: Annotated[str, typer.Argument(help="mnist, strokes, or a path or address of labelled digits.")],
    to: Annotated[Format, typer.Option(help="PNG class folders, CSV with Kaggle's columns, NPZ or IDX.")],
    out: Annotated[Path, typer.Option(help="A new folder, or a new file for npz.")],
    split: Annotated[Split, typer.Option(help="How to part the digits.")] = Split.standard,
) -> None:
    """Write a collection in another format."""
    from rich.console import Console
    from rich.progress import Progress

    from digitlab import data

    splits = data.load(source, split=split.value)
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(f"to {to.value}", total=sum(len(part) for part in splits))
        path = data.export(splits, to.value, out, lambda count: progress.advance(task, count))
    print(path)


def _app_for(words: list[str]) -> typer.Typer:
    """Return the command line, or of it the one verb that is asked for: typer looks at all options of all others."""
    verbs = [verb for verb in app.registered_commands if [verb.name or getattr(verb.callback, "__name__", "")] == words]
    if not verbs:
        return app
    only = copy.copy(app)
    only.registered_commands, only.registered_groups = verbs, []
    return only


def main() -> None:
    """Run the command line; every error of ours becomes one sentence and exit code 2."""
    with console.errors_told():
        try:
            _app_for(sys.argv[1:2])()
        except BrokenPipeError:
            console.let_go()
            sys.exit(0)
