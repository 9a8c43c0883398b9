"""CSV files with Kaggle's columns are read; a wrong one is refused by file, line and column."""

import contextlib
import gzip
import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitlab.data import tables
from digitlab.errors import DataError

HEADER = "label," + ",".join(f"pixel{index}" for index in range(784))
ROW = "7," + ",".join(str(index % 256) for index in range(784))


@pytest.fixture
def write(tmp_path):
    def write(*lines, name="digits.csv", end="\n"):
        path = tmp_path / name
        content = "".join(line + end for line in lines).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


@pytest.mark.parametrize("name", ["digits.csv", "digits.csv.gz"])
def test_a_table_is_read_row_by_row_of_pixels(write, name):
    digits = tables.read_csv(write(HEADER, ROW, ROW.replace("7,", "0,", 1), name=name))
    assert digits.labels.tolist() == [7, 0]
    np.testing.assert_array_equal(digits.images[0].ravel(), np.arange(784) % 256)
    assert digits.images[0, 1, 2] == 30


@pytest.mark.parametrize(
    "lines",
    [
        [HEADER, "", ROW, "", ""],
        ["\ufeff" + HEADER, ROW],
        [",".join(f'"{name}"' for name in HEADER.split(",")), ",".join(f'"{v}"' for v in ROW.split(","))],
        [",".join(reversed(HEADER.split(","))), ",".join(reversed(ROW.split(",")))],
        ["label," + ",".join(f"{1 + i // 28}x{1 + i % 28}" for i in range(784)), ROW],
        [HEADER.replace(",", ", "), ROW.replace(",", ", ")],
    ],
    ids=["blank lines", "byte order mark", "quotes", "other order", "names such as 28x28", "spaces"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_programs_write_differently_means_the_same(write, lines, end):
    digits = tables.read_csv(write(*lines, end=end))
    assert digits.digest == tables.read_csv(write(HEADER, ROW, name="plain.csv")).digest


def changed(row, column, value):
    values = row.split(",")
    values[column] = value
    return ",".join(values)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "is empty"),
        ([HEADER], "no digits"),
        ([ROW, ROW], "line 1: no header"),
        (["hello"], "line 1: no header"),
        ([HEADER.removeprefix("label,"), ROW.removeprefix("7,")], "has no labels"),
        ([HEADER.replace(",pixel5,", ","), ROW], "line 1: column pixel5 is missing"),
        ([HEADER.replace("pixel5,", "pixel4,"), ROW], "line 1: column pixel5 is missing"),
        ([HEADER + ",label", ROW + ",7"], "line 1: column 'label' is there twice"),
        ([HEADER + ",writer", ROW + ",7"], "line 1: column 'writer' is unknown"),
        ([HEADER, ROW, ROW + ",0"], "line 3: 786 values"),
        ([HEADER, "", ROW, "7,0,0"], "line 4: 3 values"),
        ([HEADER, ROW + ",0", ROW + ",0"], "line 2: 786 values"),
        ([HEADER, ROW, changed(ROW, 9, "1.5")], "line 3, column 10: '1.5' is not a whole number"),
        ([HEADER, changed(ROW, 9, "")], "line 2, column 10: '' is not a whole number"),
        ([HEADER, changed(ROW, 9, "nan")], "line 2, column 10: 'nan' is not"),
        ([HEADER, changed(ROW, 9, "256")], "line 2, column 10: 256 is outside 0 to 255"),
        ([HEADER, changed(ROW, 9, "-1")], "line 2, column 10: -1 is outside 0 to 255"),
        ([HEADER, changed(ROW, 9, "9" * 5000)], "line 2, column 10: 9+ is outside 0 to 255"),
        ([HEADER, ROW, changed(ROW, 0, "10")], "outside 0 to 9"),
        ([HEADER, ROW, changed(ROW, 0, "-1")], "line 3, column 1: -1 is outside"),
        ([HEADER, "7" * 70_000], "line 2: longer than"),
        ([HEADER, ROW + '"\r"'], "line 2"),
    ],
)
def test_a_wrong_table_is_refused_by_file_and_line(write, lines, message):
    path = write(*lines)
    with pytest.raises(DataError, match=message) as caught:
        tables.read_csv(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_label_outside_0_to_9_is_refused_by_its_line(write):
    with pytest.raises(DataError, match="line 3, column 1: label 10 is outside 0 to 9"):
        tables.read_csv(write(HEADER, ROW, changed(ROW, 0, "10")))


def test_lines_are_counted_across_blocks(write, monkeypatch):
    monkeypatch.setattr(tables, "BLOCK", 3)
    with pytest.raises(DataError, match="line 9: 786 values"):
        tables.read_csv(write(HEADER, *[ROW] * 7, ROW + ",1"))
    assert len(tables.read_csv(write(HEADER, *[ROW] * 7))) == 7


def test_more_digits_than_fit_are_refused(write, monkeypatch):
    monkeypatch.setattr(tables, "MAX_DIGITS", 2)
    with pytest.raises(DataError, match="more than the 2 digits"):
        tables.read_csv(write(HEADER, *[ROW] * 3))


def test_what_is_not_text_is_refused(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DataError, match="line 1: not text"):
        tables.read_csv(tmp_path / "x.csv")


@given(st.binary(max_size=80))
@settings(deadline=None, max_examples=100)
def test_any_line_after_the_header_is_a_data_error_or_nothing(tmp_path_factory, line):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(f"{HEADER}\n{ROW}\n".encode() + line)
    with contextlib.suppress(DataError):
        assert len(tables.read_csv(path)) == 1


@pytest.mark.parametrize("start", [HEADER + "\n" + ROW + "\n", ""])
def test_a_line_of_10_gb_is_refused_in_bounded_memory(tmp_path, start) -> None:
    path = tmp_path / "digits.csv"
    path.write_text(start)
    os.truncate(path, 10 << 30)  # zeros, of which the disk keeps none
    with bounded(8_000_000), pytest.raises(DataError, match=rf"line {start.count(chr(10)) + 1}: longer than 65,536"):
        tables.read_csv(path)


def test_a_line_of_10_gb_that_comes_compressed_is_refused_in_bounded_memory(tmp_path) -> None:
    path = tmp_path / "digits.csv.gz"
    part = gzip.compress(b"7," * (16 << 20))
    with open(path, "wb") as file:
        for _ in range(320):  # members of 32 MB each
            file.write(part)
    with bounded(8_000_000), pytest.raises(DataError, match="line 1: longer than 65,536"):
        tables.read_csv(path)


@contextlib.contextmanager
def bounded(most):
    """Fail if more than this many bytes are ever held inside."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()
