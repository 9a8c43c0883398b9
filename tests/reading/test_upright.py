"""Pages that are tilted by a lot are turned upright, and read as if they had been taken so."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data.strokes import draw
from digitlab.reading import Reader, open_image, page
from digitlab.reading.upright import STEEPEST, TILTED, box_back, slope_of_lines, turned
from digitlab.readings import Digit, Line
from judges import overlap, write


def tilted(picture: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """Turn a picture on paper that goes on, and say how: (2, 3) matrix. Rows rise where degrees are positive."""
    height, width = picture.shape[:2]
    side = int(np.hypot(height, width))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    return cv2.warpAffine(picture, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), matrix


@pytest.mark.parametrize("degrees", [-20, -14, -9, 9, 14, 20])
def test_a_tilted_page_is_read_row_by_row_with_boxes_where_its_digits_are(degrees: float) -> None:
    texts = ["20461", "73958", "61704"]
    picture, boxes = write(texts, height=44, seed=3)
    seen, matrix = tilted(picture, degrees)
    reading = Reader(picture=0).read(seen)
    assert reading.text.split() == texts
    for line, row in zip(reading.lines, boxes, strict=True):
        for digit, (left, top, right, bottom) in zip(line.digits, row, strict=True):
            y, x = np.nonzero(picture[top:bottom, left:right] < 140)
            ink = (np.stack([x, y], axis=1) + np.array([left + 0.5, top + 0.5])) @ matrix[:, :2].T + matrix[:, 2]
            assert overlap(digit.box, (*ink.min(axis=0), *ink.max(axis=0))) > 0.75


@pytest.mark.parametrize("degrees", [-17, -12, 12, 17])
def test_rulings_show_how_a_page_is_tilted_that_hides_its_digits(degrees: float) -> None:
    picture, _ = write(["56124"], height=44)
    for y in range(14, picture.shape[0], 64):
        cv2.line(picture, (0, y), (picture.shape[1], y), 70, 2)
    seen, _ = tilted(picture, degrees)
    assert slope_of_lines(seen) == pytest.approx(-np.tan(np.radians(degrees)), abs=0.02)
    assert Reader(picture=0).read(seen).text == "56124"


def test_a_tilted_page_whose_lines_hide_all_digits_is_turned(monkeypatch) -> None:
    picture, _ = write(["56124"], height=44)
    for y in range(14, picture.shape[0], 64):
        cv2.line(picture, (0, y), (picture.shape[1], y), 70, 2)
    seen, _ = tilted(picture, 12)
    plain = page._lines
    monkeypatch.setattr(page, "_lines", lambda *of: plain(*of) if len(of) > 3 else ((), 0.0))
    assert Reader(picture=0).read(seen).text == "56124"


def test_letters_in_doubt_do_not_keep_a_page_tilted(monkeypatch) -> None:
    picture, _ = write(["20461", "73958"], height=44, seed=3)
    seen, _ = tilted(picture, 13)
    plain, asked = page._lines, []

    def with_letters(opened, recognizer, judge, was=None):
        lines, slope = plain(opened, recognizer, judge, was)
        asked.append(was is not None)
        doubtful = Line(tuple(Digit(0, 0.5, (5 * i, 5, 5 * i + 4, 12)) for i in range(9)))
        return (lines if was else (*lines, doubtful)), slope

    monkeypatch.setattr(page, "_lines", with_letters)
    assert Reader(picture=0).read(seen).text.split() == ["20461", "73958"]
    assert asked == [False, True]


def test_a_blank_sheet_and_a_lone_digit_have_no_lines() -> None:
    sheet = np.full((300, 400), 220, np.uint8)
    assert slope_of_lines(sheet) == 0
    for label in (1, 7):
        ink = draw(label, np.random.default_rng(label), 200)
        assert slope_of_lines(cv2.copyMakeBorder(255 - ink, 40, 40, 60, 60, cv2.BORDER_CONSTANT, value=255)) == 0


@settings(max_examples=40, deadline=None)
@given(
    slope=st.floats(TILTED, STEEPEST) | st.floats(-STEEPEST, -TILTED),
    height=st.integers(20, 300),
    width=st.integers(20, 300),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_points_are_led_back_to_where_they_were(slope: float, height: int, width: int, place) -> None:
    opened = open_image(np.zeros((height, width), np.uint8))
    upright, back = turned(opened, slope)
    there = cv2.invertAffineTransform(back)
    point = np.array(place) * (width, height)
    moved = there[:, :2] @ point + there[:, 2]
    assert (moved >= -1).all()
    assert (moved <= np.array(upright.size) + 1).all()  # nothing of the picture is lost
    left, top, right, bottom = box_back(moved[None], back, opened.grey.shape)
    assert left - 1 <= point[0] <= right + 1
    assert top - 1 <= point[1] <= bottom + 1
    along = there[:, :2] @ (1.0, slope)  # what sloped runs level
    assert along[1] == pytest.approx(0, abs=1e-6)
