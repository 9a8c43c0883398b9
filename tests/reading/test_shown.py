"""What ships reads digits as plots, displays and people show them: on panels, of segments or dots, ringed."""

import difflib

import cv2
import numpy as np
import pytest

from digitlab.data.annotations import line_under, ring
from digitlab.data.displays import Display
from digitlab.data.strokes import draw
from digitlab.reading import Reader

LABELS = range(2, 10)  # a 1 with a ring may be one, and a 0 may be a ring


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def written(label: int, height: int = 120) -> np.ndarray:
    """A digit by the pen with some room around: ink, (H, W) uint8."""
    return np.pad(draw(label, np.random.default_rng(label), height), height // 2)


def right(reader: Reader, pictures: list[np.ndarray], texts: list[str]) -> int:
    """How many pictures are read as they should be."""
    return sum(reader.read(picture).text == text for picture, text in zip(pictures, texts, strict=True))


@pytest.mark.parametrize("around", [30, 100])
def test_light_digits_on_dark_panels_are_read(reader: Reader, around: int) -> None:
    panels = [np.pad(written(label), around, constant_values=255) for label in LABELS]
    assert right(reader, panels, [str(label) for label in LABELS]) >= len(LABELS) - 1


@pytest.mark.parametrize("mark", ["ring", "line"])
def test_ringed_and_underlined_digits_are_read_alone(reader: Reader, mark: str) -> None:
    pictures = []
    for label in LABELS:
        ink, rng = written(label), np.random.default_rng(label)
        drawn = ring(rng, 190, 200, 6) if mark == "ring" else line_under(rng, 110, 6)
        ink = np.pad(ink, 60)
        left = (ink.shape[1] - drawn.shape[1]) // 2
        top = (len(ink) - len(drawn)) // 2 if mark == "ring" else len(ink) // 2 + 70
        where = ink[top : top + len(drawn), left : left + drawn.shape[1]]
        np.maximum(where, drawn, out=where)
        pictures.append(255 - ink)
    assert right(reader, pictures, [str(label) for label in LABELS]) >= len(LABELS) - 1


@pytest.mark.parametrize("dotted", [False, True])
@pytest.mark.parametrize("light", [False, True])
def test_displays_are_read(reader: Reader, dotted: bool, light: bool) -> None:
    part, round_ = (0.8, True) if dotted else (0.12, False)
    display = Display(dotted, 0.55, 0.3, part, 0.3, 0.0, round_, 0, False)
    pictures, texts = [], ["12345", "67890", "2468", "13579"]
    for text in texts:
        ink = np.zeros((160, 90 * len(text) + 80), np.uint8)
        for glyph in display.glyphs(text, 70):
            top, left = glyph.top + 120, glyph.left + 40
            where = ink[top : top + len(glyph.ink), left : left + glyph.ink.shape[1]]
            np.maximum(where, glyph.ink, out=where)
        soft = cv2.GaussianBlur(ink, (0, 0), 0.8)
        pictures.append(20 + soft // 5 * 4 if light else 235 - soft // 5 * 4)
    wanted, found = "".join(texts), "".join(reader.read(picture).text for picture in pictures)
    alike = difflib.SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
    assert sum(block.size for block in alike) >= 0.8 * len(wanted)
