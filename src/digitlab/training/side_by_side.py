"""Members of a committee trained side by side on a graphics card, each in a process of its own.

One small network does not fill a card. Processes share it in turns; with NVIDIA's MPS service they share it at the same
time, which took two thirds of the time where it was measured.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from digitlab.errors import RunError
from digitlab.training.run import METRICS_FILE, Run

MOST = 8  # processes at once; no more than the processor has cores
LOOK = 0.2  # seconds between looks at what they have done
GO_ON = "import sys; from digitlab import training; training.resume(sys.argv[1])"


def train_together(runs: Sequence[Run], listen: Callable[[Run, dict[str, Any]], None]) -> None:
    """Train begun runs to their ends, as many at once as the machine bears.

    Args:
        runs: that are not finished.
        listen: is told of each run's epochs, as a training's own listener is.

    Raises:
        RunError: one of them failed; the others were stopped, and keep their checkpoints.
    """
    waiting, told = list(runs), {run.folder: len(run.history) for run in runs}
    with tempfile.TemporaryDirectory() as logs, _processes() as busy:
        while waiting or busy:
            while waiting and len(busy) < min(MOST, os.cpu_count() or 1):
                run = waiting.pop(0)
                log = Path(logs) / run.folder.name
                with open(log, "w") as errors:
                    command = [sys.executable, "-c", GO_ON, str(run.folder)]
                    busy.append((run, log, subprocess.Popen(command, stdout=errors, stderr=errors)))
            time.sleep(LOOK)
            for entry in list(busy):
                run, log, process = entry
                code = process.poll()
                for epoch in _new_epochs(run, told):
                    listen(run, {"event": "epoch", **epoch})
                if code is None:
                    continue
                busy.remove(entry)
                if code:
                    said = log.read_text().strip().splitlines()
                    raise RunError(
                        f"the member in {run.folder} failed ({said[-1] if said else f'exit code {code}'}); "
                        "what is finished stays, and --resume goes on"
                    )


@contextmanager
def _processes() -> Iterator[list[tuple[Run, Path, subprocess.Popen[bytes]]]]:
    """A list of processes, of which none is left running."""
    busy: list[tuple[Run, Path, subprocess.Popen[bytes]]] = []
    try:
        yield busy
    finally:
        for _, _, process in busy:
            process.terminate()
        for _, _, process in busy:
            process.wait()


def _new_epochs(run: Run, told: dict[Path, int]) -> list[dict[str, Any]]:
    """Return the epochs that a run has done since it was last asked."""
    if not (run.folder / METRICS_FILE).exists():
        return []
    history = Run.open(run.folder).history
    new = history[told[run.folder] :]
    told[run.folder] = max(told[run.folder], len(history))
    return new
