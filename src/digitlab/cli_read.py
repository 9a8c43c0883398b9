"""The verb `read`: readings printed as they are made, drawn where that is asked for, failures told one by one."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from digitlab import console
from digitlab.cli_inputs import inputs
from digitlab.cli_wishes import Wishes
from digitlab.errors import ImageError, OutputError, UsageError
from digitlab.reading import Reader
from digitlab.readings import CSV_COLUMNS, Line, Reading, csv_rows

if TYPE_CHECKING:
    from digitlab.cli_draw import Drawings

DRAWN = 2400  # pixels of a drawn picture's longer side, about
MANY = 3  # images from which a progress bar is worth its line

_EXPECTED = {
    None: "",
    "as read": ", as expected",
    "changed": ", changed to what is expected",
    "unmet": ", not as expected",
}


def read_images(wishes: Wishes) -> int:
    """Read images and print what they say.

    Returns:
        The exit code: 0; 2 where an image could not be read (the others are); 130 after Ctrl-C.

    Raises:
        ModelError: there is no such recogniser, or its file is unusable.
        UsageError: an option makes no sense.
        OutputError: standard output or a drawing cannot be written.
    """
    failures: list[ImageError] = []

    def complain(error: ImageError) -> None:
        failures.append(error)
        console.say(f"digitlab: {error}")

    pages = None if wishes.pages is None else page_range(wishes.pages)
    drawings: Drawings | None = None
    if wishes.draw is not None:
        from digitlab.cli_draw import Drawings

        drawings = Drawings(wishes.draw)
    reader = Reader(
        wishes.model,
        single=wishes.single,
        min_confidence=wishes.min_confidence,
        expect=wishes.expect,
        picture=DRAWN if drawings else 0,
    )
    sources = list(inputs(wishes.words, wishes.recursive, complain))
    if not sources:
        return 2
    if drawings:
        drawings.keep_off(sources)
    printer = {"text": _Text, "json": _Json, "jsonl": _JsonLines, "csv": _Csv}[wishes.form]()
    printer.start()
    try:
        with _progress(len(sources)) as advance:
            readings = reader.read_many(advance(sources), on_error=lambda _, error: complain(error), pages=pages)
            with contextlib.closing(readings):  # type: ignore[type-var]  # a generator: on Ctrl-C its threads end here
                for reading in readings:
                    if drawings:
                        drawings.save(reading)
                    printer.show(reading)
    except KeyboardInterrupt:
        console.say("stopped; what was printed is right, the rest was not read")
        return 130
    finally:
        printer.end()
    return 2 if failures else 0


def page_range(text: str) -> tuple[int, int | None]:
    """Return "3" as (3, 3), "3-7" as (3, 7) and "3-" as (3, None). Raises UsageError for anything else."""
    first, dash, last = text.partition("-")
    if first.isascii() and first.isdigit() and (not last or (last.isascii() and last.isdigit())):
        pages = int(first), (int(last) if last else None) if dash else int(first)
        if 1 <= pages[0] <= (pages[1] or pages[0]):
            return pages
    raise UsageError(f"--pages {text} is no range of pages; count from 1, as in --pages 3, --pages 3-7 or --pages 3-")


class _Text:
    """One line of text a line of digits, for people."""

    def start(self) -> None:
        """Print what comes before the first reading."""

    def show(self, reading: Reading) -> None:
        """Print a reading."""
        name = f"{reading.file}, page {reading.page}" if reading.pages > 1 else str(reading.file)
        write("".join(f"{name}: {_told(line)}\n" for line in reading.lines) or f"{name}: no digit\n")

    def end(self) -> None:
        """Print what comes after the last one."""


class _JsonLines(_Text):
    """One JSON object a reading, each on a line."""

    def show(self, reading: Reading) -> None:
        write(json.dumps(reading.to_dict(), ensure_ascii=not _unicode()) + "\n")


class _Json(_Text):
    """A JSON list; it is whole whenever the printing ends."""

    def start(self) -> None:
        self.count = 0

    def show(self, reading: Reading) -> None:
        text = json.dumps(reading.to_dict(), ensure_ascii=not _unicode(), indent=2)
        write(("[\n" if not self.count else ",\n") + textwrap.indent(text, "  "))
        self.count += 1

    def end(self) -> None:
        write("\n]\n" if self.count else "[]\n")


class _Csv(_Text):
    """One row a digit."""

    def start(self) -> None:
        self._rows([CSV_COLUMNS])

    def show(self, reading: Reading) -> None:
        self._rows(csv_rows([reading]))

    def _rows(self, rows: list[Any]) -> None:
        file = io.StringIO()
        csv.writer(file, lineterminator="\n").writerows(rows)
        write(file.getvalue())


def _told(line: Line) -> str:
    return f"{line.text} ({console.sureness(line.confidence)}{_EXPECTED[line.expected]})"


def write(text: str) -> None:
    """Print to standard output at once. Raises OutputError if it cannot take it, BrokenPipeError if nobody reads on."""
    try:
        print(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"), end="", flush=True)
    except UnicodeEncodeError:  # a terminal that knows few characters
        encoding = sys.stdout.encoding or "ascii"
        print(text.encode(encoding, "backslashreplace").decode(encoding), end="", flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        console.let_go()
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write to standard output: {reason}; free space there or write elsewhere") from error


def _unicode() -> bool:
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Any]:
    """Show how many images are done on standard error, if that is a terminal and there are many; yield a counter."""
    if total < MANY or not sys.stderr.isatty():
        yield lambda sources: sources
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("reading"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    # What is printed goes above the bar on the same terminal, and untouched anywhere else.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty()
    ) as progress:
        task = progress.add_task("reading", total=total)

        def counted(sources: Any) -> Iterator[Any]:
            for source in sources:
                yield source
                progress.advance(task)

        yield counted
