"""The recogniser: one ONNX file that carries everything it needs to know about itself.

Its graph takes `images` (N, 1, 28, 28) float32 in 0..1, ink light on dark, and gives `logits` (N, 10) and the last
`features` (N, F); one that can say "not a digit" also gives `other` (N, 1), the logit of that eleventh answer, or
(N, 3) where it tells digits that hang together and parts of digits from what is neither. Its manifest is JSON in the
file's metadata, so the file opens in any ONNX tool and nothing can get separated from it. Files may come from anyone:
they are looked into before they run.
"""

from __future__ import annotations

import copy
import math
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from digitlab import remote
from digitlab.errors import ModelError
from digitlab.inspection import LARGEST_FILE, inspect
from digitlab.jobs import at_once, cores
from digitlab.manifest import KEY, Manifest
from digitlab.sessions import open_session

WEIGHTS = Path(__file__).parent / "weights"  # importlib.resources would import zipfile, tempfile and a dozen others
FILE = "recognizer.onnx"  # in a run's folder, and in what is pushed
BATCH = 128  # images at once: enough to fill the processor; 512 are no faster and take three times the memory
LEAST = 64  # in a batch, where several threads share the images


class Verdict(NamedTuple):
    """What is said of N images.

    Attributes:
        probabilities: (N, 10) float32, which digit, if it is one; as `predict_proba` gives them.
        odds: (N,) float32, calibrated log odds of being one digit; infinite where the recogniser cannot tell.
        several: (N,) float32, probability of being digits that hang together, or one and something else.
        part: (N,) float32, probability of being no more than a part of a digit. Both are 1 where the recogniser
            cannot tell.
    """

    probabilities: np.ndarray
    odds: np.ndarray
    several: np.ndarray
    part: np.ndarray


class Recognizer:
    """Reads 28x28 images of single digits. Needs ONNX Runtime only.

    Make one with `digitlab.load`. Safe to use from several threads.

    Attributes:
        content: the ONNX file.
        threads: batches that it works on at once.
    """

    def __init__(self, content: bytes, where: str = "this model", *, trusted: bool = False, threads: int = 0) -> None:
        """Open a recogniser from the bytes of its file.

        Args:
            content: the ONNX file.
            where: what to call it in errors.
            trusted: skip looking into the file; for files of the package itself only.
            threads: batches to work on at once; 0 means as many as there are cores.

        Raises:
            ModelError: the file is damaged, foreign or unsafe.
        """
        if not trusted:
            inspect(content, where)
        try:
            self._session = open_session(content)
        except Exception as error:  # ONNX Runtime's exceptions have no common root of their own
            raise ModelError(f"{where} cannot be run: {str(error).splitlines()[0][:200]}") from None
        self.content = content
        self.threads = threads or cores()
        self._where = where
        self._manifest_text = self._session.get_modelmeta().custom_metadata_map.get(KEY, "")

    def alone(self) -> Recognizer:
        """Return the same recogniser for callers with threads of their own: it works on one batch at a time."""
        same = copy.copy(self)
        same.threads = 1
        return same

    @cached_property
    def manifest(self) -> Manifest:
        """What the file says about itself."""
        return Manifest.from_json(self._manifest_text, self._where)

    @property
    def name(self) -> str:
        """The recogniser's name."""
        return self.manifest.name

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return the network's raw outputs, (N, 10) float32; for arguments and errors see `predict_proba`."""
        return self._run(["logits"], images)[0]

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return what the last layer reads, (N, F) float32; for arguments and errors see `predict_proba`."""
        return self._run(["features"], images)[0]

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities of the ten digits.

        Args:
            images: (N, 28, 28), ink light on dark and framed as MNIST is; uint8 0..255 or float 0..1.

        Returns:
            (N, 10) float32; rows sum to one.

        Raises:
            ModelError: the array has another shape, type or range; the message names the fix.
        """
        return self._softmax(self.logits(images))

    @cached_property
    def channels(self) -> int:
        """What an image has: 1, its ink; or 3, for pieces of pages with their surroundings."""
        return int(self._session.get_inputs()[0].shape[1])

    @cached_property
    def can_reject(self) -> bool:
        """Whether it can say "not a digit"."""
        return any(output.name == "other" for output in self._session.get_outputs())

    def judge(self, images: np.ndarray) -> Verdict:
        """Return which digit, if it is one, and whether it is one; for arguments and errors see `predict_proba`."""
        if not self.can_reject:
            probabilities = self.predict_proba(images)
            unknown = np.ones(len(probabilities), np.float32)
            return Verdict(probabilities, np.full(len(probabilities), np.inf, np.float32), unknown, unknown)
        logits, other = self._run(["logits", "other"], images)
        total, rest = _log_sum(logits), _log_sum(other)
        odds = (total - rest - np.float32(self.manifest.digit_offset)) / np.float32(self.manifest.digit_temperature)
        several = part = np.ones(len(odds), np.float32)
        if other.shape[1] == 3:
            _, several, part = np.exp(other - np.logaddexp(total, rest)[:, None]).T
        return Verdict(self._softmax(logits), odds, several, part)

    def is_digit(self, images: np.ndarray) -> np.ndarray:
        """Return the probability that each image shows a digit, (N,) float32; 1 where the recogniser cannot tell.

        For arguments and errors see `predict_proba`.
        """
        return np.exp(-np.logaddexp(np.float32(0), -self.judge(images)[1]))

    def _softmax(self, logits: np.ndarray) -> np.ndarray:
        if len(logits) == 1:  # six calls of NumPy cost more than ten exponentials
            (row,) = logits.tolist()
            top, coldness = max(row), 1 / self.manifest.temperature
            shares = [math.exp((value - top) * coldness) for value in row]
            total = sum(shares)
            return np.array([[share / total for share in shares]], np.float32)
        scaled = logits / np.float32(self.manifest.temperature)
        scaled -= np.maximum.reduce(scaled, axis=1, keepdims=True)  # for one image, `scaled.max` costs twice as much
        np.exp(scaled, out=scaled)
        scaled /= np.add.reduce(scaled, axis=1, keepdims=True)
        return scaled

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return the most probable label of each image, (N,) int64; arguments and errors as `predict_proba`."""
        return self.logits(images).argmax(axis=1)

    def _run(self, outputs: list[str], images: np.ndarray) -> list[np.ndarray]:
        """Return outputs of the network, a row for each image; batches are shared among the threads."""
        images = _checked(images, self.channels)
        rounds = -(-len(images) // (self.threads * BATCH))
        # Batches as large as each other, as many for each thread: none works on while the others have nothing to do.
        size = max(LEAST, -(-len(images) // max(1, self.threads * rounds)))
        if len(images) <= size:  # nothing to share: a single image takes as long as the network alone, or little more
            return self._session.run(outputs, {"images": _scaled(images, self.channels)})
        starts = iter(range(0, len(images), size))
        parts: dict[int, list[np.ndarray]] = {}

        def work() -> None:
            """Take batches while there are any, always in the same memory: new memory costs a tenth of the time."""
            room = np.empty((size, self.channels, 28, 28), np.float32)
            for at in starts:
                batch = _scaled(images[at : at + size], self.channels, room)
                parts[at] = self._session.run(outputs, {"images": batch})

        at_once([work] * self.threads, self.threads)
        return [np.concatenate(column) for column in zip(*(parts[at] for at in sorted(parts)), strict=True)]


def _log_sum(logits: np.ndarray) -> np.ndarray:
    """Return the logarithm of the sum of exponentials, (N,), of (N, K)."""
    top = logits.max(axis=1, initial=-np.inf)
    return top + np.log(np.exp(logits - top[:, None]).sum(axis=1))


def _checked(images: np.ndarray, channels: int) -> np.ndarray:
    """Return images as an array, if it has the shape and type that `predict_proba` takes. Raises ModelError."""
    images = np.asarray(images)
    wanted = (28, 28) if channels == 1 else (channels, 28, 28)
    if images.shape[1:] != wanted or not images.ndim:
        shape = f"(N, {', '.join(map(str, wanted))})"
        hint = "add the first axis with images[None]" if images.shape == wanted else "frame and stack them first"
        raise ModelError(f"images must have shape {shape}, not {images.shape}; {hint}")
    if images.dtype != np.uint8 and not np.issubdtype(images.dtype, np.floating):
        raise ModelError(f"images must be uint8 (0 to 255) or float (0 to 1), not {images.dtype}; convert them first")
    return images


def _scaled(images: np.ndarray, channels: int, room: np.ndarray | None = None) -> np.ndarray:
    """Return a batch of images as float32 (B, channels, 28, 28) in 0..1, in `room` if given. Raises ModelError."""
    batch = np.empty((len(images), channels, 28, 28), np.float32) if room is None else room[: len(images)]
    batch[...] = images.reshape(batch.shape)
    if images.dtype == np.uint8:
        batch *= np.float32(1 / 255)  # for one image, to convert while multiplying costs some microseconds more
        return batch
    if not (batch.min(initial=0) >= 0 and batch.max(initial=0) <= 1):  # also false where there is a NaN
        raise ModelError("float images must lie in 0 to 1, without NaN; divide by 255 or pass them as uint8")
    return batch


def bundled() -> list[str]:
    """Return the names of the recognisers that ship with the package."""
    return sorted(entry.stem for entry in WEIGHTS.iterdir() if entry.suffix == ".onnx")


def load(model: str | Path = "default", *, threads: int = 0) -> Recognizer:
    """Open a recogniser.

    Args:
        model: a bundled name ("default"), the path of an .onnx file, or a run folder; or the address of such a file
            or folder, as https://host/model.onnx or hf://user/name (see `digitlab.remote`).
        threads: batches to work on at once; 0 means as many as there are cores.

    Raises:
        ModelError: there is no such recogniser, or its file is damaged, foreign or unsafe.
        DownloadError, OutputError, UsageError, MissingExtraError: it has an address, from which it cannot be fetched.
    """
    content, where, trusted = read_file(model)
    return Recognizer(content, where, trusted=trusted, threads=threads)


def read_file(model: str | Path) -> tuple[bytes, str, bool]:
    """Return a recogniser's file, what to call it, and whether it is one of the package's own.

    For arguments and errors see `load`; the file is not looked into.
    """
    if remote.is_url(model):
        fetched = remote.fetch_file(str(model), FILE, limit=LARGEST_FILE)
        return fetched.path.read_bytes(), fetched.shown, False
    path = Path(model)
    if str(model) in bundled() and not path.is_file() and not (path / FILE).exists():
        content = (WEIGHTS / f"{model}.onnx").read_bytes()
        return content, f"recogniser {model}", True
    if path.is_dir():
        file = path / FILE
        if not file.exists():
            raise ModelError(f"{path} has no {FILE}; finish its training with: digitlab train --resume {path}")
        path = file
    if not path.exists():
        import difflib

        close = difflib.get_close_matches(str(model), bundled(), 1)
        hint = f"did you mean {close[0]}?" if close else f"bundled are: {', '.join(bundled()) or 'none'}"
        raise ModelError(f"there is no recogniser {str(model)!r}; {hint} (see: digitlab models)")
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ModelError(f"{path} is larger than {LARGEST_FILE >> 20} MB; a recogniser of digits is not")
        return path.read_bytes(), str(path), False
    except OSError as error:
        raise ModelError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
