"""Many jobs at once, their results in order, and never more than a few of them in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(jobs: Iterable[Callable[[], Result]], workers: int) -> Iterator[Result]:
    """Run jobs in threads and yield their results in the order of the jobs.

    Jobs are taken as they are needed, two for each worker ahead of what was yielded: an endless stream of them will
    do, and a reader who takes results slowly holds the work back. Where a job raises, so does this, in its turn.

    Args:
        jobs: made lazily, in the caller's thread.
        workers: how many threads; 1 runs each job when its result is asked for, in the caller's thread.
    """
    if workers == 1:
        for job in jobs:
            yield job()
        return
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="digitlab")
    try:
        for job in jobs:
            waiting.append(pool.submit(job))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # also where the caller stops early, or Ctrl-C
        pool.shutdown(wait=True, cancel_futures=True)
