"""Which images the words of a command line mean: files, folders, patterns, standard input."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from digitlab.errors import ImageError

SUFFIXES = {
    ".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".pbm", ".pgm", ".pnm", ".ppm",
    ".pdf", ".heic", ".heif", ".avif",
}  # fmt: skip


class StandardInput:
    """Standard input as a file object that goes by the name "-"."""

    name = "-"

    def read(self, size: int) -> bytes:
        """Read at most this many bytes."""
        return sys.stdin.buffer.read(size)


def inputs(
    words: Sequence[str], recursive: bool, complain: Callable[[ImageError], None]
) -> Iterator[str | StandardInput]:
    """Yield what to open, in the order given; within folders and patterns, sorted by name.

    Args:
        words: files, folders (the images in them), patterns such as "more/*.png" that no shell expanded, or "-".
        recursive: also take the images in folders inside the folders.
        complain: called for a folder without images and a pattern that matches nothing.
    """
    for word in words:
        if word == "-":
            yield StandardInput()
        elif os.path.isdir(word):
            yield from _folder(word, recursive, complain)
        elif glob.has_magic(word) and not os.path.lexists(word):
            names = sorted(glob.glob(word, recursive=True))
            if not names:
                complain(ImageError(f"nothing matches {word}; check the folder and the pattern"))
            for name in names:
                if not os.path.isdir(name):
                    yield name
                elif recursive:
                    yield from _folder(name, recursive, complain)
        else:
            yield word


def _folder(folder: str, recursive: bool, complain: Callable[[ImageError], None]) -> Iterator[str]:
    """Yield the images of a folder, then those of the folders in it; hidden ones are left out, links not followed."""
    found = False
    errors: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=errors.append):
        folders[:] = sorted(name for name in folders if not name.startswith(".")) if recursive else []
        for name in sorted(files):
            if os.path.splitext(name)[1].lower() in SUFFIXES and not name.startswith("."):
                found = True
                yield str(Path(place) / name)
    for error in errors:
        complain(ImageError(f"folder {error.filename} cannot be read: {(error.strerror or '').lower()}"))
    if not found and not errors:
        deeper = "" if recursive else ", or look deeper with --recursive"
        complain(ImageError(f"folder {folder} holds no images; name one that does{deeper}"))
