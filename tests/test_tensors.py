"""Weights in safetensors are those of the recogniser, and fit digitlab's torch module."""

import json

import numpy as np
import pytest

from digitlab.errors import MissingExtraError, ModelError
from digitlab.manifest import KEY
from digitlab.recipes import Recipe
from digitlab.recognizer import load, read_file
from digitlab.tensors import to_safetensors, weights


@pytest.mark.parametrize("name", ["default", "reader"])
def test_the_weights_make_the_same_network(name) -> None:
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.numpy")
    from digitlab.networks import Network

    state = safetensors.load(to_safetensors(read_file(name)[0]))
    recipe = Recipe.from_dict(load(name).manifest.recipe, name)
    network = Network(recipe.layers)
    missing, surplus = network.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()}, strict=False)
    assert surplus == []
    assert all(key.endswith("num_batches_tracked") for key in missing)
    images = np.random.default_rng(0).random((4, recipe.data.channels, 28, 28), np.float32)
    with torch.inference_mode():
        logits = network.eval()(torch.from_numpy(images)).numpy()[:, :10]
    given = images if recipe.data.channels > 1 else images[:, 0]
    np.testing.assert_allclose(logits, load(name).logits(given), atol=1e-4)


def test_the_metadata_hold_manifest_and_recipe() -> None:
    pytest.importorskip("safetensors")
    content = to_safetensors(read_file("default")[0])
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    manifest = load("default").manifest
    assert header[KEY] == manifest.to_json()
    assert json.loads(header["recipe"]) == manifest.recipe


def test_only_recognisers_have_weights() -> None:
    with pytest.raises(ModelError, match="this model is not an ONNX file"):
        weights(b"no model")


def test_without_its_package_the_line_that_installs_it_is_told(monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'digitlab\[push\]'"):
        to_safetensors(read_file("default")[0])
