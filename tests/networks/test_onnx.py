"""The recogniser's file computes what the torch module computes, for every recipe."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from digitlab.manifest import Manifest  # noqa: E402
from digitlab.networks import Network, initialise, to_onnx  # noqa: E402
from digitlab.networks.module import SqueezeExcite  # noqa: E402
from digitlab.recipes import USAGE, Recipe, bundled_names, count_parameters, read_layers  # noqa: E402
from digitlab.recognizer import Recognizer  # noqa: E402

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


EVERY_BLOCK = [
    "conv 6 3 stride 2", "relu",
    "residual [", "depthwise 3 same nobias", "conv 8 1", "se 4", "maxpool 2",
    "shortcut", "avgpool 2", "conv 8 1 nobias", "]", "relu",
    "repeat 3 [", "residual [", "batchnorm", "relu", "depthwise 3 same", "se 100", "]", "repeat 2 [", "tanh", "]", "]",
    "globalpool both", "residual [", "dense 16", "dropout 0.5", "]", "dense 11",
]  # fmt: skip
LARGEST = ["conv 4 5", "globalpool max", "dense 10"]
CUT = ["crop 27", "crop 22", "conv 8 5 whitened", "relu", "maxpool 2", "crop 6", "flatten", "dense 10"]

BUNDLED = [(r.lines, r.data.channels) for r in map(Recipe.load, bundled_names()) if not r.members]


ENDS = [(["flatten", f"dense {answers}"], 1 if answers == 10 else 3) for answers in (10, 11, 13)]


@pytest.mark.parametrize(
    ("lines", "channels"), [(EVERY_LAYER, 1), (EVERY_BLOCK, 1), (LARGEST, 1), (CUT, 1), *ENDS, *BUNDLED]
)
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


def test_every_layer_of_the_language_is_compared() -> None:
    assert {line.split()[0] for line in [*EVERY_LAYER, *EVERY_BLOCK, *LARGEST, *CUT]} == set(USAGE)


def test_a_repeated_block_is_stored_once() -> None:
    lines = [["conv 8 3", *block, "globalpool", "dense 10"] for block in ([], ["repeat 9 [", "conv 8 3 same", "]"])]
    plain, repeated = (both(some)[1].content for some in lines)
    assert len(repeated) - len(plain) < 2 * 8 * (8 * 9 + 1) * 4


def test_each_pass_has_its_own_batch_norm() -> None:
    lines = ["conv 4 5", "repeat 2 [", "repeat 3 [", "batchnorm", "tanh", "]", "]", "globalpool", "dense 10"]
    network, _ = both(lines)
    assert sum(name.startswith("stages.3.") and name.endswith("running_mean") for name in network.state_dict()) == 6
    x = torch.rand(3, 1, 28, 28)
    expected = network.stages[0](x)
    for norm in network.stages[3]:
        expected = torch.tanh(norm(expected))
    torch.testing.assert_close(network(x), network.stages[-1](expected.mean((2, 3))))


def test_blocks_compute_what_the_language_says() -> None:
    network, _ = both(["repeat 2 [", "residual [", "sigmoid", "shortcut", "tanh", "]", "]", "flatten", "dense 10"])
    x = torch.rand(3, 1, 28, 28)
    expected = x
    for _ in range(2):
        expected = torch.sigmoid(expected) + torch.tanh(expected)
    torch.testing.assert_close(network(x), network.stages[-1](expected.flatten(1)))


def test_squeeze_and_excite_scales_each_channel_by_what_all_means_say() -> None:
    module = SqueezeExcite(6, 2)
    x = torch.randn(4, 6, 5, 5)
    hidden = torch.relu(x.mean((2, 3)) @ module.squeeze.weight[:, :, 0, 0].T + module.squeeze.bias)
    scale = torch.sigmoid(hidden @ module.excite.weight[:, :, 0, 0].T + module.excite.bias)
    torch.testing.assert_close(module(x), x * scale[:, :, None, None])


@st.composite
def blocks(draw, depth: int = 0) -> list[str]:
    """Lines that keep images of six channels as they are in shape."""
    plain = ["depthwise 3 same", "conv 6 1 nobias", "se 2", "batchnorm", "relu", "tanh", "dropout 0.1"]
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["plain", "plain", "residual", "projected", "repeat"] if depth < 3 else ["plain"]))
        if kind == "plain":
            lines.append(draw(st.sampled_from(plain)))
        elif kind == "repeat":
            lines += [f"repeat {draw(st.integers(1, 3))} [", *draw(blocks(depth + 1)), "]"]
        else:
            shortcut = ["shortcut", *draw(blocks(depth + 1))] if kind == "projected" else []
            lines += ["residual [", *draw(blocks(depth + 1)), *shortcut, "]"]
    return lines


@given(blocks())
@settings(deadline=None, max_examples=25)
def test_whatever_blocks_hold_each_other_the_file_computes_what_torch_does(lines: list[str]) -> None:
    network, recognizer = both(["conv 6 5 stride 4", *lines, "globalpool", "dense 10"])
    images = np.random.default_rng(0).random((2, 28, 28), np.float32)
    with torch.inference_mode():
        logits = network(torch.from_numpy(images)[:, None]).numpy()
    np.testing.assert_allclose(recognizer.logits(images), logits, rtol=1e-3, atol=1e-3 * max(1, np.abs(logits).max()))
    layers = read_layers(["conv 6 5 stride 4", *lines, "globalpool", "dense 10"])
    learned = sum(v.numel() for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked"))
    assert learned == count_parameters(layers)
    weights = {name.rsplit(".", 1)[0].removeprefix("stages.").split(".")[0] for name in network.state_dict()}
    assert weights == {str(index) for index, layer in enumerate(layers) if layer.parameters}


def test_pooling_before_relu_changes_nothing() -> None:
    network, _ = both(["conv 4 3", "relu", "maxpool 2", "flatten", "dense 10"])
    assert network._order == [0, 2, 1, 3, 4]
    x = torch.rand(3, 1, 28, 28)
    listed = x
    for stage in network.stages:
        listed = stage(listed)
    assert torch.equal(network(x), listed)
