"""NPZ: numpy arrays in a zip file, in the layout of Keras's `mnist.npz`, read without unpickling anything.

x_train, y_train, x_test, y_test       as Keras has it; x_validation, y_validation may be there too
images, labels                         one collection without parts
"""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy

from digitlab.data.digits import MAX_DIGITS, Digits
from digitlab.errors import DataError
from digitlab.storage import atomic_path

PARTS = ("train", "validation", "test")
MAX_BYTES = MAX_DIGITS * 28 * 28  # of one array, whatever type its numbers have


def read_npz(path: str | Path) -> dict[str, Digits]:
    """Read an NPZ file.

    Returns:
        The parts by name, of "train", "validation" and "test"; only "" for a file with `images` and `labels`.

    Raises:
        DataError: the file is missing or damaged, has other arrays, or an array is too large, of the wrong
            shape or type, or would have to be unpickled.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
            pairs = {part: (f"x_{part}", f"y_{part}") for part in PARTS if {f"x_{part}", f"y_{part}"} <= names}
            if not pairs and {"images", "labels"} <= names:
                pairs = {"": ("images", "labels")}
            if not pairs:
                found = ", ".join(sorted(names)[:10]) or "nothing"
                raise DataError(
                    f"{path} should hold x_train and y_train, x_test and y_test (Keras's layout),"
                    f" or images and labels; it holds {found}"
                )
            return {part: _digits(archive, path, *keys) for part, keys in pairs.items()}
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}; check the path") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read {path}: {reason}; check the path and its permissions") from error
    # zipfile raises RuntimeError for an encrypted member and NotImplementedError for a foreign compression.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{path} is damaged or not an NPZ file ({error}); fetch or save it again") from error


def write_npz(path: str | Path, parts: dict[str, Digits]) -> None:
    """Write parts in Keras's layout, or one collection (named "") as `images` and `labels`, atomically.

    Labels are stored as uint8, as Keras has them. Raises OutputError.
    """
    arrays: dict[str, Any] = {}
    for part, digits in parts.items():
        images, labels = (f"x_{part}", f"y_{part}") if part else ("images", "labels")
        arrays |= {images: digits.images, labels: digits.labels.astype(np.uint8)}
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)


def _digits(archive: zipfile.ZipFile, path: str | Path, images_key: str, labels_key: str) -> Digits:
    images, labels = _array(archive, path, images_key), _array(archive, path, labels_key)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if images.ndim == 2 and images.shape[1] == 28 * 28:
        images = images.reshape(-1, 28, 28)
    if images.size and not (images.min() >= 0 and images.max() <= 255):
        raise DataError(f"{path}: {images_key} has values outside 0 to 255; scale them to whole numbers from 0 to 255")
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    return Digits(images.astype(np.uint8, copy=False), labels, f"{path} ({images_key})")


def _array(archive: zipfile.ZipFile, path: str | Path, key: str) -> np.ndarray:
    """Read one array once its header is checked: its type, and that its size is there and not too large."""
    what = f"{path}: {key}"
    with archive.open(f"{key}.npy") as file:
        try:
            version = npy.read_magic(file)
            header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, by_column, dtype = header(file)
        # numpy parses the header as Python, in several ways, and lets their errors through.
        except (ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError) as error:
            raise DataError(f"{what} has no readable header; save the file again with numpy.savez") from error
        if dtype.kind not in "iu":
            raise DataError(f"{what} is of type {dtype}; store whole numbers (uint8, 0 to 255) instead")
        size = math.prod(shape) * dtype.itemsize
        if size > MAX_BYTES:
            raise DataError(f"{what} claims shape {shape}, more than the {MAX_BYTES:,} bytes read at once; split it")
        if min(shape, default=0) < 0 or file.tell() + size != archive.getinfo(f"{key}.npy").file_size:
            raise DataError(f"{what} is not as long as its header claims; fetch or save the file again")
        content = bytearray()
        while len(content) < size and (piece := file.read(min(1 << 20, size - len(content)))):
            content += piece
        if len(content) < size:
            raise DataError(f"{what} is cut off; fetch or save the file again")
        file.read(1)  # at its end zipfile compares the checksum
    return np.frombuffer(content, dtype).reshape(shape, order="F" if by_column else "C")
