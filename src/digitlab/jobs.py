"""Many jobs at once, their results in order: long ones, never more than a few in memory, and short ones in one go."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar, cast

Result = TypeVar("Result")
Other = TypeVar("Other")

_helpers: list[ThreadPoolExecutor] = []  # one, once it is needed


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


def at_once(jobs: Iterable[Callable[[], Result]], workers: int) -> list[Result]:
    """Run a few short jobs on threads that stay, and return their results in the order of the jobs.

    While the caller's thread makes the later jobs, the earlier ones run; then it takes what is left from the end on.
    So jobs must not wait for each other. Where one raises, so does this, after those that had begun.

    Args:
        jobs: made lazily, in the caller's thread.
        workers: how many threads, the caller's among them; 1 runs each job as soon as it is made.
    """
    if workers == 1:
        return [job() for job in jobs]
    made: list[tuple[Callable[[], Result], Future[Result]]] = []
    results: deque[Result] = deque()
    try:
        made.extend((job, _pool().submit(job)) for job in jobs)
        while made and made[-1][1].cancel():
            results.appendleft(made.pop()[0]())
        return [future.result() for _, future in made] + list(results)
    finally:
        for _, future in made:
            future.cancel()


def side_by_side(aside: Callable[[], Other], job: Callable[[], Result], workers: int) -> tuple[Other, Result]:
    """Run two jobs at once and return both results; the first has a thread of its own where there is one.

    Args:
        aside: what nobody waits for until the end.
        job: run in the caller's thread, and free to use `at_once` itself.
        workers: as for `at_once`.
    """
    both: list[Callable[[], Other | Result]] = [aside, job]
    first, second = at_once(both, workers)
    return cast(Other, first), cast(Result, second)


def _pool() -> ThreadPoolExecutor:
    """Return the threads that help the caller's: with it as many as there are cores."""
    if not _helpers:
        _helpers.append(ThreadPoolExecutor(max(1, cores() - 1), thread_name_prefix="digitlab-helper"))
    return _helpers[0]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.clear)  # threads do not live on in a forked process
