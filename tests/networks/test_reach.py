"""What no pool looks at is not worked out, and nothing else changes."""

import pytest
import torch

from digitlab.networks import Network, initialise
from digitlab.networks.reach import reach
from digitlab.recipes import Recipe, bundled_names

NETWORKS = [name for name in bundled_names() if not Recipe.load(name).members]


def outcome(network: Network, images: torch.Tensor) -> list[torch.Tensor]:
    """Logits and all gradients of a network, without dropout."""
    network.train()
    for stage in network.modules():
        if isinstance(stage, torch.nn.Dropout):
            stage.p = 0.0
    network.zero_grad()
    logits = network(images)
    torch.nn.functional.cross_entropy(logits, torch.arange(len(images)) % 10).backward()
    return [logits.detach(), *(weight.grad.clone() for weight in network.parameters() if weight.grad is not None)]


@pytest.mark.parametrize("name", NETWORKS)
def test_answers_and_gradients_are_those_of_the_whole_network(name: str) -> None:
    torch.manual_seed(0)
    recipe = Recipe.load(name)
    network = Network(recipe.layers)
    initialise(network)
    network.double()
    images = torch.rand(12, recipe.data.channels, 28, 28, dtype=torch.float64)
    narrow = outcome(network, images)
    network._reach = {}
    whole = outcome(network, images)
    assert len(narrow) == len(whole)
    for ours, plain in zip(narrow, whole, strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-9, atol=1e-12)


def test_conv3_reads_the_upper_left_22_by_22_pixels_alone() -> None:
    layers = Recipe.load("conv3").layers
    assert reach(layers, range(len(layers)))[0] == 22
    network = Network(layers).eval()
    images = torch.rand(4, 1, 28, 28)
    other = images.clone()
    other[:, :, 22:], other[..., 22:] = torch.rand(4, 1, 6, 28), torch.rand(4, 1, 28, 6)
    network._reach = {}
    assert torch.equal(network(images), network(other))
    other[..., 21, 21] += 1
    assert not torch.equal(network(images), network(other))


def test_where_everything_is_read_nothing_is_cut() -> None:
    for name in ("dense784", "conv2-rotated", "default"):
        layers = Recipe.load(name).layers
        assert reach(layers, range(len(layers))) == {}
