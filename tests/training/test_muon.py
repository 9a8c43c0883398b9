"""Muon's steps are orthogonal; what is no hidden matrix takes Adam's, as torch does."""

import pytest

torch = pytest.importorskip("torch")

from digitlab.training.muon import BETAS, SHARE, Muon, orthogonal  # noqa: E402


@pytest.mark.parametrize("shape", [(8, 40), (40, 8), (12, 12)])
def test_singular_vectors_stay_and_singular_values_come_near_one(shape) -> None:
    torch.manual_seed(0)
    u, s, v = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    matrix = u @ torch.diag(torch.linspace(1, 3, len(s))) @ v
    found = u.T @ orthogonal(matrix) @ v.T
    assert (found - torch.diag(found.diagonal())).abs().max() < 1e-3
    assert found.diagonal().min() > 0.4
    assert found.diagonal().max() < 1.3


def test_a_step_has_the_same_length_whatever_the_gradient_is() -> None:
    lengths = []
    for size in (1e-3, 1.0, 1e3):
        torch.manual_seed(0)
        hidden, last = torch.nn.Parameter(torch.zeros(8, 20)), torch.nn.Parameter(torch.zeros(10, 8))
        hidden.grad, last.grad = size * torch.randn(8, 20), None
        Muon([hidden, last], 0.1, 0.6, 0.0).step()
        lengths.append(hidden.norm().item())
    assert max(lengths) - min(lengths) < 1e-3 * max(lengths)


def test_vectors_and_the_last_layer_take_the_steps_of_torchs_adam() -> None:
    torch.manual_seed(0)
    start = [torch.randn(6, 4), torch.randn(6), torch.randn(10, 6), torch.randn(10)]
    ours, theirs = ([torch.nn.Parameter(value.clone()) for value in start] for _ in range(2))
    rate = 0.2
    muon = Muon(ours, rate, 0.6, 0.0)
    adam = torch.optim.Adam(theirs[1:], SHARE * rate, betas=BETAS)
    for _ in range(4):
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn(mine.shape)
            other.grad = mine.grad.clone()
        muon.step()
        adam.step()
    for mine, other in zip(ours[1:], theirs[1:], strict=True):
        torch.testing.assert_close(mine, other)
    assert not torch.equal(ours[0], theirs[0])


def test_decay_shrinks_hidden_matrices_alone() -> None:
    hidden, last = torch.nn.Parameter(torch.ones(4, 4)), torch.nn.Parameter(torch.ones(10, 4))
    for weight in (hidden, last):
        weight.grad = torch.zeros_like(weight)
    Muon([hidden, last], 0.1, 0.6, 0.5).step()
    torch.testing.assert_close(hidden.detach(), torch.full((4, 4), 0.95))
    assert torch.equal(last.detach(), torch.ones(10, 4))


def test_a_network_of_one_layer_has_no_hidden_matrix() -> None:
    only = torch.nn.Parameter(torch.ones(10, 4))
    only.grad = torch.ones(10, 4)
    Muon([only], 0.1, 0.6, 0.0).step()
    torch.testing.assert_close(only.detach(), torch.full((10, 4), 1 - SHARE * 0.1))
