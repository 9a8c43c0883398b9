"""Synthetic pages that no training has seen: what is found, where, and how sure. Writes results/pages.json.

    python benchmarks/pages.py

Pages have seeds from 1,000,000 on; training uses lower ones. Their digits are the pen's and MNIST's 5,000 validation
digits, which no training has learned from. A digit that is read is right where it lies on a digit that is written
(boxes overlap by half of their union) and has its label. A line is right where it holds the digits of a written line,
all of them, in order, and no other; pages on which digits are scattered have no lines, as photos tagged so have none.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import record
from digitlab import data
from digitlab.data.digits import Digits
from digitlab.data.pages import AROUND, Page, make_page
from digitlab.errors import DataError, UsageError
from digitlab.evaluation.calibration import expected_calibration_error, reliability
from digitlab.reading import Reader
from digitlab.readings import Line
from scoring import Picture, match_boxes, share, trusted

FIRST_SEED = 1_000_000
# Kinds of pages that are not among all kinds, whose mixture is that of earlier measurements; on panels stand digits of
# all kinds of pages, and so do those that are ringed or underlined.
BESIDE = ("figures", "displays", *AROUND)
WITHOUT_DIGITS = ("empty", "distractors")  # kinds of pages on which nothing is to be read
OVERLAP = 0.5  # of the boxes' union, for a digit to be found


@dataclass(frozen=True)
class Outcome:
    """One page as it was read.

    Attributes:
        kind: of page.
        written, found, right: digits on it, digits read, digits read that are right; so too for lines.
        placed: digits read that lie on a written one, whatever label they have.
        digits: (confidence, right) of each digit read; `on_digit` of those that are placed.
        lines: (confidence, right) of each line read.
    """

    kind: str
    written: int
    found: int
    right: int
    placed: int
    written_lines: int
    found_lines: int
    right_lines: int
    digits: list[tuple[float, bool]] = field(repr=False)
    on_digit: list[tuple[float, bool]] = field(repr=False)
    lines: list[tuple[float, bool]] = field(repr=False)


@functools.cache
def _validation_digits() -> Digits | None:
    """Return MNIST's validation digits; None, with a line that says so, where MNIST cannot be had."""
    try:
        return data.load("mnist").validation
    except DataError as error:
        print(f"{error}\nso all digits are the pen's")
        return None


@functools.cache
def _reader(model: str, judge: str | None) -> Reader:
    return Reader(model, judge, picture=0)


def held_out(index: int, kind: str | None = None) -> Page:
    """Return a page that no training has seen, of any kind if none is asked for; or one of those with AROUND."""
    kind, around = (None, kind) if kind in AROUND else (kind, None)
    return make_page(FIRST_SEED + index, _validation_digits(), kind, around)


def judge_page(page: Page, lines: Sequence[Line]) -> Outcome:
    """Compare the lines that were read with what is written on a page; scattered digits stand in no lines."""
    scattered = page.facts.get("order") == "scatter"
    found = [digit for line in lines for digit in line.digits]
    pairs = match_boxes([digit.box for digit in found], [one.box for one in page.digits], OVERLAP)
    right = [i in pairs and page.digits[pairs[i]].label == digit.label for i, digit in enumerate(found)]
    written_lines = {tuple(line) for line in page.lines}
    line_right, start = [], 0
    for line in lines:
        places = range(start, start + len(line.digits))
        line_right.append(all(right[i] for i in places) and tuple(pairs[i] for i in places) in written_lines)
        start += len(line.digits)
    confidence = [digit.confidence for digit in found]
    return Outcome(
        kind=page.facts.get("around", page.facts["layout"]),
        written=len(page.digits),
        found=len(found),
        right=sum(right),
        placed=len(pairs),
        written_lines=0 if scattered else len(page.lines),
        found_lines=0 if scattered else len(lines),
        right_lines=0 if scattered else sum(line_right),
        digits=list(zip(confidence, right, strict=True)),
        on_digit=[(confidence[i], right[i]) for i in sorted(pairs)],
        lines=[] if scattered else list(zip((line.confidence for line in lines), line_right, strict=True)),
    )


def read_one(index: int, kind: str | None, model: str, judge: str | None) -> Outcome:
    """Make a page, read it, and return how that went."""
    page = held_out(index, kind)
    return judge_page(page, _reader(model, judge).read(page.image).lines)


def figures_of(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return figures of pages.

    Returns:
        pages; digits: written, precision, recall, f1, and f1 of places alone, whatever the label; lines: the share
        of written lines that is exactly right, and the share of read ones. Figures of nothing are None.
    """
    total = {
        name: sum(getattr(one, name) for one in outcomes)
        for name in ("written", "found", "right", "placed", "written_lines", "found_lines", "right_lines")
    }
    written, found = total["written"], total["found"]

    def f1(hits: int) -> float | None:
        return round(2 * hits / (written + found), 6) if written else None

    return {
        "pages": len(outcomes),
        "digits": written,
        "precision": share(total["right"], found),
        "recall": share(total["right"], written),
        "f1": f1(total["right"]),
        "f1_places": f1(total["placed"]),
        "lines": share(total["right_lines"], total["written_lines"]),
        "lines_read": share(total["right_lines"], total["found_lines"]),
    }


def calibration(judged: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """Return calibration error (15 bins), reliability and what the surest are worth."""
    confidence = np.array([sure for sure, _ in judged], np.float64)
    right = np.array([good for _, good in judged], bool)
    table = reliability(confidence, right)
    return {
        "ece": round(expected_calibration_error(table), 6),
        "sure": trusted(confidence.tolist(), right.tolist()),
        "reliability": [row.to_dict() for row in table],
    }


def write_pages(folder: Path, count: int) -> list[Picture]:
    """Write held-out pages as PNG files; return their labels, rows in the order of the page."""
    from PIL import Image

    pictures = []
    for index in range(count):
        page = held_out(index)
        Image.fromarray(page.image).save(folder / f"{index}.png", compress_level=1)
        ordered = page.facts["order"] == "rows"
        pictures.append(Picture(f"{index}.png", "page", tuple(page.rows), ordered, source=page.facts["layout"]))
    return pictures


def false_digits(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return how many digits are read on pages without any, and on how many of these pages."""
    read = sum(one.found for one in outcomes)
    return {
        "digits_read": read,
        "per_20_pages": round(20 * read / len(outcomes), 4) if outcomes else None,
        "pages_with_a_digit_read": share(sum(one.found > 0 for one in outcomes), len(outcomes)),
    }


def measure(pages: int, empty: int, beside: int, model: str, judge: str | None, processes: int) -> list[Outcome]:
    """Read pages of all kinds, then more of each kind without digits and of those beside; several at a time."""
    bare = [kind for kind in WITHOUT_DIGITS for _ in range(empty)]
    kinds = [None] * pages + bare + [kind for kind in BESIDE for _ in range(beside)]
    if processes == 1:
        return [read_one(index, kind, model, judge) for index, kind in enumerate(kinds)]
    done = []
    with ProcessPoolExecutor(processes) as pool:
        read = functools.partial(read_one, model=model, judge=judge)
        for outcome in pool.map(read, range(len(kinds)), kinds, chunksize=4):
            done.append(outcome)
            if len(done) % 100 == 0:
                print(f"  {len(done)} of {len(kinds)}", flush=True)
    return done


def show(figures: dict[str, Any]) -> None:
    for name, part in {"all": figures["all"], **figures["by_kind"], **figures["beside"]}.items():
        if part["f1"] is None:
            continue
        print(f"{name:12s} {part['pages']:4d} pages {part['digits']:6d} digits  precision {part['precision']['share']}"
              f"  recall {part['recall']['share']}  F1 {part['f1']}  (places {part['f1_places']})"
              f"  lines {part['lines']['share']}")  # fmt: skip
    for name, part in figures["without_digits"].items():
        print(f"{name}: {part['digits_read']} digits read, {part['per_20_pages']} per 20 pages")
    for name, part in figures["calibration"].items():
        print(f"{name}: calibration error {part['ece']}, of the surest {part['sure']['right']['share']} right, coverage"
              f" {part['sure']['coverage']}")  # fmt: skip


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--model", default="default")
    options.add_argument("--judge", help="what tells whether a piece of ink is a digit; the bundled one if not given")
    options.add_argument("--pages", type=int, default=1200, help="of all kinds, as often as the generator makes them")
    options.add_argument("--empty", type=int, default=120, help="more pages of each kind without digits")
    options.add_argument("--beside", type=int, default=300, help=f"pages of each of {', '.join(BESIDE)}")
    options.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = options.parse_args()
    if asked.pages < 1 or min(asked.empty, asked.beside) < 0 or asked.processes < 1:
        raise UsageError("pages and processes must be 1 or more, --empty and --beside 0 or more; ask for some pages")
    outcomes = measure(asked.pages, asked.empty, asked.beside, asked.model, asked.judge, asked.processes)
    drawn = outcomes[: asked.pages]
    bare = [one for one in outcomes if one.kind in WITHOUT_DIGITS]
    with_digits = sorted({one.kind for one in drawn if one.written})
    figures = {
        "model": asked.model,
        "first_seed": FIRST_SEED,
        "mnist": _validation_digits() is not None,
        "overlap": OVERLAP,
        "all": figures_of(drawn),
        "by_kind": {kind: figures_of([one for one in drawn if one.kind == kind]) for kind in with_digits},
        "beside": {kind: figures_of([one for one in outcomes if one.kind == kind]) for kind in BESIDE if asked.beside},
        "without_digits": {"all": false_digits(bare)}
        | {kind: false_digits([one for one in bare if one.kind == kind]) for kind in WITHOUT_DIGITS},
        "calibration": {
            name: calibration([pair for one in drawn for pair in getattr(one, name)])
            for name in ("digits", "on_digit", "lines")
        },
    }
    show(figures)
    libraries = ("onnxruntime", "opencv-python-headless", "numpy")
    print(record.write("pages", figures, libraries=libraries, results=asked.results))


if __name__ == "__main__":
    record.run(main)
