"""Open a file of labelled digits, compressed with gzip or not, and say in one sentence why that fails."""

from __future__ import annotations

import contextlib
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from digitlab.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"


@contextlib.contextmanager
def unpacked(source: str | Path | bytes) -> Iterator[BinaryIO]:
    """Yield the content of a file, or of bytes, as a binary stream; gzip is recognised by its first bytes.

    Nothing is read ahead: whoever reads a bounded number of bytes holds no more than these in memory.

    Raises:
        DataError: the file is missing, not readable, or its compressed content is cut off or damaged;
            also while the stream is read inside the `with` block.
    """
    name = name_of(source)
    try:
        with contextlib.ExitStack() as stack:
            raw: BinaryIO = io.BytesIO(source) if isinstance(source, bytes) else stack.enter_context(open(source, "rb"))
            start = raw.read(2)
            raw.seek(0)
            yield cast(BinaryIO, stack.enter_context(gzip.open(raw))) if start == GZIP_MAGIC else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{name} is cut off or damaged (its gzip content breaks); fetch it again") from error
    except FileNotFoundError as error:
        raise DataError(f"there is no file {name}; check the path") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(f"cannot read {name}: {reason}; check the path and its permissions") from error


def name_of(source: str | Path | bytes) -> str:
    """Return how error messages call this source."""
    return f"{len(source)} bytes" if isinstance(source, bytes) else str(source)
