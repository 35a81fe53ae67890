"""The DNS and the connections of a proxy under test: no network is ever asked."""

from __future__ import annotations

from sipproxy.core.dns.records import Done, Found, Record
from sipproxy.core.flow import Address
from sipproxy.core.host import Host
from sipproxy.core.streams import NoStreams


class Zone:
    """What the DNS says: `zone.add("a.example", "A", "192.0.2.1")`; all else does not exist.

    An answer takes `delay` (virtual) seconds; `ttl` is its lifetime. `asked` are the questions.
    """

    def __init__(self, host: Host) -> None:
        self.delay = 0.0
        self.ttl = 300.0
        self.asked: list[tuple[str, str]] = []
        self._host = host
        self._records: dict[tuple[str, str], tuple[Record, ...]] = {}
        host.names.ask = self.ask

    def add(self, name: str, kind: str, *records: Record) -> None:
        """Give a name records of a type, instead of those it has."""
        self._records[name, kind] = records

    def ask(self, name: str, kind: str, done: Done) -> None:
        """Answer a question of the proxy, now or when the delay has passed."""
        self.asked.append((name, kind))
        found = Found(self._records.get((name, kind), ()), self.ttl)
        if not self.delay:
            done(found)
            return
        self._host.timers.after(self._host.now(), self.delay, lambda due: done(found))


class Peers(NoStreams):
    """Connections of those who sent something by a stream; each peer has one."""

    def __init__(self) -> None:
        self._numbers: dict[Address, int] = {}

    def number(self, peer: Address) -> int:
        """The connection of a peer, from 1."""
        return self._numbers.setdefault(peer, len(self._numbers) + 1)

    def peer(self, connection: int) -> Address | None:
        """Who is at the other end of a connection."""
        return next((peer for peer, n in self._numbers.items() if n == connection), None)
