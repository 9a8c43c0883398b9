"""Other people's files in: from Keras and safetensors to the content of a recogniser's file."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Sequence
from pathlib import Path

from digitlab.errors import ModelError, UsageError
from digitlab.exchange import archive, hdf5
from digitlab.exchange.architecture import shown
from digitlab.exchange.from_keras import from_keras
from digitlab.exchange.opening import FOREIGN, HDF5, content_of, weights_beside
from digitlab.exchange.states import State, checked, from_safetensors
from digitlab.inspection import LARGEST_FILE, inspect
from digitlab.manifest import Manifest
from digitlab.networks.onnx_graph import to_onnx
from digitlab.recipes import Layer, Recipe


def to_content(files: Sequence[Path], recipe: str | None = None, name: str | None = None) -> bytes:
    """Return the content of a recogniser's file.

    Args:
        files: a .keras, .h5 or .safetensors file, or a Keras architecture in .json and its weights; without weights,
            those beside it are taken.
        recipe: a bundled name or a .toml file; of a safetensors file that does not say its own.
        name: of the recogniser; else the model's own name, or its file's.

    Raises:
        ModelError: a file is missing, damaged, unsafe, or has a layer that can't be taken.
        RecipeError: there is no such recipe.
        UsageError: the files do not go together.
        MissingExtraError: what reads such files is not installed.
    """
    files = _sorted(files)
    if recipe is not None and files[0].suffix.lower() != ".safetensors":
        raise UsageError(f"--recipe is for safetensors files, but {files[0]} says its layers itself; leave it out")
    contents = [
        content_of(file, archive.LARGEST_CONFIG if file.suffix.lower() == ".json" else LARGEST_FILE) for file in files
    ]
    where = str(files[0])
    if files[0].suffix.lower() == ".safetensors":
        manifest, layers, state = _from_safetensors(contents[0], where, recipe, name)
    else:
        own, layers, state = from_keras(*_config_and_weights(files, contents), where)
        name = name or own or files[0].stem.removesuffix("_architecture")
        manifest = _imported(shown(name), layers, files, contents, "Keras")
    state = checked(state, layers, where)
    content = to_onnx(layers, state, manifest)
    inspect(content, where)
    return content


def _sorted(files: Sequence[Path]) -> list[Path]:
    """Return the files with an architecture first, its weights found if they were not named. Raises UsageError."""
    kinds = [file.suffix.lower() for file in files]
    if ".onnx" in kinds:
        raise UsageError(f"{files[kinds.index('.onnx')]} is a recogniser's own format already; name it as it is")
    for file, kind in zip(files, kinds, strict=True):
        if kind not in FOREIGN:
            raise UsageError(f"{file} is not a file to import; those end in {', '.join(FOREIGN)}")
    if len(files) == 2 and ".json" in kinds and set(kinds) & set(HDF5):
        return sorted(files, key=lambda file: file.suffix.lower() != ".json")
    if len(files) != 1:
        raise UsageError("name one model: ARCHITECTURE.json WEIGHTS.h5, or one .keras, .h5 or .safetensors file")
    alone = kinds[0] == ".json" and files[0].is_file()
    return [files[0], weights_beside(files[0])] if alone else list(files)


def _config_and_weights(files: list[Path], contents: list[bytes]) -> tuple[str | bytes, bytes]:
    """Return the architecture's JSON and the HDF5 file of weights, looked through. Raises ModelError."""
    where = str(files[0])
    if len(files) == 2:
        hdf5.check(contents[1], str(files[1]))
        return contents[0], contents[1]
    if files[0].suffix.lower() == ".keras":
        config, weights = archive.members(contents[0], where)
        hdf5.check(weights, where)
        return config, weights
    hdf5.check(contents[0], where)
    written = hdf5.model_config(contents[0], where)
    if written is None:
        raise ModelError(
            f"{where} holds weights alone; name the architecture too: digitlab import ARCHITECTURE.json {files[0].name}"
        )
    return written, contents[0]


def _from_safetensors(
    content: bytes, where: str, recipe: str | None, name: str | None
) -> tuple[Manifest, tuple[Layer, ...], State]:
    manifest, state = from_safetensors(content, where)
    if recipe is not None:
        page = Recipe.load(recipe)
        manifest = _imported(shown(name or page.name), page.layers, [Path(where)], [content], "safetensors", page)
        return manifest, page.layers, state
    if manifest is None:
        raise ModelError(
            f"{where} does not say which network its weights belong to; say it with --recipe, as in --recipe conv3"
        )
    layers = Recipe.from_dict(manifest.recipe, manifest.name, where).layers
    return Manifest(**{**vars(manifest), "name": shown(name or manifest.name)}), layers, state


def _imported(
    name: str,
    layers: tuple[Layer, ...],
    files: list[Path],
    contents: list[bytes],
    library: str,
    recipe: Recipe | None = None,
) -> Manifest:
    """Return the manifest of a recogniser that was trained elsewhere; its confidence is taken as it comes."""
    described = recipe or Recipe(
        name,
        tuple(layer.text for layer in layers),
        title=f"A network imported from {library}",
        description="It was trained elsewhere; how is not known.",
    )
    origin = ", ".join(
        f"{shown(file.name)} (SHA-256 {hashlib.sha256(content).hexdigest()[:16]}…)"
        for file, content in zip(files, contents, strict=True)
    )
    package = library.lower()
    versions = {"python": platform.python_version()}
    versions |= {package: importlib.metadata.version(package) for package in ("digitlab", package)}
    return Manifest(name, described.to_dict(), training={"origin": origin}, versions=versions)
