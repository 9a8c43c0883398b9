"""The recogniser's file computes what the torch module computes, for every recipe."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from digitlab.networks import Network, initialise, to_onnx  # noqa: E402
from digitlab.recipes import Recipe, bundled_names, read_layers  # noqa: E402
from digitlab.recognizer import Manifest, Recognizer  # noqa: E402

EVERY_LAYER = [
    "conv 6 3 same stride 2 nobias", "batchnorm", "relu", "avgpool 2", "conv 8 3 pad 2", "relu", "maxpool 2",
    "maxpool 2 stride 1", "tanh", "avgpool 3 stride 1", "sigmoid",
    "dropout 0.5", "globalpool", "dense 12 nobias", "batchnorm", "relu", "dense 10",
]  # fmt: skip


def both(lines: list[str] | tuple[str, ...], channels: int = 1) -> tuple[Network, Recognizer]:
    """A network with random weights and random running statistics, and the recogniser made from it."""
    torch.manual_seed(0)
    layers = read_layers(list(lines), channels=channels)
    network = Network(layers)
    initialise(network)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    return network.eval(), Recognizer(to_onnx(layers, weights, Manifest("test")))


BUNDLED = [(recipe.lines, recipe.data.channels) for recipe in map(Recipe.load, bundled_names())]


ENDS = [(["flatten", f"dense {answers}"], 1 if answers == 10 else 3) for answers in (10, 11, 13)]


@pytest.mark.parametrize(("lines", "channels"), [(EVERY_LAYER, 1), *ENDS, *BUNDLED])
def test_logits_and_features_are_those_of_torch(lines, channels) -> None:
    network, recognizer = both(lines, channels)
    shape = (7, 28, 28) if channels == 1 else (7, channels, 28, 28)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    with torch.inference_mode():
        logits = network(torch.from_numpy(images).reshape(7, channels, 28, 28).float() / 255).numpy()
        last = network.stages[-1]
        features = recognizer.features(images)
        again = torch.nn.functional.linear(torch.from_numpy(features), last.weight, last.bias).numpy()
    np.testing.assert_allclose(recognizer.logits(images), logits[:, :10], rtol=1e-4, atol=1e-4)
    assert recognizer.can_reject == (logits.shape[1] > 10)
    verdict, answers = recognizer.judge(images), torch.from_numpy(logits)
    if recognizer.can_reject:
        expected = (answers[:, :10].logsumexp(1) - answers[:, 10:].logsumexp(1)).numpy()
        np.testing.assert_allclose(verdict.odds, expected, rtol=1e-3, atol=1e-3)
    if logits.shape[1] == 13:
        np.testing.assert_allclose([verdict.several, verdict.part], answers.softmax(1).numpy().T[11:], atol=1e-4)
    np.testing.assert_allclose(again, logits, rtol=1e-4, atol=1e-4)


def test_pooling_before_relu_changes_nothing() -> None:
    network, _ = both(["conv 4 3", "relu", "maxpool 2", "flatten", "dense 10"])
    assert network._order == [0, 2, 1, 3, 4]
    x = torch.rand(3, 1, 28, 28)
    listed = x
    for stage in network.stages:
        listed = stage(listed)
    assert torch.equal(network(x), listed)
