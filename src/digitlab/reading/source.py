"""From a path, bytes or a file object to the bytes of a file, never more than `MAX_BYTES`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from digitlab.errors import ImageError

MAX_BYTES = 200_000_000  # of a file: far above any photo


def content_of(source: Any) -> tuple[bytes, str | None]:
    """Return the bytes of a source and the name it goes by.

    Raises:
        ImageError: it is no source, is missing, empty or too large, or cannot be read; the message names it.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return _not_too_heavy(bytes(source), "the image"), None
    if isinstance(source, str | os.PathLike):
        return _file_content(Path(source)), os.fspath(source)
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        name = name if isinstance(name, str) else None
        try:
            content = source.read(MAX_BYTES + 1)
        except OSError as error:
            raise ImageError(
                f"{name or 'the file object'} cannot be read: {error}; check where it comes from"
            ) from error
        if not isinstance(content, bytes):
            raise ImageError(f"{name or 'the file object'} gives text, not bytes; open it with mode 'rb'")
        return _not_too_heavy(content, name or "the image"), name
    kind = type(source).__name__
    raise ImageError(f"cannot read an image from a {kind}; give a path, bytes, a PIL image or a numpy array")


def _file_content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ImageError(f"{path} is a folder; give an image file, or the images inside it")
        if not path.exists():
            raise ImageError(f"there is no file {path}; check the name and the folder")
        if not path.is_file():
            raise ImageError(f"{path} is not an ordinary file; give an image file")
        if path.stat().st_size > MAX_BYTES:
            raise ImageError(_too_heavy(str(path)))
        return _not_too_heavy(path.read_bytes(), str(path))
    except PermissionError as error:
        raise ImageError(f"{path} cannot be read: permission denied; change its permissions") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise ImageError(f"{path} cannot be read: {error}; check the name and the disk") from error


def _not_too_heavy(content: bytes, label: str) -> bytes:
    if not content:
        raise ImageError(f"{label} is empty (0 bytes); export or copy it again")
    if len(content) > MAX_BYTES:
        raise ImageError(_too_heavy(label))
    return content


def _too_heavy(label: str) -> str:
    return f"{label} is larger than {MAX_BYTES // 10**6} MB; make it smaller first"
