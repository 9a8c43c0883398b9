"""Make docs/gallery.md: synthetic pages, and what the reader makes of them.

python examples/make_gallery.py        # writes docs/gallery.md and docs/gallery/*.jpg

Of each kind the first page is taken whose longer side has MIN to MAX pixels, seeds counted up from one of its own:
nothing is picked for how it is read. Digits are by the pen (`strokes`) alone, so it needs no data.
"""

from __future__ import annotations

import difflib
import io
import itertools
from pathlib import Path

from PIL import Image

import digitlab
from digitlab import storage
from digitlab.data.pages import AROUND, Page, make_page

DOCS = Path(__file__).parent.parent / "docs"
KINDS = (
    "notebook",
    "table",
    "form",
    "ledger",
    "sums",
    "text",
    "tiny",
    "chalkboard",
    "figures",
    "displays",
    "panels",
    "marks",
)
FIRST, APART = 7_000_000, 1000  # seeds: of the first kind, from one to the next; no training makes these pages
MIN, MAX = 500, 1100  # of the longer side, pixels; "tiny" pages are as they are
SIDE = 900  # longer side of a drawing as it is written, pixels
LARGEST = 150_000  # bytes of a file

INTRODUCTION = """# Gallery: what is read on synthetic pages

Drawn readings of twelve pages, one of a kind. None of them is real: paper, light and camera are simulated, and all
digits and letters are by the pen (`strokes`). The pages were not picked for how they are read: each is the first of its
kind that has the size to be shown, with seeds that no training uses (`python examples/make_gallery.py` makes this page
anew). How real photos are read stands in [reader.md](reader.md).

Boxes are blue where the reader is sure, orange and dashed where it is less so, red and dotted where it doubts; under
each digit stands its confidence in percent. Numbers on the left count lines.
"""


def first_page(kind: str) -> tuple[int, Page]:
    """Return the first page of a kind that has the size, with its seed; a "chalkboard" and AROUND are of rows."""
    for seed in itertools.count(FIRST + APART * KINDS.index(kind)):
        around = kind if kind in AROUND else None
        page = make_page(seed, None, "rows" if around or kind == "chalkboard" else kind, around)
        if kind == "chalkboard" and page.facts["paper"] != "board":
            continue
        if kind == "tiny" or MIN <= max(page.image.shape) <= MAX:
            return seed, page
    raise AssertionError("seeds do not end")


def section(kind: str, seed: int, page: Page, reading: digitlab.Reading) -> str:
    """Return what the document says of a page: its picture, what was written on it, and what was read."""
    wanted, found = page.rows, [line.text for line in reading.lines]
    matcher = difflib.SequenceMatcher(None, wanted, found, autojunk=False)
    right = sum(block.size for block in matcher.get_matching_blocks())
    written, read = (" · ".join(lines) or "nothing" for lines in (wanted, found))
    return f"""
## {kind.capitalize()}

![A page of the kind "{kind}", with what is read on it](gallery/{kind}.jpg)

Seed {seed:,}. Lines as written: {right} of {len(wanted)}; lines too many or other: {len(found) - right}.

- written: {written}
- read: {read}
"""


def save(drawing: Image.Image, path: Path) -> None:
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
    reader, text = digitlab.Reader(picture=2 * SIDE), INTRODUCTION
    for kind in KINDS:
        seed, page = first_page(kind)
        reading = reader.read(page.image)
        save(reading.draw(), DOCS / "gallery" / f"{kind}.jpg")
        text += section(kind, seed, page, reading)
    storage.write_text(DOCS / "gallery.md", text)


if __name__ == "__main__":
    main()
