"""Where lines are most of what is on a page, digits on it are found all the same, and the lines are not."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from digitlab.data import ruled
from digitlab.data.pages import Page
from digitlab.finding.darkness import FAINTEST, falling, rising, views
from digitlab.finding.nets import RAISED, bare
from digitlab.finding.propose import components_of


@pytest.fixture
def netted(on_paper, squared):
    """Lay ink on small squares, as a camera sees them from afar: a grey picture (H, W) uint8."""

    def lay(ink: np.ndarray, pitch: int = 9, thick: int = 2, level: int = 120) -> np.ndarray:
        return cv2.GaussianBlur(squared(on_paper(ink, dark=30), pitch, thick, level), (3, 3), 0.8)

    return lay


def near(picture: np.ndarray):
    (view,) = (view for view in views(picture) if not view.far and not view.light)
    return view


@pytest.mark.parametrize(("pitch", "thick", "level"), [(9, 2, 120), (10, 3, 150)])
def test_most_digits_are_found_on_small_squares(row, netted, overlap, pitch: int, thick: int, level: int) -> None:
    best, raised = [], 0
    for seed in range(4):
        ink, boxes = row("2384756019", 30, 14, seed=seed)
        picture = netted(np.pad(ink, ((20, 80), (0, 0))), pitch, thick, level)
        raised += near(picture).levels[0] > RAISED
        found = components_of(picture)
        pieces = found.candidates + found.closer().candidates
        for left, top, right, bottom in boxes:
            best.append(max((overlap(piece.box, (left, top + 20, right, bottom + 20)) for piece in pieces), default=0))
    assert raised == 4  # else the page shows nothing that others do not
    assert np.mean(np.array(best) > 0.6) > 0.8


def test_of_small_squares_alone_nothing_is_left(netted) -> None:
    picture = netted(np.zeros((200, 300), np.uint8))
    assert near(picture).levels[0] > RAISED
    found = components_of(picture)
    assert not [piece for piece in found.candidates if not piece.far and piece.height > 12]


def test_levels_are_low_again_where_the_net_is_gone(row, netted) -> None:
    view = near(netted(np.pad(row("407", 30, 14)[0], ((20, 80), (0, 90)))))
    left = bare(view, view.darkness)
    assert left.levels[0] < RAISED / 2
    assert left.ruled is not None


def test_what_raises_levels_and_is_no_net_stays(row) -> None:
    ink, _ = row("90", 60)
    grain = np.random.default_rng(0).normal(200, 25, ink.shape).clip(0, 255).astype(np.uint8)
    view = near(cv2.min(cv2.blur(grain, (2, 2)), ~ink))
    assert bare(view, view.darkness) is view


def test_where_dark_lines_are_gone_a_paler_pen_is_looked_for(row, on_paper, squared) -> None:
    ink = np.pad(row("2384756019", 46, 16)[0], ((120, 200), (0, 0)))
    dark, pale = (near(squared(on_paper(ink, dark=40, noise=1), 61, 3, level)) for level in (60, 205))
    levels = rising(29.0)
    left = bare(replace(dark, levels=levels), dark.darkness)
    assert left.levels[-len(levels) :] == levels  # what was looked for is looked for still
    assert FAINTEST <= left.levels[0] < 0.6 * levels[0]
    assert bare(replace(pale, levels=levels), pale.darkness).levels == levels  # of these lines rules know, not the map


def test_maps_of_the_pen_learn_most_of_nets_and_least_of_pale_lines(row, netted, on_paper, squared) -> None:
    ink = np.pad(row("2384756019", 46, 16)[0], ((120, 200), (0, 0)))
    small = np.pad(row("2384756019", 30, 14)[0], ((20, 80), (0, 0)))
    dark, pale = (squared(on_paper(ink, dark=40, noise=1), 61, 3, level) for level in (60, 205))
    counts = []
    for picture, pen in ((netted(small), small), (dark, ink), (pale, ink)):
        page = Page(np.dstack([picture] * 3), (pen > 127).astype(np.uint16), (), (), {})
        crops = list(ruled.crops_of(page, np.random.default_rng(0)))
        assert all(crop[..., -1].any() for crop in crops)
        counts.append(len(crops))
    assert counts == [ruled.OF_NETS, ruled.CROPS, ruled.ELSE]


def test_levels_fall_by_the_factor_by_which_they_rise() -> None:
    levels = rising(9.0)
    np.testing.assert_allclose(falling(levels[2:], 8.9), levels)
    assert falling(levels[2:], levels[1] + 0.1) == levels[2:]


def test_levels_rise_by_the_same_factor_and_never_run_out() -> None:
    assert rising(250.0) == (250.0,)
    levels = np.array(rising(9.0))
    np.testing.assert_allclose(levels[1:] / levels[:-1], levels[1] / levels[0])
    assert levels[-1] < 190
