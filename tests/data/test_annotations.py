"""Rings, boxes and lines that people draw around digits: they are no digits, and leave these as they were."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data import annotations
from digitlab.data.annotations import annotate, box, line_under, ring
from digitlab.data.forms import LAYOUTS
from digitlab.data.pages import make_page
from digitlab.data.sheets import Sheet
from digitlab.errors import UsageError


def filled(seed: int) -> Sheet:
    sheet = Sheet(np.random.default_rng(seed), None, 500, 800)
    LAYOUTS["rows"][1](sheet)
    return sheet


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), width=st.floats(20, 300), height=st.floats(20, 300), pen=st.floats(1.2, 12))
def test_a_ring_and_a_box_go_around_what_they_are_drawn_for(seed: int, width: float, height: float, pen: float) -> None:
    for draw in (ring, box):
        ink = draw(np.random.default_rng(seed), width, height, pen)
        assert ink.dtype == np.uint8
        assert ink.shape[1] == pytest.approx(width, rel=0.8, abs=2 * pen + 6)
        assert ink.shape[0] == pytest.approx(height, rel=0.8, abs=2 * pen + 6)
        middle = len(ink) // 2, ink.shape[1] // 2
        if min(width, height) > 8 * pen:
            assert ink[middle] == 0
            column, row = ink[:, middle[1]], ink[middle[0]]
            sides = (column[: middle[0]], column[middle[0] :], row[: middle[1]], row[middle[1] :])
            assert sum(side.max() > 100 for side in sides) >= 3  # a ring may stay open somewhere


def test_a_line_is_far_broader_than_high() -> None:
    for seed in range(30):
        ink = line_under(np.random.default_rng(seed), 200, 4)
        assert ink.shape[1] == pytest.approx(200, abs=12)
        assert len(ink) < 70
        assert (ink.max(axis=0) > 100).mean() > 0.95


@pytest.mark.parametrize("way", ["RINGED", "BOXED", None])
def test_marks_are_no_digits_and_cross_none(monkeypatch, way: str | None) -> None:
    for name in ("RINGED", "BOXED"):
        monkeypatch.setattr(annotations, name, float(name == way))
    marks = 0
    for seed in range(8):
        sheet = filled(seed)
        before, written = list(sheet.pieces), sheet.ink.copy()
        annotate(sheet)
        assert sheet.pieces[: len(before)] == before
        added = sheet.pieces[len(before) :]
        marks += len(added)
        for piece in added:
            assert piece.label is None
            own = piece.ink > 60
            where = np.s_[piece.top : piece.top + len(own), piece.left : piece.left + own.shape[1]]
            assert (own & (written[where] > 60)).sum() <= 0.01 * own.sum()
    assert marks > 10


def test_pages_with_marks_have_the_same_digits() -> None:
    for seed in (1, 2):
        plain, marked = make_page(seed, kind="rows"), make_page(seed, kind="rows", around="marks")
        assert marked.rows == plain.rows
        assert marked.facts["around"] == "marks"


def test_what_cannot_be_around_digits_is_told() -> None:
    with pytest.raises(UsageError, match='no "flowers" around them; take one of panels, marks'):
        make_page(0, around="flowers")
