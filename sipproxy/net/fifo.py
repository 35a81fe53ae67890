"""Named pipes: one that commands are read from, those of clients that answers are written to."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

TRIES = 5
WAIT = 0.08
"""Seconds between tries to open a client's pipe, which it may not read yet (Kamailio's)."""
_PATIENCE = 5.0
"""Seconds for a client to take a part of its answer."""
_MOST_WRITERS = 64
"""Answers on their way at a time."""
_MOST_NAME = 127
"""Bytes of a pipe's whole path (Kamailio's)."""
_READ_SIZE = 1 << 16

Tell = Callable[[str], None]


class Fifo:
    """A pipe of ours that clients write to; `take` is given what comes.

    Raises OSError when it cannot be made. A pipe that nobody reads is removed first.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        path: Path,
        mode: int,
        owner: tuple[int, int],
        take: Callable[[bytes], None],
    ) -> None:
        self.path = path
        self._loop = loop
        self._take = take
        _remove_stale(path)
        os.mkfifo(path, 0o600)  # nobody writes before owner and mode are right
        try:
            if owner != (-1, -1):
                os.chown(path, *owner)
            path.chmod(mode)
            self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            # A writer of our own: without any, the reader would be at its end all the time.
            self._writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        made = os.fstat(self._reader)
        self._made = made.st_dev, made.st_ino
        loop.add_reader(self._reader, self._readable)

    def _readable(self) -> None:
        try:
            data = os.read(self._reader, _READ_SIZE)
        except OSError:
            return
        if data:
            self._take(data)

    def close(self) -> None:
        """Stop reading and remove the pipe, unless another has taken its place."""
        self._loop.remove_reader(self._reader)
        os.close(self._reader)
        os.close(self._writer)
        with suppress(OSError):
            found = self.path.lstat()
            if (found.st_dev, found.st_ino) == self._made:
                self.path.unlink()


def _remove_stale(path: Path) -> None:
    """Remove a pipe that nobody reads; raises OSError for one in use, or for another file."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISFIFO(found.st_mode):
        raise FileExistsError(errno.EEXIST, "it exists and is no FIFO")
    try:
        probe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        path.unlink(missing_ok=True)
        return
    os.close(probe)
    raise FileExistsError(errno.EEXIST, "another server reads from it")


class ReplyPipes:
    """The pipes of clients in one directory. Nothing here blocks: a client may never read."""

    def __init__(self, loop: asyncio.AbstractEventLoop, directory: str, tell: Tell) -> None:
        """`directory` stands before the names as it is; `tell` is given complaints."""
        self._loop = loop
        self._directory = directory
        self._tell = tell
        self._writers: set[Writer] = set()
        self._timers: set[asyncio.TimerHandle] = set()

    def open(self, name: str, ready: Callable[[Writer | None], None]) -> None:
        """Give `ready` a client's pipe when it can be written, or None when it cannot."""
        path = f"{self._directory}{name}"
        if any(mark in name for mark in "./\\"):
            reason = "its name must not have . / or \\"
        elif not name or len(os.fsencode(path)) > _MOST_NAME:
            reason = "it has no name" if not name else "its name is too long"
        elif len(self._writers) + len(self._timers) >= _MOST_WRITERS:
            reason = f"{_MOST_WRITERS} answers are on their way already"
        else:
            self._try(path, TRIES, ready)
            return
        self._tell(f"no answer to the FIFO {path!r}: {reason}")
        ready(None)

    def _try(self, path: str, left: int, ready: Callable[[Writer | None], None]) -> None:
        try:
            descriptor = _open_checked(path)
        except OSError as error:
            if error.errno == errno.ENXIO and left > 1:

                def again() -> None:
                    self._timers.discard(timer)
                    self._try(path, left - 1, ready)

                timer = self._loop.call_later(WAIT, again)
                self._timers.add(timer)
                return
            reason = "nobody reads from it" if error.errno == errno.ENXIO else error.strerror
            self._tell(f"no answer to the FIFO {path!r}: {reason}")
            ready(None)
            return
        writer = Writer(self._loop, descriptor, path, self._tell, self._writers.discard)
        self._writers.add(writer)
        ready(writer)

    def close(self) -> None:
        """Give up every answer that is not taken."""
        for timer in self._timers:
            timer.cancel()
        for writer in tuple(self._writers):
            writer.close()


def _open_checked(path: str) -> int:
    """Open a client's pipe to write; raises OSError for what is no pipe, or reached by a link."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        opened, found = os.fstat(descriptor), os.lstat(path)
        if not stat.S_ISFIFO(opened.st_mode):
            raise OSError(errno.EINVAL, "it is no FIFO")
        if opened.st_nlink > 1:
            raise OSError(errno.EMLINK, "it has several names")
        if (opened.st_dev, opened.st_ino) != (found.st_dev, found.st_ino):
            raise OSError(errno.ESTALE, "it was exchanged meanwhile")
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class Writer:
    """One client's pipe."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        descriptor: int,
        path: str,
        tell: Tell,
        gone: Callable[[Writer], None],
    ) -> None:
        self._loop = loop
        self._descriptor = descriptor
        self._path = path
        self._tell = tell
        self._gone = gone
        self._data = memoryview(b"")
        self._timer: asyncio.TimerHandle | None = None

    def write(self, data: bytes) -> None:
        """Write all of it, as the client takes it, then close."""
        self._data = memoryview(data)
        self._go_on()

    def _go_on(self) -> None:
        try:
            while self._data:
                self._data = self._data[os.write(self._descriptor, self._data) :]
        except BlockingIOError:
            self._await()
            return
        except OSError as error:
            self._tell(f"the answer to the FIFO {self._path!r} is cut off: {error.strerror}")
        self.close()

    def _await(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop.add_writer(self._descriptor, self._go_on)
        self._timer = self._loop.call_later(_PATIENCE, self._late)

    def _late(self) -> None:
        self._tell(f"the answer to the FIFO {self._path!r} is cut off: nobody takes it")
        self.close()

    def close(self) -> None:
        """Let the pipe go, written or not."""
        if self._timer is not None:
            self._timer.cancel()
        if self._descriptor >= 0:
            self._loop.remove_writer(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
        self._gone(self)
