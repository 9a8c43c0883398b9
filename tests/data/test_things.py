"""Things that stand alone, and pictures of just one."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data import things
from digitlab.data.digits import NO_DIGIT, PART, SEVERAL
from digitlab.data.doodles import outline
from digitlab.data.things import CONTRAST, GRAIN, LARGEST, SHEET, STEEPEST, larger, one_thing, picture_of, tilted

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_a_thing_is_ink_without_a_margin_and_comes_again_by_its_seed(seed: int) -> None:
    ink, label = one_thing(np.random.default_rng(seed), None)
    assert ink.dtype == np.uint8
    assert 0 <= label <= max(NO_DIGIT, SEVERAL, PART)
    for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]):
        assert edge.any()
    again, same = one_thing(np.random.default_rng(seed), None)
    assert same == label
    np.testing.assert_array_equal(again, ink)


def test_about_half_of_all_things_are_digits_of_every_kind() -> None:
    labels = np.array([one_thing(np.random.default_rng(seed), None)[1] for seed in range(300)])
    assert 0.4 < (labels < NO_DIGIT).mean() < 0.6
    assert set(range(10)) <= set(labels.tolist())
    assert {NO_DIGIT, SEVERAL, PART} <= set(labels.tolist())


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS)
def test_a_picture_shows_the_ink_where_it_says_and_paper_everywhere_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = one_thing(rng, None)[0]
    enlarged = larger(drawn, rng)
    assert max(drawn.shape) <= max(enlarged.shape) <= max(LARGEST + 1, *drawn.shape)
    ink = tilted(enlarged, rng)
    picture, (left, top) = picture_of(ink, rng)
    paper = np.median(np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]))
    within = picture[top : top + ink.shape[0], left : left + ink.shape[1]]
    assert within.shape == ink.shape
    # As ink grows fuller, the picture moves away from the paper.
    full = np.abs(within[ink > 250].astype(float) - paper).mean() if (ink > 250).any() else CONTRAST
    assert full > CONTRAST - 4 * GRAIN
    outside = np.ones(picture.shape, bool)
    outside[top : top + ink.shape[0], left : left + ink.shape[1]] = False
    assert np.abs(picture[outside].astype(float) - paper).mean() < 2 * GRAIN


def test_some_things_stand_small_anywhere_on_a_large_sheet_and_most_have_little_around(monkeypatch) -> None:
    ink = np.full((40, 30), 255, np.uint8)
    shown = [picture_of(ink, np.random.default_rng(seed)) for seed in range(200)]
    small = [max(picture.shape) > 5 * max(ink.shape) for picture, _ in shown]
    assert 0.1 < np.mean(small) < 0.4
    assert max(max(picture.shape) for picture, _ in shown) <= SHEET + 2
    monkeypatch.setattr(things, "SHEETS", 1.0)
    sheets = [picture_of(ink, np.random.default_rng(seed)) for seed in range(200)]
    # where the thing lies, as a share of the room it has, down and across
    down = [top / (picture.shape[0] - ink.shape[0]) for picture, (_, top) in sheets]
    across = [left / (picture.shape[1] - ink.shape[1]) for picture, (left, _) in sheets]
    for share in (down, across):
        assert min(share) < 0.1
        assert max(share) > 0.9


def test_a_tilted_bar_leans_either_way_and_no_farther_than_a_camera_is_held() -> None:
    bar = np.full((120, 12), 255, np.uint8)
    leans = []
    for seed in range(200):
        ink = tilted(bar, np.random.default_rng(seed))
        y, x = np.nonzero(ink > 128)
        leans.append(np.degrees(np.arctan(np.polyfit(y, x, 1)[0])))
        for edge in (ink[0], ink[-1], ink[:, 0], ink[:, -1]):
            assert edge.any()
    upright = np.mean(np.abs(leans) < 0.5)
    assert 0.5 < upright < 0.75
    assert min(leans) < -10
    assert max(leans) > 10
    assert np.abs(leans).max() < STEEPEST + 1


@pytest.mark.parametrize("side", [LARGEST, LARGEST + 200])
def test_what_is_large_already_stays_as_it_is(side: int) -> None:
    ink = np.full((side, 40), 255, np.uint8)
    for seed in range(5):
        assert larger(ink, np.random.default_rng(seed)).shape == ink.shape


def test_outlines_are_among_what_is_no_digit(monkeypatch) -> None:
    monkeypatch.setattr(things, "OUTLINED", 1.0)
    labels = {one_thing(np.random.default_rng(seed), None)[1] for seed in range(100)}
    assert NO_DIGIT in labels
    assert not labels & {PART, SEVERAL}  # what other things may be, and an outline never is


def test_the_outline_of_an_animal_encloses_paper_and_has_limbs() -> None:
    enclosed, filled = [], []
    for seed in range(60):
        ink = (np.pad(outline(np.random.default_rng(seed), 120), 2) > 100).astype(np.uint8)
        body = (cv2.connectedComponents(1 - ink, connectivity=4)[1] != 1).astype(np.uint8)
        enclosed.append(body.sum() / ink.sum())
        filled.append(body.sum() / cv2.contourArea(cv2.convexHull(cv2.findNonZero(body))))
    assert np.mean(np.array(enclosed) > 1.1) > 0.9  # it is no blot
    assert np.mean(np.array(filled) < 0.9) > 0.9  # and no ring, which is a 0
