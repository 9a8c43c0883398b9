"""`Digits`: labelled digits, the thing that everything else is about."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from digitlab.errors import DataError

MAX_DIGITS = 1_000_000  # read from one source: 784 MB of pixels, fourteen times MNIST


@dataclass(frozen=True)
class Digits:
    """Labelled digits in MNIST's form. Checked on construction; raises DataError.

    Attributes:
        images: (N, 28, 28) uint8, ink light (255) on dark paper (0).
        labels: (N,) int64, 0 to 9.
        name: where they come from, for people: "mnist test".
        origin: (N,) int64, each digit's index in its collection (for MNIST: 0 to 59,999 the training
            file, 60,000 to 69,999 the test file), or None where there is no such order.
    """

    images: np.ndarray
    labels: np.ndarray
    name: str = "digits"
    origin: np.ndarray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.images.ndim != 3 or self.images.shape[1:] != (28, 28) or self.images.dtype != np.uint8:
            shape = f"{self.images.dtype} {self.images.shape}"
            raise DataError(f"{self.name}: images must be uint8 (N, 28, 28), but are {shape}; frame them first")
        if self.labels.shape != (len(self.images),):
            raise DataError(f"{self.name}: {len(self.images)} images but labels of shape {self.labels.shape}")
        wrong = np.flatnonzero((self.labels < 0) | (self.labels > 9))
        if len(wrong):
            raise DataError(
                f"{self.name}: label {self.labels[wrong[0]]} of digit {wrong[0]} is outside 0 to 9"
                f" ({len(wrong)} such labels); remove or correct them"
            )
        object.__setattr__(self, "labels", self.labels.astype(np.int64))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, which: slice | np.ndarray) -> Digits:
        """Return the digits chosen by a slice, an index array or a mask."""
        origin = None if self.origin is None else self.origin[which]
        return Digits(self.images[which], self.labels[which], self.name, origin)

    def renamed(self, name: str) -> Digits:
        """Return the same digits under another name."""
        return Digits(self.images, self.labels, name, self.origin)

    @property
    def digest(self) -> str:
        """SHA-256 of images and labels, in hex: two collections with the same digest are the same."""
        content = hashlib.sha256(np.ascontiguousarray(self.images).data)
        content.update(self.labels.astype("<i8").tobytes())
        return content.hexdigest()


class Pieces(NamedTuple):
    """Pieces of pages, and what they are.

    Attributes:
        images: (N, 3, 28, 28) uint8: the piece framed as MNIST is, all ink around it, and which of that is its own.
        labels: (N,) int64, 0 to 9, or NO_DIGIT, SEVERAL or PART.
    """

    images: np.ndarray
    labels: np.ndarray

    @property
    def digest(self) -> str:
        """SHA-256 of images and labels, in hex."""
        content = hashlib.sha256(np.ascontiguousarray(self.images).data)
        content.update(self.labels.astype("<i8").tobytes())
        return content.hexdigest()


NO_DIGIT = 10
SEVERAL = 11  # two digits or more, or one and something else that hangs on to it
PART = 12  # of a digit
NO_PIECES = Pieces(np.empty((0, 3, 28, 28), np.uint8), np.empty(0, np.int64))


class Splits(NamedTuple):
    """Digits to train on, to choose by, and to judge with. Any part but `train` may be empty."""

    train: Digits
    validation: Digits
    test: Digits

    def parts(self) -> dict[str, Digits]:
        """Return the three parts by their names."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


class Material(NamedTuple):
    """All that a training uses: `Material(*splits)`, and pieces of pages for networks that can say "no digit".

    Attributes:
        train, validation, test: as in `Splits`.
        pieces: to train on, too.
        held_out: pieces to choose by.
        drawn: how many of `train`, its last ones, are the pen's.
    """

    train: Digits
    validation: Digits
    test: Digits
    pieces: Pieces = NO_PIECES
    held_out: Pieces = NO_PIECES
    drawn: int = 0


def concatenate(parts: Sequence[Digits], name: str) -> Digits:
    """Return all digits of the parts in their order; without origin unless every part has one."""
    origins = [part.origin for part in parts if part.origin is not None]
    return Digits(
        np.concatenate([np.empty((0, 28, 28), np.uint8), *(part.images for part in parts)]),
        np.concatenate([np.empty(0, np.int64), *(part.labels for part in parts)]),
        name,
        np.concatenate(origins) if origins and len(origins) == len(parts) else None,
    )


def fixed_ranks(count: int, purpose: str) -> np.ndarray:
    """Return a fixed shuffle of range(count), (count,) int64, that depends on nothing but its two arguments.

    It ranks indices by a hash, so that no version of any random generator can ever change a split.
    """
    keys = [hashlib.sha256(f"{purpose} {index}".encode()).digest()[:8] for index in range(count)]
    return np.argsort(np.frombuffer(b"".join(keys), dtype=">u8"), kind="stable").astype(np.int64)
