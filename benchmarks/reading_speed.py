"""What reading costs: photos and a full page by stage, whole processes, and a folder of many images.

    python benchmarks/reading_speed.py

Pictures are JPEG files of held-out synthetic pages (see pages.py), brought to the size that is asked for, one page of
250 digits by the pen, and a sheet of print, on which there are none to read. All is timed warm, from the file to the
reading, with the threads that digitlab takes by itself. Writes results/reading_speed.json.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import record
from cold_start import once
from digitlab.errors import RunError, UsageError
from digitlab.reading import Reader, open_image
from digitlab.reading.page import LONGEST
from processes import busy_seconds, memory_mb, slope

SIZES = {"photo of 12 megapixels": (4000, 3000), "photo of 1000 x 700": (1000, 700)}  # width, height, pixels
KINDS = ("rows", "notebook", "table", "ledger", "scatter")  # of pages, one photo each
LARGE = 900  # pixels
ROWS, COLUMNS, DIGIT = 10, 25, 44  # of the full page; DIGIT: height of its digits, pixels
A4, MARGIN, PRINT = (1240, 1754), 100, 16  # pixels, at 150 to the inch; PRINT: height of the sheet's capitals
FOLDER = (1000, 700)  # size of the images in the folder


def photos(folder: Path, name: str, size: tuple[int, int]) -> list[Path]:
    """Write one photo of each kind of page; return the files."""
    files = [folder / f"{name.replace(' ', '-')}-{kind}.jpg" for kind in KINDS]
    for number, (kind, file) in enumerate(zip(KINDS, files, strict=True)):
        write_photo(file, kind, size, number)
    return files


def write_photo(file: Path, kind: str, size: tuple[int, int], seed: int = 0) -> None:
    """Write a photo of a page of this kind, enlarged to width x height, with a camera's noise."""
    image = Image.fromarray(large_page(kind)).resize(size, Image.Resampling.BICUBIC)
    noise = np.random.default_rng(seed).normal(0, 4, (size[1], size[0], 1)).astype(np.float32)
    Image.fromarray(np.clip(image + noise, 0, 255).astype(np.uint8)).save(file, quality=92)


@functools.cache
def large_page(kind: str) -> np.ndarray:
    """Return the first held-out page of a kind that is LARGE or wider, and wider than high: (H, W, 3) uint8."""
    from pages import held_out

    tried = (held_out(number, kind).image for number in itertools.count())
    return next(image for image in tried if LARGE <= image.shape[1] > image.shape[0])


def full_page(folder: Path, seed: int = 0) -> Path:
    """Write a page with ROWS x COLUMNS digits by the pen, ink on uneven light with a camera's noise."""
    from digitlab.data import strokes

    rng = np.random.default_rng(seed)
    pitch, step = round(1.2 * DIGIT), round(2.0 * DIGIT)
    ink = np.zeros((ROWS * step + step, COLUMNS * pitch + 2 * pitch), np.float32)
    for row in range(ROWS):
        for column in range(COLUMNS):
            drawn = (strokes.draw(int(rng.integers(10)), rng, DIGIT) for _ in itertools.count())
            digit = next(digit for digit in drawn if digit.shape[1] <= pitch - 4)  # so that none touches the next
            top, left = step * row + step // 2, pitch * (column + 1)
            ink[top : top + digit.shape[0], left : left + digit.shape[1]] = digit / np.float32(255)
    light = 235 * (0.75 + 0.25 * np.linspace(0, 1, ink.shape[1]))
    paper = (light * (1 - 0.8 * ink))[..., None] * [1.0, 0.98, 0.92] + rng.normal(0, 3, (*ink.shape, 1))
    file = folder / "full-page.jpg"
    Image.fromarray(np.clip(paper, 0, 255).astype(np.uint8)).save(file, quality=92)
    return file


def print_page(folder: Path, seed: int = 0) -> Path:
    """Write a sheet full of words in one type, as a scanner gives it: letters as often as English has them."""
    from digitlab.data import printed

    rng, letters = (
        np.random.default_rng(seed),
        list(12 * "e" + 9 * "t" + 8 * "aoin" + 6 * "shr" + 4 * "dl" + 2 * "ucmfwgyp"),
    )
    sheet = np.full((A4[1], A4[0]), 240.0)
    for foot in range(MARGIN + 2 * PRINT, A4[1] - MARGIN, 2 * PRINT):
        line = " ".join("".join(rng.choice(letters, rng.integers(2, 9))) for _ in range(30))
        for glyph in printed.typeset(line, "", PRINT):
            height, width = glyph.ink.shape
            top, left = foot + glyph.top, MARGIN + glyph.left
            if left + width <= A4[0] - MARGIN:
                sheet[top : top + height, left : left + width] -= 0.85 * glyph.ink
    file = folder / "print.jpg"
    scanned = sheet + rng.normal(0, 2, sheet.shape)
    Image.fromarray(np.clip(scanned, 0, 255).astype(np.uint8)).save(file, quality=92)
    return file


def in_turns(works: Sequence[Callable[[], Any]], rounds: int) -> np.ndarray:
    """Return the milliseconds of each round of each work, (rounds, works); they take turns, and two rounds warm up."""
    taken = np.empty((rounds + 2, len(works)))
    for turn in taken:
        for which, work in enumerate(works):
            start = time.perf_counter()
            work()
            turn[which] = 1000 * (time.perf_counter() - start)
    return taken[2:]


def spread(ms: Sequence[float]) -> dict[str, float]:
    """Return median and 95th percentile, milliseconds."""
    return {"median": round(float(np.median(ms)), 1), "p95": round(float(np.percentile(ms, 95)), 1)}


def stages(files: Sequence[Path], model: str, rounds: int) -> dict[str, Any]:
    """Time the reading of files and, apart, only their opening; the rest is what reading itself takes.

    Returns:
        pictures, rounds; digits_read: how many, on average; ms: of all, as `digitlab read` does it; open: of opening;
        read: the difference of the medians; keep_picture: how much greater the median is where pictures are kept.
    """
    plain, keeping = Reader(model, picture=0), Reader(model)
    read = [len(plain.read(file).digits) for file in files]
    ways = (plain.read, keeping.read, functools.partial(open_image, longest=LONGEST))
    taken = np.concatenate([in_turns([functools.partial(way, file) for way in ways], rounds) for file in files])
    total, kept, opened = (spread(ms) for ms in taken.T)
    return {
        "pictures": len(files),
        "rounds": rounds,
        "digits_read": round(float(np.mean(read)), 1),
        "ms": total,
        "open": opened,
        "read": round(total["median"] - opened["median"], 1),
        "keep_picture": round(kept["median"] - total["median"], 1),
    }


def processes(files: dict[str, Path], python: str, rounds: int) -> dict[str, Any]:
    """Time the whole of `digitlab read FILE`, started anew each time; the files take turns. Raises RunError."""
    command = Path(python).with_name("digitlab")
    if not command.exists():
        raise RunError("that environment has no digitlab command; make it with pip install . and name its interpreter")
    surroundings = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    taken: dict[str, list[float]] = {name: [] for name in files}
    for turn in range(rounds + 1):
        for name, file in files.items():
            # Of memory only a small parent can tell, which this is not: see cold_start.py.
            seconds, _ = once([str(command), "read", str(file)], surroundings)
            if turn:
                taken[name].append(1000 * seconds)
    return {name: {"ms": spread(ms)} for name, ms in taken.items()}


def many_images(folder: Path, count: int, model: str) -> dict[str, Any]:
    """Read a folder of `count` images in a process of its own; return rate and memory, see `folder_side`."""
    originals = photos(folder, "many", FOLDER)
    place = folder / "many"
    place.mkdir()
    for number in range(count):
        shutil.copyfile(originals[number % len(originals)], place / f"{number:05d}.jpg")
    line = [sys.executable, str(Path(__file__)), "--folder-side", str(place), "--model", model]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise RunError(f"reading the folder failed: {' '.join(last) or 'no message'}")
    return json.loads(done.stdout.splitlines()[-1])


def folder_side(folder: Path, model: str) -> dict[str, Any]:
    """Read all images of a folder with `Reader.read_many`.

    Returns:
        images; images_per_second; cores: processor time over time, of this process and those it started; peak_mb;
        mb_per_1000: the slope of memory over the last three quarters of the images, of all these processes.
    """
    files = sorted(folder.iterdir())
    reader = Reader(model, picture=0)
    reader.read(files[0])
    samples: list[tuple[int, float]] = []
    busy, start = busy_seconds(), time.perf_counter()
    every = max(1, len(files) // 100)
    for number, _ in enumerate(reader.read_many(files), 1):
        if number % every == 0:
            samples.append((number, memory_mb()))
            busy_then = busy_seconds()
    seconds = time.perf_counter() - start
    return {
        "images": len(files),
        "images_per_second": round(len(files) / seconds, 1),
        "cores": round((busy_then - busy) / seconds, 2),
        "peak_mb": round(max(mb for _, mb in samples), 1),
        "mb_per_1000": round(1000 * slope(samples), 2),
    }


def show(figures: dict[str, Any]) -> None:
    for name, part in figures["pictures"].items():
        print(f"{name}: {part['ms']['median']} ms (p95 {part['ms']['p95']}): open {part['open']['median']}, read"
              f" {part['read']}; keep a picture {part['keep_picture']} more; {part['digits_read']} digits")  # fmt: skip
    for name, part in figures["processes"].items():
        print(f"digitlab read, {name}: {part['ms']['median']} ms (p95 {part['ms']['p95']})")
    print(f"folder: {figures['folder']}")


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--python", default=sys.executable, help="an interpreter with digitlab, for whole processes")
    options.add_argument("--model", default="default")
    options.add_argument("--rounds", type=int, default=15, help="times that each picture is read")
    options.add_argument("--images", type=int, default=1000, help="in the folder")
    options.add_argument("--folder-side", type=Path, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.folder_side:
        print(json.dumps(folder_side(asked.folder_side, asked.model)))
        return
    if asked.rounds < 1 or asked.images < 4:
        raise UsageError("nothing can be told from so few; ask for one round and four images at least")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        pictures = {name: photos(folder, name, size) for name, size in SIZES.items()}
        pictures[f"page of {ROWS * COLUMNS} digits"] = [full_page(folder)]
        pictures["sheet of print"] = [print_page(folder)]
        figures = {
            "model": asked.model,
            "pictures": {name: stages(files, asked.model, asked.rounds) for name, files in pictures.items()},
            "processes": processes({name: files[0] for name, files in pictures.items()}, asked.python, asked.rounds),
            "folder": many_images(folder, asked.images, asked.model),
        }
    show(figures)
    libraries = ("onnxruntime", "opencv-python-headless", "pillow", "numpy")
    print(record.write("reading_speed", figures, libraries=libraries, results=asked.results))


if __name__ == "__main__":
    record.run(main)
