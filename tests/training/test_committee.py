"""A committee's training: members in turn, each once, and one recogniser that is the mean of their votes."""

import json
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import digitlab  # noqa: E402
from digitlab import training  # noqa: E402
from digitlab.data import Splits, export, strokes  # noqa: E402
from digitlab.errors import ModelError, RunError, UsageError  # noqa: E402
from digitlab.evaluation import compare  # noqa: E402
from digitlab.recipes import Recipe  # noqa: E402
from digitlab.tensors import weights  # noqa: E402

PLAIN = {"layers": ["flatten", "dense 16", "relu", "dense 10"], "training": {"epochs": 2, "learning_rate": 0.01}}
REJECTS = {"layers": ["maxpool 2", "flatten", "dense 11"], "training": {"epochs": 1, "learning_rate": 0.01}}
PAGE = {
    "members": [{"name": "plain", **PLAIN}, {"name": "plain", "seed": 1, **PLAIN}, {"name": "rejects", **REJECTS}],
    "data": {"name": "strokes"},
}
RECIPE = Recipe.from_dict(PAGE, "all")
FOLDERS = ["1-plain-2000", "2-plain-2001", "3-rejects-2000"]


@pytest.fixture(scope="module")
def splits() -> Splits:
    digits = strokes.generate(1500, seed=7)
    return Splits(digits[:1000], digits[1000:1250], digits[1250:])


@pytest.fixture(scope="module")
def run(splits, tmp_path_factory):
    return training.train(RECIPE, seed=2, splits=splits, out=tmp_path_factory.mktemp("runs") / "all")


@pytest.fixture
def copy(run, tmp_path):
    shutil.copytree(run.folder, tmp_path / "copy")
    return tmp_path / "copy"


def test_the_recogniser_is_the_mean_of_its_members_calibrated_votes(run, splits) -> None:
    committee = digitlab.load(run.folder)
    members = [digitlab.load(run.folder / name) for name in FOLDERS]
    images = splits.test.images
    mean = np.mean([member.predict_proba(images) for member in members], axis=0)
    np.testing.assert_allclose(np.exp(committee.logits(images)), mean, rtol=1e-3, atol=1e-5)
    assert (committee.predict(images) == mean.argmax(1)).all()
    np.testing.assert_allclose(committee.predict_proba(images).sum(1), 1, atol=1e-5)
    beside = np.concatenate([member.features(images) for member in members], axis=1)
    np.testing.assert_allclose(committee.features(images), beside, rtol=1e-4, atol=1e-5)
    assert not committee.can_reject
    assert np.isfinite(committee.logits(np.zeros((1, 28, 28), np.uint8))).all()


def test_the_manifest_tells_members_temperature_and_figures(run, splits) -> None:
    manifest = digitlab.load(run.folder).manifest
    assert Recipe.from_dict(manifest.recipe, "all") == RECIPE
    assert [(m["name"], m["seed"]) for m in manifest.training["members"]] == [
        ("plain", 2000), ("plain", 2001), ("rejects", 2000),
    ]  # fmt: skip
    logits = digitlab.load(run.folder).logits(splits.validation.images)
    assert manifest.temperature == pytest.approx(training.fit_temperature(logits, splits.validation.labels))
    assert manifest.figures["validation"]["n"] == 250
    arrays, _ = weights((run.folder / "recognizer.onnx").read_bytes())
    assert arrays["members.1.stages.3.weight"].shape == (10, 16)


def test_members_differ_and_are_runs_like_any_other(run, splits) -> None:
    first, second = (training.Run.open(run.folder / name) for name in FOLDERS[:2])
    alone = training.train(first.recipe, seed=2000, splits=splits, out=run.folder.parent / "alone")
    images = splits.test.images
    assert (digitlab.load(alone.folder).logits(images) == digitlab.load(first.folder).logits(images)).all()
    assert (digitlab.load(second.folder).logits(images) != digitlab.load(first.folder).logits(images)).any()


@pytest.mark.parametrize("stop_at", [1, 2, 4])
def test_stopped_anywhere_it_goes_on_without_training_a_finished_member_again(run, splits, tmp_path, stop_at) -> None:
    def stop(event) -> None:
        if event["event"] == "progress" and event["epoch"] == stop_at + 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(RECIPE, seed=2, splits=splits, out=tmp_path / "half", listen=stop)
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / "half").glob("*/recognizer.onnx")}
    assert len(kept) == stop_at // 2
    assert not (tmp_path / "half" / "recognizer.onnx").exists()
    told: list[dict] = []
    resumed = training.resume(tmp_path / "half", splits=splits, listen=told.append)
    assert resumed.finished
    assert all(file.stat().st_mtime_ns == when for file, when in kept.items())
    assert [e["finished"] for e in told if e["event"] == "member"] == [stop_at >= 2, stop_at >= 4, False]
    assert [e["epoch"] for e in told if e["event"] == "epoch"] == list(range(stop_at + 1, 6))
    images = splits.test.images
    assert (digitlab.load(resumed.folder).logits(images) == digitlab.load(run.folder).logits(images)).all()


def test_a_finished_committee_is_returned_as_it_is(run, splits) -> None:
    def never(event) -> None:
        raise AssertionError

    assert training.resume(run.folder, listen=never).finished


def test_a_folder_that_holds_another_member_is_refused(copy, splits) -> None:
    (copy / "recognizer.onnx").unlink()
    page = json.loads((copy / FOLDERS[0] / "run.json").read_text())
    page["recipe"]["layers"][1] = "dense 17"
    (copy / FOLDERS[0] / "run.json").write_text(json.dumps(page))
    with pytest.raises(RunError, match="not the member"):
        training.resume(copy, splits=splits)


def test_a_members_damaged_file_is_refused(copy, splits) -> None:
    (copy / "recognizer.onnx").unlink()
    (copy / FOLDERS[1] / "recognizer.onnx").write_bytes(b"cut")
    with pytest.raises(ModelError, match="2-plain-2001"):
        training.resume(copy, splits=splits)
    assert not (copy / "recognizer.onnx").exists()


def test_committees_are_compared_as_networks_are(splits, tmp_path) -> None:
    file = export(splits, "npz", tmp_path / "digits.npz")
    results = compare([RECIPE.changed(name=str(file))], seeds=1, epochs=1, folder=tmp_path / "runs")
    assert results[0].validation is not None
    assert results[0].parameters == RECIPE.parameters


def test_the_scikit_learn_classifier_names_the_fix() -> None:
    from digitlab.sklearn import DigitClassifier

    with pytest.raises(UsageError, match="choose one member"):
        DigitClassifier(RECIPE).fit(np.zeros((20, 784)), np.arange(20) % 10)


def test_every_verb_takes_a_committee(run, splits, tmp_path, monkeypatch) -> None:
    from typer.testing import CliRunner

    from digitlab.cli import app

    monkeypatch.chdir(tmp_path)
    file = export(splits, "npz", tmp_path / "digits.npz")
    (tmp_path / "one.toml").write_text('layers = ["flatten", "dense 10"]\n')
    (tmp_path / "two.toml").write_text(
        f'title = "Two"\nmembers = ["one.toml", "one.toml 1"]\n[data]\nname = "{file}"\n'
    )

    def call(*words) -> str:
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == 0, (done.output, done.exception)
        return done.output

    assert "one, seed 1" in call("recipes", "two.toml")
    shown = call("train", "two.toml", "--epochs", "1", "--train-size", "300", "--seed", "4")
    assert "runs/two-4/report.html" in shown.replace("\n", "")
    assert {"1-one-4000", "2-one-4001"} <= {path.name for path in (tmp_path / "runs" / "two-4").iterdir()}
    assert "- member 2: one, seed 4001: " in call("models", "runs/two-4")
    assert "runs/two-4" in call("models")
    assert json.loads(call("evaluate", "runs/two-4", "--json"))["n"] == 250
    assert "recipe.toml" in " ".join(p.name for p in _pushed(call, tmp_path))
    export(splits, "csv", tmp_path / "csv")
    call("kaggle", next((tmp_path / "csv").glob("*test*")), "--model", "runs/two-4")
    assert (tmp_path / "submission.csv").read_text().count("\n") == 251


def _pushed(call, folder):
    call("push", "runs/two-4", folder / "pushed")
    assert Recipe.load(folder / "pushed" / "recipe.toml").members
    return (folder / "pushed").iterdir()
