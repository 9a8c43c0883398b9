"""Is framing the same road for any picture? MNIST's test digits, cut out, enlarged, moved, inverted, recoloured...

Each of the 10,000 test images is turned into an ordinary picture in several ways and read by `digitlab.Reader` in both
of its ways: told that the picture shows one digit (`--single`), so that all depends on framing, and as any picture is,
where it must also be found and taken for a digit. Both are compared with what the same recogniser says of the original
image. Writes results/framing.json.

    python benchmarks/framing.py        # some twenty minutes on two cores; with --found 10000 most of an hour
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from PIL import Image

import record
from digitlab import data
from digitlab.framing import frame
from digitlab.reading import Reader
from digitlab.readings import Reading
from digitlab.recognizer import load

Setting = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def enlarged(digit: np.ndarray, factor: float) -> np.ndarray:
    return cv2.resize(digit, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)


def moved(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put a digit anywhere on a page of up to twice its height and width."""
    height, width = (np.array(digit.shape) * rng.uniform(1.05, 2, 2)).astype(int)
    page = np.zeros((height, width), np.uint8)
    top, left = rng.integers(height - digit.shape[0] + 1), rng.integers(width - digit.shape[1] + 1)
    page[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return page


def as_it_is(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return digit


def dark_on_light(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return 255 - digit


def enlarged_and_moved(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return moved(enlarged(digit, rng.uniform(2, 20)), rng)


def recoloured(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A pen of any colour on paper of any colour, at least 80 grey levels apart, either of them the lighter."""
    ink = moved(enlarged(digit, rng.uniform(2, 10)), rng)[..., None] / 255
    while True:
        pen, paper = rng.uniform(0, 255, (2, 3))
        if abs((pen - paper) @ (0.299, 0.587, 0.114)) >= 80:
            return np.rint(ink * pen + (1 - ink) * paper).astype(np.uint8)


def uneven_light(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Dark ink, light that falls by half across the page and to its corners, and a camera's noise."""
    ink = moved(enlarged(digit, rng.uniform(4, 12)), rng) / 255
    y, x = (np.linspace(-1, 1, side) for side in ink.shape)
    angle = rng.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * x[None] + np.sin(angle) * y[:, None]
    light = (1 - 0.2 * slope) * (1 - 0.12 * (x[None] ** 2 + y[:, None] ** 2))
    page = light * (215 - 150 * ink) + rng.normal(0, 4, ink.shape)
    return np.clip(np.rint(page), 0, 255).astype(np.uint8)


def jpeg(digit: np.ndarray, rng: np.random.Generator) -> bytes:
    """Saved as a JPEG of the same 28x28 pixels, as many an upload is."""
    file = io.BytesIO()
    Image.fromarray(digit).save(file, "JPEG", quality=int(rng.integers(60, 95)))
    return file.getvalue()


def small_on_a_page(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Twice its size, somewhere on a sheet of 640 x 480 pixels."""
    ink = enlarged(digit, 2)
    page = np.full((480, 640), 235.0)
    top, left = rng.integers(480 - ink.shape[0]), rng.integers(640 - ink.shape[1])
    page[top : top + ink.shape[0], left : left + ink.shape[1]] -= 0.8 * ink
    return np.clip(np.rint(page + rng.normal(0, 3, page.shape)), 0, 255).astype(np.uint8)


def on_a_panel(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Enlarged as it is, light on dark, with white around, as a plot of an image is saved."""
    way = cv2.INTER_NEAREST if rng.random() < 0.5 else cv2.INTER_CUBIC
    panel = cv2.resize(digit, None, fx=(factor := int(rng.integers(4, 15))), fy=factor, interpolation=way)
    around = (rng.uniform(0.05, 0.6, 4) * len(panel)).astype(int)
    return np.pad(panel, (tuple(around[:2]), tuple(around[2:])), constant_values=255)


SETTINGS: tuple[Setting, ...] = (
    as_it_is,
    dark_on_light,
    enlarged_and_moved,
    recoloured,
    uneven_light,
    jpeg,
    small_on_a_page,
    on_a_panel,
)


def labels(readings: Iterator[Reading]) -> np.ndarray:
    """Return what was read; -1 for nothing, 10 for what is no single digit."""
    texts = [reading.text for reading in readings]
    return np.array([int(text) if len(text) == 1 else 10 if text else -1 for text in texts])


def read(reader: Reader, setting: Setting, images: np.ndarray) -> tuple[np.ndarray, float]:
    """Return what a reader reads of images that are made into pictures, (N,), and the milliseconds for each."""
    rng = np.random.default_rng(2)
    start = time.perf_counter()
    found = labels(reader.read_many(setting(image, rng) for image in images))
    return found, 1000 * (time.perf_counter() - start) / len(images)


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--digits", type=int, default=10_000, metavar="N", help="only the first N test digits")
    options.add_argument("--found", type=int, default=1000, metavar="N", help="of them also read as any picture is")
    options.add_argument("--model", default="default")
    asked = options.parse_args()
    recognizer, test = load(asked.model), data.load("mnist").test[: asked.digits]
    originals = float(np.mean(recognizer.predict(test.images) == test.labels))
    same = float(np.mean([np.array_equal(frame(image), image) for image in test.images]))
    figures: dict[str, Any] = {"n": len(test), "originals": originals, "framed_to_identical_pixels": same}
    print(f"{len(test)} test images, as they are given: {100 * originals:.2f} % right")
    print(f"framed again to exactly their own pixels: {100 * same:.2f} %\n")
    print(f"{'setting':22s} {'single %':>8s} {'change':>7s} {'found %':>8s} {'missed':>7s} {'ms each':>8s}")
    figures["settings"] = {}
    for setting in SETTINGS:
        framed, _ = read(Reader(recognizer, single=True), setting, test.images)
        some = test[: asked.found]
        found, each = read(Reader(recognizer), setting, some.images)
        right, missed = float(np.mean(framed == test.labels)), int(np.sum(found < 0))
        whole = float(np.mean(found == some.labels))
        as_any = {"n": len(some), "accuracy": whole, "not_found": missed}
        figures["settings"][setting.__name__] = {"accuracy": right, "found": as_any}
        name, change = setting.__name__.replace("_", " "), 100 * (right - originals)
        print(f"{name:22s} {100 * right:8.2f} {change:+7.2f} {100 * whole:8.2f} {missed:7d} {each:8.2f}", flush=True)
    print(record.write("framing", figures, libraries=("numpy", "onnxruntime", "pillow"), results=asked.results))


if __name__ == "__main__":
    record.run(main)
