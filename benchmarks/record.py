"""What every benchmark shares: its options, the facts of the machine, and the one way into results/.

Light on purpose: `cold_start.py` measures processes, and a heavy parent would count as their memory.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import platform
import shlex
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from digitlab.errors import DigitlabError
from digitlab.storage import write_json

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "results"


def parser(story: str | None) -> argparse.ArgumentParser:
    """Return a parser that describes a script by the first line of its docstring and knows --results."""
    made = argparse.ArgumentParser(description=(story or "").partition("\n")[0])
    made.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where the figures go")
    return made


def write(name: str, figures: dict[str, Any], *, libraries: Sequence[str] = (), results: Path = RESULTS) -> Path:
    """Write results/NAME.json: how, when and where the figures were made, then the figures. Raises OutputError.

    Args:
        name: of the file, without its ending.
        figures: ready for JSON.
        libraries: distributions that shape the figures; their versions are kept.
        results: the folder.
    """
    content = {
        "command": command(sys.argv),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": versions(libraries),
        "hardware": hardware(),
        **figures,
    }
    path = Path(results) / f"{name}.json"
    write_json(path, content)
    return path


def command(arguments: Sequence[str]) -> str:
    """Return the command line as anyone would type it; places outside the project are shown as PATH."""
    return shlex.join(["python", f"benchmarks/{Path(arguments[0]).name}", *map(_shown, arguments[1:])])


def _shown(argument: str) -> str:
    if argument.startswith("--") and "=" in argument:
        option, _, value = argument.partition("=")
        return f"{option}={_shown(value)}"
    if os.sep not in argument:
        return argument
    path = Path(argument).absolute()
    if path.is_relative_to(ROOT) and ".." not in Path(argument).parts:
        return str(path.relative_to(ROOT)) if Path(argument).is_absolute() else argument
    return "PATH"


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """Return the versions of Python, digitlab and the libraries that are named."""
    python = {"python": platform.python_version()}
    return python | {name: importlib.metadata.version(name) for name in ("digitlab", *libraries)}


def hardware() -> dict[str, Any]:
    """Return processor, number of cores and operating system; nothing that tells whose machine it is."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        named = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = named[0].partition(":")[2].strip() if named else processor
    return {"processor": processor, "cores": os.cpu_count(), "system": platform.system()}


def spread(values: Sequence[float], digits: int = 4) -> dict[str, float]:
    """Return median, least and greatest of repeated measurements, rounded."""
    named = {"median": statistics.median(values), "least": min(values), "greatest": max(values)}
    return {name: round(value, digits) for name, value in named.items()}


def run(main: Callable[[], Any]) -> None:
    """Run a script; an error of digitlab's becomes one sentence and exit code 2."""
    try:
        main()
    except DigitlabError as error:
        print(f"{Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)
