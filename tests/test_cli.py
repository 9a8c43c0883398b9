"""The command line: every verb on real input, and one sentence for everything that is wrong."""

import csv
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from digitlab.data import Splits, export, strokes

PAGE = """
title = "A network for tests"
layers = ["flatten", "dense 24", "relu", "dense 10"]
[training]
epochs = 2
learning_rate = 0.01
[data]
name = "{file}"
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with digits.npz and small.toml."""
    folder = tmp_path_factory.mktemp("cli")
    digits = strokes.generate(1500, seed=9)
    export(Splits(digits[:1200], digits[1200:1300], digits[1300:]), "npz", folder / "digits.npz")
    (folder / "small.toml").write_text(PAGE.format(file=folder / "digits.npz"))
    return folder


def whole(*words, **options):
    """Run the command line as a process of its own."""
    return subprocess.run([sys.executable, "-m", "digitlab", *map(str, words)], capture_output=True, **options)


@pytest.fixture(scope="module")
def trained(place):
    pytest.importorskip("torch")
    done = whole("train", place / "small.toml", "--out", place / "run", cwd=place)
    assert done.returncode == 0, done.stderr.decode()
    return place / "run", done


def test_training_writes_recogniser_figures_and_report(trained) -> None:
    folder, done = trained
    names = {file.name for file in folder.iterdir()}
    assert {"recognizer.onnx", "metrics.jsonl", "run.json", "report.html", "evaluation.json", "figures"} <= names
    assert b"epoch   2 of 2" in done.stderr
    assert b"accuracy" in done.stdout
    assert str(folder / "report.html").encode() in done.stdout


def test_evaluate_gives_documented_json(trained, place, run) -> None:
    code, out, _ = run("evaluate", trained[0], "--data", place / "digits.npz", "--json", "--report", place / "report")
    page = json.loads(out)
    assert code == 0
    assert page["n"] == 1500
    assert page["accuracy"] == pytest.approx(1 - page["errors"] / page["n"])
    keys = {"interval", "nll", "ece", "corrected_accuracy", "per_class", "confusion"}
    assert keys <= page.keys()
    assert (place / "report" / "report.html").exists()


def test_evaluate_judges_by_the_recipes_own_test_part(trained, run) -> None:
    code, out, _ = run("evaluate", trained[0], "--json")
    assert code == 0
    assert json.loads(out)["n"] == 200


def test_compare_puts_recipes_side_by_side_and_uses_finished_runs_again(place, run, monkeypatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(place)
    words = ("compare", place / "small.toml", "--seeds", 2, "--epochs", 1, "--train-size", 300, "--train-size", 600)
    code, out, _ = run(*words, "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["train_size"] for row in rows] == [300, 600]
    for row in rows:
        assert row["low"] <= row["mean"] <= row["high"]
        assert row["mean"] == pytest.approx(np.mean(row["values"]))
    assert (place / "runs" / "compare" / "comparison.png").stat().st_size > 1000
    files = sorted((place / "runs").rglob("recognizer.onnx"))
    before = [file.stat().st_mtime_ns for file in files]
    code, out, _ = run(*words)
    assert code == 0
    assert "95 % interval" in out
    assert [file.stat().st_mtime_ns for file in files] == before
    assert len(files) == 4


def test_recipes_are_listed_and_shown_as_keras_does(run) -> None:
    code, out, _ = run("recipes")
    assert code == 0
    for name in ("conv3", "dense784", "conv2-rotated", "vgg-bn", "lenet50"):
        assert name in out
    code, out, _ = run("recipes", "conv3")
    assert code == 0
    assert "(26, 26, 32)" in out
    assert "73,856" in out
    assert "Parameters: 93,962" in out
    code, out, _ = run("recipes", "conv3", "--json")
    assert json.loads(out)["parameters"] == 93_962
    code, out, _ = run("recipes", "--json")
    assert {"conv3", "default"} <= {page["name"] for page in json.loads(out)}


def test_models_are_listed_and_carded(trained, place, run, monkeypatch) -> None:
    monkeypatch.chdir(place)
    (place / "runs").mkdir(exist_ok=True)
    code, out, _ = run("models", "--json")
    assert code == 0
    assert "default" in {row["model"] for row in json.loads(out)}
    code, out, _ = run("models", trained[0])
    assert code == 0
    assert "A network for tests" in out
    assert "Limits" in out


def test_a_judge_of_pieces_is_listed_as_such_with_its_figures(run, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = {row["model"]: row for row in json.loads(run("models", "--json")[1])}
    assert rows["default"]["kind"] == "digits"
    assert rows["reader"]["kind"] == "judge"
    assert rows["reader"]["test"] is None
    assert 0.9 < rows["reader"]["digit_or_not"] <= 1
    assert "judge of pieces, used by the reader" in " ".join(run("models")[1].split())
    code, out, _ = run("models", "reader")
    assert code == 0
    assert "| held-out pieces of pages: digit or not |" in out
    assert "no recogniser of single digits" in " ".join(out.split())


def test_training_a_judge_of_pieces_ends_with_its_figures(run, tmp_path, monkeypatch) -> None:
    training = pytest.importorskip("digitlab.training")
    from digitlab.data.digits import Material, Pieces

    rng = np.random.default_rng(0)
    pieces = Pieces(rng.integers(0, 255, (300, 3, 28, 28), np.uint8), np.arange(300) % 11)
    digits = strokes.generate(30, seed=1)
    material = Material(digits, digits, digits, pieces, pieces)

    def made(recipe, seed, listen):
        listen({"event": "pages", "made": 12_000, "of": 30_000})
        return material

    monkeypatch.setattr(training.teaching, "load_material", made)
    monkeypatch.chdir(tmp_path)
    layers = '["flatten", "dense 11"]'
    (tmp_path / "judge.toml").write_text(f'layers = {layers}\n[data]\nname = "pages"\npieces = 300\n')
    code, out, err = run("train", "judge.toml", "--epochs", 1, "--out", "run")
    assert code == 0
    assert "making pages, 12,000 of 30,000 pieces" in err
    assert "digit or not" in out
    assert "recognizer.onnx" in out
    assert not (tmp_path / "run" / "report.html").exists()
    for words in (("evaluate", "run"), ("compare", "judge.toml"), ("read", "x.png", "--model", "run")):
        code, _, err = run(*words)
        assert (code, err.count("\n")) == (2, 1), words
        assert "judge" in err


def test_data_is_described_and_exported(place, run, tmp_path) -> None:
    code, out, _ = run("data", "info", place / "digits.npz", "--json")
    assert code == 0
    assert json.loads(out)["parts"]["train"]["count"] + json.loads(out)["parts"]["test"]["count"] >= 1400
    code, out, _ = run(
        "data", "export", place / "digits.npz", "--to", "csv", "--out", tmp_path / "csv", "--split", "full"
    )
    assert code == 0
    header = (tmp_path / "csv" / "train.csv").open().readline()
    assert header.startswith("label,pixel0,pixel1,")
    code, _, err = run("data", "export", place / "digits.npz", "--to", "csv", "--out", tmp_path / "csv")
    assert code == 2
    assert "csv" in err


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder with pictures of a 3 and a 7, dark on light."""
    folder = tmp_path_factory.mktemp("pictures")
    for label in (3, 7):
        ink = strokes.draw(label, np.random.default_rng(label), height=120)
        Image.fromarray(np.pad(255 - ink, 40, constant_values=255)).save(folder / f"{label}.png")
    return folder


def test_read_prints_text_json_and_csv(pictures, run) -> None:
    code, out, _ = run("read", pictures / "7.png")
    assert code == 0
    assert out.startswith(f"{pictures / '7.png'}: 7 (")
    code, out, _ = run("read", pictures, "--json")
    page = json.loads(out)
    assert code == 0
    assert [(row["file"], row["text"]) for row in page] == [(str(pictures / f"{n}.png"), str(n)) for n in (3, 7)]
    digit = page[0]["lines"][0]["digits"][0]
    assert digit["label"] == 3
    assert 0 < digit["confidence"] <= 1
    assert len(digit["box"]) == 4
    assert len(digit["alternatives"]) == 9
    code, out, _ = run("read", pictures, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["label"] for row in rows] == ["3", "7"]


def test_read_takes_an_image_from_standard_input(pictures) -> None:
    done = whole("read", "-", "--json", input=(pictures / "3.png").read_bytes())
    assert done.returncode == 0
    assert json.loads(done.stdout)[0]["text"] == "3"


def test_one_bad_file_is_reported_and_the_others_are_read(pictures, run, tmp_path) -> None:
    for file in pictures.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "5.png").write_text("no picture at all")
    code, out, err = run("read", tmp_path)
    assert code == 2
    assert [line.split(": ")[1][0] for line in out.splitlines()] == ["3", "7"]
    assert "5.png" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["read", "missing.png"], "missing.png"),
        (["read", "."], "holds no images"),
        (["read", "x.png", "--model", "nonsense"], "digitlab models"),
        (["read", "x.png", "--json", "--csv"], "choose one"),
        (["train"], "digitlab recipes"),
        (["train", "conv33"], "did you mean conv3"),
        (["train", "missing.toml"], "cannot read recipe"),
        (["train", "conv3", "--epochs", "0"], "1 or more"),
        (["train", "conv3", "--batch-size", "-1"], "batch_size = -1 is out of range"),
        (["train", "conv3", "--data", "nowhere"], "nowhere"),
        (["train", "--resume", "nowhere"], "no run folder"),
        (["train", "--resume", "nowhere", "--epochs", "3"], "leave the other options out"),
        (["evaluate", "nowhere"], "digitlab models"),
        (["evaluate", "reader"], "judge of pieces"),
        (["read", "x.png", "--model", "reader"], "--model default"),
        (["compare", "reader"], "digitlab train reader"),
        (["evaluate", "--data", "nowhere"], "nowhere"),
        (["compare", "conv33"], "did you mean conv3"),
        (["recipes", "lenet5"], "did you mean lenet50"),
        (["models", "defalt"], "did you mean default"),
        (["data", "info", "mnits"], "mnist"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(words, message: str, run, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert message in err
    assert err.startswith("digitlab: ")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_keeps_whole_epochs_and_says_how_to_go_on(place, run, monkeypatch, tmp_path) -> None:
    training = pytest.importorskip("digitlab.training")
    epoch = training.Training.run_epoch

    def interrupted(self, listen):
        if self.epoch == 1:
            raise KeyboardInterrupt
        return epoch(self, listen)

    monkeypatch.setattr(training.Training, "run_epoch", interrupted)
    code, _, err = run("train", place / "small.toml", "--out", tmp_path / "run")
    assert code == 130
    assert f"--resume {tmp_path / 'run'}" in err
    monkeypatch.undo()
    done = whole("train", "--resume", tmp_path / "run")
    assert done.returncode == 0
    assert b"goes on after epoch 1" in done.stderr


def test_a_reader_of_our_output_may_leave_early(pictures) -> None:
    script = f"{sys.executable} -m digitlab recipes --json | head -n 1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert done.stdout == b"[\n"
    assert done.stderr == b""


def test_reading_imports_nothing_heavy_and_help_imports_nothing_at_all(pictures) -> None:
    code = (
        "import sys; from digitlab import command; sys.argv = ['digitlab', *{words}]\n"
        "try: command.main()\nexcept SystemExit: pass\n"
        "print(sorted(sys.modules))"
    )
    helped = subprocess.check_output([sys.executable, "-c", code.format(words=["--help"])], text=True).splitlines()[-1]
    for module in ("numpy", "cv2", "onnxruntime", "PIL", "torch"):
        assert f"'{module}'" not in helped
    words = ["read", str(pictures / "3.png")]
    read = subprocess.check_output([sys.executable, "-c", code.format(words=words)], text=True).splitlines()[-1]
    heavy = ("torch", "sklearn", "scipy", "matplotlib", "onnx", "requests", "pooch", "typer", "rich", "numpy.ma")
    small = ("tempfile", "zipfile", "subprocess", "importlib.resources", "PIL.JpegImagePlugin")  # milliseconds each
    ours = ("remote.fetching", "cli", "cli_draw", "training", "storage", "reading.expect")
    for module in (*heavy, *small, *(f"digitlab.{name}" for name in ours)):
        assert f"'{module}'" not in read
    assert "'digitlab.remote.address'" in read  # what is looked for would be there


def test_reading_starts_no_pool_for_small_matrices_unless_the_user_wants_one(run, pictures, monkeypatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    run("read", pictures / "3.png")
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    run("read", pictures / "3.png")
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"


def test_the_version_is_the_packages_own(run) -> None:
    from importlib.metadata import version

    code, out, _ = run("--version")
    assert (code, out.strip()) == (0, version("digitlab"))


@pytest.mark.parametrize("verb", ["read", "train", "data", "models"])
def test_a_verb_alone_is_the_verb_among_all_others(verb: str) -> None:
    """Only the verb that is asked for is looked at; what it says of itself is the same."""
    command = "import sys; sys.argv[0] = 'digitlab'; from digitlab import cli; cli.{}()"
    alone, among = (
        subprocess.run([sys.executable, "-c", command.format(start), verb, "--help"], capture_output=True, text=True)
        for start in ("main", "app")
    )
    assert alone.returncode == among.returncode == 0
    assert alone.stdout == among.stdout
    assert f"digitlab {verb}" in alone.stdout
