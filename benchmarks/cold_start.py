"""What reading costs before anything is warm: whole processes, their memory, and the download that brings them.

Processes take turns, so that whatever else the machine does meets all of them alike; files are in the disk cache, as
they are the second time a day. Writes results/cold_start.json.

    python benchmarks/cold_start.py --python READING/bin/python --torch-python TRAINING/bin/python

READING is an environment with `pip install .` alone, so that nothing of torch can be loaded by accident.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import Any

import record
from digitlab.errors import RunError

PROJECT = record.ROOT / "pyproject.toml"
PACKAGE = record.ROOT / "src" / "digitlab"


def once(line: list[str], surroundings: dict[str, str]) -> tuple[float, float]:
    """Run a process; return its seconds and its peak of memory in MB. Raises RunError where it fails.

    Memory is the child's own: but Linux counts from the fork on, so this parent stays small (about 20 MB).
    """
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(line, env=surroundings, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().splitlines()[-1:]
            raise RunError(f"{Path(line[0]).name} {' '.join(line[1:])} failed: {' '.join(last)}")
    return seconds, used.ru_maxrss * 1024 / 1e6  # Linux counts in KiB


def has(python: str, library: str) -> bool:
    """Tell whether an interpreter has a library, without importing it."""
    asked = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({library!r}) is None)"
    return subprocess.run([python, "-c", asked], capture_output=True).returncode == 0


def processes(python: str, torch_python: str, image: Path, model: str) -> dict[str, list[str]]:
    """Return what to run, by name. Raises RunError where digitlab or the picture is missing."""
    command = Path(python).with_name("digitlab")
    if not command.exists():
        raise RunError("that environment has no digitlab command; make it with pip install . and name its interpreter")
    if not image.exists():
        raise RunError(f"there is no picture {image.name} to read; name one with --image")
    lines = {
        "digitlab read": [str(command), "read", str(image), *(["--model", model] if model != "default" else [])],
        "digitlab --help": [str(command), "--help"],
        "import digitlab": [python, "-c", "import digitlab"],
        "python": [python, "-c", "pass"],
    }
    if has(torch_python, "torch"):
        lines["import torch"] = [torch_python, "-c", "import torch"]
    else:
        print("that interpreter has no torch, so its import is left out; name another with --torch-python")
    return lines


def take_turns(lines: dict[str, list[str]], rounds: int) -> dict[str, Any]:
    """Run every process once to warm the disk cache, then `rounds` times in turns; return figures by name."""
    # As a person's shell has it: settings of Python's own would change what is measured.
    surroundings = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    for line in lines.values():
        once(line, surroundings)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in lines}
    for _ in range(rounds):
        for name, line in lines.items():
            taken[name].append(once(line, surroundings))
    return {
        name: {"seconds": record.spread([t for t, _ in pairs]), "peak_mb": round(max(mb for _, mb in pairs), 1)}
        for name, pairs in taken.items()
    }


def download_size() -> dict[str, Any] | None:
    """Return what `pip install digitlab` downloads, in MB, file by file; None where pip cannot tell."""
    needed = tomllib.loads(PROJECT.read_text())["project"]["dependencies"]
    with tempfile.TemporaryDirectory() as folder:
        line = [sys.executable, "-m", "pip", "download", "-q", "--only-binary", ":all:", "-d", folder, *needed]
        done = subprocess.run(line, capture_output=True, text=True)
        if done.returncode:
            print(f"pip cannot download: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
            return None
        sizes = {file.name.split("-")[0]: file.stat().st_size for file in Path(folder).iterdir()}
    # Our own wheel is at most as large as its files.
    sizes["digitlab"] = sum(f.stat().st_size for f in PACKAGE.rglob("*") if f.is_file() and f.suffix != ".pyc")
    ordered = sorted(sizes.items(), key=lambda entry: -entry[1])
    return {"mb": round(sum(sizes.values()) / 1e6, 1), "parts": {name: round(size / 1e6, 2) for name, size in ordered}}


def main() -> None:
    options = record.parser(__doc__)
    options.add_argument("--python", default=sys.executable, help="an interpreter with digitlab and no torch")
    options.add_argument("--torch-python", default=sys.executable, help="an interpreter with torch")
    options.add_argument("--image", type=Path, default=record.ROOT / "examples" / "seven.png")
    options.add_argument("--model", default="default")
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--no-download", action="store_true", help="leave out the size of the download")
    asked = options.parse_args()
    lines = processes(asked.python, asked.torch_python, asked.image, asked.model)
    figures: dict[str, Any] = {"rounds": asked.rounds, "torch_installed": has(asked.python, "torch")}
    figures["processes"] = take_turns(lines, asked.rounds)
    median = {name: taken["seconds"]["median"] for name, taken in figures["processes"].items()}
    torch = median.get("import torch")
    figures["share_of_import_torch"] = round(median["digitlab read"] / torch, 3) if torch else None
    figures["download"] = None if asked.no_download else download_size()
    for name, taken in figures["processes"].items():
        print(f"{name:16s} {taken['seconds']['median']:.3f} s, {taken['peak_mb']:.0f} MB")
    print(f"share of import torch: {figures['share_of_import_torch']}")
    print(f"download: {figures['download'] and figures['download']['mb']} MB")
    print(record.write("cold_start", figures, results=asked.results))


if __name__ == "__main__":
    record.run(main)
