"""Results show themselves: as text, as JSON-ready dictionaries, as rows."""

import json
from dataclasses import FrozenInstanceError

import pytest

from digitlab.readings import CSV_COLUMNS, Digit, Line, Reading, csv_rows

FOUR = Digit(4, 0.9, (10, 5, 20, 30), ((9, 0.08), (7, 0.02)))
TWO = Digit(2, 0.75, (25, 2, 40, 28))
READING = Reading((Line((FOUR, TWO)), Line((TWO,))), "page.png")


def test_text_has_a_line_for_each_line() -> None:
    assert READING.text == "42\n2"
    assert [digit.label for digit in READING.digits] == [4, 2, 2]


def test_a_lines_box_holds_all_its_digits() -> None:
    assert READING.lines[0].box == (10, 2, 40, 30)


def test_the_dictionary_is_the_documented_one_and_json() -> None:
    content = json.loads(json.dumps(READING.to_dict()))
    assert list(content) == ["file", "page", "pages", "size", "text", "lines"]
    assert list(content["lines"][0]) == ["text", "confidence", "expected", "box", "digits"]
    assert content["lines"][0]["confidence"] == pytest.approx(0.9 * 0.75)
    assert content["lines"][0]["digits"][0] == {
        "label": 4,
        "confidence": 0.9,
        "box": [10, 5, 20, 30],
        "alternatives": [{"label": 9, "confidence": 0.08}, {"label": 7, "confidence": 0.02}],
    }


def test_rows_are_one_a_digit_under_the_columns_names() -> None:
    rows = csv_rows([READING, Reading(file="blank.png")])
    assert len(rows) == 3
    assert dict(zip(CSV_COLUMNS, rows[1], strict=True)) == {
        "file": "page.png", "line": 1, "position": 2, "label": 2, "confidence": 0.75,
        "left": 25, "top": 2, "right": 40, "bottom": 28, "page": 1, "line_confidence": 0.675, "expected": "",
    }  # fmt: skip


def test_nothing_read_is_an_empty_text() -> None:
    assert Reading().text == ""
    assert Reading().to_dict() == {
        "file": None, "page": 1, "pages": 1, "size": None, "text": "", "lines": [],
    }  # fmt: skip


def test_results_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        FOUR.label = 3  # type: ignore[misc]


def test_a_lines_confidence_is_given_or_that_all_its_digits_are_right() -> None:
    assert Line((FOUR, TWO)).confidence == pytest.approx(0.9 * 0.75)
    assert Line((FOUR, TWO), 0.8).confidence == 0.8
    assert Line((FOUR, TWO), 0.0).confidence == 0.0


def test_readings_are_equal_whatever_picture_they_keep() -> None:
    assert Reading(READING.lines, "page.png", picture=b"x") == READING
    assert hash(Reading(READING.lines, "page.png", picture=b"x")) == hash(READING)
