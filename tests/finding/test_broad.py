"""A digit that fills its picture is found under a shadow, in a frame, on a sheet on a dark desk, and on a panel."""

import cv2
import numpy as np
import pytest

from digitlab.finding import broad
from digitlab.finding.broad import broad_views
from digitlab.finding.panels import has_panels
from digitlab.finding.propose import Proposals, components_of


@pytest.fixture
def bold(row, on_paper):
    """A 5 in strokes far broader than a pen's on a page, on light paper: the picture, (H, W) uint8, and its box."""
    ink, ((left, top, right, bottom),) = row("5", height=100, margin=30)
    ink = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15)))
    return on_paper(ink, dark=90), (left - 7, top - 7, right + 7, bottom + 7)


def shaded(picture: np.ndarray, slant: float) -> np.ndarray:
    """Let a shadow with a sharp edge fall on half of a picture."""
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    return np.where(x + slant * y > 0.5 * (picture.shape[1] + slant * picture.shape[0]), 0.6, 1.0) * picture


def best(found: Proposals, box, overlap, light: bool = False) -> float:
    return max((overlap(one.box, box) for one in found.candidates if one.view.light == light), default=0.0)


@pytest.mark.parametrize("slant", [-0.5, 0.0, 0.8])
@pytest.mark.parametrize("light", [False, True])
def test_a_shadow_across_a_bold_digit_does_not_hide_it(bold, overlap, slant: float, light: bool) -> None:
    picture, box = bold
    seen = shaded(255 - picture if light else picture, slant).astype(np.uint8)
    assert best(components_of(seen).broader(), box, overlap, light) > 0.85


@pytest.mark.parametrize("around", [4, 12, 40])
def test_a_dark_frame_does_not_make_dark_ink_light(bold, overlap, around: int) -> None:
    picture, box = bold
    framed = cv2.copyMakeBorder(picture, around, around, around, around, cv2.BORDER_CONSTANT, value=40)
    again = components_of(framed).broader()
    assert best(again, tuple(side + around for side in box), overlap) > 0.85


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize("around", [20, 60, 120])
@pytest.mark.parametrize("degrees", [0, 7])
def test_a_digit_on_a_panel_is_found(bold, overlap, around: int, degrees: float, light: bool) -> None:
    picture, box = bold
    panel = cv2.copyMakeBorder(255 - picture, around, around, around, around, cv2.BORDER_CONSTANT, value=245)
    middle = (panel.shape[1] / 2, panel.shape[0] / 2)
    turned = cv2.warpAffine(panel, cv2.getRotationMatrix2D(middle, degrees, 1), panel.shape[::-1], borderValue=245)
    again = components_of(255 - turned if light else turned).broader()
    found = best(again, tuple(side + around for side in box), overlap, not light)
    assert found > (0.85 if not degrees else 0.7)


def test_a_digit_is_no_panel(row) -> None:
    for text in "0168":
        ink, _ = row(text, height=100, margin=30)
        ink = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15)))
        assert not has_panels(255 - ink, light=False)


def test_what_surrounds_a_sheet_is_no_zero(bold) -> None:
    for around in (5, 30, 60):
        framed = cv2.copyMakeBorder(bold[0], around, around, around, around, cv2.BORDER_CONSTANT, value=40)
        for view in broad_views(framed):
            border = np.concatenate([view.darkness[0], view.darkness[-1], view.darkness[:, 0], view.darkness[:, -1]])
            assert (border > view.levels[0]).mean() < broad.AROUND


def test_a_digit_that_touches_every_side_stays(row, on_paper) -> None:
    ink, ((left, top, right, bottom),) = row("0", height=100, margin=30)
    views = broad_views(on_paper(ink[top:bottom, left:right]))
    assert any(not view.light and (view.darkness > view.levels[0]).any() for view in views)


def test_one_colour_of_ink_is_looked_for_where_it_is_plain_which_it_is(bold) -> None:
    assert [view.light for view in broad_views(bold[0])] == [False]
    assert [view.light for view in broad_views(255 - bold[0])] == [True]


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (60, 2), (7, 500), (500, 9)])
def test_pictures_of_any_shape_are_looked_at(shape) -> None:
    picture = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    for view in broad_views(picture):
        assert view.darkness.dtype == np.uint8
        assert view.darkness.ndim == 2
