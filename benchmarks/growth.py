"""How cost grows: with images recognised, pixels of a photo, digits on a page, training images; and memory, which must
not grow at all.

Each is timed warm, at counts that differ by a constant factor; the exponent is the slope of the logarithm of time over
that of the count, in the three last rows: 1 where twice as many take twice as long. Writes results/growth.json.

    python benchmarks/growth.py
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import record
from digitlab import data
from digitlab.data import strokes
from digitlab.data.digits import Digits, Material
from digitlab.errors import UsageError
from digitlab.reading import Reader
from digitlab.recipes import Recipe
from digitlab.recognizer import Recognizer, load
from processes import Watch, memory_mb, slope
from reading_speed import write_photo

Work = Callable[[], Any]
Rows = Iterator[tuple[int, int, Work]]  # count, rounds, what takes the time

IMAGES = (1, 10, 100, 1_000, 10_000, 100_000)
SEVERAL = 10_000  # images; of more, one round tells enough
SIZES = ((640, 480), (1280, 960), (2560, 1920), (5120, 3840))  # of a photo, pixels
DIGITS = (1, 7, 49, 343)
PAGE, DIGIT, PITCH, STEP = (1600, 1200), 28, 35, 50  # of the page with many digits, pixels
TRAINING = (500, 2_000, 8_000)
CALL = 1_000  # images at once, where memory is measured


def images(recognizer: Recognizer, rounds: int) -> Rows:
    """Yield the recognition of more and more images, each count in one call of `predict_proba`."""
    shown = pen(SEVERAL).images
    for count in IMAGES:
        some = np.resize(shown, (count, 28, 28))
        yield count, rounds if count <= SEVERAL else 1, lambda some=some: recognizer.predict_proba(some)


def pixels(reader: Reader, folder: Path, rounds: int) -> Rows:
    """Yield the reading of one page photographed with more and more pixels, from its JPEG file."""
    for size in SIZES:
        file = folder / f"{size[0]}.jpg"
        write_photo(file, "rows", size)
        yield size[0] * size[1], rounds, lambda file=file: reader.read(file)


def digits(reader: Reader, rounds: int) -> Rows:
    """Yield the reading of a page of fixed size with more and more digits, in memory."""
    for count in DIGITS:
        page = page_of(count)
        yield count, rounds, lambda page=page: reader.read(page)


def training(rounds: int) -> Rows:
    """Yield epochs of `lenet50` on more and more images, on the processor."""
    from digitlab.training.device import fast_bfloat16, keep_memory, pick_device
    from digitlab.training.loop import Training, deterministic

    keep_memory()
    place, known = pick_device("cpu"), pen(max(TRAINING))
    recipe = Recipe.load("lenet50").changed(epochs=rounds + 1)
    for count in TRAINING:
        with deterministic():
            loop = Training(recipe, Material(known[:count], known[:0], known[:0]), 0, place, fast_bfloat16(place))

        def epoch(loop: Any = loop) -> None:
            with deterministic():
                loop.run_epoch(lambda event: None)

        yield count, rounds, epoch


def pen(count: int) -> Digits:
    """Return this many of the pen's digits; some of them several times."""
    known = data.load("strokes").train
    kept = np.arange(count) % len(known)
    return Digits(known.images[kept], known.labels[kept])


def page_of(count: int) -> Image.Image:
    """Return a page with this many digits by the pen, row by row, with a camera's noise."""
    rng = np.random.default_rng(0)
    paper = np.full(PAGE[::-1], 225, np.float32)
    columns = PAGE[0] // PITCH - 1
    for number in range(count):
        drawn = strokes.draw(int(rng.integers(10)), rng, DIGIT)[:, : PITCH - 5]
        top, left = STEP // 2 + STEP * (number // columns), PITCH // 2 + PITCH * (number % columns)
        paper[top : top + drawn.shape[0], left : left + drawn.shape[1]] -= 180 * (drawn / np.float32(255))
    return Image.fromarray(np.clip(paper + rng.normal(0, 3, paper.shape), 0, 255).astype(np.uint8))


def measured(rows: Rows) -> dict[str, Any]:
    """Time each row, after a round to warm up; return rows of count and milliseconds, and the exponent."""
    told = []
    for count, rounds, work in rows:
        taken = []
        warming = int(rounds > 1)  # so many images that one round tells enough are warm from those before
        for _ in range(rounds + warming):
            start = time.perf_counter()
            work()
            taken.append(1000 * (time.perf_counter() - start))
        told.append({"count": count, "ms": record.spread(taken[warming:], 3)})
        print(f"{count:,}: {statistics.median(taken[warming:]):,.3f} ms", flush=True)
    return {"rows": told, "exponent": exponent([row["count"] for row in told], [row["ms"]["median"] for row in told])}


def exponent(counts: list[int], ms: list[float]) -> float:
    """Return by which power of the count the time grows, in the three last rows."""
    return round(float(np.polyfit(np.log(counts[-3:]), np.log(ms[-3:]), 1)[0]), 2)


def memory(recognizer: Recognizer, count: int) -> dict[str, Any]:
    """Recognise many images in calls of CALL; return the peak of this process, MB, and how it grew."""
    some, samples = pen(CALL).images, []
    for done in range(CALL, count + CALL, CALL):
        recognizer.predict_proba(some)
        samples.append((done, memory_mb()))
    peak = max(mb for _, mb in samples)
    return {"images": count, "peak_mb": round(peak, 1), "mb_per_1000": round(1000 * slope(samples), 3)}


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--model", default="default")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--memory-images", type=int, default=100_000, help="recognised while memory is looked at")
    asked = options.parse_args()
    if asked.rounds < 2 or asked.memory_images < 4 * CALL:
        raise UsageError(f"nothing can be told from so few; ask for two rounds and {4 * CALL:,} images at least")
    recognizer, reader = load(asked.model), Reader(asked.model, picture=0)
    figures: dict[str, Any] = {"model": asked.model, "rounds": asked.rounds}
    figures["memory"] = memory(recognizer, asked.memory_images)
    print(f"memory: {figures['memory']}", flush=True)
    with tempfile.TemporaryDirectory() as folder, Watch() as watch:
        figures["images"] = measured(images(recognizer, asked.rounds))
        figures["pixels"] = measured(pixels(reader, Path(folder), asked.rounds))
        figures["digits"] = measured(digits(reader, asked.rounds))
        figures["training"] = measured(training(asked.rounds))
    figures["others"] = watch.others
    libraries = ("onnxruntime", "opencv-python-headless", "torch", "numpy")
    print(record.write("growth", figures, libraries=libraries, results=asked.results))


if __name__ == "__main__":
    record.run(main)
