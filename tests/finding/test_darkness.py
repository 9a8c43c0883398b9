"""The maps of darkness show strokes, dark or light, and neither light nor grain."""

import cv2
import numpy as np
import pytest

from digitlab.finding.darkness import FINER, SMALL_SIDE, closer, strongest_grey, views
from digitlab.finding.propose import candidates_of, components_of
from digitlab.finding.sizes import LEAST_SIDE, MOST_TIMES, NEAR_SIDE, enlarged


def near(picture: np.ndarray) -> list[np.ndarray]:
    return [view.darkness for view in views(picture) if view.scale == 1]


def alike(a: np.ndarray, b: np.ndarray) -> bool:
    return float(np.abs(a.astype(int) - b).max()) <= 8


def test_light_ink_on_dark_comes_out_like_dark_ink_on_light(row, on_paper) -> None:
    picture = on_paper(row("0123456789")[0])
    dark, light = near(picture), near(255 - picture)
    assert len(dark) == len(light) == 1
    assert alike(dark[0], light[0])
    assert alike(views(picture)[-1].darkness, views(255 - picture)[-1].darkness)


def test_ink_is_as_dark_as_its_share_of_the_papers_light(row, on_paper) -> None:
    ink, _ = row("0123456789")
    for light in (120, 200):
        darkness = near(on_paper(ink, 0.5 * light, light))[0]
        assert np.percentile(darkness[ink > 250], 75) == pytest.approx(127, abs=12)
        assert np.percentile(darkness[ink == 0], 95) <= 5


@pytest.mark.parametrize("light", [220, 206])  # as far from the paper as the dark ink is, and less far
def test_both_sides_are_looked_at_where_it_is_hard_to_say(light: int, row, on_paper) -> None:
    ink, _ = row("345678")
    picture = np.concatenate([on_paper(ink, 40, 130), on_paper(ink, light, 130)])
    half = len(ink)
    found = near(picture)
    assert len(found) == 2
    for part, inked in ((slice(0, half), ink), (slice(half, None), ink)):
        assert max(float(darkness[part][inked > 250].mean()) for darkness in found) > 60


def test_every_view_knows_its_scale_and_levels(row, on_paper) -> None:
    picture = on_paper(row("0123456789", height=60)[0])
    seen = views(picture)
    assert [view.far for view in seen] == [False, True]
    for view in seen:
        assert view.darkness.dtype == np.uint8
        np.testing.assert_allclose(np.array(view.darkness.shape) * view.scale, picture.shape, rtol=0.02)
        assert list(view.levels) == sorted(set(view.levels))
        assert 0 < view.levels[0] < view.levels[-1] < 255


@pytest.mark.parametrize(
    ("side", "becomes"),
    [(30, 30 * MOST_TIMES), (200, LEAST_SIDE), (LEAST_SIDE - 20, LEAST_SIDE - 20), (1200, 1200)],
)
def test_a_small_picture_is_enlarged(side: int, becomes: float) -> None:
    ramp = np.tile(np.linspace(40, 220, side, dtype=np.uint8), (20, 1))
    found = enlarged(ramp)
    assert found.shape[1] == becomes
    assert found.shape[0] == pytest.approx(20 * becomes / side, abs=0.5)
    assert np.abs(found[0, :: max(1, round(becomes / side))][:side].astype(int) - ramp[0]).max() <= 4


def test_boxes_of_an_enlarged_picture_are_in_its_own_pixels(row, on_paper, overlap) -> None:
    ink, boxes = row("01234", height=14)
    found = components_of(on_paper(ink))
    assert {piece.scale for piece in found.candidates if not piece.far} == {1 / MOST_TIMES}
    for box in boxes:
        assert max(overlap(piece.box, box) for piece in found.candidates) > 0.7


@pytest.mark.parametrize("light", [False, True])
def test_the_closer_view_of_a_small_picture_enlarges_it(light: bool, row, on_paper) -> None:
    picture = on_paper(row("01234", height=14)[0])
    picture = 255 - picture if light else picture
    (fine,) = closer(picture, views(picture)[:-1])
    assert np.array_equal(np.array(fine.darkness.shape) * fine.scale, picture.shape)
    assert (fine.light, fine.far, fine.finer) == (light, False, FINER)


def test_the_closer_view_of_a_middling_picture_would_show_nothing_new(row, on_paper) -> None:
    picture = on_paper(row("01234", height=14, margin=SMALL_SIDE // 2)[0])
    assert closer(picture, views(picture)[:-1]) == []


def test_the_closer_view_of_a_large_picture_has_all_its_pixels(row, on_paper) -> None:
    picture = on_paper(row("01234", height=30, margin=NEAR_SIDE)[0])
    found = components_of(picture)
    (near,) = (view for view in {id(layer.view): layer.view for layer in found.layers}.values() if not view.far)
    (fine,) = found.look(None)
    assert max(near.darkness.shape) == NEAR_SIDE
    assert fine.darkness.shape == picture.shape
    assert fine.scale == pytest.approx(1)
    assert fine.finer == pytest.approx(near.scale)


@pytest.mark.parametrize(("height", "small"), [(14, True), (30, True), (120, False)])
def test_only_small_ink_is_worth_a_closer_look(height: int, small: bool, row, on_paper) -> None:
    picture = on_paper(row("01234", height=height, margin=LEAST_SIDE // 2)[0])
    assert components_of(picture).small().any() == small


def test_coloured_ink_of_the_papers_own_brightness_shows(row) -> None:
    ink, _ = row("0123456789")
    paper, pen = np.array([80, 160, 80]), np.array([225, 83, 90])  # green, red: luminance is the same
    picture = np.rint(paper + ink[..., None] / 255 * (pen - paper)).astype(np.uint8)
    grey = np.rint(picture @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    with_colours = next(view.darkness for view in views(strongest_grey(grey, picture)))
    assert with_colours[ink > 250].mean() > 40
    assert near(grey)[0][ink > 250].mean() < 20


X = np.linspace(-1, 1, 600)[None]
Y = np.linspace(-1, 1, 400)[:, None]
LIGHTS = {
    "even": np.ones((400, 600)),
    "gradient": 0.8 + 0.2 * X * np.ones_like(Y),
    "vignette": 1 - 0.25 * (X**2 + Y**2),
    "soft shadow": (1 - 0.4 / (1 + np.exp(-(X - 0.1) * 25))) * np.ones_like(Y),
    "edge of a shadow": np.where(X + 0.05 * Y > 0.1, 0.6, 1.0),
}


@pytest.mark.parametrize("light", [False, True])
def test_the_rim_of_what_is_broader_than_a_stroke_is_no_ink(light: bool) -> None:
    """A fat letter's hole is neither dark nor light writing, and its outline is no 0."""
    picture = np.full((600, 560), 245, np.uint8)
    cv2.ellipse(picture, (280, 300), (150, 220), 0, 0, 360, 15, 80, cv2.LINE_AA)
    picture = 255 - picture if light else picture
    for view in views(picture):
        if not view.far:
            assert (view.darkness > 60).mean() < 0.001


@pytest.mark.parametrize("noise", [0, 3])
@pytest.mark.parametrize("light", LIGHTS)
def test_light_and_shadow_leave_no_ink(light: str, noise: float) -> None:
    grain = np.random.default_rng(0).normal(0, noise, (400, 600))
    picture = np.clip(np.rint(210 * LIGHTS[light] + grain), 0, 255).astype(np.uint8)
    found = [piece for piece in candidates_of(picture) if not piece.far]
    # The edge itself may leave a hairline, far too slender for a digit.
    assert [piece.box for piece in found if piece.height > 24 and piece.width > 0.3 * piece.height] == []


@pytest.mark.parametrize("light", LIGHTS)
def test_digits_are_found_in_any_light(light: str, row, on_paper, overlap) -> None:
    ink, boxes = row("2345678", margin=20)
    ink = np.pad(ink, ((160, 400 - 160 - ink.shape[0]), (80, 600 - 80 - ink.shape[1])))
    picture = np.rint(on_paper(ink, noise=2) * LIGHTS[light]).astype(np.uint8)
    found = candidates_of(picture)
    for left, top, right, bottom in boxes:
        digit = (left + 80, top + 160, right + 80, bottom + 160)
        assert max(overlap(piece.box, digit) for piece in found) > 0.7


@pytest.mark.parametrize("noise", [2, 6, 12])
def test_a_blank_noisy_page_has_nothing_large_and_dark(noise: float) -> None:
    paper = np.random.default_rng(2).normal(200, noise, (500, 700))
    found = candidates_of(np.clip(np.rint(paper), 0, 255).astype(np.uint8))
    assert [piece.box for piece in found if piece.height > 30 and piece.dark > 40] == []


@pytest.mark.parametrize("noise", [3, 6, 10])
def test_grain_does_not_hide_a_faint_digit(noise: float, row, on_paper, overlap) -> None:
    ink, boxes = row("58", margin=120, seed=3)
    found = candidates_of(on_paper(ink, 165, 200, noise))
    for box in boxes:
        assert max(overlap(piece.box, box) for piece in found) > 0.7


def test_levels_that_show_more_grain_than_a_page_has_room_for_digits_are_left_out(row, on_paper) -> None:
    ink = np.zeros((600, 600), np.uint8)
    text, _ = row("0123456789", height=36, gap=10, margin=4)
    ink[280 : 280 + text.shape[0], 40 : 40 + text.shape[1]] = text
    grain = np.random.default_rng(0).random(ink.shape) < 0.03
    plain, grainy = on_paper(ink), on_paper(ink)
    grainy[grain] = 190
    levels = [next(view for view in views(picture) if not view.far).levels for picture in (plain, grainy)]
    assert levels[1][0] > levels[0][0]
    assert levels[1][0] < 120  # the digits are far darker


def test_a_low_picture_full_of_writing_is_not_taken_for_grain() -> None:
    picture = np.full((157, 68), 215, np.uint8)
    for top in (0, 64, 128):  # in the very rows that would be looked at of a taller one
        for left in range(4, 60, 11):
            for y in range(top + 1, top + 15, 4):
                cv2.line(picture, (left, y), (left + 3, y + 1), 185, 1)
    lowest = min(view.levels[0] for view in views(picture) if not view.far and not view.light)
    assert lowest < 30  # nearly as dark as the strokes are


def test_a_picture_with_more_writing_than_room_for_digits_keeps_its_low_levels() -> None:
    picture = np.full((600, 600), 215, np.uint8)
    for top in range(4, 590, 8):
        for left in range(4, 590, 8):
            cv2.line(picture, (left, top), (left + 3, top + 3), 150, 1)
    lowest = min(view.levels[0] for view in views(picture) if not view.far and not view.light)
    assert lowest < 20


def test_faint_ink_on_a_sheet_on_a_dark_desk_is_looked_for(row) -> None:
    """A strip of the sheet in brighter light is a light stroke, and a stronger one than the writing."""
    desk = np.full((370, 580), 20, np.uint8)
    cv2.fillPoly(desk, [np.array([(30, 60), (523, 3), (552, 330), (90, 345)])], 150, cv2.LINE_AA)
    cv2.fillPoly(desk, [np.array([(509, 5), (523, 3), (552, 330), (538, 331)])], 190, cv2.LINE_AA)  # glare
    ink, _ = row("9009", 24, margin=4)
    desk[120 : 120 + ink.shape[0], 130 : 130 + ink.shape[1]] -= (ink // 4).astype(np.uint8)
    dark = [view for view in views(desk) if not view.far and not view.light]
    assert len(dark) == 1
    shown = dark[0].darkness[120 : 120 + ink.shape[0], 130 : 130 + ink.shape[1]]
    assert shown[ink > 250].mean() > 40 > 4 * shown[ink == 0].mean()
