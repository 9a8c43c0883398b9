"""`Reader`: from pictures to readings. Opens, takes the paper away, frames, asks the recogniser."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from digitlab.framing import SIDE, frame
from digitlab.reading.ink import contrast_grey, find_ink, single_digit
from digitlab.reading.open import Opened, open_image
from digitlab.reading.pen import normal_strokes, pens
from digitlab.readings import Box, Digit, Line, Reading

LONGEST = 1600  # a longer side of about this many pixels shows any digit that a person would photograph
BATCH = 64  # pictures recognised at once by `read_many`


class Probabilities(Protocol):
    """What a reader needs of a recogniser; `digitlab.Recognizer` has it."""

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Turn (N, 28, 28) uint8, ink light on dark, into (N, 10) float32 probabilities."""
        ...


class Reader:
    """Reads pictures of one digit each.

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

        Returns:
            One line of one digit, or no line where the picture shows no ink.

        Raises:
            ImageError: the picture cannot be opened; the message names it and the fix.
        """
        return next(self.read_many([source]))

    def read_many(self, sources: Iterable[Any]) -> Iterator[Reading]:
        """Read pictures in batches, lazily, in order: one reading for each. Raises as `read` does."""
        remaining = iter(sources)
        while batch := list(islice(remaining, BATCH)):
            yield from self._read_batch(batch)

    def _read_batch(self, sources: list[Any]) -> list[Reading]:
        names, framed = [], []
        for source in sources:
            opened = open_image(source, longest=LONGEST)
            names.append(opened.file)
            framed.append(framed_digit(opened))
        found = [piece for piece in framed if piece is not None]
        rows = iter(self._probabilities(np.stack([images for images, _ in found])) if found else ())
        return [
            Reading((Line((_digit(next(rows), piece[1]),)),) if piece else (), name)
            for name, piece in zip(names, framed, strict=True)
        ]

    def _probabilities(self, images: np.ndarray) -> np.ndarray:
        """Ask for (N, V, 28, 28), V variants of each digit, and average: (N, 10)."""
        count, variants = images.shape[:2]
        asked = self.recognizer.predict_proba(images.reshape(-1, SIDE, SIDE))
        return asked.reshape(count, variants, -1).mean(axis=1)


def framed_digit(opened: Opened) -> tuple[np.ndarray, Box] | None:
    """Find a picture's one digit and frame it.

    Returns:
        (3, 28, 28) uint8 as the recogniser wants it, the digit as it is and as by two other pens, and the ink's
        box in full resolution; None on blank paper.
    """
    grey = None if opened.rgb is None else contrast_grey(opened.rgb)
    piece = single_digit(find_ink(opened.grey if grey is None else grey))
    if piece is None:
        return None
    height, width = opened.grey.shape
    across, down = opened.size[0] / width, opened.size[1] / height
    left, top, right, bottom = piece.box
    box = (int(left * across), int(top * down), round(right * across), round(bottom * down))
    return np.stack([frame(ink) for ink in pens(normal_strokes(piece.ink))]), box


def _digit(probabilities: np.ndarray, box: Box) -> Digit:
    order = [int(label) for label in np.argsort(-probabilities, kind="stable")]
    ranked = [(label, float(probabilities[label])) for label in order]
    return Digit(*ranked[0], box, tuple(ranked[1:]))
