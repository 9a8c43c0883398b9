"""Sinks have the figures of metrics.jsonl, read back by the tools' own readers; one that fails stops nothing."""

import json
import math

import pytest

from digitlab.errors import MissingExtraError, UsageError
from digitlab.recipes import Recipe
from digitlab.sinks import Sinks, parameters

RECIPE = Recipe("small", ("flatten", "dense 10"))


def epoch(number):
    speed = {"seconds": 2.0, "images_per_second": 100.0}
    return {"event": "epoch", "epoch": number, "train_loss": 1 / number, "validation_accuracy": 0.9, **speed}


def hear(sinks, *events):
    for event in events:
        sinks.listen(event)


def test_settings_are_flat_and_tell_no_secret() -> None:
    facts = parameters(RECIPE.changed(name="https://user:secret@host/x.npz?key=secret", epochs=3), 7)
    assert facts["training.epochs"] == 3
    assert (facts["seed"], facts["parameters"], facts["recipe"]) == (7, 7850, "small")
    assert facts["data.name"] == "https://host/x.npz"
    assert json.loads(str(facts["layers"])) == ["flatten", "dense 10"]


def test_nothing_is_written_before_the_first_epoch(tmp_path) -> None:
    pytest.importorskip("tensorboardX", reason="needs tensorboardX: pip install 'digitlab[tensorboard]'")
    with Sinks(["tensorboard"], tmp_path / "run", RECIPE, 0) as sinks:
        hear(sinks, {"event": "loading", "source": "mnist", "strokes": 0})
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("name", "package"), [("tensorboard", "tensorboardX"), ("mlflow", "mlflow")])
def test_a_missing_package_is_told_before_anything_is_trained(monkeypatch, tmp_path, name, package) -> None:
    import sys

    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'digitlab\[{name}\]'"):
        Sinks([name], tmp_path, RECIPE, 0)


def test_an_unknown_sink_is_told(tmp_path) -> None:
    with pytest.raises(UsageError, match="choose one of tensorboard, mlflow"):
        Sinks(["teletype"], tmp_path, RECIPE, 0)


class TestTensorBoard:
    """Event files, read by TensorBoard."""

    @pytest.fixture(autouse=True)
    def needed(self):
        pytest.importorskip("tensorboardX", reason="needs tensorboardX: pip install 'digitlab[tensorboard]'")

    @staticmethod
    def scalars(folder):
        reader = pytest.importorskip(
            "tensorboard.backend.event_processing.event_accumulator", reason="needs tensorboard: see [dev]"
        )
        events = reader.EventAccumulator(str(folder))
        events.Reload()
        return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}, events

    def test_each_epoch_and_the_final_figures_are_there(self, tmp_path) -> None:
        with Sinks(["tensorboard"], tmp_path, RECIPE, 0) as sinks:
            hear(sinks, epoch(1), epoch(2))
            sinks.final({"test_accuracy": 0.75}, 2)
        found, events = self.scalars(tmp_path / "tensorboard")
        assert found["train_loss"] == [(1, 1.0), (2, 0.5)]
        assert found["test_accuracy"] == [(2, 0.75)]
        assert "epoch" not in found
        assert "hparams" in events.summary_metadata["_hparams_/experiment"].plugin_data.plugin_name

    def test_a_run_that_goes_on_counts_each_epoch_once(self, tmp_path) -> None:
        with Sinks(["tensorboard"], tmp_path, RECIPE, 0) as sinks:
            hear(sinks, epoch(1), epoch(2), epoch(3) | {"train_loss": 99.0})  # of the third no checkpoint was left
        with Sinks([], tmp_path, RECIPE, 0) as sinks:  # its folder shows that it was logged
            hear(sinks, {"event": "resumed", "epoch": 2}, epoch(3), epoch(4))
        found, _ = self.scalars(tmp_path / "tensorboard")
        assert found["train_loss"] == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3)), (4, 0.25)]


class TestMlflow:
    """MLflow's runs, read by MLflow's client."""

    @pytest.fixture(autouse=True)
    def store(self, monkeypatch, tmp_path):
        pytest.importorskip("mlflow", reason="needs MLflow: pip install 'digitlab[mlflow]'")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())

    @staticmethod
    def runs():
        from mlflow.tracking import MlflowClient

        client = MlflowClient()
        experiment = client.get_experiment_by_name("digitlab")
        return client, client.search_runs([experiment.experiment_id])

    def test_settings_epochs_and_final_figures_are_there(self, tmp_path) -> None:
        with Sinks(["mlflow"], tmp_path / "small-0", RECIPE, 0) as sinks:
            hear(sinks, epoch(1), epoch(2))
            sinks.final({"test_accuracy": 0.75}, 2)
        client, (run,) = self.runs()
        assert (run.info.run_name, run.info.status) == ("small-0", "FINISHED")
        assert run.data.params["training.epochs"] == "10"
        assert run.data.metrics["test_accuracy"] == 0.75
        history = client.get_metric_history(run.info.run_id, "train_loss")
        assert [(m.step, m.value) for m in history] == [(1, 1.0), (2, 0.5)]

    @staticmethod
    def stopped_after_one(folder):
        with Sinks(["mlflow"], folder, RECIPE, 0) as sinks:
            hear(sinks, epoch(1))
            raise KeyboardInterrupt

    def test_a_run_that_goes_on_goes_on_in_the_same_run(self, tmp_path) -> None:
        with pytest.raises(KeyboardInterrupt):
            self.stopped_after_one(tmp_path / "small-0")
        assert self.runs()[1][0].info.status == "KILLED"
        with Sinks([], tmp_path / "small-0", RECIPE, 0) as sinks:
            hear(sinks, {"event": "resumed", "epoch": 1}, epoch(2))
        client, (run,) = self.runs()
        assert run.info.status == "FINISHED"
        assert [m.step for m in client.get_metric_history(run.info.run_id, "train_loss")] == [1, 2]

    def test_a_finished_run_that_is_reported_again_stays_one(self, tmp_path, monkeypatch) -> None:
        monkeypatch.delenv("MLFLOW_TRACKING_URI")
        monkeypatch.chdir(tmp_path)
        for figure in (0.5, 0.75):
            with Sinks(["mlflow"], tmp_path / "small-0", RECIPE, 0) as sinks:
                sinks.final({"test_accuracy": figure}, 2)
            (tmp_path / "elsewhere").mkdir(exist_ok=True)
            monkeypatch.chdir(tmp_path / "elsewhere")  # the store is found again from anywhere
        assert not list((tmp_path / "elsewhere").iterdir())
        monkeypatch.setenv(
            "MLFLOW_TRACKING_URI", json.loads((tmp_path / "small-0" / "mlflow.json").read_text())["store"]
        )
        _, (run,) = self.runs()
        assert run.data.metrics["test_accuracy"] == 0.75

    def test_a_server_that_is_gone_is_told_once_and_stops_nothing(self, monkeypatch, tmp_path, capsys) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:9")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        with Sinks(["mlflow"], tmp_path, RECIPE, 0) as sinks:
            hear(sinks, epoch(1), epoch(2))
            sinks.final({"test_accuracy": 0.75}, 2)
        said = capsys.readouterr().err
        assert said.count("--log mlflow failed") == 1
        assert "the training goes on" in said
        assert "secret" not in said

    def test_an_address_that_it_cannot_use_is_told_before_anything_is_trained(self, monkeypatch, tmp_path) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "carrier-pigeon://user:secret@loft")
        with pytest.raises(UsageError, match="MLflow cannot log to carrier-pigeon://loft") as caught:
            Sinks(["mlflow"], tmp_path, RECIPE, 0)
        assert "secret" not in str(caught.value)


def test_a_training_is_logged_as_its_metrics_are(tmp_path, run, monkeypatch) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("tensorboardX", reason="needs tensorboardX: pip install 'digitlab[tensorboard]'")
    pytest.importorskip("tensorboard", reason="needs tensorboard: see [dev]")
    from digitlab.data import Splits, export, strokes

    digits = strokes.generate(300, seed=9)
    export(Splits(digits[:200], digits[200:250], digits[250:]), "npz", tmp_path / "digits.npz")
    page = 'layers = ["flatten", "dense 10"]\n[training]\nepochs = 2\n'
    (tmp_path / "small.toml").write_text(page)
    monkeypatch.chdir(tmp_path)
    words = ["train", "small.toml", "--data", tmp_path / "digits.npz", "--log", "tensorboard", "--out", "run"]
    code, _, err = run(*words)
    assert code == 0, err
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    found, _ = TestTensorBoard.scalars(tmp_path / "run" / "tensorboard")
    for name in ("train_loss", "validation_loss", "validation_accuracy", "learning_rate"):
        assert [step for step, _ in found[name]] == [1, 2]
        pairs = zip(found[name], lines, strict=True)
        assert all(math.isclose(value, line[name], rel_tol=1e-5) for (_, value), line in pairs)
    assert "--log" not in json.loads((tmp_path / "run" / "run.json").read_text())["command"]
    judged = json.loads((tmp_path / "run" / "evaluation.json").read_text())["accuracy"]
    assert found["test_accuracy"] == [(2, pytest.approx(judged))]


def test_ctrl_c_leaves_a_run_that_was_stopped_and_not_one_that_failed(tmp_path, run, monkeypatch) -> None:
    pytest.importorskip("mlflow", reason="needs MLflow: pip install 'digitlab[mlflow]'")
    training = pytest.importorskip("digitlab.training", reason="needs torch: pip install 'digitlab[train]'")

    def stopped(recipe, *, listen, **options):
        listen(epoch(1))
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", stopped)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "store").as_uri())
    code, _, err = run("train", "conv3", "--log", "mlflow", "--out", tmp_path / "run")
    assert code == 130
    assert "Go on with" in err
    assert TestMlflow.runs()[1][0].info.status == "KILLED"
