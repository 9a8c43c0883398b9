"""Draw the pages of docs/gallery.md: synthetic pages, and what the reader makes of them.

python examples/make_gallery.py        # writes docs/gallery/*.jpg and prints what is right

Of each kind the first page is taken whose longer side has MIN to MAX pixels, seeds counted up from one of its own:
nothing is picked for how it is read. Digits are by the pen (`strokes`) alone, so it needs no data.
"""

from __future__ import annotations

import io
import itertools
from pathlib import Path

from PIL import Image

import digitlab
from digitlab import storage
from digitlab.data.pages import Page, make_page

OUT = Path(__file__).parent.parent / "docs" / "gallery"
KINDS = ("notebook", "table", "form", "ledger", "sums", "text", "tiny", "chalkboard")
FIRST, APART = 7_000_000, 1000  # seeds: of the first kind, from one to the next; no training makes these pages
MIN, MAX = 500, 1100  # of the longer side, pixels; "tiny" pages are as they are
SIDE = 900  # longer side of a drawing as it is written, pixels
LARGEST = 150_000  # bytes of a file


def first_page(kind: str) -> tuple[int, Page]:
    """Return the first page of a kind that has the size, with its seed; "chalkboard" is any kind on a board."""
    for seed in itertools.count(FIRST + APART * KINDS.index(kind)):
        page = make_page(seed, None, "rows" if kind == "chalkboard" else kind)
        if kind == "chalkboard" and page.facts["paper"] != "board":
            continue
        if kind == "tiny" or MIN <= max(page.image.shape) <= MAX:
            return seed, page
    raise AssertionError("seeds do not end")


def told(page: Page, reading: digitlab.Reading) -> str:
    """Return in words how the lines that were read compare with those that were written."""
    wanted, found = page.rows, [line.text for line in reading.lines]
    right = sum(line in found for line in set(wanted))
    return f"{right} of {len(set(wanted))} lines as written, {len(found)} lines read"


def written(drawing: Image.Image, path: Path) -> None:
    """Write a drawing as a JPEG of SIDE pixels that stays below LARGEST bytes."""
    picture = drawing.convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    for quality in (88, 80, 70, 60, 50):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= LARGEST:
            break
    storage.write_bytes(path, file.getvalue())


def main() -> None:
    """Draw them all."""
    reader = digitlab.Reader(picture=2 * SIDE)
    for kind in KINDS:
        seed, page = first_page(kind)
        reading = reader.read(page.image)
        written(reading.draw(), OUT / f"{kind}.jpg")
        print(f"{kind}, seed {seed}, {page.facts['paper']}: {told(page, reading)}")


if __name__ == "__main__":
    main()
