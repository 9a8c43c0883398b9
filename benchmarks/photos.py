"""Pictures of single digits from many hands, and the time that one large photo takes. Writes results/singles.json.

    python benchmarks/photos.py PATH        # a folder with labels.json: a list of {file, kind, rows, source}

Scored as edit distance counts it: a picture of one digit is right where exactly that digit is read, and nothing more.
Figures are per picture and, so that one prolific source does not decide, as the mean over sources.
"""

from __future__ import annotations

import io
import json
import statistics
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import record
from digitlab.data import strokes
from digitlab.errors import DataError, ImageError
from digitlab.reading import Reader

WIDTH, HEIGHT, DIGIT = 4000, 3000, 1000  # of the large photo, pixels


def singles(folder: Path) -> list[dict[str, Any]]:
    """Return the labels of the pictures of one digit. Raises DataError."""
    path = folder / "labels.json"
    try:
        found = [label for label in json.loads(path.read_text()) if label["kind"] == "single"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} cannot be read as labels ({error}); name a folder that has them") from None
    if not found:
        raise DataError(f"{path} has no pictures of kind single; name a folder that has some")
    return found


def score_singles(folder: Path, reader: Reader) -> dict[str, Any]:
    """Read all pictures of one digit; return figures, and for people the wrong ones and the counts by source.

    Returns:
        n, right, accuracy, unread (pictures that cannot be opened), sources, mean_over_sources;
        by_source: (right, n) by name; wrong: (file, wanted, read).
    """
    by_source: dict[str, list[bool]] = defaultdict(list)
    wrong, unread = [], 0
    for label in singles(folder):
        wanted = "".join(label["rows"])
        try:
            found = "".join(reader.read(folder / label["file"]).text.split())
        except ImageError as error:
            print(error)
            found, unread = "", unread + 1
        by_source[label["source"].partition(":")[0]].append(found == wanted)
        if found != wanted:
            wrong.append((label["file"], wanted, found))
    hits = [hit for source in by_source.values() for hit in source]
    return {
        "n": len(hits),
        "right": sum(hits),
        "accuracy": round(sum(hits) / len(hits), 6),
        "unread": unread,
        "sources": len(by_source),
        "mean_over_sources": round(statistics.mean(statistics.mean(source) for source in by_source.values()), 6),
        "by_source": {name: (sum(source), len(source)) for name, source in sorted(by_source.items())},
        "wrong": wrong,
    }


def large_photo(label: int, rng: np.random.Generator) -> bytes:
    """Return a JPEG of 12 megapixels: one digit on paper, uneven light, a camera's noise."""
    ink = np.zeros((HEIGHT, WIDTH), np.float32)
    digit = strokes.draw(label, rng, DIGIT)
    top, left = (HEIGHT - DIGIT) // 2, (WIDTH - digit.shape[1]) // 2
    ink[top : top + DIGIT, left : left + digit.shape[1]] = digit / np.float32(255)
    y, x = np.ogrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    light = 0.55 + 0.35 * x + 0.1 * y  # from 0.55 at one corner to 1 at the other
    paper = np.stack([light * level * (1 - 0.8 * ink) for level in (225, 220, 205)], axis=-1)
    paper += rng.normal(0, 4, (HEIGHT, WIDTH, 1))
    file = io.BytesIO()
    Image.fromarray(np.clip(paper, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=92)
    return file.getvalue()


def time_large_photo(reader: Reader, rounds: int, label: int = 7) -> dict[str, Any]:
    """Return the milliseconds from the bytes of the large photo to its reading, warm."""
    content = large_photo(label, np.random.default_rng(0))
    read = reader.read(content).text
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        reader.read(content)
        taken.append(1000 * (time.perf_counter() - start))
    size = {"megapixels": WIDTH * HEIGHT / 1e6, "jpeg_mb": round(len(content) / 1e6, 2)}
    return size | {"read_right": read == str(label), "rounds": rounds, "ms": record.spread(taken, 1)}


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("path", type=Path, metavar="PATH", help="a folder with labels.json")
    options.add_argument("--model", default="default")
    options.add_argument("--rounds", type=int, default=15, help="reads of the large photo")
    options.add_argument("--show-wrong", action="store_true", help="print which pictures are read wrong")
    asked = options.parse_args()
    reader = Reader(asked.model)
    figures = score_singles(asked.path, reader)
    for name, (right, n) in figures.pop("by_source").items():  # names are for the screen, not for the results
        print(f"  {name:60s} {right:4d} of {n:4d}")
    for file, wanted, found in figures.pop("wrong") if asked.show_wrong else ():
        print(f"  {file}: {wanted} read as {found or 'nothing'}")
    figures.pop("wrong", None)
    print(f"{figures['right']} of {figures['n']} right: {figures['accuracy']:.4f}, mean over {figures['sources']}"
          f" sources {figures['mean_over_sources']:.4f}")  # fmt: skip
    figures["large_photo"] = time_large_photo(reader, asked.rounds)
    print(f"12 megapixels: {figures['large_photo']['ms']} ms, read right: {figures['large_photo']['read_right']}")
    libraries = ("onnxruntime", "opencv-python-headless", "pillow", "numpy")
    print(record.write("singles", {"model": asked.model, **figures}, libraries=libraries, results=asked.results))


if __name__ == "__main__":
    record.run(main)
