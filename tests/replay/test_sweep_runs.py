"""Many runs on several processors."""

import os
import signal
from collections.abc import Callable

import pytest

from sipproxy.errors import SipproxyError
from sipproxy.replay.sweep_runs import RunError, in_order


@pytest.mark.parametrize("processes", [1, 2, 3, 50])
def test_results_come_in_order(processes: int) -> None:
    assert list(in_order(lambda n: n * n, range(20), processes)) == [n * n for n in range(20)]


def test_several_processes_are_at_work() -> None:
    here = os.getpid()
    found = set(in_order(lambda n: os.getpid(), range(8), 2))
    assert len(found) == 2 and here not in found
    assert set(in_order(lambda n: os.getpid(), range(8), 1)) == {here}


def test_what_was_read_before_is_not_read_again() -> None:
    unpicklable: Callable[[int], int] = lambda n: n + 1  # noqa: E731
    jobs = [(unpicklable, n) for n in range(4)]
    assert list(in_order(lambda job: job[0](job[1]), jobs, 2)) == [1, 2, 3, 4]


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("kind", [SipproxyError, ValueError])
def test_a_run_that_fails(processes: int, kind: type[Exception]) -> None:
    def work(number: int) -> int:
        if number == 3:
            raise kind("three is too many")
        return number

    found = []
    with pytest.raises(RunError, match="three is too many"):
        for number in in_order(work, range(9), processes):
            found.append(number)
    assert found == [0, 1, 2]


def test_a_process_that_is_killed() -> None:
    def work(number: int) -> int:
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.raises(RunError, match="was killed"):
        list(in_order(work, range(4), 2))


def test_who_stops_asking_leaves_no_process_behind() -> None:
    runs = in_order(lambda n: os.getpid(), range(100), 2)
    worker = next(runs)
    runs.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    assert list(in_order(lambda n: n, [], 2)) == []
