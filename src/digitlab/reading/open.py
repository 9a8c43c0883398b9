"""The one door for untrusted bytes: from a path, bytes, a picture or an array to grey pixels as a person sees them.

Sizes are checked from the header, before anything is decoded; only well-known formats are tried;
and whatever a decoder trips over becomes an ImageError that says what to do.

    source ─► bytes (source) ─► header (decode, tiff, pdf) ─► Document ─► page ─► 8-bit pixels (pixels) ─► Opened
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from digitlab.errors import ImageError, UsageError
from digitlab.finding.ink import shrunk
from digitlab.reading import pdf, tiff
from digitlab.reading.decode import decoded, identified
from digitlab.reading.pixels import MAX_PIXELS, enough, from_array
from digitlab.reading.quiet import quiet
from digitlab.reading.source import MAX_BYTES, content_of

__all__ = ["MAX_BYTES", "MAX_PAGES", "MAX_PIXELS", "Document", "Opened", "open_document", "open_image", "open_pages"]

MAX_PAGES = 500  # of a document, read without being asked for by number

Pages = tuple[int, int | None]
"""The first and the last page wanted, counted from 1; None: to the end."""


@dataclass(frozen=True)
class Opened:
    """A picture as a person sees it: turned upright, transparency laid on paper, 8 bits a pixel.

    Attributes:
        grey: (height, width) uint8, 0 black to 255 white; perhaps smaller than the picture, see `size`.
        rgb: (height, width, 3) uint8 of the same size, or None where the picture has no colour.
        size: (width, height) of the upright picture in full resolution, pixels; of a PDF page, at 200 dpi.
        file: the name it was given by, or None.
        page: which page of the file, from 1.
        pages: how many pages the file has.
    """

    grey: np.ndarray
    rgb: np.ndarray | None
    size: tuple[int, int]
    file: str | None = None
    page: int = 1
    pages: int = 1


@dataclass(frozen=True)
class Document:
    """A file whose header is read and whose pages are not yet. Its pages may be opened from several threads.

    Attributes:
        file: the name it was given by, or None.
        pages: how many it has; 1 for all but TIFF and PDF.
        decode: (page from 1, longest) to an "L" or "RGB" picture and its size in full resolution.
    """

    file: str | None
    pages: int
    decode: Callable[[int, int | None], tuple[Image.Image, tuple[int, int]]]

    def page(self, number: int = 1, longest: int | None = None) -> Opened:
        """Open one page, counted from 1; for `longest` see `open_image`. Raises ImageError."""
        picture, size = self.decode(number, longest)
        if longest is not None:
            longest = enough(picture.size, longest)
        if longest is not None and max(picture.size) > longest * 1.5:
            picture = picture.reduce(round(max(picture.size) / longest))
        rgb = None if picture.mode == "L" else np.asarray(picture)
        if rgb is not None and _grey_as_colour(rgb[:: max(1, len(rgb) // 256)]):
            rgb, picture = None, picture.convert("L")
        if longest is not None and max(picture.size) > longest * 1.1:  # whole-number steps left it larger
            picture = Image.fromarray(shrunk(np.asarray(picture), longest, quick=True))
            rgb = None if rgb is None else np.asarray(picture)
        grey = np.asarray(picture if rgb is None else picture.convert("L"))
        return Opened(grey, rgb, size, self.file, number, self.pages)

    def wanted(self, pages: Pages | None = None) -> range:
        """Return the numbers of the pages to read: all, or those from the first to the last of `pages`.

        Raises:
            ImageError: the document has no such page, or more are wanted than `MAX_PAGES`.
        """
        label = self.file or "the image"
        first, last = pages or (1, None)
        if not 1 <= first <= (last or first):
            raise UsageError(f"pages {first} to {last} are no range; count from 1, as in --pages 3-7")
        if first > self.pages:
            raise ImageError(f"{label} has no page {first}; its last one is {self.pages}")
        chosen = range(first, min(last or self.pages, self.pages) + 1)
        if len(chosen) > MAX_PAGES:
            raise ImageError(
                f"{label} has {self.pages:,} pages, but at most {MAX_PAGES} are read at once; choose some with"
                f" --pages {first}-{first + MAX_PAGES - 1} (in Python: pages=({first}, {first + MAX_PAGES - 1}))"
            )
        return chosen


def open_image(source: Any, longest: int | None = None) -> Opened:
    """Open a picture from anywhere: the first page of a TIFF or PDF, the first frame of an animation.

    Args:
        source: a path (str or Path), the bytes of a file, a binary file object, a PIL image, or an array:
            (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA; uint8, uint16, bool, or floats from 0 to 1.
        longest: if given, a longer side of about this many pixels is enough for the caller: larger pictures
            are reduced, large JPEGs even while they are decoded, which is several times faster. Pictures far longer
            than broad keep more (`digitlab.reading.pixels.enough`).

    Raises:
        ImageError: it cannot be opened; the message names the file and what to do.
    """
    return open_document(source).page(1, longest)


def open_pages(source: Any, longest: int | None = None, pages: Pages | None = None) -> Iterator[Opened]:
    """Open the pages of a TIFF or PDF one after the other; of anything else, the one picture.

    Args:
        source: as for `open_image`.
        longest: as for `open_image`.
        pages: the first and the last page wanted, counted from 1, the last one None for the end; all by default.

    Raises:
        ImageError: as `open_image`; or there are more than `MAX_PAGES` pages, and none were chosen.
    """
    document = open_document(source)
    for number in document.wanted(pages):
        yield document.page(number, longest)


def open_document(source: Any) -> Document:
    """Open a source by its header, and count its pages. Raises ImageError; for `source` see `open_image`."""
    if isinstance(source, np.ndarray):
        picture = from_array(source)
        return Document(None, 1, lambda number, longest: (picture, picture.size))
    if isinstance(source, Image.Image):
        name = getattr(source, "filename", None) or None
        name = os.fspath(name) if name is not None else None
        # In full: reducing while decoding would change the caller's own picture.
        return Document(name, 1, lambda number, longest: decoded(source, None, name or "the image"))
    content, name = content_of(source)
    label = name or "the image"
    if content[:1024].lstrip().startswith(pdf.MAGIC):
        document = pdf.Pdf(content, label)
        return Document(name, document.pages, document.page)
    if content[:4] in tiff.MAGICS:
        return _tiff(content, name, label)
    image = identified(content, label)
    return Document(name, 1, lambda number, longest: decoded(image, longest, label))


def _grey_as_colour(rgb: np.ndarray) -> bool:
    """Whether an (H, W, 3) uint8 picture has no colours, but for what compression leaves."""
    red, green, blue = (rgb[..., channel].astype(np.int16) for channel in range(3))
    return not any(np.abs(one - other).max(initial=0) > 2 for one, other in ((red, green), (green, blue), (red, blue)))


def _tiff(content: bytes, name: str | None, label: str) -> Document:
    frames = tiff.page_frames(content, label)
    image = identified(content, label, ("TIFF",))
    lock = threading.Lock()  # Pillow keeps one page at a time

    def decode(number: int, longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
        page = label if len(frames) == 1 else f"page {number} of {label}"
        with lock, quiet():
            try:
                image.seek(frames[number - 1])
            except Exception as error:  # Pillow raises EOFError, struct.error, and what else a broken page causes
                raise ImageError(f"{page} is damaged or cut off; export or copy it again") from error
            return decoded(image, longest, page)

    return Document(name, max(len(frames), 1), decode)
