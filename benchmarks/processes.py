"""What this process and those that it started take of the machine, and how much of it others had meanwhile (Linux)."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def family() -> list[int]:
    """Return this process and all that it started, directly or not, by their ids (Linux)."""
    found, after = [os.getpid()], 0
    while after < len(found):
        for task in Path(f"/proc/{found[after]}/task").glob("*"):
            found += map(int, (task / "children").read_text().split())
        after += 1
    return found


def memory_mb() -> float:
    """Return the resident memory of the family, MB; shared pages count once for each that has them."""
    gc.collect()
    page = os.sysconf("SC_PAGESIZE")
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in family()) * page / 1e6


def busy_seconds() -> float:
    """Return the processor seconds that the family has used so far."""
    ticks = 0
    for pid in family():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))  # of user and system, its own and of those it waited for
    return ticks / os.sysconf("SC_CLK_TCK")


def slope(samples: Sequence[tuple[int, float]]) -> float:
    """Return how fast memory grows over the last three quarters of (number of images, MB): MB an image."""
    late = np.array([sample for sample in samples if sample[0] > samples[-1][0] / 4])
    return float(np.polyfit(late[:, 0], late[:, 1], 1)[0]) if len(late) > 1 else 0.0


class Watch:
    """Tells, once left, which share of the machine's processors others had: figures are worth little where it is high.

    Attributes:
        others: 0 to 1.
    """

    others = 0.0

    def __enter__(self) -> Watch:
        self._before = _busy_machine(), busy_seconds(), time.perf_counter()
        return self

    def __exit__(self, *error: object) -> None:
        whole, own, start = self._before
        seconds = (time.perf_counter() - start) * (os.cpu_count() or 1)
        share = ((_busy_machine() - whole) - (busy_seconds() - own)) / seconds
        self.others = round(min(1.0, max(0.0, share)), 3)  # the machine counts hundredths: of a short time, too many


def _busy_machine() -> float:
    """Return the processor seconds that all processes have used since the machine started."""
    user, nice, system, _, _, interrupts, soft = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")
