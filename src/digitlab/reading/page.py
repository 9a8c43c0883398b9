"""One page: from an opened picture to the lines of digits on it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from digitlab.framing import SIDE, frame
from digitlab.finding.ink import contrast_grey, find_ink, single_digit
from digitlab.reading.open import Opened
from digitlab.finding.pen import normal_strokes, pens
from digitlab.readings import Box, Digit, Line

LONGEST = 1600  # a longer side of about this many pixels shows any digit that a person would photograph


class Probabilities(Protocol):
    """What reading needs of a recogniser; `digitlab.Recognizer` has it."""

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Turn (N, 28, 28) uint8, ink light on dark, into (N, 10) float32 probabilities."""
        ...


def read_page(opened: Opened, recognizer: Probabilities, single: bool = False) -> tuple[Line, ...]:
    """Find and read the digits of one picture.

    Args:
        opened: the picture, its longer side about `LONGEST` pixels at most.
        recognizer: tells which digit.
        single: the picture shows one digit and nothing else: it is read whatever it looks like.

    Returns:
        Lines in reading order; boxes in pixels of the full resolution.
    """
    found = framed_digit(opened)
    if found is None:
        return ()
    images, box = found
    probabilities = recognizer.predict_proba(images.reshape(-1, SIDE, SIDE)).mean(axis=0)
    return (Line((_digit(probabilities, box),)),)


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
