"""What `digitlab read` is asked, and what makes its start quick. It runs first, so it imports next to nothing.

Plain words need no parser that takes longer to import than a picture takes to read.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Wishes:
    """What the user asks of `read`; `form` is "text", "json", "jsonl" or "csv"."""

    words: list[str]
    form: str = "text"
    model: str = "default"
    draw: Path | None = None
    single: bool = False
    min_confidence: float = 0.0
    expect: str | None = None
    recursive: bool = False
    pages: str | None = None


# The options of the verb `read`, as in `cli.py`: a test asks typer whether they are the same.
_FLAGS: dict[str, tuple[str, Any]] = {
    "--json": ("form", "json"),
    "--jsonl": ("form", "jsonl"),
    "--csv": ("form", "csv"),
    "--single": ("single", True),
    "--recursive": ("recursive", True),
    "-r": ("recursive", True),
}
_VALUES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "--model": ("model", str),
    "-m": ("model", str),
    "--draw": ("draw", Path),
    "--min-confidence": ("min_confidence", float),
    "--expect": ("expect", str),
    "--pages": ("pages", str),
}


def plain_wishes(words: Sequence[str]) -> Wishes | None:
    """Return what words after `digitlab read` ask for; None where anything about them is not plain.

    Plain are options written out, each with its value in a word of its own, among the names of images. All the rest,
    help, other spellings and whatever is wrong, is the business of the command line in `cli.py`.
    """
    images: list[str] = []
    asked: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if word in _FLAGS:
            key, value = _FLAGS[word]
            if key == "form" and asked.get(key, value) != value:
                return None
            asked[key] = value
        elif word in _VALUES:
            key, convert = _VALUES[word]
            text = next(rest, "-")
            if text.startswith("-"):
                return None
            try:
                asked[key] = convert(text)
            except ValueError:
                return None
        elif word.startswith("-") and word != "-":
            return None
        else:
            images.append(word)
    return Wishes(images, **asked) if images else None


@contextlib.contextmanager
def starting() -> Iterator[None]:
    """Import libraries quickly while the body runs; what it imports is never looked through for garbage.

    Of what libraries make when they are imported next to nothing goes away; to look through it again and again took a
    tenth of the time of reading one picture. Matrices are small here: to start NumPy's pool of threads would take
    another tenth.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
