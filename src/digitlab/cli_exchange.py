"""The verbs `export` and `import`: recognisers out to other people's formats, and their files in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Target(StrEnum):
    """What to export to."""

    keras_json, keras, onnx, int8, safetensors = "keras-json", "keras", "onnx", "int8", "safetensors"


def register(app: typer.Typer) -> None:
    """Add the verbs to the command line."""
    app.command("export")(export)
    app.command("import")(import_)


def export(
    model: Annotated[str, typer.Argument(help="Whatever opens: a bundled name, a run folder, a file.")],
    to: Annotated[
        Target, typer.Option(help="Architecture and weights, one Keras file, ONNX, ONNX in eight bits, or safetensors.")
    ],
    out: Annotated[Path, typer.Option(help="The file to write; of keras-json a folder, or the architecture's .json.")],
) -> None:
    """Write a recogniser in another format."""
    from digitlab.exchange import export_model

    for path in export_model(model, to.value, out):
        print(path)


def import_(
    files: Annotated[
        list[Path], typer.Argument(help="ARCHITECTURE.json WEIGHTS.h5, or one .keras, .h5 or .safetensors file.")
    ],
    recipe: Annotated[
        str | None, typer.Option(help="Of a safetensors file that does not say its own: a name or a .toml file.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the recogniser; else the model's own, or its file's.")] = None,
    out: Annotated[Path | None, typer.Option(help="The .onnx file to write; by default NAME.onnx.")] = None,
) -> None:
    """Make a recogniser of a model by Keras, or of safetensors."""
    from digitlab import console
    from digitlab.exchange import import_model, open_model
    from digitlab.recipes import Recipe

    path = import_model(*files, recipe=recipe, name=name, out=out)
    made = Recipe.from_dict(open_model(path).manifest.recipe, "imported")
    console.say(f"{made.parameters:,} parameters: {', '.join(made.lines)}")
    print(f"recogniser  {path}")
