"""digitlab beside Tesseract and RapidOCR, on real photos and on synthetic pages. Writes results/peers.json.

    apt-get install tesseract-ocr                                  # Debian; with its English data
    python -m venv PEERS && PEERS/bin/pip install rapidocr rapidocr-onnxruntime
    python benchmarks/peers.py PATH --rapidocr-python PEERS/bin/python

None of them is a dependency of digitlab; a side that is not installed is left out, and a line says so. RapidOCR has
one package of today and one of its first version, and both are measured. PATH is a folder with labels.json (see
photos.py), $DIGITLAB_DATA/photos if not given.

All sides run in this one session, each in a process that keeps its models loaded, with the threads it takes by
itself. For every picture they take turns, so that whatever else the machine does meets all of them alike. A
side that has no answer after twenty seconds has read nothing, and is started anew. Only the digits of what they read
count. Tesseract reads in two page modes, and the better one is counted.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import record
from digitlab.errors import RunError
from pages import write_pages
from photos import default_folder, of_kind
from scoring import Picture, judge, load_pictures, share, summarise
from side import Side

SIDES = Path(__file__).with_name("peers_sides.py")
OURS = "digitlab"
PATIENCE = 20.0  # seconds for one picture
BEST_OF = {"Tesseract": ("Tesseract, mode 6", "Tesseract, mode 11")}


def start(rapidocr_python: str, model: str, logs: Path) -> dict[str, Side]:
    """Start digitlab and the peers that are installed, by name; say which are left out."""
    lines = {
        OURS: [sys.executable, str(SIDES), "digitlab", model],
        "Tesseract, mode 6": [sys.executable, str(SIDES), "tesseract", "6"],
        "Tesseract, mode 11": [sys.executable, str(SIDES), "tesseract", "11"],
        "RapidOCR": [rapidocr_python, str(SIDES), "rapidocr"],
        "RapidOCR 1": [rapidocr_python, str(SIDES), "rapidocr_onnxruntime"],
    }
    sides: dict[str, Side] = {}
    for number, (name, line) in enumerate(lines.items()):
        try:
            sides[name] = Side(line, logs / f"{number}.log")
        except RunError as error:
            if name == OURS:
                raise
            print(f"{name} is left out: {error}")
    return sides


def take_turns(
    sides: dict[str, Side], folder: Path, pictures: Sequence[Picture], rounds: int
) -> dict[str, list[tuple[list[str], float]]]:
    """Let every side read every picture; return rows and the median of its seconds, by side and picture."""
    answers: dict[str, list[tuple[list[str], float]]] = {name: [] for name in sides}
    for picture in pictures[:1]:
        for side in sides.values():  # memory touched first, caches filled
            _answer(side, {"file": str(folder / picture.file)})
    for number, picture in enumerate(pictures, 1):
        asked = {"file": str(folder / picture.file)}
        turns = [{name: _answer(side, asked) for name, side in sides.items()} for _ in range(rounds)]
        for name in sides:
            seconds = statistics.median(turn[name]["seconds"] for turn in turns)
            answers[name].append((turns[0][name]["rows"], seconds))
        if number % 25 == 0:
            print(f"  {number} of {len(pictures)}", flush=True)
    return answers


def _answer(side: Side, asked: dict[str, str]) -> dict[str, Any]:
    """Return what a side reads; nothing, and all of PATIENCE, where it comes to no end (Tesseract, on some pages)."""
    try:
        answer: dict[str, Any] = side.ask(asked, PATIENCE)
    except TimeoutError:
        print(f"  no answer within {PATIENCE:g} s: {Path(asked['file']).name}", flush=True)
        return {"rows": [], "seconds": PATIENCE}
    return answer


def figures_of(pictures: Sequence[Picture], answers: dict[str, list[tuple[list[str], float]]]) -> dict[str, Any]:
    """Return for each side how much it reads right, its milliseconds a picture, and how many times ours that is."""
    figures = {}
    for name, read in answers.items():
        judged = [judge(picture, rows) for picture, (rows, _) in zip(pictures, read, strict=True)]
        empty = [one for one in judged if not one.wanted]
        slower = [theirs / ours for (_, theirs), (_, ours) in zip(read, answers[OURS], strict=True)]
        figures[name] = {
            **summarise([one for one in judged if one.wanted]),
            "without_digits": share(sum(bool(one.rows) for one in empty), len(empty)),
            "ms": record.spread([1000 * seconds for _, seconds in read], 1),
            "times_ours": record.spread(slower, 2),
            "no_answer": sum(seconds >= PATIENCE for _, seconds in read),
        }
    for name, ways in BEST_OF.items():
        tried = [way for way in ways if way in figures]
        if tried:
            best = max(tried, key=lambda way: figures[way]["digits"]["share"])
            figures[name] = figures[best] | {"counted": best}
    return figures


def show(title: str, figures: dict[str, Any]) -> None:
    print(title)
    for name, side in figures.items():
        print(f"  {name:20s} digits {side['digits']['share']:.3f}  exact {side['exact']['share']:.3f}  with rows"
              f" {side['exact_rows']['share']:.3f}  {side['ms']['median']:7.1f} ms, {side['times_ours']['median']:.1f}"
              f" x ours")  # fmt: skip


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("path", type=Path, nargs="?", metavar="PATH", help="a folder with labels.json")
    options.add_argument("--model", default="default")
    options.add_argument("--rapidocr-python", default=sys.executable, help="an interpreter that has RapidOCR")
    options.add_argument("--rounds", type=int, default=3, help="times that every photo is read; pages and singles once")
    options.add_argument("--pages", type=int, default=100, help="synthetic pages")
    options.add_argument("--limit", type=int, help="of each kind at most so many pictures, to try the script")
    options.add_argument("--no-singles", action="store_true", help="leave out the pictures of single digits")
    asked = options.parse_args()
    folder = asked.path or default_folder()
    labelled = load_pictures(folder)
    sets: dict[str, tuple[Path, list[Picture], int]] = {"photos": (folder, of_kind(labelled, "photo"), asked.rounds)}
    if not asked.no_singles:
        sets["singles"] = (folder, of_kind(labelled, "single"), 1)
    with tempfile.TemporaryDirectory() as scratch:
        if asked.pages:
            sets["pages"] = (Path(scratch), write_pages(Path(scratch), asked.pages), 1)
        sides = start(asked.rapidocr_python, asked.model, Path(scratch))
        figures: dict[str, Any] = {"rounds": asked.rounds, "sides": {n: side.facts for n, side in sides.items()}}
        try:
            for name, (place, pictures, rounds) in sets.items():
                chosen = pictures[: asked.limit]
                figures[name] = figures_of(chosen, take_turns(sides, place, chosen, rounds))
                show(f"{name}, {len(chosen)}", figures[name])
        finally:
            for side in sides.values():
                side.close()
    print(record.write("peers", figures, libraries=("onnxruntime", "numpy", "pillow"), results=asked.results))


if __name__ == "__main__":
    record.run(main)
