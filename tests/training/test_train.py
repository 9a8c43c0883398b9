"""Training: the same seed gives the same bits, killed or not; a run's folder tells all."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import digitlab  # noqa: E402
from digitlab import training  # noqa: E402
from digitlab.cards import card  # noqa: E402
from digitlab.data import Splits, export, strokes  # noqa: E402
from digitlab.errors import OutputError, RunError, UsageError  # noqa: E402
from digitlab.recipes import Augmentation, Plan, Recipe  # noqa: E402
from digitlab.training.augment import COPIES, varied_copies  # noqa: E402
from digitlab.training.checkpoint import FILE  # noqa: E402
from digitlab.training.schedule import rate_at  # noqa: E402

# Everything that has a state: batch norm, dropout, a weight average, augmentation, filters in channels-last order.
PAGE = {
    "layers": [
        "conv 8 3", "batchnorm", "relu", "maxpool 2", "conv 16 3", "relu", "maxpool 2", "dropout 0.2",
        "flatten", "dense 10",
    ],
    "training": {"epochs": 3, "batch_size": 64, "learning_rate": 0.01, "schedule": "cosine", "averaging": 0.9,
                 "optimizer": "adamw", "weight_decay": 0.01},
    "augmentation": {"rotation": 10.0, "elastic": 1.0},
    "data": {"name": "strokes"},
}  # fmt: skip


@pytest.fixture(scope="module")
def splits() -> Splits:
    digits = strokes.generate(1600, seed=5)
    return Splits(digits[:1200], digits[1200:1400], digits[1400:])


def recipe(**changes) -> Recipe:
    return Recipe.from_dict(PAGE, "small").changed(**changes)


def weights(run) -> bytes:
    return digitlab.load(run.folder).logits(np.random.default_rng(0).random((20, 28, 28), np.float32)).tobytes()


@pytest.fixture(scope="module")
def run(splits, tmp_path_factory):
    return training.train(recipe(), splits=splits, out=tmp_path_factory.mktemp("runs") / "whole")


def test_a_run_learns_and_its_folder_tells_how(run, splits) -> None:
    assert digitlab.evaluate(run.folder, splits.test).accuracy > 0.6
    page = json.loads((run.folder / "run.json").read_text())
    assert page["seed"] == 0
    assert page["data"]["train"] == {"name": "strokes", "n": 1200, "sha256": splits.train.digest}
    assert {"torch", "numpy", "digitlab"} <= page["versions"].keys()
    lines = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert lines[-1]["train_loss"] < lines[0]["train_loss"]
    assert run.finished


def test_the_manifest_carries_recipe_temperature_and_figures(run) -> None:
    manifest = digitlab.load(run.folder).manifest
    assert Recipe.from_dict(manifest.recipe, "small") == recipe()
    assert manifest.temperature != 1.0
    assert manifest.figures["validation"]["accuracy"] == pytest.approx(run.history[-1]["validation_accuracy"], abs=0.02)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(run, splits, tmp_path) -> None:
    assert weights(training.train(recipe(), splits=splits, out=tmp_path / "again")) == weights(run)
    assert weights(training.train(recipe(), splits=splits, out=tmp_path / "other", seed=1)) != weights(run)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop", "muon"])
def test_a_run_stopped_between_epochs_resumes_to_the_same_bits(splits, tmp_path, optimizer: str) -> None:
    chosen = recipe(optimizer=optimizer, learning_rate=0.001)
    whole = training.train(chosen, splits=splits, out=tmp_path / "whole")

    def stop(event) -> None:
        if event["event"] == "progress" and event["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(chosen, splits=splits, out=tmp_path / "half", listen=stop)
    assert len(training.Run.open(tmp_path / "half").history) == 1
    resumed = training.resume(tmp_path / "half", splits=splits)
    assert weights(resumed) == weights(whole)
    assert [entry["epoch"] for entry in resumed.history] == [1, 2, 3]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Some thousand digits in a file: quicker to load than to write."""
    return export(strokes.generate(4000, seed=6), "npz", tmp_path_factory.mktemp("data") / "digits.npz")


def test_a_run_killed_outright_resumes_to_the_same_bits(file, tmp_path) -> None:
    page = tmp_path / "small.toml"
    page.write_text(
        'layers = ["conv 8 3", "batchnorm", "relu", "maxpool 2", "dropout 0.2", "flatten", "dense 10"]\n'
        "[training]\nepochs = 4\naveraging = 0.9\n[augmentation]\nrotation = 10.0\n"
        f'[data]\nname = "{file}"\n'
    )
    command = [sys.executable, "-m", "digitlab", "train", str(page), "--device", "cpu", "--out"]
    for name, deadly in (("whole", False), ("killed", True)):
        process = subprocess.Popen(
            [*command, str(tmp_path / name)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        while deadly and process.poll() is None:
            if (tmp_path / name / FILE).exists():
                process.send_signal(signal.SIGKILL)
            time.sleep(0.01)
        process.wait()
    assert not (tmp_path / "killed" / "recognizer.onnx").exists()
    resume = [*command[:4], "--resume", str(tmp_path / "killed")]
    again = subprocess.run(resume, check=True, capture_output=True)
    assert b"goes on after epoch" in again.stderr
    assert weights(training.Run.open(tmp_path / "killed")) == weights(training.Run.open(tmp_path / "whole"))
    assert sorted(p.name for p in (tmp_path / "killed").iterdir() if p.name.startswith(".")) == []


def test_a_damaged_checkpoint_is_refused(run, splits, tmp_path) -> None:
    def copy(name: str):
        folder = tmp_path / name
        folder.mkdir()
        for file in ("run.json", "metrics.jsonl", FILE):
            (folder / file).write_bytes((run.folder / file).read_bytes())
        return folder

    cut = copy("cut")
    (cut / FILE).write_bytes((cut / FILE).read_bytes()[:500])
    with pytest.raises(RunError, match="damaged"):
        training.resume(cut, splits=splits)
    other = copy("other")
    page = json.loads((other / "run.json").read_text())
    page["recipe"]["layers"][0] = "conv 9 3"
    (other / "run.json").write_text(json.dumps(page))
    with pytest.raises(RunError, match=r"network\.stages\.0\.weight has shape"):
        training.resume(other, splits=splits)
    text = copy("text")
    (text / "run.json").write_text("{")
    with pytest.raises(RunError, match="damaged"):
        training.resume(text, splits=splits)


def test_runs_do_not_overwrite_each_other_nor_go_on_with_other_digits(run, splits, tmp_path) -> None:
    with pytest.raises(RunError, match="already holds a run"):
        training.train(recipe(), splits=splits, out=run.folder)
    with pytest.raises(RunError, match="no run folder"):
        training.resume(tmp_path)
    (run.folder / "recognizer.onnx").rename(tmp_path / "kept.onnx")
    try:
        with pytest.raises(RunError, match="have changed"):
            training.resume(run.folder, splits=splits._replace(train=splits.train[:-1]))
    finally:
        (tmp_path / "kept.onnx").rename(run.folder / "recognizer.onnx")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_told_before_training(splits, tmp_path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="writ"):
        training.train(recipe(), splits=splits, out=tmp_path / "run")


def test_a_file_in_the_way_is_told_before_training(splits, tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="cannot write"):
        training.train(recipe(), splits=splits, out=tmp_path / "file" / "run")


def test_a_last_batch_of_one_image_does_no_harm(splits, tmp_path) -> None:
    odd = splits._replace(train=splits.train[:129])
    lines = {
        "layers": ["flatten", "dense 8", "batchnorm", "relu", "dense 10"],
        "training": {"epochs": 1, "batch_size": 64},
    }
    run = training.train(Recipe.from_dict(lines, "odd"), splits=odd, out=tmp_path / "odd")
    assert np.isfinite(run.history[0]["train_loss"])


def test_schedules_rise_and_end_as_they_say() -> None:
    plan = Plan(learning_rate=0.002, schedule="cosine", warmup=0.1)
    assert rate_at(0.05, plan) == pytest.approx(plan.learning_rate / 2)
    assert rate_at(0.1, plan) == pytest.approx(plan.learning_rate)
    assert rate_at(1.0, plan) == pytest.approx(0, abs=1e-9)
    linear = Recipe.load("conv3").plan
    assert rate_at(0.5, linear) == pytest.approx(linear.learning_rate / 2)


def test_devices_that_do_not_exist_are_told() -> None:
    with pytest.raises(UsageError, match="auto, cpu or cuda"):
        training.pick_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(UsageError, match="--device cpu"):
            training.pick_device("cuda")


def test_more_training_images_than_there_are_is_told(file, tmp_path) -> None:
    with pytest.raises(UsageError, match="more than the"):
        training.train(recipe(name=str(file), train_size=10_000_000), out=tmp_path / "run")


def test_a_subset_is_drawn_by_the_seed(file) -> None:
    small = recipe(name=str(file), train_size=500)
    first = training.load_material(small, 0).train
    assert len(first) == 500
    assert first.digest == training.load_material(small, 0).train.digest
    assert first.digest != training.load_material(small, 1).train.digest


def test_temperature_calibrates_and_keeps_labels() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 4000)
    logits = rng.normal(size=(4000, 10)) + 2 * np.eye(10)[labels]
    found = training.fit_temperature(logits * 3, labels)
    assert found == pytest.approx(3 * training.fit_temperature(logits, labels), rel=0.01)
    assert training.fit_temperature(logits[:0], labels[:0]) == 1.0


def test_digits_that_vary_tell_how_sure_to_be(run, splits, tmp_path) -> None:
    """What was trained as `run` was, and calibrated on its validation digits varied, only differs in temperature."""
    careful = training.train(recipe(calibrate_share=1.0), splits=splits, out=tmp_path / "run")
    before, after = (digitlab.load(one.folder).manifest for one in (run, careful))
    assert weights(run) == weights(careful)
    assert after.figures == before.figures
    assert abs(after.temperature - before.temperature) > 0.01
    assert "varied by 1 of the augmentation" in card(after)
    assert "varied by" not in card(before)
    varied = varied_copies(splits.validation.images, recipe().augmentation)
    logits = digitlab.load(run.folder).logits(varied)
    labels = np.tile(splits.validation.labels, COPIES)
    assert after.temperature == pytest.approx(training.fit_temperature(logits, labels), rel=1e-4)


def test_copies_follow_each_other_whole() -> None:
    images = strokes.generate(7, seed=2).images
    np.testing.assert_array_equal(varied_copies(images, Augmentation()), np.tile(images, (COPIES, 1, 1)))
    colours = np.stack([images, images, images], axis=1)
    assert varied_copies(colours, Augmentation(shift=1.0)).shape == (COPIES * 7, 3, 28, 28)


def test_making_pages_is_told_with_all_that_there_will_be(monkeypatch, splits) -> None:
    from digitlab.data import pieces
    from digitlab.data.digits import NO_PIECES

    def load(count, seed, bank, listen):
        listen(count)
        return NO_PIECES

    monkeypatch.setattr(training.run.data, "load", lambda *_, **__: splits)
    monkeypatch.setattr(pieces, "load", load)
    told: list[dict] = []
    page = {"layers": ["flatten", "dense 11"], "data": {"name": "pages", "pieces": 300}}
    training.load_material(Recipe.from_dict(page, "judge"), 0, told.append)
    assert told == [{"event": "pages", "of": 330, "made": 300}, {"event": "pages", "of": 330, "made": 330}]
