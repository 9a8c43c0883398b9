"""Whitened filters answer to patches of the images with values that are uncorrelated and vary alike."""

import pytest

torch = pytest.importorskip("torch")

from digitlab.data import strokes  # noqa: E402
from digitlab.networks import Network, initialise, whiten  # noqa: E402
from digitlab.recipes import read_layers  # noqa: E402


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.from_numpy(strokes.generate(200, seed=3).images)[:, None].float() / 255


def network(*lines: str) -> Network:
    torch.manual_seed(0)
    made = Network(read_layers([*lines, "relu", "flatten", "dense 10"]))
    initialise(made)
    return made


def test_answers_are_uncorrelated_and_the_second_half_negates_the_first(images) -> None:
    made = network("crop 20", "conv 6 3 whitened")
    whiten(made, images)
    answers = made.stages[1](made.stages[0](images)).movedim(1, 0).flatten(1)  # (6, patches)
    torch.testing.assert_close(answers[3:], -answers[:3], rtol=1e-4, atol=1e-4)
    # Of variance 1, but for the little that keeps noise from being enlarged.
    torch.testing.assert_close(torch.cov(answers[:3]), torch.eye(3), rtol=0, atol=0.05)


def test_filters_that_learn_stay_as_they_were(images) -> None:
    made = network("conv 6 3")
    before = made.stages[0].weight.clone()
    whiten(made, images)
    assert torch.equal(made.stages[0].weight, before)


def test_whitened_filters_get_no_gradient(images) -> None:
    made = network("conv 6 3 whitened", "conv 4 3")
    made(images[:8]).sum().backward()
    assert made.stages[0].weight.grad is None
    assert made.stages[0].bias.grad is None
    assert made.stages[1].weight.grad is not None
