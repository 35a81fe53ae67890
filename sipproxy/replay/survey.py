"""The first look at captures: who is the proxy, and what became of each request then."""

from array import array
from collections import Counter
from collections.abc import Iterable
from typing import Generic, TypeVar

from sipproxy.core.flow import Address
from sipproxy.program import Program
from sipproxy.replay.capture import Datagram, Packet
from sipproxy.replay.glance import (
    Exchange,
    exchange,
    is_challenged_stale,
    is_request,
    sent_by,
    status_of,
)
from sipproxy.replay.places import Sent

RELAYED, STALE = 1 << 10, 1 << 11
"""Bits of an outcome beside its status."""
_STATUS = 0x3FF
_SECONDS = 200.0
"""How long a request may wait for its answer; a phone rings up to three minutes."""
_MOST = 100_000
_MOST_REPEATED = 1000
"""How many requests of one Call-ID and CSeq wait for their answer at the same place."""
_SENDERS = 1000

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """What happened lately: entries live for one to two spans of time, and are bounded in number.

    Two dicts take turns, so that forgetting costs nothing.
    """

    def __init__(self, seconds: float = _SECONDS, most: int = _MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._since = 0.0
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The entry of a key, None when there is none any more."""
        found = self._young.get(key)
        return self._old.get(key) if found is None else found

    def put(self, now: float, key: K, value: V) -> dict[K, V] | None:
        """Note an entry; gives back those that were forgotten, if it was time for that."""
        gone = None
        if now - self._since > self._seconds or len(self._young) >= self._most:
            gone = self._old
            self._since, self._old, self._young = now, self._young, {}
        self._young[key] = value
        return gone

    def drop(self, key: K) -> None:
        """Forget one entry."""
        self._young.pop(key, None)
        self._old.pop(key, None)

    def rest(self) -> list[V]:
        """All entries, oldest first."""
        return [*self._old.values(), *self._young.values()]


class Outcome:
    """What the capture shows that the old server did with a request.

    `status` is its final answer, else its last provisional one, 0 for none; `relayed` tells that
    it sent the request on, `stale` that a challenge only said that the nonce was too old.
    """

    __slots__ = ("known", "relayed", "stale", "status")

    def __init__(self, packed: int = 0) -> None:
        self.status = packed & _STATUS
        self.relayed = bool(packed & RELAYED)
        self.stale = bool(packed & STALE)
        self.known = self.status >= 200 or self.relayed
        """Whether it is seen how the request ended."""


class _Place:
    """Where requests went: how many, from whom (up to a thousand), by which transports."""

    __slots__ = ("protos", "requests", "senders")

    def __init__(self) -> None:
        self.requests = 0
        self.senders: set[str] = set()
        self.protos: set[str] = set()

    @property
    def rank(self) -> tuple[int, int]:
        """How likely it is a proxy."""
        return len(self.senders), self.requests


class Survey:
    """Reads packets once; afterwards :meth:`outcome` tells of each by its place, from 0."""

    def __init__(self, packets: Iterable[Packet] = ()) -> None:
        self.first = 0.0
        self.last = 0.0
        """Unix time of the earliest and latest packet, 0 when there is none."""
        self.replied: Counter[Address] = Counter()
        """Who answered, with how many replies."""
        self.sent = Sent()
        """Where requests for names went."""
        self._outcomes = array("H")
        self._open: Recent[tuple[Address, Exchange], list[tuple[str, int]]] = Recent()
        """What was asked of whom: the host that asked, and the place of the request."""
        self._places: dict[Address, _Place] = {}
        self._told: dict[int, Outcome] = {}
        for packet in packets:
            self.take(packet)

    def __len__(self) -> int:
        """How many packets were seen."""
        return len(self._outcomes)

    def take(self, packet: Packet) -> None:
        """Note one packet."""
        time, datagram = packet.time, packet.datagram
        if not self._outcomes or time < self.first:
            self.first = time
        if time > self.last:
            self.last = time
        self._outcomes.append(0)
        data = datagram.data
        status = status_of(data)
        if status:
            self._reply(status, datagram.source, datagram.dest[0], data)
        elif is_request(data):
            place = self._places.get(datagram.dest)
            if place is None:
                place = self._places[datagram.dest] = _Place()
            place.requests += 1
            self.sent.take(data, datagram.dest)
            if len(place.senders) < _SENDERS:
                place.senders.add(datagram.source[0])
            if datagram.proto not in place.protos:
                place.protos.add(datagram.proto)
            self._request(time, datagram, data)

    def _reply(self, status: int, source: Address, client: str, data: bytes) -> None:
        self.replied[source] += 1
        found = exchange(data)
        waiting = found and self._open.get((source, found))
        if not waiting:
            return
        stale = STALE if status in (401, 407) and is_challenged_stale(data) else 0
        outcomes = self._outcomes
        for host, place in waiting:
            known = outcomes[place]
            if host == client and known & _STATUS < 200:
                outcomes[place] = known & RELAYED | status & _STATUS | stale
        if status >= 200:
            waiting[:] = [one for one in waiting if one[0] != client]

    def _request(self, time: float, datagram: Datagram, data: bytes) -> None:
        found = exchange(data)
        if found is None:
            return
        source, dest, _, proto = datagram
        sender = source
        if proto != "udp":
            # Who begins a connection sends from a port of no meaning: its Via says who it is.
            via = sent_by(data)
            sender = via if via is not None and via[0] == source[0] else source
        for _, place in self._open.get((sender, found)) or ():
            self._outcomes[place] |= RELAYED
        key = (dest, found)
        mine = source[0], len(self._outcomes) - 1
        waiting = self._open.get(key)
        if waiting is None:
            self._open.put(time, key, [mine])
        else:
            if len(waiting) >= _MOST_REPEATED:
                del waiting[: _MOST_REPEATED // 2]
            waiting.append(mine)

    def outcome(self, place: int) -> Outcome:
        """What the old server did with the packet at a place."""
        packed = self._outcomes[place] if place < len(self._outcomes) else 0
        told = self._told.get(packed)
        if told is None:
            told = self._told[packed] = Outcome(packed)
        return told

    def protos(self, address: Address) -> set[str]:
        """The transports by which requests came to an address."""
        place = self._places.get(address)
        return set() if place is None else place.protos

    def me(self, program: Program) -> tuple[list[Address], str]:
        """Our addresses in the captures, and how they were found.

        Those of the cfg's `listen` lines that SIP was sent to; else the one address that most
        senders, and of these the most requests, went to.
        """
        listen = {socket.local for socket in program.settings.sockets()}
        places = self._places
        ours = [address for address in places if address in listen]
        if ours:
            return ours, "a listen line of the cfg"
        ranked = sorted(places, key=lambda one: places[one].rank, reverse=True)
        return ranked[:1], "guessed: most senders and requests went there"
