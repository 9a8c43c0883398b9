"""What a user does with files: export a recogniser, import a model. Heavy parts are imported where they are needed."""

from __future__ import annotations

from pathlib import Path

from digitlab import storage
from digitlab.errors import OutputError, UsageError
from digitlab.exchange.extra import needs_keras, needs_onnx
from digitlab.exchange.opening import ARCHITECTURE, open_model
from digitlab.recognizer import Recognizer

FORMATS = ("keras-json", "keras", "onnx", "int8", "safetensors")
ENDINGS = {"keras": ".keras", "onnx": ".onnx", "int8": ".onnx", "safetensors": ".safetensors"}


def export_model(model: str | Path | Recognizer, to: str, out: str | Path) -> tuple[Path, ...]:
    """Write a recogniser in another format.

    Args:
        model: whatever `open_model` opens, or a recogniser.
        to: "keras-json" (architecture and weights as two files), "keras", "onnx", "int8" (ONNX that counts
            in eight bits, see `digitlab.exchange.to_int8`) or "safetensors".
        out: the file to write, with the format's ending; of "keras-json" a folder, or the architecture's .json, beside
            which its .weights.h5 goes. A file of that name is replaced.

    Returns:
        What was written.

    Raises:
        UsageError: there is no such format, or `out` has the ending of another one.
        ModelError: the recogniser cannot be opened, or cannot be said in that format.
        MissingExtraError: Keras or safetensors is not installed.
        DataError, DownloadError: of "int8", the digits that show how large its values become cannot be had.
        OutputError: nothing can be written to `out`.
    """
    if to not in FORMATS:
        raise UsageError(f"there is no format {to!r}; choose one of {', '.join(FORMATS)}")
    path = Path(out)
    if to != "keras-json" and path.suffix.lower() != ENDINGS[to]:
        raise UsageError(f"--out {out} does not end in {ENDINGS[to]}, by which others know such files; rename it")
    if to != "keras-json" and path.is_dir():
        raise OutputError(f"{out} is a folder; name a file, such as {path / ('model' + ENDINGS[to])}")
    recognizer = model if isinstance(model, Recognizer) else open_model(model)
    if to == "keras-json":
        return _architecture_and_weights(recognizer, path)
    if to == "keras":
        with needs_keras():
            from digitlab.exchange.to_keras import keras_file

        content = keras_file(recognizer)
    elif to == "safetensors":
        with needs_keras():
            from digitlab.exchange.states import to_safetensors

        content = to_safetensors(recognizer)
    elif to == "int8":
        with needs_onnx():
            from digitlab.exchange.to_int8 import to_int8

        content = to_int8(recognizer)
    else:
        content = recognizer.content
    storage.write_bytes(path, content)
    return (path,)


def _architecture_and_weights(recognizer: Recognizer, path: Path) -> tuple[Path, ...]:
    with needs_keras():
        from digitlab.exchange.to_keras import architecture_and_weights

    if path.suffix.lower() != ".json":
        if path.suffix or path.is_file():
            raise UsageError(f"--out {path} is neither a folder nor ends in .json; name a folder for the two files")
        path = path / ARCHITECTURE
    base = path.stem.removesuffix("_architecture") or path.stem
    weights = path.with_name(f"{base}.weights.h5")
    architecture, content = architecture_and_weights(recognizer)
    storage.write_bytes(weights, content)
    storage.write_text(path, architecture + "\n")
    return path, weights


def import_model(
    *files: str | Path, recipe: str | None = None, name: str | None = None, out: str | Path | None = None
) -> Path:
    """Make a recogniser's file of a model by Keras or of safetensors.

    Args:
        files: a .keras, .h5 or .safetensors file, or a Keras architecture in .json and its weights; without weights,
            those beside it are taken.
        recipe: a bundled name or a .toml file; of a safetensors file that does not say its own.
        name: of the recogniser; else the model's own name, or its file's.
        out: the file to write, which ends in .onnx; by default one by the recogniser's name in the working directory,
            which must not be there yet.

    Returns:
        The file.

    Raises:
        ModelError: a file is missing, damaged, unsafe, or has a layer that can't be taken; names the layer and why.
        UsageError, RecipeError: the arguments do not go together, or there is no such recipe.
        MissingExtraError: what reads such files is not installed.
        OutputError: the file cannot be written.
    """
    if out is not None and Path(out).suffix.lower() != ".onnx":
        raise UsageError(f"--out {out} does not end in .onnx, which a recogniser is; rename it")
    with needs_keras():
        from digitlab.exchange.incoming import to_content

    content = to_content([Path(file) for file in files], recipe, name)
    path = Path(out) if out is not None else _by_name(Recognizer(content).name)
    storage.write_bytes(path, content)
    return path


def _by_name(name: str) -> Path:
    path = Path("".join(c if c.isalnum() or c in "-_." else "_" for c in name).lstrip(".") + ".onnx")
    if path.exists():
        raise OutputError(f"{path} is there already; choose another name with --name or --out")
    return path
