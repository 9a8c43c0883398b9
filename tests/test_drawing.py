"""Drawn readings: every box and label is there, no label hides ink, and doubt can be seen without colour."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digitlab import drawing
from digitlab.drawing import Mark, draw, style_of
from digitlab.errors import UsageError
from digitlab.readings import Digit, Line, Reading

PAPER, INK = (240, 240, 240), (0, 130, 0)  # nothing that is drawn is green


def page(size: tuple[int, int], boxes: list[tuple[int, int, int, int]]) -> Image.Image:
    image = Image.new("RGB", size, PAPER)
    for box in boxes:
        image.paste(INK, box)
    return image


def ink(image: Image.Image) -> int:
    red, green, blue = np.asarray(image).astype(int).transpose(2, 0, 1)
    return int(((green > red + 50) & (green > blue + 50)).sum())


def rows_of(digits: int, lines: int, high: int, gap: int, start: int = 4) -> list[list[Mark]]:
    wide, step = max(2, high * 2 // 3), max(3, high)
    return [
        [
            Mark(str(c % 10), (0.999, 0.8, 0.3)[c % 3], (start + c * step, y, start + c * step + wide, y + high))
            for c in range(digits)
        ]
        for y in range(start, start + lines * (high + gap), high + gap)
    ]


@settings(max_examples=60, deadline=None)
@given(
    digits=st.integers(1, 9),
    lines=st.integers(1, 5),
    high=st.integers(8, 260),
    spread=st.integers(60, 200),
    data=st.data(),
)
def test_no_label_hides_ink_where_lines_have_room(digits, lines, high, spread, data) -> None:
    rows = rows_of(digits, lines, high, gap=max(8, high * spread // 100))
    boxes = [tuple(map(int, mark.box)) for row in rows for mark in row]
    size = max(box[2] for box in boxes) + data.draw(st.integers(1, 40)), max(box[3] for box in boxes) + 1
    image = page(size, boxes)
    scale = drawing._enlargement(size, boxes)
    enlarged = image.resize((round(size[0] * scale), round(size[1] * scale)), Image.Resampling.BICUBIC)
    assert ink(draw(image, rows)) >= 0.97 * ink(enlarged)  # enlarging lets ink flow out of its box a little


def test_a_digit_that_fills_its_picture_is_not_covered() -> None:
    drawn = draw(page((100, 80), [(0, 0, 100, 80)]), [[Mark("8", 0.99, (0, 0, 100, 80))]])
    assert ink(drawn) == 100 * 80
    assert drawn.height > 110  # a margin holds the label
    assert drawn.width > 110  # and another one the line's number


@pytest.mark.parametrize("size", [(28, 28), (300, 200), (2400, 1800), (5000, 300)])
@pytest.mark.parametrize("high", [10, 24, 150])
def test_labels_can_be_read_at_any_size(size, high, monkeypatch) -> None:
    written = []
    real = drawing._write
    monkeypatch.setattr(drawing, "_write", lambda pen, tag, *at: (written.append(tag), real(pen, tag, *at))[1])
    high = min(high, size[1] - 6)
    rows = rows_of(min(4, size[0] // high), 1, high, 0)
    drawn = draw(page(size, []), rows)
    assert min(font for tag in written for _, font in tag.lines) >= 9
    assert max(drawn.size) <= max(drawing.LARGEST, *size) * 1.2
    assert np.asarray(drawn).std() > 0


def test_large_pages_have_larger_labels_and_thicker_lines() -> None:
    small = [mark.box for row in rows_of(4, 3, 40, 40) for mark in row]
    large = [mark.box for row in rows_of(4, 3, 400, 400) for mark in row]
    assert drawing._line_width((4000, 3000), large) >= 5 * drawing._line_width((400, 300), small)


def test_doubt_shows_by_pattern_and_weight_not_by_colour_alone() -> None:
    styles = [style_of(confidence) for confidence in (0.99, 0.8, 0.3)]
    assert len({style.dash for style in styles}) == 3
    assert styles[0].dash is None
    assert styles[0].weight < styles[1].weight < styles[2].weight
    greys = [
        np.asarray(draw(page((90, 120), []), [[Mark("7", c, (30, 40, 60, 80))]]).convert("1")) for c in (0.99, 0.8, 0.3)
    ]
    assert all((a != b).any() for a, b in ((greys[0], greys[1]), (greys[1], greys[2]), (greys[0], greys[2])))


def test_lines_are_numbered_in_their_order(monkeypatch) -> None:
    texts = []
    real = drawing._write
    monkeypatch.setattr(drawing, "_write", lambda pen, tag, *at: (texts.append(tag), real(pen, tag, *at))[1])
    rows = rows_of(2, 3, 30, 40, start=60)
    draw(page((300, 400), []), rows)
    numbers = [tag for tag in texts if tag.lines[0][0].endswith(".")]
    assert [tag.lines[0][0] for tag in numbers] == ["1.", "2.", "3."]
    for tag, row in zip(numbers, rows, strict=True):
        assert tag.area[2] < row[0].box[0] * drawing._enlargement((300, 400), [m.box for r in rows for m in r])
    assert {line[0] for tag in texts for line in tag.lines} >= {"99", "80"}  # never a hundred


def test_nothing_read_leaves_the_picture_as_it_is() -> None:
    image = page((50, 40), [(5, 5, 9, 9)])
    assert (np.asarray(draw(image, [])) == np.asarray(image.convert("RGB"))).all()
    assert (np.asarray(draw(image, [[]])) == np.asarray(image.convert("RGB"))).all()


# A reading draws itself

DIGIT = Digit(7, 0.97, (200, 100, 300, 260))


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def blue(image: Image.Image) -> tuple[int, int, int, int]:
    """The extent of what is drawn in the sure digits' colour, as shares of the picture in thousandths."""
    found = (np.abs(np.asarray(image).astype(int) - drawing._SURE.colour) < 9).all(axis=2)
    y, x = np.nonzero(found)
    return (
        1000 * x.min() // image.width, 1000 * y.min() // image.height,
        1000 * x.max() // image.width, 1000 * y.max() // image.height,
    )  # fmt: skip


def test_a_reading_draws_on_its_kept_picture_or_on_any_other_of_any_resolution() -> None:
    kept = png(page((400, 300), []))
    reading = Reading((Line((DIGIT,)),), "x.png", size=(800, 600), picture=kept)
    own = reading.draw()
    assert own.size == (400, 300)
    np.testing.assert_allclose(blue(own)[0], 250, atol=15)  # 200 of 800
    np.testing.assert_allclose(blue(own)[2], 375, atol=15)
    for other in (
        page((1600, 1200), []),
        np.full((1200, 1600), 240, np.uint8),
        np.full((600, 800, 3), 240, np.uint8),
    ):
        np.testing.assert_allclose(blue(reading.draw(other)), blue(own), atol=25)


def test_without_a_picture_drawing_says_what_to_give() -> None:
    reading = Reading((Line((DIGIT,)),), size=(800, 600))
    with pytest.raises(UsageError, match=r"reading\.draw\(image\)"):
        reading.draw()
    assert reading._repr_png_() is None
    assert "7" in reading._repr_html_()


def test_notebooks_show_the_picture_and_the_lines_and_run_nothing_of_the_files_name() -> None:
    reading = Reading((Line((DIGIT,)),), "<script>.png", size=(400, 300), picture=png(page((400, 300), [])))
    assert Image.open(io.BytesIO(reading._repr_png_())).format == "PNG"
    shown = reading._repr_html_()
    assert "data:image/png;base64," in shown
    assert "7 (97.0 %)" in shown
    assert "<script>" not in shown
    assert "no digit" in Reading()._repr_html_()
