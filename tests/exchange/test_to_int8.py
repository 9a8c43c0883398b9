"""Recognisers in eight bits: as right, a third of the size, safe on every processor, and told apart from others."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest

import digitlab
from digitlab.data import strokes
from digitlab.errors import ModelError, UsageError
from digitlab.exchange.to_int8 import to_int8
from digitlab.recognizer import Recognizer, load

DIGITS = strokes.generate(600, seed=5)


@pytest.fixture(scope="module")
def small() -> Recognizer:
    return Recognizer(to_int8(load("default"), DIGITS.images[:200]))


def test_it_answers_as_before(small: Recognizer) -> None:
    images, labels = DIGITS.images[200:], DIGITS.labels[200:]
    before, after = load("default").predict_proba(images), small.predict_proba(images)
    assert (before.argmax(1) == after.argmax(1)).mean() > 0.99
    assert np.abs(before - after).mean() < 0.01
    assert (after.argmax(1) == labels).mean() > 0.95
    assert np.abs(load("default").is_digit(images) - small.is_digit(images)).mean() < 0.05


def test_its_file_is_small_and_says_what_it_was_made_of(small: Recognizer) -> None:
    float32 = load("default")
    assert len(small.content) < 0.4 * len(float32.content)
    assert small.name == "default-int8"
    assert small.manifest.figures == {}  # these were of the other file
    facts = small.manifest.training["quantised"]
    assert facts == {"name": "default", "sha256": hashlib.sha256(float32.content).hexdigest(), "images": 200}
    assert small.manifest.temperature == float32.manifest.temperature


def test_weights_have_seven_bits_so_that_no_processor_overflows(small: Recognizer) -> None:
    model = onnx.load_model_from_string(small.content)
    weights = [onnx.numpy_helper.to_array(t) for t in model.graph.initializer]
    kernels = [w for w in weights if w.dtype == np.int8 and w.ndim == 4]
    assert len(kernels) == 5
    assert [w.shape[1] for w in weights if w.dtype == np.float32 and w.ndim == 4] == [1]  # the first stays as it is
    assert max(int(np.abs(kernel.astype(int)).max()) for kernel in kernels) == 64


def test_what_relu_makes_zero_has_no_share_of_a_range(small: Recognizer) -> None:
    graph = onnx.load_model_from_string(small.content).graph
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    made = {name: node.op_type for node in graph.node for name in node.output}
    convolutions = [node for node in graph.node if node.op_type == "QLinearConv"]
    assert [int(constants[node.input[7]]) for node in convolutions] == [0] * len(convolutions)
    # From one to the next nothing goes to float32 and back; what ReLU is left is the first convolution's.
    assert [made[node.input[0]] for node in convolutions[1:]] == ["QLinearConv"] * (len(convolutions) - 1)
    assert [node.op_type for node in graph.node].count("Relu") == 1
    assert {name for node in graph.node for name in node.input} >= set(constants)


def test_a_judge_in_eight_bits_reads_pages_as_the_other_does() -> None:
    page = Path(__file__).parents[2] / "examples" / "page.jpg"
    assert digitlab.Reader().judge.name == "reader-int8"
    assert digitlab.Reader().read(page).text == digitlab.Reader(judge="reader").read(page).text


def test_what_cannot_be_is_told(small: Recognizer, tmp_path: Path, run) -> None:
    with pytest.raises(ModelError, match="default-int8 is in eight bits already"):
        to_int8(small, DIGITS.images)
    with pytest.raises(UsageError, match="no images"):
        to_int8(load("default"), DIGITS.images[:0])
    (tmp_path / "small.onnx").write_bytes(small.content)
    for to, name in (("int8", "x.onnx"), ("safetensors", "x.safetensors")):
        code, out, error = run("export", tmp_path / "small.onnx", "--to", to, "--out", tmp_path / name)
        assert (code, out) == (2, "")
        assert "in eight bits" in error
        assert error.count("\n") == 1
        assert not (tmp_path / name).exists()


def test_the_command_prints_what_it_wrote_and_nothing_else(tmp_path: Path, run, monkeypatch) -> None:
    from digitlab.exchange import to_int8 as module

    monkeypatch.setattr(module, "_shown", lambda recognizer: DIGITS.images[:64])
    code, out, error = run("export", "tiny", "--to", "int8", "--out", tmp_path / "x.onnx")
    assert (code, out, error) == (0, f"{tmp_path / 'x.onnx'}\n", "")
    assert load(tmp_path / "x.onnx").name == "tiny-int8"


def test_a_network_without_convolutions_is_left_as_it_is(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from digitlab import training
    from digitlab.data.digits import Splits
    from digitlab.recipes import Recipe

    some = strokes.generate(40, seed=1)
    recipe = Recipe.load("dense784").changed(epochs=1)
    dense = load(training.train(recipe, splits=Splits(some, some, some), out=tmp_path / "run").folder)
    with pytest.raises(ModelError, match="no convolution"):
        to_int8(dense, some.images)
