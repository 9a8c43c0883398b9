"""Digits of segments and of dots: each is unlike the others, whole, and in its place."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data import figures
from digitlab.data.displays import FAINT, SEGMENTS, Display
from digitlab.data.sheets import Sheet

PLAIN = Display(False, 0.5, 0.2, 0.1, 0.3, 0.0, False, 0, False)


def pieces_of(ink: np.ndarray) -> int:
    return cv2.connectedComponents((ink > 100).astype(np.uint8), connectivity=8)[0] - 1


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), height=st.integers(30, 200))
def test_a_displays_digits_are_all_different_and_of_one_size(seed: int, height: int) -> None:
    display = Display.random(np.random.default_rng(seed))
    cells = [display.cell(label, height) for label in range(10)]
    assert len({cell.shape for cell in cells}) == 1
    assert cells[0].shape[0] == pytest.approx(1.3 * height, rel=0.3)
    lit = np.array([cell > FAINT for cell in cells])
    for one in range(10):
        for other in range(one):
            unlike = np.logical_xor(lit[one], lit[other]).sum() / np.logical_or(lit[one], lit[other]).sum()
            assert unlike > 0.04, (one, other)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), label=st.integers(0, 9), height=st.integers(10, 200))
def test_a_digits_lit_parts_are_cropped_and_about_as_high_as_asked_for(seed: int, label: int, height: int) -> None:
    ink = Display.random(np.random.default_rng(seed)).digit(label, height)
    assert ink.dtype == np.uint8
    assert height * 0.8 - 3 <= len(ink) <= height * 1.3 + 3
    assert min(ink[0].max(), ink[-1].max(), ink[:, 0].max(), ink[:, -1].max()) > FAINT


@pytest.mark.parametrize("label", range(10))
def test_segments_stand_apart_where_there_are_gaps(label: int) -> None:
    assert pieces_of(PLAIN.cell(label, 120)) == len(SEGMENTS[label])
    assert pieces_of(replace(PLAIN, gap=0.0, round=True, part=0.12).cell(label, 120)) <= len(SEGMENTS[label])


def test_dots_stand_apart_if_they_are_small_and_hang_together_if_they_are_large() -> None:
    small, large = (Display(True, 0.6, 0.2, part, 0.0, 0.0, True, 0, False) for part in (0.7, 1.5))
    assert pieces_of(small.cell(7, 160)) == 11
    assert pieces_of(large.cell(7, 160)) == 1


def test_what_is_not_lit_is_faint_and_a_1_stands_at_the_right_of_its_cell() -> None:
    one = replace(PLAIN, unlit=30).cell(1, 100)
    left, right = one[:, : one.shape[1] // 2], one[:, one.shape[1] // 2 :]
    assert left.max() == 30
    assert right.max() == 255


def test_other_forms_of_a_digit_have_a_part_more_or_less() -> None:
    for label, change in ((6, -1), (9, -1), (7, 1)):
        assert pieces_of(replace(PLAIN, also=True).cell(label, 120)) == len(SEGMENTS[label]) + change


def test_a_line_stands_on_its_foot_from_left_to_right() -> None:
    glyphs = PLAIN.glyphs("10:2.8-", 100)
    assert "".join(glyph.sign for glyph in glyphs) == "10::2.8-"
    assert [glyph.left for glyph in glyphs] == sorted(glyph.left for glyph in glyphs)
    for glyph in glyphs:
        foot = glyph.top + np.flatnonzero(glyph.ink.max(axis=1) > FAINT)[-1] + 1
        if glyph.sign.isdigit():
            assert foot == pytest.approx(0, abs=8)
        if glyph.sign == ".":
            assert foot == 0


def test_displays_show_digits_in_the_order_of_their_lines() -> None:
    for seed in range(5):
        sheet = Sheet(np.random.default_rng(seed), None, 400, 700)
        figures.displays(sheet)
        assert any(piece.label is not None for piece in sheet.pieces)
        for line in range(sheet.lines):
            lefts = [piece.left for piece in sheet.pieces if piece.line == line]
            assert lefts == sorted(lefts)


def test_a_display_is_asked_for_no_sign_that_it_has_not() -> None:
    assert len(figures.SHOWN) > 10
    assert set("".join(figures.SHOWN)) <= set("d.:- ")
