"""The proxy over reloads of its cfg: the one that serves, and older ones that end their work.

A transaction keeps the cfg it was born under. So the proxy of an older cfg lives on until its last
transaction is over, and is given what belongs to it; everything new goes to the current one.
"""

from __future__ import annotations

from sipproxy.core.context import Context
from sipproxy.core.flow import Flow
from sipproxy.errors import MessageError
from sipproxy.proxy import Proxy
from sipproxy.sip.message import Message


class Generations:
    """One proxy after the other as if they were one. Not thread-safe."""

    def __init__(self, first: Proxy) -> None:
        self.current = first
        self.older: list[Proxy] = []
        """Those that still have transactions, the oldest first."""
        self._active = first

    @property
    def last(self) -> Context | None:
        """The context of the latest run of a route; None between messages."""
        return self._active.last

    @property
    def next_deadline(self) -> float | None:
        """When :meth:`expire` wants to be called next."""
        due = self.current.next_deadline
        for one in self.older:
            theirs = one.next_deadline
            if theirs is not None and (due is None or theirs < due):
                due = theirs
        return due

    def take_over(self, fresh: Proxy) -> None:
        """Let a proxy that was made with the current one as its `previous` serve from now on.

        Raises ModuleError where a module refuses, and then nothing has changed.
        """
        fresh.take_over(self.current)
        self.older.append(self.current)
        self.current = self._active = fresh
        self.let_go()

    def receive(self, data: bytes, flow: Flow, now: float) -> bool:
        """Take one datagram or framed message; False if it is no message."""
        self._active = self._owner(data, flow)
        return self._active.receive(data, flow, now)

    def _owner(self, data: bytes, flow: Flow) -> Proxy:
        """Whose transaction this is about; the current proxy's if nobody's."""
        if self.older:
            try:
                msg = Message.parse(data, source=flow.remote, dest=flow.local, proto=flow.proto)
                for one in self.older:
                    if one.claims(msg):
                        return one
            except MessageError:
                pass  # the current one complains
        return self.current

    def expire(self, now: float) -> None:
        """Run every timer due at or before `now`, the older proxies' first."""
        for one in (*self.older, self.current):
            self._active = one
            one.last = None
            one.expire(now)
        self.let_go()

    def deliver(self) -> None:
        """Go on with the routes whose answers came back from a thread."""
        for one in (*self.older, self.current):
            self._active = one
            one.deliver()
        self.let_go()

    def settle(self) -> None:
        """Block until every route that waits for a thread has its answer."""
        for one in (*self.older, self.current):
            one.settle()
        self.let_go()

    def close(self) -> None:
        """Stop: the current modules save; what older ones still had to do is cut off."""
        self.current.close()
        for one in self.older:
            one.leave()
        self.older.clear()

    def let_go(self) -> None:
        """Part with those whose last transaction is over."""
        for one in [one for one in self.older if one.is_over]:
            self.older.remove(one)
            one.leave()
