"""Memory that one picture has used serves the next."""

import platform
import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="which memory is touched is counted on Unix alone")

FAULTS = """
import resource, sys
import numpy as np
from digitlab.reading.memory import keep_freed
if sys.argv[1] == "kept":
    keep_freed()
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.empty(10_000_000, np.uint8).fill(1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""

MAP = """
import resource
import numpy as np
from digitlab.finding import penmap
session = penmap._session(1)
seen = {"seen": np.zeros((1, penmap.CHANNELS, 480, 640), np.float32)}
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    session.run(["said"], seen)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_the_map_of_the_pen_keeps_what_it_has_used() -> None:
    told = subprocess.run([sys.executable, "-c", MAP], capture_output=True, text=True, check=True).stdout
    first, second = map(int, told.split())
    assert second < first / 4


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the rule is glibc's")
def test_memory_that_is_freed_is_touched_for_the_first_time_once() -> None:
    kept, given_back = (
        int(subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True).stdout)
        for how in ("kept", "as it is")
    )
    assert kept < given_back / 2
