"""Things made of synthetic pages, chunk after chunk in a fixed order, on as many cores as are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

from digitlab.data.digits import Digits

Thing = TypeVar("Thing")
Make = Callable[[int, Digits | None], Thing]

_bank: Digits | None = None


def made(make: Make[Thing], starts: range, bank: Digits | None, workers: int) -> Iterator[Thing]:
    """Yield `make(start, bank)` of each start, in their order, whatever the number of workers.

    Args:
        make: a function of a module; it makes one chunk.
        starts: of the chunks; none is begun long before it is wanted, so they may be more than are needed.
        bank: digits to write on pages beside the pen's own.
        workers: processes to share the work.
    """
    if workers <= 1:
        yield from (make(start, bank) for start in starts)
        return
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # forked processes would wait for ever for threads that only this one has
    try:
        with ProcessPoolExecutor(workers, initializer=_remember, initargs=(bank,)) as pool:
            left = iter(starts)
            waiting = [pool.submit(_by_worker, make, start) for start in islice(left, 2 * workers)]
            try:
                while waiting:
                    yield waiting.pop(0).result()
                    waiting += [pool.submit(_by_worker, make, start) for start in islice(left, 1)]
            finally:
                for future in waiting:
                    future.cancel()
    finally:
        cv2.setNumThreads(threads)


def _remember(bank: Digits | None) -> None:
    import cv2

    global _bank
    _bank = bank
    cv2.setNumThreads(1)


def _by_worker(make: Make[Thing], start: int) -> Thing:
    return make(start, _bank)
