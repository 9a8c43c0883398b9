"""The quick ways of training give what torch's own give; dropout drops its share and keeps the mean."""

from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from digitlab.networks import Network, quick  # noqa: E402
from digitlab.networks.quick import Conv2d, Dropout, Flatten, HalvingMaxPool  # noqa: E402
from digitlab.recipes import read_layers  # noqa: E402


def both_ways(quick, plain, x: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Result, gradient for x and gradients for the weights, of either module."""
    given = torch.randn(plain(x).shape, generator=torch.Generator().manual_seed(1)).to(x.dtype)
    found = []
    for module in (quick, plain):
        here = x.clone().requires_grad_()
        y = module(here)
        y.backward(given)
        found.append([y, here.grad, *(weight.grad for weight in module.parameters())])
    return found[0], found[1]


@given(st.integers(1, 33), st.integers(1, 5), st.integers(2, 9), st.integers(2, 9), st.booleans(), st.booleans())
@settings(deadline=None, max_examples=60)
def test_pooling_and_its_gradient_are_torchs_to_the_bit(count, channels, height, width, half, last) -> None:
    # Five values only, so that most windows hold equals.
    x = torch.randint(-2, 3, (count, channels, height, width)).to(torch.bfloat16 if half else torch.float32)
    if last:
        x = x.contiguous(memory_format=torch.channels_last)
    with mock.patch.object(quick, "PART", 16 * x[0].numel()):  # so that there are several parts
        ours, plain = both_ways(HalvingMaxPool(), torch.nn.MaxPool2d(2), x)
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(ours, plain, strict=True))
    assert torch.equal(HalvingMaxPool()(x), ours[0])  # where nothing before it learns


@pytest.mark.parametrize("last", [True, False])
def test_flattening_gives_a_gradient_that_lies_as_the_images_did(last: bool) -> None:
    memory = torch.channels_last if last else torch.contiguous_format
    x = torch.randn(3, 5, 4, 4).contiguous(memory_format=memory)
    ours, plain = both_ways(Flatten(), torch.nn.Flatten(), x)
    assert all(torch.equal(mine, theirs) for mine, theirs in zip(ours, plain, strict=True))
    assert ours[1].is_contiguous(memory_format=memory)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("side", "kernel"), [(5, 3), (4, 4), (6, 3), (9, 2)])
def test_a_convolution_has_the_gradients_of_torchs(side: int, kernel: int, bias: bool) -> None:
    torch.manual_seed(0)
    quick, plain = Conv2d(6, 7, kernel, bias=bias), torch.nn.Conv2d(6, 7, kernel, bias=bias)
    plain.load_state_dict(quick.state_dict())
    x = torch.randn(8, 6, side, side).contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(*both_ways(quick, plain, x), rtol=1e-4, atol=1e-4)


def test_a_convolution_takes_autocasts_precision() -> None:
    conv = Conv2d(6, 7, 3)
    with torch.autocast("cpu", torch.bfloat16):
        y = conv(torch.randn(8, 6, 5, 5))
    assert y.dtype == torch.bfloat16
    y.float().square().sum().backward()
    assert conv.weight.grad.dtype == torch.float32
    assert conv.bias.grad.dtype == torch.float32


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.3, 0.5, 0.7])
def test_dropout_drops_its_share_and_keeps_the_mean(rate: float) -> None:
    torch.manual_seed(0)
    x = torch.ones(64, 5, 50, 50, requires_grad=True)
    y = Dropout(rate)(x.contiguous(memory_format=torch.channels_last))
    share = round(rate * 256) / 256
    assert abs(share - rate) <= 1 / 512
    assert (y == 0).float().mean().item() == pytest.approx(share, abs=0.003)  # 800,000 values: five deviations
    assert y.unique().tolist() == pytest.approx([0, 1 / (1 - share)])
    assert y.mean().item() == pytest.approx(1, abs=0.01)
    y.sum().backward()
    assert torch.equal(x.grad, y)  # ones went in, so what came out are the factors


def test_each_byte_of_a_random_number_drops_alike() -> None:
    torch.manual_seed(0)
    y = Dropout(0.5)(torch.ones(8 * 100_000)).view(-1, 8)
    dropped = (y == 0).float()
    torch.testing.assert_close(dropped.mean(0), torch.full((8,), 0.5), rtol=0, atol=0.01)
    together = dropped.t().corrcoef() - torch.eye(8)
    assert together.abs().max() < 0.02


def test_dropout_follows_the_seed_and_rests_in_evaluation() -> None:
    x, dropout = torch.rand(7, 13), Dropout(0.5)
    torch.manual_seed(3)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(3)
    assert torch.equal(dropout(x), first)
    assert not torch.equal(first, second)
    assert dropout.eval()(x) is x
    assert torch.isfinite(Dropout(0.999)(x)).all()


def test_a_network_is_made_of_the_quick_ones() -> None:
    network = Network(read_layers(["conv 4 3", "relu", "maxpool 2", "dropout 0.5", "flatten", "dense 10"]))
    kinds = {type(stage) for stage in network.stages}
    assert {Conv2d, HalvingMaxPool, Dropout} <= kinds
