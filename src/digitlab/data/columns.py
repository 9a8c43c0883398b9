"""Parquet: tables of digits by columns, in one of two layouts.

label, pixel0, ..., pixel783      Kaggle's columns, whole numbers
image, label                      Hugging Face's: a picture file in `image` (its `bytes`), as in ylecun/mnist

Columns that are in neither are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from digitlab.data.digits import MAX_DIGITS, Digits
from digitlab.data.folders import read_image
from digitlab.data.tables import COLUMNS
from digitlab.errors import DataError, MissingExtraError

BATCH = 2000  # rows of numbers at once
PICTURES = 100  # rows of pictures at once: few enough where each is a photo
MAX_BYTES = 2 << 30  # of all columns together once decompressed, as the file declares them
MAX_PICTURE = 20 << 20  # bytes of one picture's file


def read_parquet(path: str | Path) -> Digits:
    """Read a Parquet file. Pictures of 28x28 pixels are taken as they are, others framed; see `folders.read_image`.

    Raises:
        DataError: the file is missing or damaged, lacks a column, is too large, or has a value that is no picture, a
            pixel outside 0 to 255 or a label outside 0 to 9; the row is named, counted from 1.
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise MissingExtraError("reading Parquet", "parquet") from None
    try:
        with parquet.ParquetFile(path) as file:
            pictures = _check(file, path)
            leaves = [file.schema.column(index) for index in range(len(file.schema))]
        # A picture that a small file repeats a million times stays one in memory.
        repeated = [leaf.path for leaf in leaves if pictures and leaf.path in ("image", "image.bytes")]
        with parquet.ParquetFile(path, read_dictionary=repeated) as file:
            parts = [*_batches(file, path, pictures)]
        images, labels = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Digits(images, labels, str(path))
    except FileNotFoundError:
        raise DataError(f"there is no file {path}; check the path") from None
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} is damaged or not a Parquet file; fetch or save it again") from error


def _check(file: Any, path: str | Path) -> bool:
    """Refuse a file by what its schema and its footer say; return whether it holds pictures. Raises DataError."""
    names = file.schema_arrow.names
    pictures = "image" in names and "pixel0" not in names
    missing = [name for name in _wanted(pictures) if name not in names]
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise DataError(f"{path}: column {missing[0]} is missing{more}; it needs label and pixel0 to 783, or image")
    count = file.metadata.num_rows
    if count > MAX_DIGITS:
        raise DataError(f"{path} has {count:,} rows, more than the {MAX_DIGITS:,} that are read at once; split it")
    groups = (file.metadata.row_group(index) for index in range(file.metadata.num_row_groups))
    if sum(group.total_byte_size for group in groups) > MAX_BYTES:
        raise DataError(f"{path} has more than the {MAX_BYTES >> 30} GB that are read at once; split it")
    if not count:
        raise DataError(f"{path} has columns but no digits; add a row for each digit")
    return pictures


def _wanted(pictures: bool) -> list[str]:
    return ["image", "label"] if pictures else list(COLUMNS)


def _batches(file: Any, path: str | Path, pictures: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield images, (B, 28, 28) uint8, and labels, (B,) int64."""
    row, wanted = 1, _wanted(pictures)
    for batch in file.iter_batches(PICTURES if pictures else BATCH, columns=wanted):
        labels = _whole(batch.column("label"), "label", 9, path, row)
        if pictures:
            column = batch.column("image")
            images = np.stack([_picture(cell, f"{path}, row {row + index}") for index, cell in enumerate(column)])
        else:
            values = [_whole(batch.column(name), name, 255, path, row) for name in wanted[1:]]
            images = np.stack(values, 1).astype(np.uint8).reshape(-1, 28, 28)
        yield images, labels
        row += len(labels)


def _whole(column: Any, name: str, largest: int, path: str | Path, row: int) -> np.ndarray:
    """Return a column of a batch that begins at `row` as (B,) int64, if all are whole numbers from 0 to `largest`."""
    import pyarrow

    if not pyarrow.types.is_integer(column.type):
        raise DataError(f"{path}: column {name} is of type {column.type}; store whole numbers from 0 to {largest}")
    if column.null_count:
        empty = next(index for index, cell in enumerate(column) if not cell.is_valid)
        raise DataError(f"{path}, row {row + empty}: {name} is empty; fill it in or remove the row")
    values = column.to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero((values < 0) | (values > largest))
    if len(wrong):
        value = values[wrong[0]]
        raise DataError(f"{path}, row {row + wrong[0]}: {name} {value} is outside 0 to {largest}; correct it")
    return values.astype(np.int64)


def _picture(cell: Any, where: str) -> np.ndarray:
    """Return the picture in a cell as (28, 28) uint8."""
    value = cell.as_py()
    content = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(content, bytes):
        raise DataError(f"{where}: image holds no picture; store the content of its file in it, not a path")
    if len(content) > MAX_PICTURE:
        raise DataError(f"{where}: the picture has more than {MAX_PICTURE >> 20} MB; shrink it")
    return read_image(content, where)
