"""A training may begin with the weights of a finished recogniser."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from digitlab import training  # noqa: E402
from digitlab.cards import card  # noqa: E402
from digitlab.data import strokes  # noqa: E402
from digitlab.data.digits import Splits  # noqa: E402
from digitlab.errors import ModelError, RecipeError, RunError  # noqa: E402
from digitlab.networks import Network  # noqa: E402
from digitlab.recipes import Recipe  # noqa: E402
from digitlab.recognizer import load  # noqa: E402
from digitlab.tensors import weights  # noqa: E402
from digitlab.training.loop import Training  # noqa: E402
from digitlab.training.rounds import round_at  # noqa: E402
from digitlab.training.start import find_start  # noqa: E402

LAYERS = ["conv 4 5 stride 4 nobias", "batchnorm", "relu", "flatten", "dense 10"]


def page(start: str = "", layers: list[str] = LAYERS, **plan: object) -> Recipe:
    settings = {"epochs": 2, "batch_size": 20, "learning_rate": 0.01, "start": start}
    return Recipe.from_dict({"layers": layers, "training": settings | plan}, "small")


def splits(seed: int = 1) -> Splits:
    digits = strokes.generate(400, seed=seed)
    return Splits(digits[:300], digits[300:], digits[:0])


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return training.train(page(epochs=6), splits=splits(), out=tmp_path_factory.mktemp("runs") / "taught").folder


@pytest.mark.parametrize("averaging", [0.0, 0.99])
def test_what_was_learned_is_there_from_the_first_step_on(taught: Path, tmp_path: Path, averaging: float) -> None:
    """At a rate at which nothing is learned, the new recogniser answers as the one that it starts with."""
    still = page(str(taught), epochs=1, learning_rate=1e-9, averaging=averaging)
    run = training.train(still, splits=splits(), out=tmp_path / "run")
    images = splits(2).train.images
    before, after = load(taught), load(run.folder)
    assert (before.predict(images) == after.predict(images)).mean() > 0.95  # batch norm's means move with the digits
    assert after.manifest.training["start"]["name"] == str(taught)
    assert f"began with the weights of: {taught}" in card(after.manifest)


def test_answers_that_a_start_does_not_know_begin_at_zero(taught: Path) -> None:
    """A recogniser of ten digits becomes one that can also say "not a digit"."""
    recipe = page(str(taught), [*LAYERS[:-1], "dense 11"])
    network = Network(recipe.layers)
    find_start(recipe).give(network)
    images = splits(2).train.images
    network.eval()
    with torch.no_grad():
        logits = network(torch.from_numpy(images)[:, None] / 255)
    np.testing.assert_allclose(logits[:, :10], load(taught).logits(images), atol=1e-4)
    assert not logits[:, 10].any()


def test_a_share_of_the_start_stays(taught: Path, tmp_path: Path) -> None:
    """Weights lie on the way between both; one that was stopped goes on to the same bits."""
    learned = training.train(page(str(taught), epochs=3), splits=splits(), out=tmp_path / "learned")
    mixed = page(str(taught), epochs=3, start_share=0.25)
    run = training.train(mixed, splits=splits(), out=tmp_path / "mixed")
    first, last, between = (weights(r.read_bytes())[0] for r in (taught / "recognizer.onnx", learned.recognizer,
                                                                 run.recognizer))  # fmt: skip
    for name, value in between.items():
        np.testing.assert_allclose(value, 0.75 * last[name] + 0.25 * first[name], atol=1e-6)

    def stop(event: dict) -> None:
        if event["event"] == "progress" and event["epoch"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(mixed, splits=splits(), out=tmp_path / "stopped", listen=stop)
    stopped = training.resume(tmp_path / "stopped", splits=splits())
    images = splits(2).train.images
    np.testing.assert_array_equal(load(stopped.folder).logits(images), load(run.folder).logits(images))


def test_a_share_of_no_start_is_refused() -> None:
    with pytest.raises(RecipeError, match="name a start"):
        page("", start_share=0.5)


def test_a_run_that_was_stopped_goes_on_to_the_same_bits(taught: Path, tmp_path: Path) -> None:
    whole = training.train(page(str(taught)), splits=splits(), out=tmp_path / "whole")

    def stop(event: dict) -> None:
        if event["event"] == "progress" and event["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(page(str(taught)), splits=splits(), out=tmp_path / "stopped", listen=stop)
    stopped = training.resume(tmp_path / "stopped", splits=splits())
    images = splits().train.images
    np.testing.assert_array_equal(load(whole.folder).logits(images), load(stopped.folder).logits(images))


def test_a_run_does_not_begin_with_another_start(taught: Path, tmp_path: Path) -> None:
    start = tmp_path / "start.onnx"
    start.write_bytes((taught / "recognizer.onnx").read_bytes())

    def stop(event: dict) -> None:
        if event["event"] == "progress":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(page(str(start)), splits=splits(), out=tmp_path / "run", listen=stop)
    other = training.train(page(epochs=1), splits=splits(), out=tmp_path / "other")
    start.write_bytes(other.recognizer.read_bytes())
    with pytest.raises(RunError, match="start a new run"):
        training.resume(tmp_path / "run", splits=splits())


def test_a_start_that_cannot_be_is_told_with_the_fix(taught: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"the start of recipe small cannot be opened.*digitlab train conv3"):
        find_start(page(str(tmp_path / "conv3-0")))
    other = page(str(taught), ["flatten", "dense 10"])
    with pytest.raises(ModelError, match="has other layers than the recipe"):
        training.train(other, splits=splits(), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_with_a_checkpoint_goes_on_without_its_start(taught: Path, tmp_path: Path) -> None:
    start = tmp_path / "start.onnx"
    start.write_bytes((taught / "recognizer.onnx").read_bytes())
    digits = strokes.generate(400, seed=1)
    data_file = tmp_path / "digits.npz"
    np.savez(data_file, x_train=digits.images, y_train=digits.labels, x_test=digits.images, y_test=digits.labels)
    recipe = page(str(start)).changed(name=str(data_file))

    def stop(event: dict) -> None:
        if event["event"] == "progress" and event["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        training.train(recipe, out=tmp_path / "run", listen=stop)
    start.unlink()
    assert training.resume(tmp_path / "run").finished


def test_rounds_each_begin_with_the_start_and_their_mean_is_kept(taught: Path, tmp_path: Path) -> None:
    """Of two epochs and of the same again with other randomness; what was stopped goes on to the same bits."""
    once = training.train(page(str(taught), epochs=2, averaging=0.5), splits=splits(), out=tmp_path / "once")
    twice = page(str(taught), epochs=4, rounds=2, averaging=0.5)
    seen: list[dict] = []

    def stop(event: dict) -> None:
        if event["event"] == "epoch":
            seen.append(event)
        if event["event"] == "progress" and event["epoch"] == 4:
            raise KeyboardInterrupt

    run = training.train(twice, splits=splits(), out=tmp_path / "rounds")
    with pytest.raises(KeyboardInterrupt):
        training.train(twice, splits=splits(), out=tmp_path / "stopped", listen=stop)
    stopped = training.resume(tmp_path / "stopped", splits=splits(), listen=stop_never(seen))
    first, mean, again = (weights(r.recognizer.read_bytes())[0] for r in (once, run, stopped))
    from_start = weights((taught / "recognizer.onnx").read_bytes())[0]
    for name, value in mean.items():
        np.testing.assert_array_equal(value, again[name])
        # The second round is as far from the start as the first: a training that went on would be farther.
        second = 2 * value - first[name]
        if name.endswith("weight") and value.ndim > 1:
            one, other = np.linalg.norm(first[name] - from_start[name]), np.linalg.norm(second - from_start[name])
            assert 0.5 < other / one < 1.5
            assert not np.array_equal(second, first[name])
    assert [event["epoch"] for event in seen] == [1, 2, 3, 4]
    rates = [event["learning_rate"] for event in seen]
    assert rates[:2] == rates[2:]


def test_a_round_is_what_a_training_from_the_start_would_be(taught: Path, tmp_path: Path, monkeypatch) -> None:
    """With the same randomness in both, optimiser and average included, two rounds are no more than one."""
    plain = Training._seed_epoch
    monkeypatch.setattr(Training, "_seed_epoch", lambda self, epoch: plain(self, (epoch - 1) % 2 + 1 if epoch else 0))
    plan = {"optimizer": "adamw", "averaging": 0.9, "schedule": "cosine"}
    once = training.train(page(str(taught), epochs=2, **plan), splits=splits(), out=tmp_path / "once")
    twice = training.train(page(str(taught), epochs=4, rounds=2, **plan), splits=splits(), out=tmp_path / "twice")
    first, second = (weights(run.recognizer.read_bytes())[0] for run in (once, twice))
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])


def stop_never(seen: list[dict]) -> Callable[[dict], None]:
    return lambda event: seen.append(event) if event["event"] == "epoch" else None


def test_rounds_of_random_weights_are_refused() -> None:
    with pytest.raises(RecipeError, match="need a start"):
        page("", rounds=2)


def test_more_rounds_than_epochs_are_as_many_as_epochs(taught: Path) -> None:
    plan = page(str(taught), epochs=7, rounds=3, settle_epochs=1).plan
    rounds = [round_at(epoch, plan) for epoch in range(7)]
    assert [r.number for r in rounds] == [0, 0, 1, 1, 2, 2, 2]
    assert [r.first for r in rounds] == [0, 0, 2, 2, 4, 4, 4]
    assert [r.settles(epoch) for epoch, r in enumerate(rounds)] == [False, True, False, True, False, False, True]
    assert round_at(0, page(str(taught), epochs=1, rounds=3).plan).plan.epochs == 1


def test_norms_are_found_anew_on_training_images(taught: Path, tmp_path: Path) -> None:
    """Batch norm's mean is that of what its convolution gives; what ships with other means differs from it."""
    plain = training.train(page(str(taught), start_share=0.5), splits=splits(), out=tmp_path / "plain")
    renewed = page(str(taught), start_share=0.5, norm_images=300)
    run = training.train(renewed, splits=splits(), out=tmp_path / "renewed")
    before, after = (weights(r.recognizer.read_bytes())[0] for r in (plain, run))
    network = Network(renewed.layers)
    network.load_state_dict(network.state_dict() | {name: torch.tensor(value) for name, value in after.items()})
    images = torch.from_numpy(splits().train.images)[:, None] / 255
    with torch.no_grad():
        given = network.stages[0](images)
    name = next(name for name in after if name.endswith("running_mean"))
    np.testing.assert_allclose(after[name], given.mean((0, 2, 3)), atol=1e-4)
    assert not np.allclose(before[name], after[name], atol=1e-4)
    for other in (name for name in after if "running" not in name):
        np.testing.assert_array_equal(before[other], after[other])
