"""A network on a virtual clock: endpoints, an old server between them, a capture at the server."""

import heapq
from collections.abc import Callable, Mapping
from itertools import count
from math import log
from pathlib import Path
from typing import Any, Protocol

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.flow import Address, Flow
from sipproxy.core.log import LogList
from sipproxy.program import load_file
from sipproxy.proxy import Proxy
from sipproxy.replay.pcap import PcapWriter

_CFG = Path(__file__).with_name("old_server.cfg")
_THINKS = 0.0004
"""Seconds until the server's answer leaves."""
_BETWEEN = 0.00002
"""Seconds between two packets on one line."""


class Endpoint(Protocol):
    """Somebody with an address."""

    def take(self, data: bytes, now: float) -> None:
        """A message arrived."""


class Luck:
    """Chance in the shapes that traffic needs."""

    def __init__(self, seed: int | str) -> None:
        self.chance = Chance(seed)

    def part(self) -> float:
        """At least 0, less than 1."""
        return self.chance.below(1 << 30) / (1 << 30)

    def between(self, least: float, most: float) -> float:
        """Any number in a range."""
        return least + (most - least) * self.part()

    def wait(self, mean: float) -> float:
        """Until the next of events that know nothing of each other."""
        return -mean * log(1.0 - self.part())

    def often(self, probability: float) -> bool:
        """True with a probability."""
        return self.part() < probability

    def one(self, *choices: Any) -> Any:
        """One of several."""
        return choices[self.chance.below(len(choices))]


class World:
    """Everything that happens, in the order in which it happens."""

    def __init__(
        self,
        writer: PcapWriter,
        *,
        server: Address,
        domain: str,
        secret: str,
        start: float,
        seed: int,
    ) -> None:
        self.server = server
        self.domain = domain
        self.luck = Luck(seed)
        self.now = start
        self.packets = 0
        self.asked: dict[str, int] = {}
        """Packets by the address that sent them to the server."""
        self._writer = writer
        self._endpoints: dict[Address, Endpoint] = {}
        self._delays: dict[str, float] = {}
        self._latest: dict[tuple[str, bool], float] = {}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._clock = VirtualClock(start)
        host, port = server
        defines = {"ADDRESS": host, "PORT": str(port), "DOMAIN": domain}
        defines |= {"REALM": f'"{domain}"', "SECRET": f'"{secret}"'}
        self._proxy = Proxy(
            load_file(str(_CFG), defines=defines),
            clock=self._clock,
            chance=Chance(seed),
            log=LogList(),
        )

    def teach(self, passwords: Mapping[str, str]) -> None:
        """Let the server know users."""
        htable: Any = self._proxy.host.modules["htable"]
        for user, password in passwords.items():
            htable.tables["passwords"].put(user, password, self.now)

    def seat(self, address: Address, endpoint: Endpoint) -> None:
        """Somebody has this address from now on."""
        self._endpoints[address] = endpoint

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Something happens at a time."""
        heapq.heappush(self._events, (max(time, self.now), next(self._numbers), action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Something happens later."""
        self.at(self.now + seconds, action)

    def send(self, source: Address, data: bytes) -> None:
        """A packet sets out for the server."""
        self.at(self._way(source[0], out=False), lambda: self._arrive(source, data))

    def run(self, until: float) -> None:
        """Let time pass: events, and the server's timers, each at its own instant."""
        while True:
            due, event = self._proxy.next_deadline, self._events[0][0] if self._events else until
            if due is not None and due <= min(event, until):
                self._set(max(due, self.now))
                self._proxy.expire(due)
                self._proxy.settle()
                self._leave()
            elif self._events and event <= until:
                time, _, action = heapq.heappop(self._events)
                self._set(time)
                action()
            else:
                break
        self._set(until)

    def _set(self, time: float) -> None:
        self._clock.set(time)
        self.now = time

    def _arrive(self, source: Address, data: bytes) -> None:
        self._record(source, self.server, data)
        self.asked[source[0]] = self.asked.get(source[0], 0) + 1
        self._proxy.receive(data, Flow("udp", self.server, source), self.now)
        self._proxy.settle()
        self._leave()

    def _leave(self) -> None:
        """What the server sends is on the wire a moment later."""
        rows = list(self._proxy.outbox)
        self._proxy.outbox.clear()
        for data, flow in rows:
            self.after(_THINKS, lambda data=data, to=flow.remote: self._go(to, data))  # type: ignore[misc]

    def _go(self, to: Address, data: bytes) -> None:
        self._record(self.server, to, data)
        endpoint = self._endpoints.get(to)
        if endpoint is not None:
            self.at(self._way(to[0], out=True), lambda: endpoint.take(data, self.now))

    def _record(self, source: Address, dest: Address, data: bytes) -> None:
        self._writer.add(self.now, source, dest, data)
        self.packets += 1

    def _way(self, host: str, *, out: bool) -> float:
        """When a packet between a host and the server arrives: never quite as fast as another,
        and never before one that set out earlier.
        """
        base = self._delays.get(host)
        if base is None:
            base = self._delays[host] = self.luck.between(0.004, 0.06)
        before = self._latest.get((host, out), 0.0)
        found = max(self.now + base * self.luck.between(1.0, 1.15), before + _BETWEEN)
        self._latest[host, out] = found
        return found
