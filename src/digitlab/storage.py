"""Where files are written, and how: to a temporary name, flushed, then renamed.

Whoever reads a file of ours finds the old one or the new one, never half of either.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digitlab.errors import OutputError


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path`, on failure it is removed.

    Raises:
        OutputError: the folder does not exist and cannot be made, is not writable, or the disk is full.
    """
    path = Path(path)
    make_folder(path.parent)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files private; ours are ordinary files
        os.replace(temporary, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: str | Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; on success it becomes `path`, on failure it is removed.

    Args:
        path: of the folder to make.
        replace: whether a folder that is there already goes, with all that is in it.

    Raises:
        OutputError: `path` exists and is not an empty folder (unless it is replaced), or it cannot be written.
    """
    path = Path(path)
    if path.exists() and not (path.is_dir() and (replace or not any(path.iterdir()))):
        raise OutputError(f"{path} exists and is not an empty folder; choose another place or remove it")
    make_folder(path.parent)
    try:
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield temporary
        os.chmod(temporary, 0o777 & ~_umask())  # mkdtemp makes folders private; ours are ordinary folders
        if path.exists():
            os.replace(path, old := temporary.with_name(f"{temporary.name}.old"))
            os.replace(temporary, path)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(temporary, path)
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def temporary_folder(parent: str | Path) -> Iterator[Path]:
    """Yield a new folder in `parent` to gather files in; what is not moved away is removed. Raises OutputError."""
    make_folder(parent)
    try:
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=parent) as name:
            yield Path(name)
    except OSError as error:
        raise _cannot_write(Path(parent), error) from error


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write `content` to `path` atomically. Raises OutputError."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | Path, content: str) -> None:
    """Write `content` to `path` atomically, as UTF-8. Raises OutputError."""
    write_bytes(path, content.encode())


def write_json(path: str | Path, content: Any) -> None:
    """Write `content` to `path` atomically, as indented JSON. Raises OutputError."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def make_folder(path: str | Path) -> Path:
    """Make a folder and its parents if need be. Raises OutputError if that fails or it is not writable."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from error
    if not os.access(path, os.W_OK):
        raise OutputError(f"{path} is not writable; choose another folder or change its permissions")
    return path


def cache_folder() -> Path:
    """Return the user's cache folder for digitlab; it need not exist yet."""
    import platformdirs  # only downloads need it

    return Path(platformdirs.user_cache_dir("digitlab", appauthor=False))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _cannot_write(path: Path, error: OSError) -> OutputError:
    reason = (error.strerror or str(error)).lower()
    return OutputError(f"cannot write {path}: {reason}; free space there or choose another place")
