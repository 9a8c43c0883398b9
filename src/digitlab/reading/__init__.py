"""From any picture to what is written in it: open, find, recognise, choose."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from digitlab.reading.open import Opened, open_image, open_pages
from digitlab.reading.reader import Reader
from digitlab.readings import Reading

__all__ = ["Opened", "Reader", "open_image", "open_pages", "read"]


def read(source: Any, model: str | Path = "default") -> Reading:
    """Read one picture, or the first page of a document; the recogniser is kept for the next call.

    Args:
        source: a path, bytes, a binary file object, a PIL image or a numpy array; see `open_image`.
        model: a recogniser's name, file or run folder. Its file is loaded again when it has changed.

    Raises:
        ImageError: the picture cannot be opened.
        ModelError: there is no such recogniser, or its file is unusable.
    """
    return _reader(*_state(model)).read(source)


def _state(model: str | Path) -> tuple[str, int, int]:
    """Return a model's full path with the time and size of its file, or a bundled one's name and zeros."""
    path = Path(model)
    try:
        facts = (path / "recognizer.onnx" if path.is_dir() else path).stat()
    except (OSError, ValueError):  # no such file: a bundled name, or for `load` to complain about
        return str(model), 0, 0
    return str(path.absolute()), facts.st_mtime_ns, facts.st_size


@lru_cache(maxsize=4)
def _reader(model: str, modified: int, size: int) -> Reader:
    return Reader(model)
