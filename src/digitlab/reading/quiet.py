"""Pillow's remarks on odd files kept from standard error, in any number of threads.

`warnings.catch_warnings` swaps the filters of the whole process and so goes wrong where two threads use it at once.
Here the first thread that enters adds one filter, and the last that leaves takes it away.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

logging.getLogger("PIL").addHandler(logging.NullHandler())  # without any handler, logging writes to standard error

_lock = threading.Lock()
_inside = 0
_ours: list[object] = []


@contextmanager
def quiet() -> Iterator[None]:
    """Keep warnings that Pillow itself raises from being shown while the body runs."""
    global _inside
    with _lock:
        _inside += 1
        if _inside == 1:
            warnings.filterwarnings("ignore", module=r"PIL\.")
            _ours[:] = warnings.filters[:1]
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                warnings.filters[:] = [entry for entry in warnings.filters if entry is not _ours[0]]  # type: ignore[index]
