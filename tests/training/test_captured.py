"""A captured step takes the steps that a plain one takes.

Where there is no graphics card, a stand-in for CUDA graphs takes the step again whenever it is replayed, which is what
a graph does; so what is tested is all but the capture itself.
"""

import contextlib

import pytest

torch = pytest.importorskip("torch")

from digitlab.data import strokes  # noqa: E402
from digitlab.data.digits import Material  # noqa: E402
from digitlab.recipes import Recipe  # noqa: E402
from digitlab.training import captured  # noqa: E402
from digitlab.training.loop import Training  # noqa: E402

LAYERS = ["avgpool 4", "conv 4 3 nobias", "batchnorm", "relu", "flatten", "dense 10"]


def material() -> Material:
    digits = strokes.generate(260, seed=3)
    return Material(digits[:230], digits[230:], digits[:0])


def recipe(**plan: object) -> Recipe:
    settings = {"epochs": 2, "batch_size": 20, "learning_rate": 0.01, "schedule": "cosine", "averaging": 0.9}
    return Recipe.from_dict({"layers": LAYERS, "training": settings | plan}, "small")


def trained(page: Recipe, device: str) -> Training:
    training = Training(page, material(), 0, torch.device(device), False)
    for _ in range(page.plan.epochs):
        training.run_epoch(lambda event: None)
    return training


def assert_alike(one: Training, other: Training) -> None:
    for name, value in one.weights().items():
        if "num_batches" not in name:  # of an average, which nothing reads
            torch.testing.assert_close(torch.from_numpy(value), torch.from_numpy(other.weights()[name]),
                                       atol=1e-3, rtol=1e-2)  # fmt: skip
    assert one.history[-1]["train_loss"] == pytest.approx(other.history[-1]["train_loss"], rel=1e-3)


class Graph:
    """Does again what was done while it was made."""

    def replay(self) -> None:
        self.again()


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch):
    """Capture on the processor."""

    class Stream:
        def wait_stream(self, other: object) -> None: ...

    @contextlib.contextmanager
    def graph(made: Graph):
        step = begun[-1]
        with captured.unchanged(changed[-1], step._optimizer):
            yield

        def again() -> None:
            for group in step._optimizer.param_groups:  # a graph reads the rate where it was, whatever came between
                group["lr"] = step._rate
            step._loss.copy_(step._step())

        made.again = again

    begun, changed = [], []
    plain = captured.CapturedStep.__init__

    def begin(step, learn, network, optimizer, average, x, y):
        begun.append(step)
        changed.append([network, *([average] if average is not None else [])])
        plain(step, learn, network, optimizer, average, x, y)

    monkeypatch.setattr(captured.CapturedStep, "__init__", begin)
    for name, value in {
        "Stream": Stream, "current_stream": Stream, "CUDAGraph": Graph, "graph": graph,
        "stream": lambda stream: contextlib.nullcontext(),
    }.items():  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, value)
    monkeypatch.setattr(Training, "_captures", lambda self: True)
    return begun


@pytest.mark.parametrize("plan", [{"optimizer": "adamw"}, {"optimizer": "muon", "averaging": 0.0}])
def test_a_replayed_step_is_a_plain_step(stand_in, plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moving rate, moving average and a last batch of another size (230 = 11 x 20 + 10) included."""
    replayed = trained(recipe(**plan), "cpu")
    assert len(stand_in) == 1
    monkeypatch.setattr(Training, "_captures", lambda self: False)
    assert_alike(trained(recipe(**plan), "cpu"), replayed)
    if replayed.average is not None:
        assert int(replayed.average.n_averaged) == 2 * 12


def test_a_training_that_goes_on_captures_anew(stand_in) -> None:
    """Its weights and its optimiser's state lie elsewhere then."""
    whole = trained(recipe(), "cpu")
    half = Training(recipe(), material(), 0, torch.device("cpu"), False)
    half.run_epoch(lambda event: None)
    other = Training(recipe(), material(), 0, torch.device("cpu"), False)
    other.run_epoch(lambda event: None)
    other.go_on(half.state())
    other.run_epoch(lambda event: None)
    assert_alike(whole, other)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a graphics card")
@pytest.mark.parametrize("plan", [{"optimizer": "adamw"}, {"optimizer": "muon", "averaging": 0.0}])
def test_on_a_card_a_captured_step_is_a_plain_step(plan, monkeypatch: pytest.MonkeyPatch) -> None:
    replayed = trained(recipe(**plan), "cuda")
    monkeypatch.setattr(Training, "_captures", lambda self: False)
    assert_alike(trained(recipe(**plan), "cuda"), replayed)
