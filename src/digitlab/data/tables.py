"""Tables of digits: CSV with Kaggle's columns.

    label,pixel0,pixel1,...,pixel783
    7,0,0,...,0

The columns may come in any order and be named as in other well-known files (`1x1` to `28x28`).
Source: https://www.kaggle.com/c/digit-recognizer/data.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from digitlab.data.digits import MAX_DIGITS, Digits
from digitlab.data.files import unpacked
from digitlab.errors import DataError
from digitlab.storage import atomic_path

PIXELS = 28 * 28
COLUMNS = ("label", *(f"pixel{index}" for index in range(PIXELS)))
OTHER_NAMES = {f"{1 + index // 28}x{1 + index % 28}": f"pixel{index}" for index in range(PIXELS)}
MAX_LINE = 1 << 16  # bytes; 785 quoted numbers and their commas take 4,710
BLOCK = 2000  # lines parsed at once: 6 MB of text
NUMBERS = [str(value) for value in range(256)]

Lines = list[tuple[int, str]]
"""Line numbers, counted from 1, and the lines."""


def read_csv(path: str | Path) -> Digits:
    """Read a CSV file with Kaggle's columns, compressed with gzip or not.

    Raises:
        DataError: the file is missing, has no labels, lacks a column, has a ragged row, or a value that is no
            whole number, a pixel outside 0 to 255 or a label outside 0 to 9; the line is named.
    """
    rows = _rows(path, COLUMNS)
    return Digits(rows[:, 1:].reshape(-1, 28, 28), rows[:, 0], str(path))


def read_images(path: str | Path) -> np.ndarray:
    """Read the images of a CSV file as Kaggle's test.csv is, in its order: (N, 28, 28) uint8.

    A column of labels may be there, and is not looked at. Raises DataError as `read_csv` does.
    """
    return _rows(path, COLUMNS[1:]).reshape(-1, 28, 28)


def _rows(path: str | Path, columns: tuple[str, ...]) -> np.ndarray:
    """Return these columns of a file in this order, (N, columns) uint8. Raises DataError."""
    parts: list[np.ndarray] = []
    count = 0
    with unpacked(path) as stream:
        lines = _lines(stream, path)
        header = next(lines, None)
        if header is None:
            raise DataError(f"{path} is empty; it should start with the line {_example(columns)}")
        order, width = _order(header[1], path, columns)
        for block in _blocks(lines):
            values = _values(block, width, path)[:, order]
            wrong = np.flatnonzero(values[:, 0] > 9)
            if "label" in columns and len(wrong):
                where = f"{path}, line {block[wrong[0]][0]}, column {order[0] + 1}"
                raise DataError(f"{where}: label {values[wrong[0], 0]} is outside 0 to 9; correct it")
            parts.append(values)
            count += len(values)
            if count > MAX_DIGITS:
                raise DataError(f"{path} has more than the {MAX_DIGITS:,} digits that are read at once; split it")
    if not count:
        raise DataError(f"{path} has a header but no digits; add a line for each digit")
    return np.concatenate(parts)


def write_csv(path: str | Path, digits: Digits, progress: Callable[[int], None] = lambda count: None) -> None:
    """Write digits with Kaggle's columns, label first, atomically; compressed if `path` ends in .gz.

    Args:
        path: the file to write.
        digits: what to write.
        progress: called now and then with the number of digits written since its last call.

    Raises:
        OutputError: the file cannot be written.
    """
    with atomic_path(path) as temporary, open(temporary, "wb") as plain, contextlib.ExitStack() as stack:
        file: BinaryIO = plain
        if Path(path).suffix == ".gz":  # no name and no time in the header: the same digits give the same bytes
            file = cast(BinaryIO, stack.enter_context(gzip.GzipFile("", "wb", fileobj=plain, mtime=0)))
        file.write((",".join(COLUMNS) + "\n").encode())
        for start in range(0, len(digits), BLOCK):
            block = digits[start : start + BLOCK]
            rows = np.column_stack([block.labels.astype(np.uint8), block.images.reshape(len(block), PIXELS)])
            file.write("".join(",".join(map(NUMBERS.__getitem__, row)) + "\n" for row in rows.tolist()).encode())
            progress(len(block))


def _lines(stream: BinaryIO, path: str | Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines that are not blank; a line too long to be a digit is refused."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise DataError(f"{path}, line {number}: longer than {MAX_LINE:,} bytes; this is no table of digits")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            raise DataError(f"{path}, line {number}: not text; this is no CSV file") from error
        if text:
            yield number, text


def _blocks(lines: Iterator[tuple[int, str]]) -> Iterator[Lines]:
    block: Lines = []
    for line in lines:
        block.append(line)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block


def _order(header: str, path: str | Path, columns: tuple[str, ...]) -> tuple[list[int], int]:
    """Return at which position of a row each of the columns stands, and how many there are in all."""
    names = [OTHER_NAMES.get(name.strip(), name.strip()) for name in _cells(header, f"{path}, line 1")]
    missing = [name for name in columns if name not in names]
    surplus = [name for name in names if name not in COLUMNS]
    if missing == ["label"] and not surplus:
        raise DataError(
            f"{path} has no labels: the column label is missing, as in Kaggle's test.csv;"
            " use a labelled file, such as train.csv"
        )
    if len(missing) == len(columns):
        raise DataError(f"{path}, line 1: no header; the first line should be {_example(columns)}")
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise DataError(f"{path}, line 1: column {missing[0]} is missing{more}; add it")
    if surplus or len(set(names)) != len(names):
        wrong = surplus[0] if surplus else next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path}, line 1: column {wrong!r} is {'unknown' if surplus else 'there twice'}; remove it")
    return [names.index(name) for name in columns], len(names)


def _example(columns: tuple[str, ...]) -> str:
    """Return what the first line of a file with these columns looks like."""
    return f"{'label,' if 'label' in columns else ''}pixel0,...,pixel{PIXELS - 1}"


def _values(block: Lines, columns: int, path: str | Path) -> np.ndarray:
    """Return the numbers of the lines, (lines, columns) uint8; only if numpy's parser fails, line by line."""
    try:
        values = np.loadtxt([text for _, text in block], np.uint8, delimiter=",", comments=None, quotechar='"', ndmin=2)
        if values.shape == (len(block), columns):
            return values
    except ValueError:
        pass  # numpy counts rows of the block; the search below names the line and the column of the file
    for number, text in block:
        where = f"{path}, line {number}"
        _check_row(_cells(text, where), columns, where)
    raise DataError(f"{path}, lines {block[0][0]} to {block[-1][0]}: not rows of {columns} whole numbers; correct them")


def _cells(text: str, where: str) -> list[str]:
    try:
        return next(csv.reader([text]))
    except csv.Error as error:
        raise DataError(f"{where}: no line of CSV ({error}); save the table again as plain CSV") from error


def _check_row(row: list[str], columns: int, where: str) -> None:
    """Raise DataError if a row is ragged or one of its values is not a whole number from 0 to 255."""
    if len(row) != columns:
        raise DataError(f"{where}: {len(row)} values, but the header has {columns} columns; correct or remove the line")
    for column, value in enumerate(row, 1):
        digits = value.strip().removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdigit()):
            raise DataError(f"{where}, column {column}: {value[:20]!r} is not a whole number; correct it")
        if len(digits) > 9 or not 0 <= int(value) <= 255:
            raise DataError(f"{where}, column {column}: {value[:20].strip()} is outside 0 to 255; correct it")
