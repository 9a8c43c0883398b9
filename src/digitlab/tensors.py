"""A recogniser's weights as safetensors, read out of its file: no training framework is needed."""

from __future__ import annotations

import json

import numpy as np

from digitlab.errors import MissingExtraError, ModelError
from digitlab.inspection import inspect
from digitlab.manifest import KEY, Manifest
from digitlab.recipes import Recipe

COUNTED = "num_batches_tracked"  # what torch's batch norm keeps and no recogniser needs


def weights(content: bytes, where: str = "this model") -> tuple[dict[str, np.ndarray], Manifest]:
    """Return the weights and the manifest in the bytes of a recogniser's file.

    Returns:
        float32 arrays by their names in the torch module's state dict, "stages.0.weight" and so on; the rows of the
        last layer, which the file keeps as `logits` and `other`, are together again. Only batch norm's counters,
        which nothing but training uses, are not there.

    Raises:
        ModelError: the file is damaged, foreign or unsafe, or in eight bits.
    """
    inspect(content, where)
    import onnx

    model = onnx.load_model_from_string(content)
    if any(node.op_type == "QLinearConv" for node in model.graph.node):
        raise ModelError(f"{where} is in eight bits, and its weights are rounded; use the one that it was made of")
    manifest = Manifest.from_json({e.key: e.value for e in model.metadata_props}[KEY], where)
    arrays = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    last = len(Recipe.from_dict(manifest.recipe, manifest.name).layers) - 1
    for part in ("weight", "bias"):
        if f"other.{part}" in arrays:
            rows = [arrays.pop(f"logits.{part}"), arrays.pop(f"other.{part}")]
            arrays[f"stages.{last}.{part}"] = np.concatenate(rows)
    return arrays, manifest


def to_safetensors(content: bytes, where: str = "this model") -> bytes:
    """Return a recogniser's weights as the bytes of a safetensors file, for the bytes of its ONNX file.

    Its metadata have the manifest (key "digitlab") and, in it, the recipe; also alone (key "recipe"), both as JSON.

    Raises:
        ModelError: the file is damaged, foreign or unsafe.
        MissingExtraError: safetensors is not installed.
    """
    try:
        from safetensors.numpy import save
    except ModuleNotFoundError:
        raise MissingExtraError("writing safetensors", "push") from None
    arrays, manifest = weights(content, where)
    facts = {"format": "pt", KEY: manifest.to_json(), "recipe": json.dumps(manifest.recipe)}
    return bytes(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, facts))
