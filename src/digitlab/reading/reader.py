"""`Reader`: from pictures to readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from digitlab.reading.open import open_image
from digitlab.reading.page import LONGEST, Probabilities, framed_digit, read_page
from digitlab.readings import Reading

__all__ = ["LONGEST", "Probabilities", "Reader", "framed_digit"]


class Reader:
    """Reads pictures of digits.

    Make one and keep it: loading the recogniser costs more than reading.
    """

    def __init__(self, recognizer: Probabilities | str | Path | None = None) -> None:
        """Make a reader.

        Args:
            recognizer: a `Recognizer`, or the name or path of one; the bundled default if not given.

        Raises:
            ModelError: there is no such recogniser, or its file is unusable.
        """
        if recognizer is None or isinstance(recognizer, str | Path):
            from digitlab.recognizer import load

            recognizer = load(recognizer or "default")
        self.recognizer: Probabilities = recognizer

    def read(self, source: Any) -> Reading:
        """Read one picture; for what `source` may be, see `digitlab.reading.open.open_image`.

        Raises:
            ImageError: the picture cannot be opened; the message names it and the fix.
        """
        opened = open_image(source, longest=LONGEST)
        return Reading(read_page(opened, self.recognizer), opened.file)

    def read_many(self, sources: Iterable[Any]) -> Iterator[Reading]:
        """Read pictures lazily, in order: one reading for each. Raises as `read` does."""
        for source in sources:
            yield self.read(source)
