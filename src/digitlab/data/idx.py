"""IDX, the format of MNIST's own files: a magic number, the dimensions, then the bytes.

    00 00 08 03   unsigned bytes in 3 dimensions (images); 00 00 08 01 for labels
    00 00 EA 60   one big-endian 32-bit integer a dimension: 60,000
    00 00 00 1C   28
    00 00 00 1C   28
    00 00 ...     the pixels, row by row

Source: https://yann.lecun.com/exdb/mnist/, "File formats for the MNIST database".
"""

from __future__ import annotations

import gzip
import math
import re
import struct
from pathlib import Path

import numpy as np

from digitlab.data.digits import MAX_DIGITS, Digits
from digitlab.data.files import name_of, unpacked
from digitlab.errors import DataError, UsageError
from digitlab.storage import atomic_path

MAX_BYTES = MAX_DIGITS * 28 * 28  # of content; what claims more is refused before any memory is taken
STEP = 1 << 20  # bytes read at a time, so that memory follows what is really there and not what a header claims

IMAGES_NAME = re.compile(r"(?:(?P<part>.+)-)?images[-.]idx3-ubyte(?:\.gz)?")


def read(source: str | Path | bytes) -> np.ndarray:
    """Read an IDX file, compressed with gzip or not.

    Args:
        source: a path, or the file's bytes.

    Returns:
        (N,) or (N, height, width) uint8, writable.

    Raises:
        DataError: the file is missing, malformed, cut off, longer than its header says, or too large.
    """
    return parse(read_content(source), name_of(source))


def read_content(source: str | Path | bytes) -> bytearray:
    """Return the decompressed content, header included, of an IDX file of the size that its header claims.

    Raises DataError as `read` does.
    """
    name = name_of(source)
    with unpacked(source) as stream:
        content = bytearray(stream.read(4))
        dimensions = _dimensions(content, name)
        content += stream.read(4 * dimensions)
        length = len(_header(content, name)) + math.prod(_shape(content, name))
        while len(content) < length and (piece := stream.read(min(STEP, length - len(content)))):
            content += piece
        surplus = stream.read(1)
    if len(content) < length:
        raise DataError(f"{name} is cut off: its header claims {length} bytes, but it has {len(content)}")
    if surplus:
        raise DataError(f"{name} goes on after the {length} bytes that its header claims; it is no clean IDX file")
    return content


def parse(content: bytearray, name: str = "content") -> np.ndarray:
    """Return the array, (N,) or (N, height, width) uint8, in what `read_content` gave; no copy."""
    header = _header(content, name)
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(_shape(content, name))


def pack(array: np.ndarray) -> bytes:
    """Return a uint8 array, (N,) or (N, height, width), as IDX content. Raises UsageError for any other."""
    if array.dtype != np.uint8 or array.ndim not in (1, 3):
        raise UsageError(f"IDX files here hold uint8 (N,) or (N, height, width), not {array.dtype} {array.shape}")
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write(path: str | Path, array: np.ndarray) -> None:
    """Write a uint8 array, (N,) or (N, height, width), atomically; compressed if `path` ends in .gz.

    The same array gives the same bytes, whenever it is written. Raises UsageError, OutputError.
    """
    content = pack(array)
    if Path(path).suffix == ".gz":
        content = gzip.compress(content, 6, mtime=0)  # level 9 takes ten times as long for 2 % less
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def read_pair(images: Path) -> Digits:
    """Read an images file named like MNIST's and the labels file beside it. Raises DataError.

    `train-images-idx3-ubyte.gz` goes with `train-labels-idx1-ubyte.gz` or the same without `.gz`.
    """
    if not IMAGES_NAME.fullmatch(images.name):
        raise DataError(f"{images} is not named like MNIST's images, NAME-images-idx3-ubyte; rename it, labels too")
    plain = images.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    candidates = [images.with_name(plain), images.with_name(f"{plain}.gz")]
    labels = next((path for path in candidates if path.is_file()), None)
    if labels is None:
        raise DataError(f"{images} has no labels beside it; put {plain} or {plain}.gz into the same folder")
    image_array, label_array = read(images), read(labels)
    if label_array.ndim != 1:
        raise DataError(f"{labels} has {label_array.ndim} dimensions, but labels have one; check which file it is")
    return Digits(image_array, label_array, str(images))


def _dimensions(content: bytearray, name: str) -> int:
    """Return the number of dimensions, 1 or 3."""
    if len(content) < 4 or content[:2] != b"\0\0":
        raise DataError(f"{name} is not an IDX file: it does not start with 00 00")
    kind, dimensions = content[2], content[3]
    if kind != 8 or dimensions not in (1, 3):
        raise DataError(
            f"{name} holds IDX type 0x{kind:02x} in {dimensions} dimensions;"
            " only unsigned bytes (0x08) in 1 or 3 are read"
        )
    return dimensions


def _header(content: bytearray, name: str) -> bytes:
    length = 4 + 4 * _dimensions(content, name)
    if len(content) < length:
        raise DataError(f"{name} is cut off within its header of {length} bytes; fetch it again")
    return bytes(content[:length])


def _shape(content: bytearray, name: str) -> tuple[int, ...]:
    """Return the shape that the header claims, refused if it is larger than anything that is read here."""
    shape = struct.unpack(f">{content[3]}I", _header(content, name)[4:])
    if math.prod(shape) > MAX_BYTES:
        raise DataError(
            f"{name} claims shape {shape}, more than the {MAX_BYTES:,} bytes that are read at once; split it"
        )
    return shape
