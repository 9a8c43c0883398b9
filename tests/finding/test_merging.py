"""What belongs together is joined: a digit of dots, of segments, or of a stroke that broke up; and nothing else."""

import cv2
import numpy as np
import pytest

from digitlab.data.displays import Display
from digitlab.finding.propose import candidates_of

SEGMENTS = Display(False, 0.5, 0.3, 0.1, 0.5, 0.0, False, 0, False)
DOTS = Display(True, 0.6, 0.3, 0.75, 0.0, 0.0, True, 0, False)


def shown(display: Display, text: str, height: int) -> tuple[np.ndarray, list[tuple[int, int, int, int]]]:
    """A display with a line of digits: the picture, (H, W) uint8, and the digits' boxes."""
    glyphs = display.glyphs(text, height)
    ink = np.zeros((2 * height, max(glyph.left for glyph in glyphs) + 3 * height), np.uint8)
    boxes = []
    for glyph in glyphs:
        left, top = glyph.left + height, glyph.top + round(1.5 * height)
        where = ink[top : top + glyph.ink.shape[0], left : left + glyph.ink.shape[1]]
        np.maximum(where, glyph.ink, out=where)
        y, x = np.nonzero(glyph.ink > 60)
        boxes.append((left + int(x.min()), top + int(y.min()), left + int(x.max()) + 1, top + int(y.max()) + 1))
    return ink, boxes


@pytest.mark.parametrize("height", [40, 90, 160])
@pytest.mark.parametrize("display", [SEGMENTS, DOTS])
def test_digits_of_segments_and_of_dots_are_joined(display: Display, height: int, on_paper, overlap) -> None:
    ink, boxes = shown(display, "0123456789", height)
    for picture in (on_paper(ink), 255 - on_paper(ink)):
        found = candidates_of(picture)
        assert min(max(overlap(piece.box, box) for piece in found) for box in boxes) > 0.8


def test_a_stroke_that_broke_up_is_joined(row, on_paper, overlap) -> None:
    ink, (box,) = row("2", height=120, margin=60)
    ink = cv2.erode(ink, np.ones((3, 3), np.uint8))
    for at in range(66, 180, 14):  # gaps of three pixels across it
        ink[at : at + 3] = 0
    assert max(overlap(piece.box, box) for piece in candidates_of(on_paper(ink))) > 0.8


def test_whole_digits_are_no_chain(row, on_paper) -> None:
    ink, boxes = row("111111", gap=12)
    width = max(right - left for left, _, right, _ in boxes)
    joined = [piece for piece in candidates_of(on_paper(ink)) if piece.kind == "merge" and piece.width > 2 * width + 12]
    assert not joined


def test_specks_of_grain_are_no_chain() -> None:
    grain = np.random.default_rng(0).normal(0, 6, (400, 600))
    found = candidates_of(np.clip(np.rint(200 + grain), 0, 255).astype(np.uint8))
    assert [piece.box for piece in found if piece.kind == "merge" and piece.height > 24] == []
