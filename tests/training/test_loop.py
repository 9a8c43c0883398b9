"""The loop as others drive it: a training that begins with what another one has learned."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from digitlab.data import strokes  # noqa: E402
from digitlab.data.digits import Material  # noqa: E402
from digitlab.errors import RunError  # noqa: E402
from digitlab.recipes import Augmentation, Plan, Recipe  # noqa: E402
from digitlab.training.loop import Training  # noqa: E402
from digitlab.training.schedule import rate_of  # noqa: E402


def training(layers: list[str], averaging: float = 0.0) -> Training:
    digits = strokes.generate(60, seed=4)
    recipe = Recipe.from_dict({"layers": layers, "training": {"averaging": averaging, "batch_size": 20}}, "small")
    return Training(recipe, Material(digits, digits[:0], digits[:0]), 0, torch.device("cpu"), bf16=False)


@pytest.mark.parametrize("averaging", [0.0, 0.9])
@pytest.mark.parametrize("going_on", [0.0, 0.9])
def test_a_training_begins_with_what_another_would_keep(averaging: float, going_on: float) -> None:
    layers = ["conv 4 3 nobias", "batchnorm", "relu", "flatten", "dense 10"]
    first, second = training(layers, averaging), training(layers, going_on)
    first.run_epoch(lambda event: None)
    second.start_from(first.state())
    assert second.epoch == 0
    for name, value in first.weights().items():
        np.testing.assert_array_equal(second.weights()[name], value)


def test_another_network_cannot_be_begun_with() -> None:
    with pytest.raises(RunError, match="another network"):
        training(["flatten", "dense 10"]).start_from(training(["flatten", "dense 5", "dense 10"]).state())


SETTLING = Plan(epochs=5, learning_rate=0.01, schedule="cosine", settle_epochs=2, settle_rate=0.004)


def test_settling_begins_anew_at_its_own_rate_when_the_schedule_has_ended() -> None:
    before = [rate_of(step, 10, SETTLING) for step in range(30)]
    assert before == [rate_of(step, 10, Plan(epochs=3, learning_rate=0.01, schedule="cosine")) for step in range(30)]
    assert before[-1] < 1e-4
    after = [rate_of(step, 10, SETTLING) for step in range(30, 50)]
    assert after[0] == pytest.approx(0.004)
    assert after == sorted(after, reverse=True)
    assert after[-1] < 1e-4


def test_what_stays_of_the_variety_is_less_of_shape_and_fewer_images() -> None:
    whole = Augmentation(rotation=10.0, shift=2.0, thickness=1.0, appearance=0.5, disturbance=0.3, grain=0.4)
    less = Augmentation(rotation=5.0, shift=1.0, thickness=1.0, appearance=0.25, disturbance=0.15, grain=0.4)
    assert whole.lessened(0.5) == less
    assert whole.lessened(0) == Augmentation()
