"""Where `read --draw` puts its pictures: one file, or a folder of them, and never over what is read."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from digitlab import storage
from digitlab.cli_inputs import SUFFIXES
from digitlab.errors import UsageError
from digitlab.readings import Reading

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"}  # what is written


class Drawings:
    """Writes drawn readings: one to a file, or each to a folder under its image's name and page."""

    def __init__(self, out: Path) -> None:
        """`out` is a file if it ends as a picture does and is no folder, else a folder. Raises UsageError."""
        if out.suffix.lower() in SUFFIXES - PICTURES and not out.is_dir():
            raise UsageError(f"--draw {out} is no format of drawings; name a PNG, JPEG, WebP, BMP or TIFF, or a folder")
        self.out = out
        self.is_file = out.suffix.lower() in PICTURES and not out.is_dir()
        self.taken: set[str] = set()
        self.sources: set[str] = set()

    def keep_off(self, sources: list[Any]) -> None:
        """Remember what is read, which is never overwritten. Raises UsageError if it does not go into one file."""
        self.sources = {os.path.realpath(source) for source in sources if isinstance(source, str)}
        if self.is_file and len(sources) > 1:
            raise UsageError(f"{len(sources):,} images do not go into one file; name a folder: --draw {self.out.stem}/")
        if self.is_file and self._is_source(self.out):
            raise UsageError(f"--draw {self.out} would overwrite the image that is read; choose another name")

    def save(self, reading: Reading) -> None:
        """Draw a reading and write it. Raises OutputError, or UsageError if a second page comes for one file."""
        if self.is_file and reading.pages > 1:
            raise UsageError(f"{reading.file} has several pages; name a folder for them: --draw {self.out.stem}/")
        path = self.out if self.is_file else self._place(reading)
        kinds = {".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF"}
        kind = kinds.get(path.suffix.lower(), path.suffix[1:].upper())
        file = io.BytesIO()
        reading.draw().save(file, kind, quality=92)
        storage.write_bytes(path, file.getvalue())

    def _place(self, reading: Reading) -> Path:
        """Return a name in the folder that no other reading and no input has."""
        name = "standard-input" if reading.file in (None, "-") else Path(str(reading.file)).stem
        name += f"-page-{reading.page}" if reading.pages > 1 else ""
        number, unique = 1, name
        while unique.lower() in self.taken or self._is_source(self.out / f"{unique}.jpg"):
            number += 1
            unique = f"{name}-{number}"
        self.taken.add(unique.lower())
        return self.out / f"{unique}.jpg"

    def _is_source(self, path: Path) -> bool:
        return os.path.join(os.path.realpath(path.parent), path.name) in self.sources
