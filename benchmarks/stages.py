"""Where the time of a picture goes: opened, searched, framed, judged, chosen, labelled, kept and drawn.

The functions of each stage are wrapped with a stopwatch here, in the benchmark: reading itself carries none. A stage
within another is taken off it, so the stages add up to the whole. Writes results/stages.json.

    python benchmarks/stages.py
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import record
from digitlab.errors import UsageError
from digitlab.finding.candidate import Candidate
from digitlab.finding.propose import Proposals
from digitlab.reading import Reader, judging, page, reader
from digitlab.reading.open import Document
from digitlab.reading.page import JUDGE
from digitlab.recognizer import load
from processes import Watch
from reading_speed import COLUMNS, ROWS, SIZES, full_page, photos

PARTS: tuple[tuple[str, Any, str], ...] = (
    ("open", reader, "open_document"),
    ("open", Document, "page"),
    ("find", judging, "components_of"),
    ("find", Proposals, "closer"),
    ("find", Proposals, "merges"),
    ("find", judging, "_parted"),
    ("frame", Candidate, "seen"),
    ("choose", page, "choose"),
    ("choose", page, "in_company"),
    ("choose", judging, "_of_one_ink"),
    ("choose", page, "_complete"),
    ("label", page, "labelled"),
    ("keep", reader, "_small"),
)
STAGES = ("open", "find", "frame", "judge", "choose", "label", "keep", "draw", "rest")
"""rest: what is in no other stage, as stacking pieces and making the reading."""


class Stopwatch:
    """Adds up the milliseconds of each stage; of stages within each other, the inner one has them."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = dict.fromkeys(STAGES, 0.0)
        self._inner = [0.0]  # of the stage that runs, and of those around it: what stages within them took

    def wrap(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return work whose time counts for a stage."""

        def timed(*arguments: Any, **named: Any) -> Any:
            start = time.perf_counter()
            self._inner.append(0.0)
            try:
                return work(*arguments, **named)
            finally:
                taken = 1000 * (time.perf_counter() - start)
                self.ms[stage] += taken - self._inner.pop()
                self._inner[-1] += taken

        return timed


@contextmanager
def watched(reads: Reader) -> Iterator[Stopwatch]:
    """Put a stopwatch on every stage of reading, and take it off again."""
    watch = Stopwatch()
    with ExitStack() as stack:
        for stage, owner, name in PARTS:
            stack.enter_context(mock.patch.object(owner, name, watch.wrap(stage, getattr(owner, name))))
        judge = reads.judge
        stack.enter_context(mock.patch.object(judge, "judge", watch.wrap("judge", judge.judge)))
        yield watch


def one(reads: Reader, file: Path) -> dict[str, float]:
    """Return the milliseconds of each stage of one picture, and in "rest" what is in none."""
    with watched(reads) as watch:
        start = time.perf_counter()
        reading = reads.read(file)
        whole = 1000 * (time.perf_counter() - start)
        watch.ms["rest"] = whole - sum(watch.ms.values())
        watch.wrap("draw", reading.draw)()
    return watch.ms


def profile(file: Path, model: str, rounds: int) -> dict[str, Any]:
    """Return medians over the rounds, after one to warm up: milliseconds by stage, and of the plain, unwatched read.

    The plain one has all cores. Stages are watched on one: where threads share them, they overlap.
    """
    reads, plain, taken = Reader(model), [], []
    alone = Reader(load(model, threads=1), load(JUDGE, threads=1))
    for turn in range(rounds + 1):
        start = time.perf_counter()
        reading = reads.read(file)
        plain.append(1000 * (time.perf_counter() - start))
        stages = one(alone, file)
        if turn:
            taken.append(stages)
    stages = {stage: round(statistics.median(ms[stage] for ms in taken), 1) for stage in STAGES}
    return {"digits": len(reading.digits), "ms": record.spread(plain[1:], 1), "stages": stages}


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--model", default="default")
    options.add_argument("--rounds", type=int, default=9)
    asked = options.parse_args()
    if asked.rounds < 1:
        raise UsageError("nothing can be told without a round; ask for one at least")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        files = {name: photos(folder, name, size)[0] for name, size in SIZES.items()}
        files[f"page of {ROWS * COLUMNS} digits"] = full_page(folder)
        with Watch() as watch:
            figures = {name: profile(file, asked.model, asked.rounds) for name, file in files.items()}
    for name, part in figures.items():
        print(f"{name}: {part['ms']['median']} ms, {part['digits']} digits: {part['stages']}")
    content = {"model": asked.model, "rounds": asked.rounds, "others": watch.others, "pictures": figures}
    libraries = ("onnxruntime", "opencv-python-headless", "pillow", "numpy")
    print(record.write("stages", content, libraries=libraries, results=asked.results))


if __name__ == "__main__":
    record.run(main)
