"""Datagrams that wait while more come in than can be served, each sender in its turn.

A kernel's socket buffer is one queue: whoever sends most fills it, and the others' datagrams are
dropped with his. Here hosts take turns, and the ports of one host take turns within it. Where there
is no more room, each has an equal share of it, so a flood drops its own datagrams.
"""

from collections import OrderedDict, deque
from typing import Generic, TypeVar

from sipproxy.core.flow import Address

Item = TypeVar("Item")

OVERHEAD = 512
"""Bytes that a waiting datagram costs beside its own."""


class _Line(Generic[Item]):
    """What waits of one port; `size` in bytes."""

    __slots__ = ("items", "size")

    def __init__(self) -> None:
        self.items: deque[tuple[Item, int]] = deque()
        self.size = 0


class _Host(Generic[Item]):
    """The ports of one host, the next to be served first."""

    __slots__ = ("lines", "size")

    def __init__(self) -> None:
        self.lines: OrderedDict[int, _Line[Item]] = OrderedDict()
        self.size = 0


class FairQueue(Generic[Item]):
    """Waiting items of many senders; `room` is in bytes, its four-fold is never exceeded."""

    def __init__(self, room: int = 4 << 20) -> None:
        self.size = 0
        """Bytes that wait."""
        self._room = room
        self._hosts: OrderedDict[str, _Host[Item]] = OrderedDict()

    def __bool__(self) -> bool:
        return self.size > 0

    def offer(self, peer: Address, item: Item, length: int) -> bool:
        """Let an item of `length` bytes wait; False where its sender has had his share."""
        name, port = peer
        size = length + OVERHEAD
        host = self._hosts.get(name)
        if self.size >= self._room and not self._has_share(host, port):
            return False
        if host is None:
            host = self._hosts[name] = _Host()
        line = host.lines.get(port)
        if line is None:
            line = host.lines[port] = _Line()
        line.items.append((item, size))
        line.size += size
        host.size += size
        self.size += size
        return True

    def _has_share(self, host: _Host[Item] | None, port: int) -> bool:
        """Whether a full queue still takes something: from those who have little in it."""
        if self.size >= 4 * self._room:
            return False
        if host is None:
            return True
        share = self._room // len(self._hosts)
        if host.size < share:
            return True
        line = host.lines.get(port)
        own = line.size if line else 0
        return host.size < 2 * self._room and own < share // (len(host.lines) + (line is None))

    def take(self) -> Item:
        """The oldest item of the port whose turn it is; raises StopIteration when none waits."""
        name, host = next(iter(self._hosts.items()))
        port, line = next(iter(host.lines.items()))
        item, size = line.items.popleft()
        line.size -= size
        host.size -= size
        self.size -= size
        if line.items:
            host.lines.move_to_end(port)
        else:
            del host.lines[port]
        if host.lines:
            self._hosts.move_to_end(name)
        else:
            del self._hosts[name]
        return item
