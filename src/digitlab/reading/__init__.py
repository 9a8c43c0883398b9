"""From any picture to what is written in it: open, ink, frame, recognise."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from digitlab.reading.open import Opened, open_image
from digitlab.reading.reader import Reader
from digitlab.readings import Reading

__all__ = ["Opened", "Reader", "open_image", "read"]


def read(source: Any, model: str | Path = "default") -> Reading:
    """Read one picture of one digit; the recogniser is loaded once and kept for the next call.

    Args:
        source: a path, bytes, a binary file object, a PIL image or a numpy array; see `open_image`.
        model: a recogniser's name, file or run folder.

    Raises:
        ImageError: the picture cannot be opened.
        ModelError: there is no such recogniser, or its file is unusable.
    """
    return _reader(model).read(source)


@lru_cache(maxsize=4)
def _reader(model: str | Path) -> Reader:
    return Reader(model)
