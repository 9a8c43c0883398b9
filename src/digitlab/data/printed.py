"""Printed letters, symbols and words, from the fonts at hand, as they stand beside digits on forms and pages.

The fonts are those that come with matplotlib, if it is installed, Pillow's own and OpenCV's drawn ones.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from digitlab.data.writing import cropped

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

LETTERS = "ACEFHKMNPQRUVWXacdefhkmnprtuvwx"
"""Printed letters that no one takes for a digit when they stand alone."""

SYMBOLS = "#%@?+=<>*$&~^{}[€£¥©ΓΔΛΠΣΨΩλμπψω≤≥≠±√∞→←↑★♥✓"
"""Symbols that no one takes for a digit."""

_DRAFT = 48  # height at which type is set before it is scaled, pixels
_FREQUENT = "eeeeeeeetttttaaaaaooooiiiinnnnssssrrrhhhlldddcumfpgwybvkxjqz"


def symbol(rng: np.random.Generator, height: int) -> np.ndarray:
    """Print one letter or symbol that is no digit: uint8, tightly cropped, about `height` pixels high."""
    text = str(rng.choice(list(LETTERS)))
    others = rng.random() < 0.35
    if others:
        known = SYMBOLS if _faces(wide=True) != ("",) else [sign for sign in SYMBOLS if sign.isascii()]
        text = str(rng.choice(list(known)))
    return _varied(_set(text, rng, wide=others), rng, height * rng.uniform(0.6, 1.15))


def digit(label: int, rng: np.random.Generator, height: int) -> np.ndarray:
    """Print one digit, light to very bold: uint8, tightly cropped, about `height` pixels high."""
    import cv2

    ink = _set(str(label), rng, wide=False)
    bolder = int(rng.integers(0, 9)) if rng.random() < 0.4 else 0
    if bolder > 1:
        ink = cv2.dilate(np.pad(ink, bolder), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (bolder, bolder)))
    return _varied(ink, rng, height)


def text(rng: np.random.Generator, height: int) -> np.ndarray:
    """Print a word or several in a line: uint8, tightly cropped, about `height` pixels high."""
    words = []
    for _ in range(1 if rng.random() < 0.6 else int(rng.integers(2, 5))):
        word = "".join(rng.choice(list(_FREQUENT), rng.integers(2, 9)))
        if not set(word) & set(LETTERS):  # like "oil", which in capitals is like 011
            word += "n"
        case = rng.random()
        words.append(word.upper() if case < 0.25 else word.capitalize() if case < 0.6 else word)
    line = " ".join(words) + str(rng.choice(["", "", ".", ":", "?", ","]))
    return _varied(_set(line, rng, wide=False), rng, height * rng.uniform(0.45, 1.1))


class Glyph(NamedTuple):
    """One sign of a line of type.

    Attributes:
        sign: it.
        ink: (h, w) uint8, tightly cropped.
        left, top: where that lies, pixels to the right of where the line begins and below its foot.
    """

    sign: str
    ink: np.ndarray
    left: int
    top: int


def face(rng: np.random.Generator) -> str:
    """Return a font with all signs that `typeset` is asked for: its path, or "" for Pillow's own."""
    return str(rng.choice(_faces(wide=True)))


def typeset(line: str, font: str, height: float) -> list[Glyph]:
    """Return the signs of a line in one font, all but spaces, whose digits are about `height` pixels high."""
    import cv2
    from PIL import Image, ImageDraw

    type_ = _font(font)
    _, above, _, below = type_.getbbox("0", anchor="ls")
    scale = height / (below - above)
    found = []
    for index, sign in enumerate(line):
        left, top, right, bottom = (round(edge) for edge in type_.getbbox(sign, anchor="ls"))
        if sign == " " or right <= left or bottom <= top:
            continue
        page = Image.new("L", (right - left + 8, bottom - top + 8))
        ImageDraw.Draw(page).text((4 - left, 4 - top), sign, fill=255, font=type_, anchor="ls")
        ink = _to_shrink(np.asarray(page), scale)
        size = max(1, round(scale * ink.shape[1])), max(1, round(scale * ink.shape[0]))
        ink = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        rows, columns = np.flatnonzero(ink.max(axis=1) > 40), np.flatnonzero(ink.max(axis=0) > 40)
        if not len(rows):
            continue
        at = scale * (type_.getlength(line[:index]) + left - 4) + columns[0]
        tight = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        found.append(Glyph(sign, tight, round(at), round(scale * (top - 4) + rows[0])))
    return found


def _set(line: str, rng: np.random.Generator, wide: bool) -> np.ndarray:
    """Return type set in a random font: (about _DRAFT, width) uint8 with some paper around it."""
    import cv2
    from PIL import Image, ImageDraw

    if not wide and rng.random() < 0.12:
        face = int(rng.integers(0, 8)) | (16 if rng.random() < 0.3 else 0)  # 6 and 7 are script, 16 is italic
        width = int(rng.integers(1, 5))
        (columns, rows), base = cv2.getTextSize(line, face, 1.4, width)
        ink = np.zeros((rows + base + 24, columns + 40), np.uint8)
        return cv2.putText(ink, line, (16, rows + 10), face, 1.4, 255, width, cv2.LINE_AA)
    font = _font(str(rng.choice(_faces(wide))))
    left, top, right, bottom = (round(edge) for edge in font.getbbox(line))
    page = Image.new("L", (right - left + 16, bottom - top + 16))
    ImageDraw.Draw(page).text((8 - left, 8 - top), line, fill=255, font=font)
    return np.asarray(page)


@cache
def _faces(wide: bool) -> tuple[str, ...]:
    """Return the paths of fonts, those with all SYMBOLS or all; "" is Pillow's own."""
    # Found without being imported: reading and writing digits never needs the plotting library itself.
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        return ("",)
    folder = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    names = ["DejaVuSans.ttf", "DejaVuSans-*.ttf"]
    if not wide:
        names += ["DejaVuSansMono*.ttf", "DejaVuSerif.ttf", "DejaVuSerif-*.ttf", "STIXGeneral*.ttf", "cm[brt]*.ttf"]
    faces = [str(path) for name in names for path in sorted(folder.glob(name))]
    return tuple(faces) if wide and faces else ("", *faces)


@cache
def _font(face: str) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.truetype(face, _DRAFT) if face else ImageFont.load_default(_DRAFT)


def _to_shrink(ink: np.ndarray, scale: float) -> np.ndarray:
    """Return ink blurred enough that making it so much smaller leaves no thin stroke out."""
    import cv2

    return ink if scale >= 0.5 else cv2.GaussianBlur(ink, (0, 0), 0.35 / scale)


def _varied(ink: np.ndarray, rng: np.random.Generator, height: float) -> np.ndarray:
    """Return the picture slanted, widened and turned a little, its ink `height` pixels high, tightly cropped."""
    import cv2

    ink = cropped(ink) if ink.any() else np.full((_DRAFT, _DRAFT), 255, np.uint8)
    if rng.random() < 0.25:
        ink = cv2.dilate(ink, np.ones((2, 2), np.uint8))
    scale = max(height, 4) / ink.shape[0]
    slant, turn, widen = rng.normal(0, 0.08), rng.normal(0, 0.02), np.exp(rng.normal(0, 0.12))
    matrix = scale * np.array([[widen, -slant], [turn, 1.0]])
    corners = matrix @ np.array([[0, ink.shape[1], 0, ink.shape[1]], [0, 0, ink.shape[0], ink.shape[0]]])
    low, high = corners.min(axis=1) - 2, corners.max(axis=1) + 2
    ink = _to_shrink(ink, scale)
    size = tuple(np.ceil(high - low).astype(int).tolist())
    return cropped(cv2.warpAffine(ink, np.column_stack([matrix, -low]), size, flags=cv2.INTER_LINEAR))
