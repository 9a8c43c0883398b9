"""The verb `read`: which images are meant, and how their readings are printed."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from digitlab import console
from digitlab.errors import ImageError
from digitlab.reading import Reader
from digitlab.readings import CSV_COLUMNS, Reading, csv_rows

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".pgm"}


def read_images(images: Sequence[str], model: str, form: str) -> int:
    """Read images and print what they say.

    Args:
        images: files, folders, or "-" for an image on standard input.
        model: a recogniser's name, file or run folder.
        form: "text", "json" or "csv".

    Returns:
        The exit code: 0, or 2 where an image could not be read (the others are).

    Raises:
        ModelError: there is no such recogniser, or its file is unusable.
        ImageError: there is no image at all.
    """
    reader = Reader(model)
    readings, failed = [], 0
    for source, name in _sources(images):
        try:
            reading = Reading(reader.read(source).lines, name)
        except ImageError as error:
            console.say(f"digitlab: {error}")
            failed += 1
            continue
        if form == "text":
            print(_as_text(reading))
        else:
            readings.append(reading)
    if form == "json":
        console.print_json([reading.to_dict() for reading in readings])
    elif form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows(csv_rows(readings))
    return 2 if failed else 0


def _sources(images: Sequence[str]) -> Iterator[tuple[Any, str]]:
    """Yield what to open and what to call it: the files that are named, and those in folders, sorted."""
    for name in images:
        path = Path(name)
        if name == "-":
            yield sys.stdin.buffer, "-"
        elif path.is_dir():
            files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
            if not files:
                raise ImageError(f"folder {path} holds no images; name one that does, or files")
            yield from ((file, str(file)) for file in files)
        else:
            yield path, name


def _as_text(reading: Reading) -> str:
    """Return a reading as one line: file, digits, confidence."""
    sure = " ".join(console.sureness(digit.confidence) for digit in reading.digits)
    return f"{reading.file}: {reading.text} ({sure})" if reading.digits else f"{reading.file}: no digit"
