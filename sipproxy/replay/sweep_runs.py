"""Many runs on several processors: results in the order of the jobs, whoever is done first."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from sipproxy.errors import SipproxyError

J = TypeVar("J")
R = TypeVar("R")


class RunError(SipproxyError):
    """A run failed; the text is one sentence or the problems of a cfg."""


def in_order(work: Callable[[J], R], jobs: Sequence[J], processes: int) -> Iterator[R]:
    """`work(job)` for each job, in so many processes that share what this one has in memory.

    What `work` gives goes through a pipe. Raises RunError when it raised a SipproxyError or a
    ValueError, or when a process was killed. Where processes cannot be forked, there is one.
    """
    processes = min(processes, len(jobs))
    if processes < 2 or "fork" not in get_all_start_methods():
        for job in jobs:
            done, result = _tried(work, job)
            yield _told(done, result)
        return
    yield from _forked(work, jobs, processes)


def _forked(work: Callable[[J], R], jobs: Sequence[J], processes: int) -> Iterator[R]:
    context = get_context("fork")
    lines: dict[Any, Any] = {}
    waiting = iter(range(len(jobs)))
    done: dict[int, tuple[bool, Any]] = {}
    try:
        for _ in range(processes):
            here, there = context.Pipe()
            worker = context.Process(target=_serve, args=(work, jobs, there), daemon=True)
            worker.start()
            there.close()
            lines[here] = worker
            here.send(next(waiting))
        for wanted in range(len(jobs)):
            while wanted not in done:
                for ready in wait(list(lines)):
                    assert isinstance(ready, Connection)
                    number, result = _received(ready)
                    done[number] = result
                    following = next(waiting, None)
                    if following is not None:
                        ready.send(following)
            yield _told(*done.pop(wanted))
    finally:
        for line, worker in lines.items():
            line.close()
            worker.terminate()
            worker.join()


def _received(line: Connection) -> tuple[int, tuple[bool, Any]]:
    try:
        found: tuple[int, tuple[bool, Any]] = line.recv()
    except (EOFError, OSError):
        raise RunError("a process of the sweep was killed (too little memory?)") from None
    return found


def _serve(work: Callable[[J], R], jobs: Sequence[J], line: Connection) -> None:
    """A worker: does the jobs whose numbers come in, until the line is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers itself
    with suppress(EOFError, OSError):
        while True:
            number = line.recv()
            line.send((number, _tried(work, jobs[number])))


def _tried(work: Callable[[J], R], job: J) -> tuple[bool, Any]:
    try:
        return True, work(job)
    except (SipproxyError, ValueError) as error:
        return False, str(error)


def _told(done: bool, result: Any) -> Any:
    if not done:
        raise RunError(result)
    return result
