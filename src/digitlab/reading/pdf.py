"""The pages of a PDF as pictures, by PDFium, which must not be entered by two threads at once."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

import numpy as np
from PIL import Image

from digitlab.errors import ImageError
from digitlab.reading.pixels import check_size, enough

MAGIC = b"%PDF-"
DPI = 200  # at which boxes are told, and the resolution of a page that is opened in full
MAX_DPI = 300  # small pages are not rendered any finer
MAX_POINTS = 14_400  # of a page's side, 200 inches: the limit that PDF readers keep to (ISO 32000, annex C)
_PASSWORD = 4  # PDFium's error code

_pdfium = threading.RLock()  # again from the same thread: Python may drop one document while another is in use


class Pdf:
    """An open PDF."""

    def __init__(self, content: bytes, label: str) -> None:
        """Open a PDF from its bytes. Raises ImageError if it is damaged or encrypted, or PDFium is not installed."""
        try:
            import pypdfium2
        except ImportError:
            raise ImageError(
                f"{label} is a PDF, which needs an extra part; install it with: pip install 'digitlab[pdf]'"
            ) from None
        self._document: Any = None
        self._label = label
        with _pdfium:
            try:
                self._document = pypdfium2.PdfDocument(content)
                self.pages = len(self._document)
            except pypdfium2.PdfiumError as error:
                if getattr(error, "err_code", None) == _PASSWORD:
                    raise ImageError(f"{label} is encrypted; save a copy without its password first") from error
                raise ImageError(f"{label} is damaged or cut off: {error}; export or copy it again") from error
        if self.pages < 1:
            raise ImageError(f"{label} has no pages; export it again")

    def page(self, number: int, longest: int | None) -> tuple[Image.Image, tuple[int, int]]:
        """Render a page.

        Args:
            number: from 1.
            longest: pixels of the longer side, about; without it, the page at `DPI`.

        Returns:
            The picture, "RGB", and the page's (width, height) in pixels at `DPI`.

        Raises:
            ImageError: the page is damaged, or larger than any paper.
        """
        label = f"page {number} of {self._label}"
        with _pdfium, contextlib.ExitStack() as stack:
            try:
                page = self._document[number - 1]
                stack.callback(page.close)
                width, height = page.get_size()  # points, 1/72 inch
                if not (0 < width <= MAX_POINTS and 0 < height <= MAX_POINTS):
                    raise ImageError(
                        f"{label} is {width:,.0f} x {height:,.0f} points, but sides of 1 to {MAX_POINTS:,} are read;"
                        " export it at the size of paper"
                    )
                size = (max(1, round(width * DPI / 72)), max(1, round(height * DPI / 72)))
                scale = DPI / 72
                if longest is not None:
                    scale = min(enough((width, height), longest) / max(width, height), MAX_DPI / 72)
                check_size(int(width * scale), int(height * scale), label)
                bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
                stack.callback(bitmap.close)
                picture = Image.fromarray(np.array(bitmap.to_numpy()[..., :3]))
            except ImageError:
                raise
            except Exception as error:  # PDFium's own errors, and what a broken page makes of its binding
                raise ImageError(f"{label} is damaged: {error}; export the file again") from error
        return picture, size

    def close(self) -> None:
        """Give the document's memory back; also done when it is dropped."""
        with _pdfium:
            if self._document is not None:
                self._document.close()
                self._document = None

    def __del__(self) -> None:
        if getattr(self, "_document", None) is not None:
            self.close()
