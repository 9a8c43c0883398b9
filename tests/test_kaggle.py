"""A submission for Kaggle: its columns and its order, from a recipe or a model; what is wrong is told first."""

import csv
import json
import re
import sys

import numpy as np
import pytest

import digitlab
from digitlab import kaggle
from digitlab.data import Digits, load, strokes, tables
from digitlab.errors import DataError, OutputError, UsageError

PAGE = """
layers = ["flatten", "dense 24", "relu", "dense 10"]
[training]
epochs = 9
learning_rate = 0.01
batch_size = 32
"""


@pytest.fixture(scope="module")
def digits() -> Digits:
    return strokes.generate(900, seed=3)


@pytest.fixture
def place(digits, tmp_path, monkeypatch):
    """A folder with Kaggle's train.csv and test.csv, and small.toml."""
    tables.write_csv(tmp_path / "train.csv", digits[:840])
    tables.write_csv(tmp_path / "labelled.csv", digits[840:])
    lines = (tmp_path / "labelled.csv").read_text().splitlines()
    (tmp_path / "test.csv").write_text("".join(line.partition(",")[2] + "\n" for line in lines))
    (tmp_path / "small.toml").write_text(PAGE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def labels(path) -> list[int]:
    """Check a submission's form, and return its labels."""
    content = path.read_bytes()
    assert content.startswith(b"ImageId,Label\n1,")
    assert b"\r" not in content
    rows = list(csv.reader(content.decode().splitlines()[1:]))
    assert [int(number) for number, _ in rows] == list(range(1, len(rows) + 1))
    return [int(label) for _, label in rows]


def test_a_recipe_is_trained_and_labels_the_test_file_in_its_order(place, run, digits) -> None:
    pytest.importorskip("torch")
    words = ("kaggle", "train.csv", "test.csv", "--recipe", "small.toml", "--epochs", 6, "--seed", 2, "--out", "s.csv")
    code, out, err = run(*words)
    assert code == 0, err
    assert "epoch   6 of 6" in err
    assert "submission  s.csv" in out
    given = labels(place / "s.csv")
    recognizer = digitlab.load("runs/small-2")
    assert given == recognizer.predict(digits.images[840:]).tolist()
    assert np.mean(given == digits.labels[840:]) > 0.5
    facts = json.loads((place / "runs" / "small-2" / "run.json").read_text())
    assert facts["seed"] == 2
    assert {part: entry["n"] for part, entry in facts["data"].items()} == {"train": 800, "validation": 40}
    assert recognizer.manifest.figures["validation"]["n"] == 40


def test_what_is_kept_to_choose_by_is_fixed_and_in_the_files_order(place, digits) -> None:
    train, validation, test = load(place / "train.csv", split="submission")
    assert (len(train), len(validation), len(test)) == (800, 40, 0)
    order = {image.tobytes(): index for index, image in enumerate(digits.images)}
    found = [[order[image.tobytes()] for image in part.images] for part in (train, validation)]
    assert found == [sorted(part) for part in found]
    assert sorted(found[0] + found[1]) == list(range(840))
    assert load(place / "train.csv", split="submission", seed=4).validation.digest == validation.digest


def test_a_model_needs_no_train_csv_and_no_torch(place, run, digits, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "digitlab.training", None)
    code, _, err = run("kaggle", "test.csv", "--model", "default")
    assert code == 0
    assert "60 labels" in err
    expected = digitlab.load("default").predict(digits.images[840:]).tolist()
    assert labels(place / "submission.csv") == expected
    assert run("kaggle", "nowhere.csv", "test.csv", "-m", "default", "--out", "again.csv")[0] == 0
    assert labels(place / "again.csv") == expected


def test_labels_in_the_test_file_are_not_looked_at(place) -> None:
    kaggle.Entry(["labelled.csv"], model="default", out="a.csv").write()
    kaggle.Entry(["test.csv"], model="default", out="b.csv").write()
    assert (place / "a.csv").read_bytes() == (place / "b.csv").read_bytes()


def test_ctrl_c_keeps_whole_epochs_and_says_how_to_go_on(place, run, monkeypatch) -> None:
    training = pytest.importorskip("digitlab.training")
    whole = training.Training.run_epoch

    def run_epoch(self, listen):
        if self.epoch == 1:
            raise KeyboardInterrupt
        return whole(self, listen)

    monkeypatch.setattr(training.Training, "run_epoch", run_epoch)
    code, _, err = run("kaggle", "train.csv", "test.csv", "--recipe", "small.toml", "--epochs", 2)
    assert code == 130
    assert not (place / "submission.csv").exists()
    assert "digitlab train --resume runs/small-0; then: digitlab kaggle test.csv --model runs/small-0" in err
    monkeypatch.setattr(training.Training, "run_epoch", whole)
    code, out, err = run("train", "--resume", "runs/small-0")
    assert code == 0, err
    assert "recogniser  runs/small-0/recognizer.onnx" in out
    assert run("kaggle", "test.csv", "--model", "runs/small-0")[0] == 0
    assert len(labels(place / "submission.csv")) == 60


def test_a_malformed_file_is_told_by_its_line_before_any_training(place, run) -> None:
    lines = (place / "test.csv").read_text().splitlines()
    lines[7] = lines[7].replace("0,", "0,x", 1)
    (place / "broken.csv").write_text("\n".join(lines))
    code, _, err = run("kaggle", "train.csv", "broken.csv", "--recipe", "small.toml")
    assert code == 2
    assert "broken.csv, line 8" in err
    (place / "ragged.csv").write_text((place / "train.csv").read_text() + "7,0,0\n")
    code, _, err = run("kaggle", "ragged.csv", "test.csv", "--recipe", "small.toml")
    assert code == 2
    assert "ragged.csv, line 842: 3 values" in err
    assert not (place / "runs").exists()
    assert not (place / "submission.csv").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["test.csv"], "--recipe R .* or --model M"),
        (["train.csv", "test.csv", "--recipe", "small.toml", "-m", "default"], "--recipe R .* or --model M"),
        (["test.csv", "--recipe", "small.toml"], "digitlab kaggle train.csv test.csv"),
        (["a.csv", "b.csv", "test.csv", "-m", "default"], "name it alone"),
        (["test.csv", "-m", "default", "--epochs", "3"], "leave them out"),
        (["test.csv", "-m", "reader"], "judge of pieces"),
        (["train.csv", "test.csv", "--recipe", "reader"], "pieces of pages"),
        (["mnist", "test.csv", "--recipe", "small.toml"], "mnist is no table"),
        (["test.csv", "train.csv", "--recipe", "small.toml", "--epochs", "1"], "test.csv has no labels"),
        (["test.csv", "-m", "default", "--out", "./test.csv"], "would overwrite"),
        (["test.csv", "-m", "default", "--out", "."], "is a folder"),
        (["nowhere.csv", "-m", "default"], "no file nowhere.csv"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(place, run, words, message) -> None:
    code, _, err = run("kaggle", *words)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert re.search(message, err)


def test_python_gets_the_same_errors(place) -> None:
    (place / "empty.csv").touch()
    with pytest.raises(DataError, match="is empty; it should start with the line pixel0"):
        kaggle.Entry(["empty.csv"], model="default")
    with pytest.raises(UsageError, match="nothing to train"):
        kaggle.Entry(["test.csv"], model="default").train()
    with pytest.raises(UsageError, match="call train"):
        kaggle.Entry(["train.csv", "test.csv"], "small.toml").write()
    with pytest.raises(OutputError):
        kaggle.Entry(["test.csv"], model="default", out="test.csv/s.csv")
