"""The one way to open a model, whatever it is: bundled, a run, an ONNX file, or a file by Keras or safetensors.

Light, since every verb that takes a model comes through here: what reads other people's files is imported only for
them.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from digitlab import remote
from digitlab.errors import ModelError
from digitlab.exchange.extra import needs_keras
from digitlab.inspection import LARGEST_FILE
from digitlab.recognizer import Recognizer, load
from digitlab.remote import is_url, shown

HDF5 = (".h5", ".hdf5")
FOREIGN = (".json", ".keras", *HDF5, ".safetensors")
ARCHITECTURE = "model_architecture.json"


def open_model(model: str | Path = "default", *, threads: int = 0) -> Recognizer:
    """Open a recogniser.

    Args:
        model: a bundled name ("default"), an .onnx file or a run folder; or a .keras file, a Keras architecture in
            .json with its weights beside it, a whole Keras model in .h5, a .safetensors file that `export_model` wrote,
            or a folder in which `export_model` wrote an architecture. Also the address of one file of these.
        threads: batches to work on at once; 0 means as many as there are cores.

    Raises:
        ModelError: there is no such recogniser, or its file is damaged, foreign or unsafe.
        MissingExtraError: it is a file by Keras or safetensors, or lies elsewhere, and what reads it is not installed.
        DownloadError: nothing can be fetched from its address.
    """
    where = str(model)
    if is_url(where):
        kind = PurePosixPath(urlsplit(where).path).suffix.lower()
        if kind == ".json":
            raise ModelError(f"{shown(where)} is an architecture without weights; name a .keras file, or download both")
        if kind not in FOREIGN:
            return load(model, threads=threads)
        fetched = remote.fetch(where, limit=LARGEST_FILE)
        path, where = fetched.path, fetched.shown
    else:
        path = Path(model)
    if path.is_dir() and not (path / "recognizer.onnx").exists() and (path / ARCHITECTURE).exists():
        path = path / ARCHITECTURE
    if path.suffix.lower() not in FOREIGN or path.is_dir():
        return load(model, threads=threads)
    with needs_keras():
        from digitlab.exchange.incoming import to_content

    return Recognizer(to_content([path]), where, threads=threads)


def content_of(path: Path, limit: int = LARGEST_FILE) -> bytes:
    """Return the bytes of a file of at most `limit` bytes. Raises ModelError."""
    try:
        if not path.is_file():
            raise ModelError(f"there is no file {path}; name a model's file (see: digitlab import --help)")
        if path.stat().st_size > limit:
            raise ModelError(f"{path} is larger than {limit >> 20} MB; such a file of a recogniser of digits is not")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error


def weights_beside(architecture: Path) -> Path:
    """Return the file of weights that belongs to an architecture's JSON: named alike, else by a usual name.

    Raises:
        ModelError: there is none, or several might be it; names what was looked for, or found.
    """
    folder, stem = architecture.parent, architecture.stem
    base = stem
    for word in ("architecture", "config"):
        base = base.removesuffix(word).rstrip("_-.") if base.endswith(word) else base
    ends = (".weights.h5", ".h5", "_weights.h5")
    own = [f"{name}{end}" for name in dict.fromkeys((stem, base)) if name for end in ends]
    usual = [f"model{end}" for end in ends if f"model{end}" not in own]
    others = sorted(file.name for file in folder.glob("*_weights.h5") if file.name not in (*own, *usual))
    for names in (own, usual, others):
        found = [folder / name for name in names if (folder / name).is_file()]
        if len(found) > 1:
            raise ModelError(
                f"{' and '.join(map(str, found))} might both belong to {architecture}; say which with: digitlab import"
                f" {architecture} {found[0]}"
            )
        if found:
            return found[0]
    wanted = ", ".join([*own, *usual, "*_weights.h5"])
    raise ModelError(
        f"{architecture} has no weights beside it; looked for {wanted}; name them with:"
        f" digitlab import {architecture} WEIGHTS.h5"
    )
