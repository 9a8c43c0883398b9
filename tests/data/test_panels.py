"""Digits on panels: near by all stays as it was written, and something of another grey is around."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data import panels
from digitlab.data.pages import make_page
from digitlab.data.panels import on_panels
from digitlab.data.sheets import Placed

PAPER = np.full((300, 500, 3), 210, np.uint8)
BOXES = [(60, 50, 80, 90), (100, 50, 125, 90), (60, 180, 85, 225)]  # two in a line and one below


def placed(number: int) -> Placed:
    left, top, right, bottom = BOXES[number]
    return Placed(number, np.full((bottom - top, right - left), 255, np.uint8), left, top, int(number == 2), 0)


def written() -> tuple[np.ndarray, list[Placed]]:
    """A page with three digits and a word, all of them black."""
    page = PAPER.copy()
    for left, top, right, bottom in (*BOXES, (300, 240, 400, 280)):
        page[top:bottom, left:right] = 20
    return page, [*map(placed, range(3)), Placed(None, np.full((40, 100), 255, np.uint8), 300, 240, 1, 0)]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), negative=st.booleans())
def test_digits_stay_with_some_paper_around_and_what_is_far_from_them_is_covered(seed: int, negative: bool) -> None:
    page, pieces = written()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(panels, "NEGATIVE", float(negative))
        shown = on_panels(np.random.default_rng(seed), page, pieces)
    shown = 255 - shown if negative else shown
    for left, top, right, bottom in BOXES:
        near = np.s_[top - 2 : bottom + 2, left - 2 : right + 2]
        np.testing.assert_array_equal(shown[near], page[near])
    far = shown[250:, 450:].astype(float)
    assert abs(far.mean() - 210) > panels.CONTRAST - 30  # its colour is a little off its grey
    np.testing.assert_allclose(shown[240:280, 300:400].mean(), far.mean(), atol=12)  # the word is gone


def test_there_are_panels_for_each_digit_for_each_line_and_for_all(monkeypatch) -> None:
    monkeypatch.setattr(panels, "NEGATIVE", 0.0)
    ways = set()
    for seed in range(60):
        shown = on_panels(np.random.default_rng(seed), written()[0], written()[1])
        paper = np.abs(shown.astype(int) - 210).max(axis=2) == 0
        between_digits, between_lines = paper[70, 90], paper[135, 70]
        ways.add((bool(between_digits), bool(between_lines)))
    assert {(False, False), (True, False), (True, True)} <= ways


def test_a_page_without_digits_stays_as_it_is() -> None:
    page, pieces = written()
    assert on_panels(np.random.default_rng(0), page, pieces[3:]) is page


def test_a_page_says_whether_its_digits_are_on_panels_and_has_the_same_ones() -> None:
    for seed in (3, 4):
        plain, on = make_page(seed, kind="rows"), make_page(seed, kind="rows", around="panels")
        assert "around" not in plain.facts
        assert on.facts["around"] == "panels"
        assert on.rows == plain.rows
        assert on.image.shape == plain.image.shape
        assert not np.array_equal(on.image, plain.image)
