"""Pages of dates, prices and telephone numbers: their digits are digits, and what stands between them is none."""

import numpy as np
import pytest

from digitlab.data import figures, printed
from digitlab.data.sheets import Sheet
from digitlab.data.strokes import draw
from digitlab.data.writers import MARKS as SIZES


def sheet(seed: int = 0) -> Sheet:
    return Sheet(np.random.default_rng(seed), None, 500, 900)


def row(monkeypatch, form: str, print_it: bool, seed: int = 3) -> Sheet:
    """A sheet with one kind of figure, and no words."""
    monkeypatch.setattr(figures, "FORMS", (form,))
    monkeypatch.setattr(figures, "PRINTED", float(print_it))
    monkeypatch.setattr(figures, "WORDS", 0.0)
    filled = sheet(seed)
    figures.figures(filled)
    return filled


def test_the_pen_knows_every_sign_that_figures_have() -> None:
    signs = set("".join(figures.FORMS)) - set("d ")
    assert signs == set(figures.MARKS)
    for name in figures.MARKS.values():
        assert name in SIZES
        assert name == "point" or draw("minus" if name == "dash" else name, np.random.default_rng(0), 30).any()


@pytest.mark.parametrize("print_it", [True, False])
@pytest.mark.parametrize("form", ["dd/dd/dddd", "$d,ddd.dd", "(ddd) ddd-dddd", "dd%"])
def test_digits_are_labelled_and_signs_are_not_in_the_order_of_the_form(monkeypatch, form: str, print_it: bool) -> None:
    filled = row(monkeypatch, form, print_it)
    signs = form.replace(" ", "")
    for line in range(filled.lines):
        # What is written by hand says of digits alone in which line they stand.
        digits = [piece for piece in filled.pieces if piece.line == line and piece.label is not None]
        assert len(digits) <= form.count("d")
        if not print_it:
            continue
        pieces = [piece for piece in filled.pieces if piece.line == line]
        assert [piece.label is not None for piece in pieces] == [sign == "d" for sign in signs[: len(pieces)]]
        assert [piece.left for piece in pieces] == sorted(piece.left for piece in pieces)
    labelled = sum(piece.label is not None for piece in filled.pieces)
    assert 0 < labelled < len(filled.pieces)


def test_words_before_a_figure_are_no_digits() -> None:
    for letters in (figures._word(np.random.default_rng(seed)) for seed in range(50)):
        assert "d" not in letters
        assert not any(sign.isdigit() for sign in letters)


@pytest.mark.parametrize("height", [16, 60, 200])
def test_type_is_set_as_a_font_sets_it(height: int) -> None:
    font = printed.face(np.random.default_rng(0))
    glyphs = printed.typeset("10 g.", font, height)
    assert [glyph.sign for glyph in glyphs] == ["1", "0", "g", "."]
    one, nought, letter, point = glyphs
    for digit in (one, nought):
        assert digit.ink.shape[0] == pytest.approx(height, rel=0.1, abs=2)
        assert digit.top + digit.ink.shape[0] == pytest.approx(0, abs=0.05 * height + 1)  # they stand on the foot
    assert letter.top + letter.ink.shape[0] > 0.1 * height  # and a g hangs below it
    assert point.ink.shape[0] < 0.4 * height
    rights = [glyph.left + glyph.ink.shape[1] for glyph in glyphs]
    assert all(right <= after.left + 1 for right, after in zip(rights, glyphs[1:], strict=False))
    assert letter.left - rights[1] > 0.15 * height  # the gap
