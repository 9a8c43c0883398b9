"""Networks that are no chain: their weights travel as safetensors, and Keras's formats refuse them in a sentence."""

import numpy as np
import pytest

from digitlab import tensors
from digitlab.errors import ModelError
from digitlab.exchange import export_model, import_model
from digitlab.manifest import Manifest
from digitlab.recognizer import Recognizer, load

LINES = [
    "conv 6 3 stride 2", "batchnorm", "residual [", "depthwise 3 same", "conv 6 1 nobias", "se 2", "]",
    "repeat 2 [", "relu", "depthwise 3 same nobias", "batchnorm", "]", "globalpool both", "dense 10",
]  # fmt: skip


def test_blocks_go_to_safetensors_and_back(make, images, tmp_path) -> None:
    pytest.importorskip("safetensors")
    recognizer = make(LINES)
    (file,) = export_model(recognizer, "safetensors", tmp_path / "mine.safetensors")
    back = load(import_model(file, out=tmp_path / "back.onnx"))
    np.testing.assert_allclose(back.predict_proba(images), recognizer.predict_proba(images), atol=1e-6)


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (LINES, 'layer 3 "residual ["'),
        (["depthwise 3", "flatten", "dense 10"], 'layer 1 "depthwise 3"'),
        (["conv 4 3", "se 2", "flatten", "dense 10"], 'layer 2 "se 2"'),
        (["globalpool max", "dense 10"], 'layer 1 "globalpool max"'),
        (["repeat 2 [", "relu", "]", "flatten", "dense 10"], 'layer 1 "repeat 2 ["'),
    ],
)
def test_keras_files_refuse_the_layer_by_name(make, keras, tmp_path, lines, word: str) -> None:
    with pytest.raises(ModelError) as caught:
        export_model(make(lines), "keras", tmp_path / "mine.keras")
    assert word in str(caught.value)
    assert "--to onnx" in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.fixture
def committee(make) -> Recognizer:
    networks = pytest.importorskip("digitlab.networks")
    pages = [make(["flatten", "dense 10"], name=name).manifest.recipe for name in "ab"]
    recipe = {"members": [{"name": name, **page} for name, page in zip("ab", pages, strict=True)]}
    files = [make(["flatten", "dense 10"], name=name).content for name in "ab"]
    return Recognizer(networks.to_committee(files, Manifest("both", recipe)), "both", threads=1)


@pytest.mark.parametrize("to", ["keras", "safetensors"])
def test_a_committee_goes_out_as_onnx_alone(committee, keras, images, tmp_path, to: str) -> None:
    with pytest.raises(ModelError, match="is a committee, which goes out as ONNX only"):
        export_model(committee, to, tmp_path / f"both.{to}")
    (file,) = export_model(committee, "onnx", tmp_path / "both.onnx")
    np.testing.assert_array_equal(load(file).logits(images), committee.logits(images))


def test_a_committees_weights_are_not_taken_for_a_networks(committee, tmp_path) -> None:
    pytest.importorskip("safetensors")
    (tmp_path / "both.safetensors").write_bytes(tensors.to_safetensors(committee.content))
    with pytest.raises(ModelError, match="is a committee"):
        import_model(tmp_path / "both.safetensors", out=tmp_path / "back.onnx")
