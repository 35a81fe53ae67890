"""Work in threads: results come back in the proxy's thread, late ones do not come back at all."""

import threading
from collections.abc import Callable

import pytest

from sipproxy.clock import VirtualClock
from sipproxy.core.offload import Job, Offload, Workers
from sipproxy.core.timers import TimerQueue
from sipproxy.core.waiting import Wait


class Rig:
    """An Offload on a virtual clock, and what became of each job submitted to it."""

    def __init__(self, threads: int = 1, backlog: int = 100) -> None:
        self.clock = VirtualClock()
        self.timers = TimerQueue()
        self.offload = Offload(self.timers, self.clock)
        self.workers = Workers(self.offload, "test", threads=threads, backlog=backlog)
        self.results: list[object] = []

    def submit(self, work: Callable[[], object], seconds: float = 5.0) -> None:
        wait = self.workers.submit(work, seconds)
        run = self._await(wait)

        def step() -> None:
            try:
                run.send(None)
            except StopIteration:
                return

        step()
        if not wait.finished:
            wait.then(step)

    async def _await(self, wait: Wait) -> None:
        try:
            self.results.append(await wait)
        except Exception as error:
            self.results.append(error)


def test_a_result_and_an_exception_come_back() -> None:
    rig = Rig()
    rig.submit(lambda: 7)
    rig.submit(lambda: 1 // 0)
    assert len(rig.offload) == 2
    rig.offload.settle()
    assert rig.results[0] == 7
    assert isinstance(rig.results[1], ZeroDivisionError)
    assert len(rig.offload) == 0
    assert rig.timers.next_deadline() is None


def test_results_are_handed_over_in_the_thread_that_asks_for_them() -> None:
    rig = Rig()
    done = threading.Event()
    rig.offload.wake = done.set
    worked: list[int] = []
    rig.submit(lambda: worked.append(threading.get_ident()))
    assert done.wait(5)
    assert rig.results == []
    rig.offload.deliver()
    assert rig.results == [None]
    assert worked != [threading.get_ident()]
    rig.offload.deliver()
    assert rig.results == [None]


def test_threads_are_made_when_there_is_work_and_not_more_than_allowed() -> None:
    rig = Rig(threads=3)
    before = threading.active_count()
    gate, running = threading.Event(), threading.Semaphore(0)

    def work() -> None:
        running.release()
        gate.wait(5)

    for _ in range(10):
        rig.submit(work)
    for _ in range(3):
        assert running.acquire(timeout=5)
    assert threading.active_count() == before + 3
    gate.set()
    rig.offload.settle()
    assert rig.results == [None] * 10


def test_an_idle_thread_is_used_again() -> None:
    rig = Rig(threads=4)
    names: set[str] = set()
    for _ in range(5):
        rig.submit(lambda: names.add(threading.current_thread().name))
        rig.offload.settle()
    assert names == {"test-0"}


def test_a_late_answer_is_a_timeout_and_is_dropped_when_it_comes() -> None:
    rig = Rig()
    gate = threading.Event()
    rig.submit(lambda: gate.wait(5), seconds=2.0)
    rig.submit(lambda: "never done", seconds=1.5)
    assert rig.timers.next_deadline() == rig.clock.now() + 1.5
    rig.timers.expire(rig.clock.now() + 1.9)
    assert [str(r) for r in rig.results] == ["no answer within 1.5 s"]
    rig.timers.expire(rig.clock.now() + 2.0)
    assert isinstance(rig.results[1], TimeoutError)
    gate.set()
    rig.submit(lambda: "next")
    rig.offload.settle()
    assert rig.results[2:] == ["next"]


def test_settle_does_not_wait_longer_than_a_job_may_take() -> None:
    rig = Rig()
    gate = threading.Event()
    for _ in range(3):
        rig.submit(lambda: gate.wait(5), seconds=0.05)
    rig.offload.settle()
    assert [type(r) for r in rig.results] == [TimeoutError] * 3
    gate.set()


def test_a_full_backlog_refuses_at_once() -> None:
    rig = Rig(backlog=2)
    gate, running = threading.Event(), threading.Event()

    def hold() -> None:
        running.set()
        gate.wait(5)

    rig.submit(hold)
    assert running.wait(5)
    for _ in range(3):
        rig.submit(lambda: 1)
    assert [str(r) for r in rig.results] == ["2 others wait already"]
    gate.set()
    rig.offload.settle()
    assert rig.results[2:] == [1, 1]


@pytest.mark.parametrize("threads", [1, 3])
def test_close_lets_the_threads_end_after_the_last_job(threads: int) -> None:
    rig = Rig(threads=threads)
    ended = threading.Event()
    rig.submit(lambda: 1)
    rig.workers.close(ended.set)
    assert ended.wait(5)
    rig.offload.settle()
    assert rig.results == [1]


def test_without_a_thread_there_is_nothing_to_close() -> None:
    rig = Rig()
    called: list[bool] = []
    rig.workers.close(lambda: called.append(True))
    assert called == []


def test_a_job_that_is_over_is_over_once() -> None:
    rig = Rig()
    gate = threading.Event()
    rig.submit(lambda: gate.wait(5), seconds=2.0)
    (job,) = list(rig.offload._pending)
    rig.offload._late(job)
    rig.offload._late(job)
    gate.set()
    rig.workers.close()
    rig.offload.settle()
    rig.offload.deliver()
    assert [type(r) for r in rig.results] == [TimeoutError]


def test_a_job_without_a_timer_is_answered() -> None:
    rig = Rig()
    job = Job(lambda: 7, 1.0)
    job.run()
    rig.offload.done(job)
    rig.offload.deliver()
    assert job.wait.finished
    assert job.over


def test_what_is_done_needs_no_collector() -> None:
    rig = Rig()
    rig.submit(lambda: 7)
    (job,) = list(rig.offload._pending)
    rig.offload.settle()
    assert rig.results == [7]
    assert job.timer is None
    rig.workers.close()
