"""The verb `push`: a recogniser with its card, to where others find it."""

from __future__ import annotations

from typing import Annotated

import typer


def push(
    model: Annotated[str, typer.Argument(help="A bundled name, an .onnx file, a run folder, or an address of these.")],
    target: Annotated[str, typer.Argument(help="A folder, hf://user/name, or an address such as s3://bucket/name.")],
    force: Annotated[bool, typer.Option("--force", help="Also into a folder that holds something else.")] = False,
    licence: Annotated[str, typer.Option("--license", help="Of the recogniser, for its card.")] = "mit",
) -> None:
    """Publish a recogniser: model card, ONNX, safetensors and recipe."""
    from digitlab import console, publishing

    where = publishing.push(model, target, force=force, licence=licence)
    print(where)
    console.say(f"open it with: digitlab models {where}")
