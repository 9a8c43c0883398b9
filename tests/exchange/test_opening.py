"""Wherever a model is named, any of these files opens; a Keras architecture finds the weights beside it."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import digitlab
from digitlab.errors import ModelError
from digitlab.exchange import open_model
from digitlab.exchange.opening import weights_beside

ROOT = Path(__file__).parents[2]
SEVEN = ROOT / "examples" / "seven.png"


@pytest.mark.parametrize("name", ["tiny.onnx", "tiny.keras", "tiny.safetensors", "tiny_architecture.json"])
def test_every_file_of_a_recogniser_opens_as_the_same_recogniser(name, tiny, images) -> None:
    recognizer = digitlab.load(tiny / name, threads=1)
    assert recognizer.name == "tiny"
    np.testing.assert_allclose(
        recognizer.predict_proba(images), digitlab.load(tiny / "tiny.onnx").predict_proba(images), atol=1e-5
    )


def test_bundled_names_and_run_folders_open_as_ever(make, tmp_path) -> None:
    assert open_model("default").name == "default"
    (tmp_path / "recognizer.onnx").write_bytes(make(["flatten", "dense 10"]).content)
    assert open_model(tmp_path).name == "mine"
    with pytest.raises(ModelError, match="there is no recogniser 'defualt'; did you mean default"):
        open_model("defualt")


def test_a_folder_with_an_exported_architecture_opens(tiny, images, tmp_path) -> None:
    shutil.copy(tiny / "tiny_architecture.json", tmp_path / "model_architecture.json")
    shutil.copy(tiny / "tiny.weights.h5", tmp_path / "model.weights.h5")
    expected = digitlab.load(tiny / "tiny.onnx").predict(images)
    np.testing.assert_array_equal(digitlab.load(tmp_path).predict(images), expected)


@pytest.mark.parametrize("verb", [["read", SEVEN, "--single", "--model"], ["models"]])
@pytest.mark.parametrize("name", ["tiny.keras", "tiny_architecture.json"])
def test_verbs_take_keras_files_where_they_take_a_model(verb, name, tiny, run) -> None:
    code, out, error = run(*verb, tiny / name)
    assert (code, error) == (0, "")
    assert "seven.png" in out or "origin: tiny" in out


def test_evaluate_and_reader_take_keras_files(tiny, images) -> None:
    digits = digitlab.Digits(images, np.arange(16, dtype=np.uint8) % 10, "random")
    assert digitlab.evaluate(tiny / "tiny.keras", digits).n == 16
    assert digitlab.Reader(tiny / "tiny.keras", single=True).read(SEVEN).text


@pytest.mark.parametrize(
    ("architecture", "there", "found"),
    [
        ("model_architecture.json", ["model.weights.h5"], "model.weights.h5"),
        ("model_architecture.json", ["model.h5"], "model.h5"),
        ("model_architecture.json", ["model_weights.h5"], "model_weights.h5"),
        ("model_architecture.json", ["my_weights.h5", "other.h5"], "my_weights.h5"),
        ("model.json", ["model.h5"], "model.h5"),
        ("a.json", ["a.weights.h5", "b.weights.h5", "model.h5"], "a.weights.h5"),
        ("a-architecture.json", ["a.h5", "b.h5"], "a.h5"),
        ("a.json", ["b.h5", "model.h5"], "model.h5"),
        ("architecture.json", ["architecture.h5"], "architecture.h5"),
    ],
)
def test_weights_are_found_beside_an_architecture(architecture, there, found, tmp_path) -> None:
    for name in there:
        (tmp_path / name).touch()
    assert weights_beside(tmp_path / architecture) == tmp_path / found


def test_none_or_several_weights_are_told_by_name(tmp_path) -> None:
    with pytest.raises(
        ModelError, match=r"looked for a.weights.h5, a.h5, a_weights.h5, model.weights.h5.*import .*json"
    ):
        weights_beside(tmp_path / "a.json")
    for name in ("x_weights.h5", "y_weights.h5"):
        (tmp_path / name).touch()
    with pytest.raises(ModelError, match=r"x_weights.h5 and .*y_weights.h5 might both belong to .*say which with"):
        weights_beside(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["x.keras", "x.h5", "x.json", "x.safetensors"])
def test_a_file_that_is_not_there_is_told(name, run, tmp_path) -> None:
    pytest.importorskip("torch")
    code, out, error = run("models", tmp_path / name)
    assert (code, out) == (2, "")
    assert "no" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("absent", "words", "extra"),
    [
        ("h5py", ["models", "sequential_model.keras"], "keras"),
        ("torch", ["models", "sequential_model.keras"], "keras"),
        ("keras", ["export", "default", "--to", "keras"], "keras"),
        ("safetensors", ["export", "default", "--to", "safetensors"], "keras"),
        ("torch", ["export", "default", "--to", "int8"], "train"),
    ],
)
def test_without_the_extra_the_line_that_installs_it_is_told(absent, words, extra, tmp_path) -> None:
    out = tmp_path / f"x.{'onnx' if words[-1] == 'int8' else words[-1]}"
    words = [*words, "--out", str(out)] if "export" in words else words
    script = (
        f"import sys; sys.modules[{absent!r}] = None; sys.argv = ['digitlab', *{words!r}]\n"
        "from digitlab.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parent / "files"
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"pip install 'digitlab[{extra}]'" in done.stderr
    assert "training needs" not in done.stderr
    assert not out.exists()


def test_what_is_no_keras_file_opens_without_importing_what_reads_them() -> None:
    script = "import sys, digitlab; digitlab.load('default'); print('keras' in sys.modules, 'torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script], text=True).split() == ["False", "False"]


def test_files_by_keras_open_by_their_address_too(web, tiny, images) -> None:
    for name in ("tiny.keras", "tiny.safetensors", "tiny.onnx"):
        web.files[f"/{name}"] = (tiny / name).read_bytes()
        np.testing.assert_allclose(
            digitlab.load(f"{web.url}/{name}").predict_proba(images),
            digitlab.load(tiny / "tiny.onnx").predict_proba(images),
            atol=1e-5,
        )
    with pytest.raises(ModelError, match="architecture without weights"):
        digitlab.load(f"{web.url}/tiny_architecture.json")
