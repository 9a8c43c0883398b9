"""Jobs at once: results in order, made while others run, on threads that stay."""

import os
import threading
import time
from functools import partial

import pytest

from digitlab.jobs import at_once, side_by_side


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 7, 40])
def test_results_come_in_the_order_of_the_jobs(workers: int, count: int) -> None:
    def work(number: int) -> int:
        time.sleep(0.001 * (number % 3))
        return number

    assert at_once((partial(work, number) for number in range(count)), workers) == list(range(count))


def test_jobs_are_made_in_the_callers_thread_while_others_run() -> None:
    begun, makers = threading.Event(), []

    def made():
        makers.append(threading.current_thread())
        yield begun.set
        makers.append(threading.current_thread())
        yield lambda: begun.wait(10)  # by now the first one runs, or has run

    assert at_once(made(), 2) == [None, True]
    assert makers == [threading.current_thread()] * 2


def test_jobs_may_have_jobs_of_their_own() -> None:
    def inner(number: int) -> int:
        return sum(at_once([partial(int, number + i) for i in range(5)], 2))

    assert at_once([partial(inner, number) for number in range(20)], 2) == [5 * number + 10 for number in range(20)]


@pytest.mark.parametrize("workers", [1, 2])
def test_two_jobs_side_by_side_give_both_results_and_the_main_one_stays_here(workers: int) -> None:
    def main() -> list[int]:
        assert threading.current_thread() is here
        return at_once([partial(int, str(number)) for number in range(5)], workers)

    here = threading.current_thread()
    assert side_by_side(lambda: "aside", main, workers) == ("aside", [0, 1, 2, 3, 4])
    with pytest.raises(ValueError, match="one"):
        side_by_side(partial(int, "one"), main, workers)


@pytest.mark.parametrize("place", [0, 3])
def test_what_a_job_raises_is_raised(place: int) -> None:
    jobs = [partial(int, "1")] * 4
    jobs[place] = partial(int, "one")
    with pytest.raises(ValueError, match="one"):
        at_once(jobs, 2)
    assert at_once([partial(int, "2")] * 4, 2) == [2] * 4  # the threads go on


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    assert at_once([partial(int, "1")] * 4, 2) == [1] * 4
    child = os.fork()
    if not child:
        os._exit(0 if at_once([partial(int, "1")] * 4, 2) == [1] * 4 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
