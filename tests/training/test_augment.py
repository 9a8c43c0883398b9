"""Augmentation varies images and nothing else."""

import pytest

torch = pytest.importorskip("torch")

from digitlab.data import strokes  # noqa: E402
from digitlab.recipes import Augmentation, Recipe, bundled_names  # noqa: E402
from digitlab.training.augment import augment  # noqa: E402
from digitlab.training.disturb import KINDS  # noqa: E402
from digitlab.training.fields import grown, shrunk  # noqa: E402


@pytest.fixture(scope="module")
def images():
    return torch.from_numpy(strokes.generate(64, seed=3).images)[:, None].float() / 255


def vary(images, seed: int = 0, **how):
    return augment(images, Augmentation(**how), torch.Generator().manual_seed(seed))


EACH = [
    {"rotation": 20.0}, {"shear": 10.0}, {"zoom": 0.2}, {"shift": 2.0}, {"elastic": 1.5}, {"thickness": 0.8},
    {"blur": 1.0}, {"contrast": 0.5}, {"noise": 0.1}, {"thickness": 2.0},
    {"rotation": 20.0, "interpolation": "bicubic"},
    *({"disturbance": 1.0, kind: 0.8} for kind in KINDS),
]  # fmt: skip


@pytest.mark.parametrize("how", EACH)
def test_each_part_changes_images_reproducibly_and_within_range(images, how) -> None:
    before = images.clone()
    varied = vary(images, **how)
    assert torch.equal(images, before)
    assert varied.shape == images.shape
    assert varied.min() >= 0
    assert varied.max() <= 1 + 1e-6
    assert not torch.allclose(varied, images, atol=1e-3)
    assert torch.equal(varied, vary(images, **how))
    assert not torch.equal(varied, vary(images, seed=1, **how))


def test_nothing_asked_for_changes_nothing(images) -> None:
    assert torch.equal(vary(images), images)


def test_a_shift_moves_the_centre_of_mass_by_what_was_asked(images) -> None:
    def centre(batch):
        return (batch.sum((1, 2)) * torch.arange(28)).sum(1) / batch.sum((1, 2, 3))

    moved = (centre(vary(images, shift=3.0)) - centre(images)).abs()
    assert 1.0 < moved.max() <= 3.01
    assert moved.mean() == pytest.approx(1.5, abs=0.4)


def test_rotation_keeps_the_ink_and_turns_by_what_was_asked() -> None:
    bar = torch.zeros(400, 1, 28, 28)
    bar[:, :, 4:24, 13:15] = 1
    turned = vary(bar, rotation=20.0)
    assert turned.sum((1, 2, 3)).mean() == pytest.approx(float(bar[0].sum()), rel=0.02)
    rows, columns = torch.meshgrid(torch.arange(28.0) - 13.5, torch.arange(28.0) - 13.5, indexing="ij")
    slope = (turned[:, 0] * rows * columns).sum((1, 2)) / (turned[:, 0] * rows**2).sum((1, 2))
    angle = torch.rad2deg(torch.atan(slope))
    assert 15 < angle.abs().max() <= 21
    assert angle.mean().abs() < 2


def test_bicubic_turning_goes_the_same_way_and_blurs_less(images) -> None:
    def roughness(batch):
        return (batch[..., 1:] - batch[..., :-1]).square().mean()

    smooth, sharp = (vary(images, rotation=20.0, interpolation=how) for how in ("bilinear", "bicubic"))
    assert (smooth - sharp).abs().mean() < 0.02
    assert roughness(smooth) < 0.9 * roughness(images)
    assert abs(roughness(sharp) - roughness(images)) < 0.6 * abs(roughness(smooth) - roughness(images))


def test_thickness_goes_both_ways_and_keeps_thin_strokes(images) -> None:
    ink = vary(images, thickness=1.0).sum((1, 2, 3)) / images.sum((1, 2, 3))
    assert ink.min() < 0.9
    assert ink.max() > 1.2
    assert ink.min() > 0.2


@pytest.mark.parametrize("name", bundled_names())
def test_what_recipes_ask_for_leaves_digits_on_the_page(images, name: str) -> None:
    how = Recipe.load(name).augmentation
    varied = augment(images, how, torch.Generator().manual_seed(0))
    assert torch.isfinite(varied).all()
    assert (varied.amax((1, 2, 3)) > 0.3).all()


def test_growing_and_shrinking_are_what_max_pooling_gives(images) -> None:
    assert torch.equal(grown(images), torch.nn.functional.max_pool2d(images, 3, 1, 1))
    assert torch.equal(shrunk(images), -torch.nn.functional.max_pool2d(-images, 3, 1, 1))


def test_only_the_share_that_was_asked_for_is_disturbed(images) -> None:
    many = images.repeat(32, 1, 1, 1)
    varied = vary(many, disturbance=0.3, grain=0.4, inversion=1.0, outline=1.0)
    touched = (varied != many).flatten(1).any(1).double().mean()
    assert 0.2 < touched < 0.31


def test_inversion_leaves_a_band_and_turns_the_rest(images) -> None:
    varied = vary(images, disturbance=1.0, inversion=1.0)
    same, turned = varied == images, varied == 1 - images
    assert (same | turned).all()
    assert 0.2 < same.double().mean() < 0.8


def test_an_outline_is_hollow() -> None:
    bar = torch.zeros(64, 1, 28, 28)
    bar[:, :, 4:24, 10:18] = 1
    hollow = vary(bar, disturbance=1.0, outline=1.0)
    assert hollow[:, :, 8:20, 12:16].max() == 0
    assert hollow.amax((1, 2, 3)).min() == 1


def test_disturbances_without_a_share_change_nothing(images) -> None:
    assert torch.equal(vary(images, grain=0.4, specks=0.3), images)
