"""Wherever a model or data are named, an address will do, and its secrets are nowhere afterwards."""

import json
import subprocess
import sys

import numpy as np
import pytest

import digitlab
from digitlab.data import Splits, export, strokes
from digitlab.errors import DownloadError, ModelError
from digitlab.recognizer import read_file

PAGE = """
layers = ["flatten", "dense 10"]
[training]
epochs = 2
"""


def secret(web, path):
    """Return an address with secrets of every kind."""
    return web.url.replace("//", "//user:secret@") + path + "?signature=secret#secret"


@pytest.fixture
def model(web):
    web.files["/model.onnx"] = web.files["/models/recognizer.onnx"] = read_file("default")[0]
    return secret(web, "/model.onnx")


@pytest.fixture
def digits(web, tmp_path):
    """The address of some digits, in a test that stands in an empty folder beside small.toml."""
    pen = strokes.generate(300, seed=9)
    export(Splits(pen[:200], pen[200:250], pen[250:]), "npz", tmp_path / "digits.npz")
    web.files["/digits.npz"] = (tmp_path / "digits.npz").read_bytes()
    return secret(web, "/digits.npz")


@pytest.fixture
def place(tmp_path, monkeypatch):
    folder = tmp_path / "place"
    folder.mkdir()
    (folder / "small.toml").write_text(PAGE)
    monkeypatch.chdir(folder)
    return folder


def test_a_model_is_loaded_from_an_address(model, web) -> None:
    images = np.zeros((2, 28, 28), np.uint8)
    expected = digitlab.load("default").predict_proba(images)
    np.testing.assert_array_equal(digitlab.load(model).predict_proba(images), expected)
    assert digitlab.load(f"{web.url}/models/").name == "default"  # a folder, by the slash at its end
    assert web.fetches() == 2


def test_what_is_no_recogniser_is_told_by_its_address(web) -> None:
    web.files["/model.onnx"] = b"<html>"
    with pytest.raises(ModelError, match=rf"^{web.url}/model.onnx is not an ONNX file") as caught:
        digitlab.load(secret(web, "/model.onnx"))
    assert "secret" not in str(caught.value)


def test_a_model_that_is_too_large_is_not_fetched(web) -> None:
    web.answers["/model.onnx"] = lambda handler: web.send(handler, b"x", length=300 << 20)
    with pytest.raises(DownloadError, match="has 314,572,800 bytes, more than the 268,435,456"):
        digitlab.load(f"{web.url}/model.onnx")
    assert web.fetches() == 0


def test_every_verb_takes_a_models_address(model, run, place) -> None:
    pytest.importorskip("torch")
    strokes_page = strokes.generate(3, seed=1)
    from PIL import Image

    big = np.pad(255 - np.kron(strokes_page.images[0], np.ones((8, 8), np.uint8)), 60, constant_values=255)
    Image.fromarray(big).save("digit.png")
    export(Splits(strokes_page, strokes_page[:0], strokes_page[:0]), "csv", place / "csv")
    for words in (
        ["read", "digit.png", "--model", model],
        ["evaluate", model, "--data", place / "csv"],
        ["models", model],
        ["kaggle", place / "csv" / "train.csv", "--model", model],
        ["push", model, place / "pushed"],
    ):
        code, out, err = run(*words)
        assert code == 0, err
        assert "secret" not in out + err
    found = [file for file in place.rglob("*") if file.is_file() and b"secret" in file.read_bytes()]
    assert found == []


def test_kaggles_files_may_have_addresses(web, run, place) -> None:
    pytest.importorskip("torch")
    pen = strokes.generate(300, seed=9)
    export(Splits(pen, pen[:0], pen[:0]), "csv", place / "csv")
    web.files["/train.csv"] = (place / "csv" / "train.csv").read_bytes()
    words = ["kaggle", secret(web, "/train.csv"), secret(web, "/train.csv"), "--recipe", "small.toml", "--log"]
    code, out, err = run(*words, "tensorboard")
    assert code == 0, err
    assert "secret" not in out + err
    assert len((place / "submission.csv").read_text().splitlines()) == 301
    assert list((place / "runs").glob("*/tensorboard/events*"))


def test_a_run_on_data_from_an_address_keeps_no_secret_and_goes_on_without_the_server(digits, web, run, place) -> None:
    pytest.importorskip("torch")
    code, out, err = run("train", "small.toml", "--data", digits, "--out", "run")
    assert code == 0, err
    assert "secret" not in out + err
    found = [file for file in place.rglob("*") if file.is_file() and b"secret" in file.read_bytes()]
    assert found == []
    page = json.loads((place / "run" / "run.json").read_text())
    assert page["recipe"]["data"]["name"].startswith(f"{web.url}/digits.npz#sha256=")
    assert page["data"]["train"]["name"] == "digits.npz train"
    first = (place / "run" / "recognizer.onnx").read_bytes()
    web.stop()
    (place / "run" / "recognizer.onnx").unlink()
    digitlab.resume("run")
    assert (place / "run" / "recognizer.onnx").read_bytes() == first
    assert digitlab.evaluate("run").n == 50


def test_data_that_are_not_there_leave_no_run(web, run, place) -> None:
    pytest.importorskip("torch")
    code, _, err = run("train", "small.toml", "--data", secret(web, "/none.npz"), "--log", "tensorboard")
    assert code == 2
    assert err == f"digitlab: there is nothing at {web.url}/none.npz; check the address\n"
    assert not (place / "runs").exists()


def test_data_info_tells_the_address_without_secrets(digits, web, run) -> None:
    code, out, err = run("data", "info", digits)
    assert code == 0, err
    assert "secret" not in out + err
    assert "/digits.npz" in out


def test_nothing_remote_is_imported_where_nothing_is() -> None:
    code = (
        "import sys; from digitlab import cli; sys.argv = ['digitlab', *{words}]\n"
        "try: cli.main()\nexcept SystemExit: pass\nprint(sorted(m for m in sys.modules if '.' not in m))"
    )
    for words in (["--help"], ["train", "--help"], ["models"]):
        done = subprocess.check_output([sys.executable, "-c", code.format(words=words)], text=True)
        for module in ("fsspec", "aiohttp", "huggingface_hub", "pyarrow", "tensorboardX", "mlflow", "safetensors"):
            assert f"'{module}'" not in done.splitlines()[-1]
