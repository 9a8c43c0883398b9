"""Strips, far longer than broad: receipts, tapes, rows without end; read in parts, and as one picture.

    python benchmarks/strips.py

Each strip is written by the pen on plain paper. Read as one picture means shrunk to the size that other pictures are
read with, and both are read in turns by the same reader. Writes results/strips.json.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import record
from digitlab.data.strokes import draw
from digitlab.finding.ink import shrunk
from digitlab.reading import Reader
from digitlab.reading.page import LONGEST
from digitlab.readings import Reading
from scoring import Picture, judge, share

# width, height, height of the digits, rows: pixels
STRIPS = (
    (3_000, 100, 60, 1),
    (6_000, 100, 60, 1),
    (12_000, 100, 60, 1),
    (40_000, 80, 50, 1),
    (600, 6_000, 60, 50),
    (600, 6_000, 30, 100),
    (400, 9_000, 32, 150),
    (900, 12_000, 28, 200),
)
FILLED = 0.6  # of a row of many, by its digits
PAPER, INK, GRAIN = 230, 0.75, 3


def write(width: int, height: int, tall: int, rows: int, seed: int) -> tuple[np.ndarray, list[str]]:
    """Return a strip, (height, width) uint8, and what its rows say."""
    rng = np.random.default_rng(seed)
    ink, said, pitch = np.zeros((height, width), np.uint8), [], height // rows
    last = width - 2 * tall if rows == 1 else FILLED * width
    for row in range(rows):
        x, text, top = tall // 2, "", row * pitch + (pitch - tall) // 2
        while x < last:
            label = int(rng.integers(10))
            digit = draw(label, rng, tall)
            place = ink[top : top + tall, x : x + digit.shape[1]]
            np.maximum(place, digit, out=place)
            x, text = x + digit.shape[1] + tall // 3, text + str(label)
        said.append(text)
    return (PAPER - INK * ink + rng.normal(0, GRAIN, ink.shape)).clip(0, 255).astype(np.uint8), said


def judged(reading: Reading, said: list[str]) -> dict[str, Any]:
    """Return the shares of digits right, by edit distance, and of lines, each against the one in its place."""
    wanted = Picture(file="", kind="photo", rows=tuple(said))
    lines = reading.text.split("\n")
    digits = sum(map(len, said))
    found = judge(wanted, lines)
    return {
        "digits": share(digits - found.distance, digits),
        "lines": share(sum(one == other for one, other in zip(lines, said, strict=False)), len(said)),
    }


def main() -> None:
    options = record.parser(__doc__)
    asked = options.parse_args()
    reader, rows = Reader(picture=0), []
    for number, (width, height, tall, lines) in enumerate(STRIPS):
        strip, said = write(width, height, tall, lines, number)
        row: dict[str, Any] = {"width": width, "height": height, "tall": tall, "rows": lines}
        for name, picture in (("whole", shrunk(strip, LONGEST)), ("parts", strip)):
            reader.read(picture)
            began = time.perf_counter()
            reading = reader.read(picture)
            ms = round(1000 * (time.perf_counter() - began))
            row[name] = judged(reading, said) | {"ms": ms}
        rows.append(row)
        right = (f"{name} {row[name]['digits']['count']}" for name in ("whole", "parts"))
        print(f"{width} x {height}:", *right, "of", row["parts"]["digits"]["n"], f"{row['parts']['ms']} ms", flush=True)
    libraries = ("onnxruntime", "opencv-python-headless", "numpy")
    print(record.write("strips", {"strips": rows}, libraries=libraries, results=asked.results))


if __name__ == "__main__":
    record.run(main)
