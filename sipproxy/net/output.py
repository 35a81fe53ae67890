"""Where log lines go: a file descriptor or the syslog daemon, in batches and never blocking.

A proxy that waits for a slow reader of its log answers no phone, so what a full pipe or a full
syslog socket does not take is kept up to a limit, then dropped and counted.
"""

import os
import select
import socket
import stat
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from sipproxy.text import encode, upper

MOST_KEPT = 1 << 22
"""Bytes kept for a descriptor whose reader is slow, and for a slow syslog daemon."""

_PIECE = 4096  # a pipe that polls as writable takes this much without blocking (PIPE_BUF)


class Output(Protocol):
    """Takes lines, writes them when told to."""

    def add(self, level: int, line: str, facility: str = "") -> None:
        """Keep a line for the next flush; `level` is Kamailio's number, `facility` syslog's."""

    def flush(self) -> None:
        """Write what is kept, as far as it goes without waiting."""

    @property
    def waits(self) -> bool:
        """Whether something is kept that a flush could not write: flush again soon."""

    def take_lost(self) -> int:
        """How many lines were lost, once there is room again to tell it; then 0."""

    def close(self) -> None:
        """Nothing more comes."""


class DescriptorOutput:
    """Lines to a terminal, a file or a pipe."""

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor
        self._kept = bytearray()
        self._lost = 0
        try:
            self._never_blocks = stat.S_ISREG(os.fstat(descriptor).st_mode)
        except OSError:
            self._never_blocks = False
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    def add(self, level: int, line: str, facility: str = "") -> None:
        data = encode(line)
        if len(self._kept) + len(data) > MOST_KEPT:
            self._lost += 1
        else:
            self._kept += data

    def flush(self) -> None:
        if not self._kept:
            return
        try:
            while self._kept and self._writable():
                size = len(self._kept) if self._never_blocks else _PIECE
                del self._kept[: os.write(self._descriptor, self._kept[:size])]
        except OSError:  # nobody reads any more: a log that is gone must not stop the proxy
            self._kept.clear()

    @property
    def waits(self) -> bool:
        return bool(self._kept)

    def take_lost(self) -> int:
        if self._kept:
            return 0
        lost, self._lost = self._lost, 0
        return lost

    def close(self) -> None:
        self.flush()

    def _writable(self) -> bool:
        return self._never_blocks or any(e & select.POLLOUT for _, e in self._poll.poll(0))


FACILITIES = {
    name: number
    for number, name in enumerate(
        [
            "KERN",
            "USER",
            "MAIL",
            "DAEMON",
            "AUTH",
            "SYSLOG",
            "LPR",
            "NEWS",
            "UUCP",
            "CRON",
            "AUTHPRIV",
            "FTP",
        ]
    )
} | {f"LOCAL{number}": 16 + number for number in range(8)}
"""Syslog facilities by their name without LOG_ (RFC 3164 section 4.1.1)."""

_SEVERITIES = {-5: 1, -4: 2, -3: 2, -2: 2, -1: 3, 0: 4, 1: 5, 2: 6, 3: 7}


def _number(facility: str) -> int:
    return FACILITIES[upper(facility).removeprefix("LOG_")]


_LAST_SECONDS = 0.5
"""How long the last lines may wait for a slow syslog daemon, each."""

DEV_LOG = "/dev/log"
"""Where the syslog daemon listens."""


class SyslogOutput:
    """Lines to the local syslog daemon, one datagram each, in the form of RFC 3164.

    A daemon that is slow (its queue holds as few as ten lines) is sent them later; without one they
    are lost and counted. `now` gives Unix time.
    """

    def __init__(
        self, name: str, facility: str, now: Callable[[], float], path: str = DEV_LOG
    ) -> None:
        self._tag = f"{name}[{os.getpid()}]: "
        self._facility = _number(facility)
        self._now = now
        self._path = path
        self._kept: deque[bytes] = deque()
        self._size = 0
        self._lost = 0
        self._failing = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def add(self, level: int, line: str, facility: str = "") -> None:
        number = _number(facility) if facility else self._facility
        priority = number << 3 | _SEVERITIES[max(-5, min(level, 3))]
        stamp = time.strftime("%b %e %H:%M:%S", time.localtime(self._now()))
        data = encode(f"<{priority}>{stamp} {self._tag}{line.rstrip()}")
        if self._size + len(data) > MOST_KEPT:
            self._lost += 1
            return
        self._kept.append(data)
        self._size += len(data)

    def flush(self) -> None:
        kept = self._kept
        while kept:
            try:
                self._socket.sendto(kept[0], self._path)
            except BlockingIOError:  # its queue is full
                return
            except OSError:  # no daemon
                self._lost += len(kept)
                self._failing = True
                kept.clear()
                self._size = 0
                return
            self._failing = False
            self._size -= len(kept.popleft())

    @property
    def waits(self) -> bool:
        return bool(self._kept)

    def take_lost(self) -> int:
        if self._failing or self._kept:
            return 0
        lost, self._lost = self._lost, 0
        return lost

    def close(self) -> None:
        self.flush()
        if self._kept:
            # The last lines of a server that stops tell why: they are worth a moment.
            self._socket.settimeout(_LAST_SECONDS)
            self.flush()
        self._socket.close()
