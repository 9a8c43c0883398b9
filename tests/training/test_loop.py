"""The loop as others drive it: a training that begins with what another one has learned."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from digitlab.data import strokes  # noqa: E402
from digitlab.data.digits import Material  # noqa: E402
from digitlab.errors import RunError  # noqa: E402
from digitlab.recipes import Recipe  # noqa: E402
from digitlab.training.loop import Training  # noqa: E402


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
