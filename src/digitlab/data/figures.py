"""Pages of figures as people write, print and show them: dates, times, prices, telephone numbers, with signs between.

What stands between digits there looks like digits where it stands alone: a slash or a bracket like a 1, the sign of the
dollar like a 5. It is known by its company, so pages must show it in company.
"""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np

from digitlab.data.displays import Display
from digitlab.data.layouts import fitting
from digitlab.data.printed import Glyph, face, typeset
from digitlab.data.sheets import Sheet

FORMS = (
    *("dd/dd/dddd", "d/d/dd", "dd/dd", "dd.dd.dddd", "d.d.dd", "dd-dd-dddd", "dddd-dd-dd", "d/d", "d d/d"),
    *("dd:dd", "d:dd", "dd:dd:dd", "dd-dd", "(d)", "(dd)", "[d]", "#ddd", "#d", "d)", "dd)", "d."),
    *("$d,ddd.dd", "$dd.dd", "$ddd", "$ d.dd", "€dd.dd", "dd,dd€", "ddd €", "d.ddd,dd €", "dd.dd", "d,ddd,ddd"),
    *("(ddd) ddd-dddd", "+dd ddd dddd", "+dd (ddd) dddd", "ddd/dddddd", "dd%", "dd.d%", "d %", "-dd", "-d.ddd"),
    *("d+d=dd", "dd+dd", "dxd=dd", "dd-d=d", "d.dddd", "+d.d", "dddd", "ddddd", "d!", "dd?", "dd*dd", "d&d", "dd;dd"),
)
"""How figures look: d is a digit, all else a sign or a gap."""

SHOWN = tuple(form for form in FORMS if set(form) <= set("d.:- "))
"""Those that a display can show."""

MARKS = {
    **{"/": "slash", ".": "point", ",": "comma", ":": "colon", ";": "semicolon", "-": "dash", "+": "plus"},
    **{"=": "equals", "x": "times", "*": "asterisk", "%": "percent", "$": "dollar", "€": "euro", "#": "hash"},
    **{"(": "parenleft", ")": "parenright", "[": "bracketleft", "]": "bracketright", "!": "exclam", "?": "question"},
    **{"&": "ampersand"},
}
"""Names of the signs in FORMS, as the pen knows them."""

PRINTED = 0.35  # share of the pages that are printed
WORDS = 0.4  # and of the rows that have a word before the figure
# Letters of words before figures: more of those that look like digits (o, i, l) than running text has.
_LETTERS = "eeeeeeeetttttaaaaaooooiiiiinnnnssssrrrhhhllllldddcumfpgwybvkxjqz"


def figures(sheet: Sheet) -> None:
    """Rows of figures, some after a word, written by hand or printed."""
    rng = sheet.rng
    feet, left = _rows(sheet, (1, 10), (8, 16), (1.4, 2.6), 0.2)
    alike = str(rng.choice(FORMS)) if rng.random() < 0.5 else None  # a column of dates, a list of prices
    font = face(rng) if rng.random() < PRINTED else None
    gap, space = rng.uniform(0.0, 0.25), rng.uniform(0.04, 0.2)
    for foot in feet:
        form, line = alike or str(rng.choice(FORMS)), sheet.line()
        worded = rng.random() < WORDS
        if font is not None:
            said = _said(rng, _word(rng) + form if worded else form)
            _place(sheet, typeset(said, font, sheet.size), left, foot, line)
            continue
        right = left
        if worded:
            right = sheet.distractor(right, foot, sheet.size * rng.uniform(0.7, 1.1), "word")
            right += rng.uniform(0.2, 0.7) * sheet.size
        _write(sheet, form, right, foot, line, gap, space)


def _write(sheet: Sheet, form: str, left: float, foot: float, line: int, gap: float, space: float) -> None:
    """Write a figure by hand, its digits `gap` and its signs `space` heights apart, until there is no room."""
    right = left
    for sign, group in groupby(form):
        count = len(list(group))
        if sign == "d":
            right = sheet.number(right, foot, count, gap, line)
        elif sign == " ":
            right += 0.45 * sheet.size
        else:
            right = sheet.mark(MARKS[sign], right + space * sheet.size, foot) + space * sheet.size
        if right == math.inf:
            return


def displays(sheet: Sheet) -> None:
    """Rows of figures as one display shows them, or a printer that prints dots."""
    rng = sheet.rng
    feet, left = _rows(sheet, (1, 7), (4, 12), (1.3, 2.4), 0.3)
    display = Display.random(rng)
    for foot in feet:
        shown = display.glyphs(_said(rng, str(rng.choice(SHOWN))), sheet.size)
        _place(sheet, shown, left, foot, sheet.line())


def _rows(
    sheet: Sheet, rows: tuple[int, int], columns: tuple[int, int], pitch: tuple[float, float], indent: float
) -> tuple[list[float], float]:
    """Begin a sheet of rows; return where they stand and where they begin.

    Args:
        sheet: is begun with the size of digits that so many rows and columns leave.
        rows, columns: how many, from the first number up to the second, exclusive.
        pitch: from row to row, in heights of the digits, at least and at most.
        indent: of the width, at most, before the rows.
    """
    rng = sheet.rng
    count, _, size = fitting(sheet, int(rng.integers(*rows)), int(rng.integers(*columns)))
    sheet.begin(size)
    step = min(sheet.height / (count + 0.3), size * rng.uniform(*pitch))
    top, left = rng.random() * max(sheet.height - (count + 0.2) * step, 0), rng.uniform(0.03, indent) * sheet.width
    return [top + (row + 0.95) * step for row in range(count)], left


def _said(rng: np.random.Generator, form: str) -> str:
    """Return a form with digits in it."""
    return "".join(str(rng.integers(10)) if sign == "d" else sign for sign in form)


def _place(sheet: Sheet, glyphs: list[Glyph], left: float, foot: float, line: int) -> None:
    """Print a line, until there is no room."""
    for glyph in glyphs:
        label = int(glyph.sign) if glyph.sign.isdigit() else None
        if sheet.place(label, glyph.ink, left + glyph.left, foot + glyph.top, line, len(sheet.writers)) == math.inf:
            return


def _word(rng: np.random.Generator) -> str:
    """Return a word for print, with what may follow it; never the letter by which FORMS call a digit."""
    word = "".join(rng.choice([letter for letter in _LETTERS if letter != "d"], int(rng.integers(2, 8))))
    return (word.capitalize() if rng.random() < 0.6 else word.upper()) + str(rng.choice([" ", ": ", ". "]))
