"""Reading the cfg again while the server serves: checked and made aside, then it takes over.

All the work is done in a thread. Python runs one thread at a time, so it lets go of the processor
far more often than usual while that goes on: messages wait some tenths of a millisecond, not five.
The collector, which stops all threads, rests meanwhile, and never looks at what was made: a proxy
that goes takes its own cycles apart.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sipproxy.core.endpoints import RpcEndpoint
from sipproxy.core.log import LogSink
from sipproxy.core.sockets import ListenSocket
from sipproxy.errors import CfgError, SipproxyError
from sipproxy.program import Program
from sipproxy.proxy import Proxy

SWITCH_INTERVAL = 0.0002
"""Seconds until the thread lets others run (sys.setswitchinterval); Python's own is 0.005."""

Done = Callable[[Sequence[str]], None]
"""Given what is wrong, a line each; nothing when the new cfg serves."""


class Line(NamedTuple):
    """A record of the log that waits."""

    level: int
    origin: str
    text: str
    label: str
    facility: str


class HeldLog:
    """Keeps lines, because a log is written by the thread that serves only, until it is let go."""

    def __init__(self, log: LogSink) -> None:
        self._log = log
        self._held: list[Line] | None = []

    @property
    def threshold(self) -> int:
        """The core parameter `debug`."""
        return self._log.threshold

    @threshold.setter
    def threshold(self, level: int) -> None:
        self._log.threshold = level

    def write(
        self, level: int, origin: str, text: str, label: str = "", facility: str = ""
    ) -> None:
        """Keep a record, or pass it on."""
        if self._held is None:
            self._log.write(level, origin, text, label, facility)
        else:
            self._held.append(Line(level, origin, text, label, facility))

    def let_go(self) -> None:
        """Pass on what was kept, and from now on everything."""
        held, self._held = self._held or [], None
        for line in held:
            self._log.write(*line)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proxy of the cfg as it is now, ready to take over."""

    proxy: Proxy


class Reloader:
    """One reload at a time.

    `read` reads the cfg and gives its program with the addresses it listens on; it raises what
    refuses the cfg. `make` makes the proxy of one. `take_over` lets it serve; it raises
    SipproxyError as long as nothing is changed.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        read: Callable[[], tuple[Program, list[ListenSocket]]],
        make: Callable[[Program, list[ListenSocket], HeldLog], Proxy],
        take_over: Callable[[Candidate], None],
        log: LogSink,
    ) -> None:
        self._loop = loop
        self._read = read
        self._make = make
        self._take_over = take_over
        self._log = log
        self._done: list[Done] = []
        self._again: list[Done] = []

    def begin(self, done: Done) -> None:
        """Reload; one that is asked for while another goes on begins behind it."""
        if self._done:
            self._again.append(done)
            return
        self._done.append(done)
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL)
        gc.disable()
        threading.Thread(target=self._work, name="reload", daemon=True).start()

    def _work(self) -> None:
        """In the thread: everything that takes time."""
        held = HeldLog(self._log)
        made: Candidate | Exception
        try:
            made = Candidate(self._candidate(held))
        except Exception as error:
            made = error.with_traceback(None)
        try:
            self._loop.call_soon_threadsafe(self._made, made, held)
        except RuntimeError:  # the server has stopped meanwhile
            return

    def _candidate(self, held: HeldLog) -> Proxy:
        program, sockets = self._read()
        proxy = self._make(program, sockets, held)
        try:
            proxy.open()
        except BaseException:
            proxy.leave()
            raise
        return proxy

    def _made(self, made: Candidate | Exception, held: HeldLog) -> None:
        sys.setswitchinterval(self._interval)
        gc.freeze()
        gc.enable()
        held.let_go()
        complaints: list[str] = []
        if isinstance(made, Candidate):
            try:
                self._take_over(made)
            except SipproxyError as error:
                made.proxy.leave()
                complaints = complaints_of(error)
        elif isinstance(made, SipproxyError | OSError):
            complaints = complaints_of(made)
        else:
            complaints = [f"{type(made).__name__}: {made}"]
        waiting, self._done, again, self._again = self._done, [], self._again, []
        for done in waiting:
            done(complaints)
        for done in again:
            self.begin(done)


def complaints_of(error: Exception) -> list[str]:
    """What an exception says, a line each; of a cfg's problems the errors."""
    if isinstance(error, CfgError):
        return [str(one) for one in error.problems if one.severity == "error"]
    return [str(error)]


def endpoints_of(proxy: Proxy) -> list[RpcEndpoint]:
    """The control sockets that the modules of a proxy ask for."""
    found: list[RpcEndpoint] = []
    for module in proxy.host.modules.values():
        declared = getattr(module, "rpc_endpoints", None)
        if declared is not None:
            found.extend(declared())
    return found
