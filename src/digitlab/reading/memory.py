"""Memory that pictures free is kept for the next: memory that is touched for the first time is slow."""

from __future__ import annotations

import numpy as np

LARGEST = 31 * 2**20  # bytes: the C library keeps no block of 32 MB and more, whatever was freed


def keep_freed() -> None:
    """Let the C library keep blocks that are freed, by its own rule, instead of giving them back to the system.

    glibc gives back what is larger than the largest block that was ever freed (`M_MMAP_THRESHOLD` in mallopt(3)). So
    one is freed here, which was never touched and cost nothing. At most some 64 MB that are free stay with the process;
    another C library, or one that was told otherwise, goes on as before.
    """
    np.empty(LARGEST, np.uint8)
