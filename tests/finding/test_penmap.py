"""On ruled pages what the pen wrote stays whole, though lines cross it that are as dark; and the lines go."""

import numpy as np
import pytest

from digitlab.finding.darkness import View, views
from digitlab.finding.penmap import CHANNELS, in_doubt, seen, without_lines
from digitlab.finding.propose import components_of
from digitlab.finding.rulings import without_rulings


@pytest.mark.parametrize("level", [60, 110, 160])
@pytest.mark.parametrize("pitch", [33, 61])
def test_most_digits_on_squared_paper_stay_whole(row, on_paper, squared, overlap, pitch: int, level: int) -> None:
    best = []
    for seed in range(4):
        ink, boxes = row("2384756019", 46, 16, seed=seed)
        canvas = np.zeros((400, ink.shape[1]), np.uint8)
        canvas[120 : 120 + len(ink)] = ink
        found = components_of(squared(on_paper(canvas, noise=2), pitch, 3, level)).candidates
        places = [(left, top + 120, right, bottom + 120) for left, top, right, bottom in boxes]
        best += [max(overlap(piece.box, box) for piece in found) for box in places]
    assert np.mean(np.array(best) > 0.6) > 0.7


def test_of_bare_squared_paper_nothing_is_left(on_paper, squared) -> None:
    found = components_of(squared(on_paper(np.zeros((400, 600), np.uint8), noise=2), 40, 3, 80))
    assert len([piece for piece in found.candidates if not piece.far and piece.height > 20]) <= 2


@pytest.mark.parametrize(("level", "asked"), [(60, True), (140, True), (205, False)])
def test_only_lines_that_are_nearly_as_dark_as_the_pen_are_in_doubt(
    row, on_paper, squared, level: int, asked: bool
) -> None:
    ink, _ = row("2384756019", 46, 16)
    canvas = np.zeros((400, ink.shape[1]), np.uint8)
    canvas[120 : 120 + len(ink)] = ink
    (view,) = (view for view in views(squared(on_paper(canvas, dark=40, noise=1), 61, 3, level)) if not view.far)
    bare = without_rulings(view)
    assert bare.ruled is not None
    assert in_doubt(bare, view) == asked
    assert not in_doubt(view, view)  # where no lines were found


@pytest.mark.parametrize("shape", [(64, 48), (97, 131)])
def test_a_view_keeps_its_size_and_nothing_becomes_darker(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    view = View(rng.integers(0, 255, shape, np.uint8), (20.0, 80.0), 2.0, False)
    bare = View(view.darkness, view.levels, 2.0, False, ruled=np.ones(shape, np.uint8), ruling=3.0)
    found = without_lines(bare, view, rng.integers(0, 255, (*shape, 3), np.uint8))
    assert found.darkness.shape == found.ruled.shape == shape
    assert (found.darkness <= view.darkness).all()
    assert (found.ruling, found.scale, found.levels) == (3.0, 2.0, view.levels)
    assert set(np.unique(found.ruled)) <= {0, 1}
    np.testing.assert_array_equal(found.lines, bare.ruled)  # what is kept of them may be no digit after all


def test_light_ink_is_seen_as_dark_ink_is() -> None:
    rng = np.random.default_rng(1)
    darkness, colours = rng.integers(0, 255, (40, 50), np.uint8), rng.integers(0, 255, (40, 50, 3), np.uint8)
    dark = seen(View(darkness, (20.0,), 1.0, False), colours)
    light = seen(View(darkness, (20.0,), 1.0, False, light=True), ~colours)
    assert dark.shape == (40, 50, CHANNELS)
    np.testing.assert_array_equal(dark, light)


def test_grey_pictures_have_no_colour() -> None:
    grey = np.random.default_rng(2).integers(0, 255, (40, 50), np.uint8)
    shown = seen(View(grey, (20.0,), 1.0, False), grey)
    np.testing.assert_array_equal(shown[..., 1], shown[..., 3])
