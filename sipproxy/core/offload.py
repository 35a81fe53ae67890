"""Work that would block, done in threads: how their results come back to the proxy's one thread.

A route says `await workers.submit(work, seconds)`. A thread does the work; its result is queued and
:meth:`Offload.deliver` hands it to the route, in the thread that runs the proxy. A shell with an
event loop has itself woken for that (`wake`); one on a virtual clock calls :meth:`Offload.settle`,
which blocks, so that its clock stands still while a real answer is awaited.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from sipproxy.clock import Clock
from sipproxy.core.timers import Timer, TimerQueue
from sipproxy.core.waiting import Wait


class Job:
    """One piece of work and who waits for it; `over` when nobody does any more."""

    __slots__ = ("error", "over", "result", "seconds", "timer", "wait", "work")

    def __init__(self, work: Callable[[], object], seconds: float) -> None:
        self.work = work
        self.seconds = seconds
        self.wait = Wait()
        self.timer: Timer | None = None
        self.over = False
        self.result: object = None
        self.error: Exception | None = None

    def run(self) -> None:
        """Do the work; called in a thread. What it raises is the result too."""
        try:
            self.result = self.work()
        except Exception as error:
            self.error = error


class Offload:
    """The way back from all threads of one proxy. Not thread-safe, but for :meth:`done`."""

    def __init__(self, timers: TimerQueue, clock: Clock) -> None:
        self.wake: Callable[[], None] = lambda: None
        """Called from a thread when a result is there; given by a shell with an event loop."""
        self._timers = timers
        self._clock = clock
        self._done: SimpleQueue[Job] = SimpleQueue()
        self._pending: dict[Job, None] = {}

    def __len__(self) -> int:
        """How many jobs somebody waits for."""
        return len(self._pending)

    def expect(self, job: Job) -> None:
        """Await the job's result; after its seconds its Wait fails with TimeoutError."""
        self._pending[job] = None
        job.timer = self._timers.after(self._clock.now(), job.seconds, lambda due: self._late(job))

    def done(self, job: Job) -> None:
        """The work is done; called in the thread that did it."""
        self._done.put(job)
        self.wake()

    def deliver(self) -> None:
        """Resume the routes whose results are there."""
        while True:
            try:
                job = self._done.get_nowait()
            except Empty:
                return
            self._answer(job)

    def settle(self) -> None:
        """Block until every result is there, and those that their routes ask for then.

        When nothing comes for as long as a job may take, all that are pending fail.
        """
        while self._pending:
            longest = max(job.seconds for job in self._pending)
            try:
                self._answer(self._done.get(timeout=longest))
            except Empty:
                for job in list(self._pending):
                    self._late(job)

    def _answer(self, job: Job) -> None:
        if job.over:
            return
        self._finish(job)
        if job.error is not None:
            job.wait.fail(job.error)
        else:
            job.wait.finish(job.result)

    def _late(self, job: Job) -> None:
        if not job.over:
            self._finish(job)
            job.wait.fail(TimeoutError(f"no answer within {job.seconds:g} s"))

    def _finish(self, job: Job) -> None:
        job.over = True
        self._pending.pop(job, None)
        if job.timer is not None:
            self._timers.cancel(job.timer)
            job.timer = None  # it holds the job: no cycle for the collector


class Workers:
    """A few threads with one queue: a bounded number of jobs, one after the other.

    The threads are made when there is something to do, so that a process may fork before.
    """

    def __init__(self, offload: Offload, name: str, *, threads: int, backlog: int) -> None:
        self._offload = offload
        self._name = name
        self._most = threads
        self._backlog = backlog
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = threading.Semaphore(0)

    def submit(self, work: Callable[[], object], seconds: float) -> Wait:
        """A Wait for what `work` returns or raises; TimeoutError after so many seconds.

        It fails at once with TimeoutError when the backlog is full.
        """
        job = Job(work, seconds)
        if self._queue.qsize() >= self._backlog:
            job.wait.fail(TimeoutError(f"{self._backlog} others wait already"))
            return job.wait
        self._offload.expect(job)
        self._queue.put(job)
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._most:
            self._start()
        return job.wait

    def _start(self) -> None:
        # A daemon: a thread that hangs in a dead connection must not keep the process alive.
        name = f"{self._name}-{len(self._threads)}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            if not job.over:
                job.run()
            self._idle.release()
            self._offload.done(job)

    def close(self, last: Callable[[], object] = bool) -> None:
        """Let the threads end when they have done what is queued, and `last`, if there are any."""
        if self._threads:
            self._queue.put(Job(last, 0.0))
        for _ in self._threads:
            self._queue.put(None)
        self._threads.clear()
