"""Real photos: pages, pictures of single digits, and pictures without digits. Writes results/photos.json.

    python benchmarks/photos.py PATH        # a folder with labels.json; $DIGITLAB_DATA/photos if not given

labels.json is a list of {file, kind: photo, single or nondigit, rows, order: rows or scatter, subset, source}. All
pictures go through the same `Reader.read`. See `scoring.py` for what is counted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import record
from digitlab.errors import ImageError, UsageError
from digitlab.reading import Reader
from digitlab.readings import Reading
from digitlab.storage import write_json
from scoring import Judged, Picture, judge, load_pictures, right_ones, share, summarise, trusted

DIFFICULT = frozenset({"hard", "tiny", "lines"})
DRAWN = 1600  # longer side of a drawn reading, pixels


class Read(NamedTuple):
    """A picture, what was read, how that is judged, and the milliseconds it took; `failed` where it did not open."""

    picture: Picture
    reading: Reading
    judged: Judged
    ms: float
    failed: bool


def read_all(folder: Path, pictures: Iterable[Picture], reader: Reader) -> list[Read]:
    """Read pictures in turn; one that cannot be opened counts as read empty, and its error is printed."""
    done = []
    for picture in pictures:
        failed = False
        start = time.perf_counter()
        try:
            reading = reader.read(folder / picture.file)
        except ImageError as error:
            print(error)
            reading, failed = Reading(file=picture.file), True
        ms = 1000 * (time.perf_counter() - start)
        done.append(Read(picture, reading, judge(picture, [line.text for line in reading.lines]), ms, failed))
    return done


def of_kind(pictures: Iterable[Picture], kind: str) -> list[Picture]:
    return [picture for picture in pictures if picture.kind == kind]


def subsets(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return figures of all photos, of those without special difficulty, and of each tag."""
    parts = {"all": list(judged), "clear": [one for one in judged if not one.picture.tags & DIFFICULT]}
    tags = sorted({tag for one in judged for tag in one.picture.tags}, key=lambda tag: (tag not in DIFFICULT, tag))
    parts |= {tag: [one for one in judged if tag in one.picture.tags] for tag in tags}
    return {name: summarise(part) for name, part in parts.items()}


def by_source(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """Return figures of each source, by its name."""
    names = sorted({one.picture.source for one in judged})
    return {name: summarise([one for one in judged if one.picture.source == name]) for name in names}


def calibration(done: Sequence[Read]) -> dict[str, Any]:
    """Return how far the confidence of digits and of lines can be trusted.

    A digit is right where the alignment of all rows joined says so; a line where a wanted row in its place is equal.
    Lines of pictures without order are left out.
    """
    digits: list[tuple[float, bool]] = []
    lines: list[tuple[float, bool]] = []
    for picture, reading, *_ in done:
        found = list(reading.digits)
        wanted = "".join(picture.rows)
        if not picture.ordered:
            found, wanted = sorted(found, key=lambda digit: digit.label), "".join(sorted(wanted))
        right = right_ones("".join(str(digit.label) for digit in found), wanted)
        digits += zip((digit.confidence for digit in found), right, strict=True)
        if picture.ordered:
            right = right_ones([line.text for line in reading.lines], picture.rows)
            lines += zip((line.confidence for line in reading.lines), right, strict=True)
    return {name: trusted(*zip(*kind, strict=True)) if kind else trusted([], [])
            for name, kind in (("digits", digits), ("lines", lines))}  # fmt: skip


def score_singles(folder: Path, reader: Reader) -> dict[str, Any]:
    """Read all pictures of one digit: a picture is right where exactly that digit is read, and nothing more.

    Returns:
        n, right, accuracy, interval, unread (pictures that cannot be opened), sources, mean_over_sources.
        `done`, not ready for JSON: what was read.
    """
    done = read_all(folder, of_kind(load_pictures(folder), "single"), reader)
    figures = summarise([one.judged for one in done])
    exact = figures["exact"]
    sources = by_source([one.judged for one in done]).values()
    return {
        "n": exact["n"],
        "right": exact["count"],
        "accuracy": exact["share"],
        "interval": exact["interval"],
        "unread": sum(one.failed for one in done),
        "sources": figures["sources"],
        "mean_over_sources": round(float(np.mean([source["exact"]["share"] for source in sources])), 6),
        "done": done,
    }


def without_digits(done: Sequence[Read]) -> dict[str, Any]:
    """Return on how many pictures without digits something is read; those that look like digits are apart."""
    plain = [one for one in done if "confusable" not in one.picture.tags]
    looks_like_one = [one for one in done if "confusable" in one.picture.tags]
    kinds = sorted({_leading_tag(one) for one in plain})
    return {
        "digit_read": _with_digit(plain),
        "confusable_digit_read": _with_digit(looks_like_one),
        "by_kind": {kind: _with_digit([one for one in plain if _leading_tag(one) == kind]) for kind in kinds},
    }


def _with_digit(done: Sequence[Read]) -> dict[str, Any]:
    return share(sum(bool(one.judged.rows) for one in done), len(done))


def _leading_tag(one: Read) -> str:
    return min(one.picture.tags, default="")


def draw(done: Iterable[Read], folder: Path) -> None:
    """Write each picture that was opened with its reading drawn on it, at most DRAWN pixels on its longer side."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in done:
        if not one.failed:
            one.reading.draw().convert("RGB").save(folder / f"{Path(one.picture.file).stem}.png")


def show_wrong(done: Iterable[Read]) -> None:
    """Print what is read wrong, the worst first."""
    for one in sorted(done, key=lambda one: -one.judged.distance):
        if one.picture.kind == "nondigit" and one.judged.rows and "confusable" not in one.picture.tags:
            print(f"  {one.picture.file} {_tags(one)}: nothing to read, but read {' '.join(one.judged.rows)}")
        elif one.picture.kind != "nondigit" and not one.judged.exact_rows:
            read = " ".join(one.judged.rows) or "nothing"
            print(f"  {one.picture.file} {_tags(one)}: {one.judged.distance} of {one.judged.wanted} wrong;"
                  f" {' '.join(one.picture.rows)} read as {read}")  # fmt: skip


def _tags(one: Read) -> str:
    return f"[{','.join(sorted(one.picture.tags))}]"


def print_figures(figures: dict[str, Any], sources: dict[str, dict[str, Any]]) -> None:
    """Print figures for people; names of sources are for the screen only, not for the results."""
    for name, part in (figures["photos"] | sources).items():
        digits, exact = part["digits"], part["exact_rows"]
        print(f"{name:62s} {part['images']:3d} images  digits {digits['share']:.4f}  exact {part['exact']['share']:.3f}"
              f"  with rows {exact['share']:.3f}")  # fmt: skip
    singles = figures["singles"]
    print(f"singles: {singles['right']} of {singles['n']} right, {singles['accuracy']:.4f}, mean over"
          f" {singles['sources']} sources {singles['mean_over_sources']:.4f}")  # fmt: skip
    print(
        f"singles with --single: {singles['told']['right']} of {singles['n']} right, {singles['told']['accuracy']:.4f}"
    )
    for name, part in _flat(figures["without_digits"]).items():
        print(f"nothing to read, {name}: a digit read on {part['count']} of {part['n']}")
    for name, part in figures["calibration"].items():
        right = part["right"]
        print(f"{name} with confidence >= {part['confidence']}: {right['count']} of {right['n']} right, share"
              f" {right['share']}, interval {right['interval']}, coverage {part['coverage']}")  # fmt: skip
    print(f"median of {figures['ms_photo']['median']} ms a photo")


def _flat(read: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"all": read["digit_read"], "confusable, apart": read["confusable_digit_read"]} | read["by_kind"]


def default_folder() -> Path:
    """Return $DIGITLAB_DATA/photos. Raises UsageError where the variable is not set."""
    if not os.environ.get("DIGITLAB_DATA"):
        raise UsageError("name a folder with labels.json, or set DIGITLAB_DATA to the folder that holds photos/")
    return Path(os.environ["DIGITLAB_DATA"]) / "photos"


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("path", type=Path, nargs="?", metavar="PATH", help="a folder with labels.json")
    options.add_argument("--model", default="default")
    options.add_argument("--judge", help="what tells whether a piece of ink is a digit; the bundled one if not given")
    options.add_argument("--draw", type=Path, metavar="DIR", help="write the photos with their readings drawn there")
    options.add_argument("--show", action="store_true", help="print what is read wrong")
    options.add_argument("--predictions", type=Path, metavar="FILE", help="write the rows read of each file as JSON")
    asked = options.parse_args()
    folder = asked.path or default_folder()
    pictures, reader = load_pictures(folder), Reader(asked.model, asked.judge, picture=DRAWN if asked.draw else 0)
    photos = read_all(folder, of_kind(pictures, "photo"), reader)
    singles = score_singles(folder, reader)
    done_singles = singles.pop("done")
    told = score_singles(folder, Reader(asked.model, single=True, picture=0))  # told that there is one digit
    singles["told"] = {key: told[key] for key in ("accuracy", "right", "interval")}
    others = read_all(folder, of_kind(pictures, "nondigit"), reader)
    everything = [*photos, *done_singles, *others]
    sources = by_source([one.judged for one in photos])
    figures = {
        "model": asked.model,
        "photos": subsets([one.judged for one in photos]),
        "photos_by_source": sorted(sources.values(), key=lambda source: -source["images"]),
        "singles": singles,
        "without_digits": without_digits(others),
        "calibration": calibration(photos),
        "unread": sum(one.failed for one in everything),
        "ms_photo": record.spread([one.ms for one in photos], 1),
    }
    if asked.show:
        show_wrong(everything)
    if asked.predictions:
        write_json(asked.predictions, {one.picture.file: list(one.judged.rows) for one in everything})
    print_figures(figures, sources)
    libraries = ("onnxruntime", "opencv-python-headless", "pillow", "numpy")
    print(record.write("photos", figures, libraries=libraries, results=asked.results))
    if asked.draw:
        draw(photos, asked.draw)


if __name__ == "__main__":
    record.run(main)
