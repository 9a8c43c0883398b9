"""The weights inside a recogniser's file, and safetensors, both ways.

A state holds arrays by the names that the torch module of its recipe gives them ("stages.0.weight"), so
`Network(layers).load_state_dict` takes it as it is.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from digitlab import tensors
from digitlab.errors import ModelError
from digitlab.exchange.architecture import shown
from digitlab.exchange.extra import needs_keras
from digitlab.exchange.hdf5 import PICKLES
from digitlab.manifest import KEY, Manifest
from digitlab.networks.onnx_graph import to_onnx
from digitlab.recipes import CONVOLUTIONS, Layer, Recipe
from digitlab.recognizer import Recognizer

LARGEST_HEADER = 2**20  # bytes; a recogniser's own is a few thousand
PROBES = 8  # images by which a file's graph is compared with what its recipe says

State = dict[str, np.ndarray]


def state_of(recognizer: Recognizer) -> tuple[tuple[Layer, ...], State]:
    """Return a recogniser's layers, and its weights from the ONNX file's constants.

    Raises:
        ModelError: its weights are not those of the recipe in its manifest.
    """
    layers = Recipe.from_dict(recognizer.manifest.recipe, recognizer.name).layers
    state = checked(tensors.weights(recognizer.content, recognizer.name)[0], layers, recognizer.name)
    probes = np.random.default_rng(0).random((PROBES, layers[0].input_shape[0], 28, 28), np.float32)
    probes = probes[:, 0] if recognizer.channels == 1 else probes
    again = Recognizer(to_onnx(layers, state, recognizer.manifest), trusted=True, threads=1)
    if not np.allclose(again.logits(probes), recognizer.logits(probes), rtol=1e-3, atol=1e-3):
        raise ModelError(f"{recognizer.name} computes something else than its recipe says; train or import it again")
    return layers, state


def checked(found: State, layers: tuple[Layer, ...], where: str) -> State:
    """Return the weights that layers need as float32, leaf by leaf. Raises ModelError, naming the leaf."""
    if not layers:
        raise ModelError(f"{where} is a committee, which goes out as ONNX only (--to onnx); or choose one member")
    state = {}
    for index, layer in enumerate(layers):
        for name, shape in _leaves(index, layer).items():
            value = found.get(name)
            if value is None or value.shape != shape or value.dtype.kind != "f":
                wrong = "is missing" if value is None else f"is {value.dtype} {value.shape}, not numbers of {shape}"
                raise ModelError(f'{where} does not fit its recipe: {name}, of "{layer.text}", {wrong}')
            if not np.isfinite(value).all():
                raise ModelError(f"{where} has weights that are not numbers ({name}); train it again")
            state[name] = value.astype(np.float32)
    return state


def _leaves(index: int, layer: Layer) -> dict[str, tuple[int, ...]]:
    """Return names and shapes of a layer's weights."""
    channels, own = layer.input_shape[0], f"stages.{index}"
    if layer.kind == "se":
        sides = {"squeeze": (layer.size, channels), "excite": (channels, layer.size)}
        leaves = {f"{own}.{part}.weight": (*shape, 1, 1) for part, shape in sides.items()}
        return leaves | {f"{own}.{part}.bias": shape[:1] for part, shape in sides.items()}
    if layer.kind == "batchnorm":
        owners = [own] if layer.passes == 1 else [f"{own}.{turn}" for turn in range(layer.passes)]
        parts = ("weight", "bias", "running_mean", "running_var")
        return {f"{owner}.{part}": (channels,) for owner in owners for part in parts}
    if layer.kind not in (*CONVOLUTIONS, "dense"):
        return {}
    filters, met = (channels, 1) if layer.kind == "depthwise" else (layer.size, channels)
    window = () if layer.kind == "dense" else (layer.kernel, layer.kernel)
    bias = {f"{own}.bias": (filters,)} if layer.bias else {}
    return {f"{own}.weight": (filters, met, *window)} | bias


def to_safetensors(recognizer: Recognizer) -> bytes:
    """Return a recogniser's weights as a safetensors file, with its manifest in the metadata. Raises ModelError."""
    state_of(recognizer)
    with needs_keras():
        return tensors.to_safetensors(recognizer.content, recognizer.name)


def from_safetensors(content: bytes, where: str) -> tuple[Manifest | None, State]:
    """Return the manifest in a safetensors file's metadata, if there is one, and all its arrays.

    Raises:
        ModelError: the file is damaged, or its header claims what cannot be.
    """
    library = _safetensors()
    length = int.from_bytes(content[:8], "little")
    if content.startswith(PICKLES):
        raise ModelError(f"{where} is a pickle, which could run code; save its weights as safetensors instead")
    if len(content) < 8 or length > min(len(content) - 8, LARGEST_HEADER):
        raise ModelError(f"{where} is no safetensors file, or its header lies about its length; write it again")
    try:
        notes = json.loads(content[8 : 8 + length]).get("__metadata__") or {}
        manifest = notes.get(KEY)
        found = library.load(content)
        state = {name: value for name, value in found.items() if not name.endswith(tensors.COUNTED)}
    except Exception as error:  # the library's own, and whatever a lying header makes of Python's
        raise ModelError(f"{where} is a damaged safetensors file ({shown(error)}); write it again") from None
    return (None if manifest is None else Manifest.from_json(manifest, where)), state


def _safetensors() -> Any:
    with needs_keras():
        import safetensors.numpy
    return safetensors.numpy
