"""Names: asked for once, remembered, bounded; a name that is known never makes a route wait."""

from collections.abc import Coroutine, Generator
from typing import Any

import pytest

from sipproxy.clock import VirtualClock
from sipproxy.core.dns.names import Names
from sipproxy.core.dns.records import Done, Found, Record
from sipproxy.core.waiting import Wait
from sipproxy.program import load_text

Lookup = Coroutine[Wait, object, tuple[Record, ...]]


class Servers:
    """What is asked for, answered when a test wants it."""

    def __init__(self, **settings: int) -> None:
        self.clock = VirtualClock(1000.0)
        self.names = Names(self.clock)
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        self.names.configure(load_text(f"{text}request_route {{ exit; }}").settings)
        self.names.ask = self.ask
        self.open: list[tuple[str, str, Done]] = []

    def ask(self, name: str, kind: str, done: Done) -> None:
        self.open.append((name, kind, done))

    def answer(self, *records: Record, ttl: float = 60) -> None:
        """Answer the oldest question."""
        self.open.pop(0)[2](Found(records, ttl))

    def known(self, name: str, kind: str = "A") -> tuple[Record, ...] | None:
        """The records of a name, None if a route would wait for them."""
        look = Run(self.names.lookup(name, kind))
        return look.result


class Run:
    """A lookup under way."""

    def __init__(self, work: Any) -> None:
        self.work: Generator[Wait, object, tuple[Record, ...]] = work
        self.result: tuple[Record, ...] | None = None
        self._step()

    def _step(self) -> None:
        try:
            wait = self.work.send(None)
        except StopIteration as stop:
            self.result = stop.value
        else:
            wait.then(self._step)


def test_two_routes_ask_once_and_the_next_does_not_wait() -> None:
    servers = Servers()
    one, other = (Run(servers.names.lookup(n, "A")) for n in ("A.example.", "a.Example"))
    assert (one.result, other.result, len(servers.open)) == (None, None, 1)
    servers.answer("192.0.2.1")
    assert one.result == other.result == ("192.0.2.1",)
    assert servers.known("a.example") == ("192.0.2.1",)
    servers.clock.set(1060.0)
    assert servers.known("a.example") is None
    assert servers.names.asked == 2


@pytest.mark.parametrize("found", [Found((), 7), None])
def test_that_there_is_nothing_is_remembered_too(found: Found | None) -> None:
    servers = Servers(dns_cache_negative_ttl=30)
    run = Run(servers.names.lookup("no.example", "A"))
    servers.open.pop()[2](found)
    assert run.result == ()
    servers.clock.set(1029.0)
    assert servers.known("no.example") == ()
    servers.clock.set(1030.0)
    assert servers.known("no.example") is None


def test_lifetimes_have_bounds() -> None:
    servers = Servers(dns_cache_min_ttl=10, dns_cache_max_ttl=100)
    for name, ttl, until in (("a.example", 1, 10), ("b.example", 500, 100)):
        start = servers.clock.now()
        Run(servers.names.lookup(name, "A"))
        servers.answer("192.0.2.1", ttl=ttl)
        servers.clock.set(start + until - 1)
        assert servers.known(name) is not None
        servers.clock.set(start + until)
        assert servers.known(name) is None
        servers.open.clear()


@pytest.mark.parametrize("off", ["use_dns_cache", "dns_cache_init"])
def test_without_a_cache_each_route_asks(off: str) -> None:
    servers = Servers(**{off: 0})
    for _ in range(2):
        run = Run(servers.names.lookup("a.example", "A"))
        servers.answer("192.0.2.1")
        assert run.result == ("192.0.2.1",)
    assert servers.names.asked == 2


def test_the_hosts_file_comes_first() -> None:
    servers = Servers()
    servers.names.hosts = {"h": ("192.0.2.1", "2001:db8::1", "192.0.2.2")}
    assert servers.known("H") == ("192.0.2.1", "192.0.2.2")
    assert servers.known("h", "AAAA") == ("2001:db8::1",)
    assert servers.known("h", "SRV") is None


@pytest.mark.parametrize("name", ["", ".", "a" * 256])
def test_no_name_at_all(name: str) -> None:
    servers = Servers()
    assert servers.known(name) == ()
    assert servers.open == []


def test_beyond_so_many_questions_a_name_is_unknown_at_once() -> None:
    servers = Servers()
    runs = [Run(servers.names.lookup(f"n{n}.example", "A")) for n in range(4097)]
    assert runs[4095].result is None
    assert runs[4096].result == ()
    servers.answer("192.0.2.1")
    assert runs[0].result == ("192.0.2.1",)
    assert servers.known("m.example") is None  # there is room again


def test_where_nobody_answers_nothing_is_known() -> None:
    names = Names(VirtualClock(0.0))
    assert Run(names.lookup("a.example", "A")).result == ()


def test_what_has_no_time_to_live_is_not_kept() -> None:
    servers = Servers(dns_cache_negative_ttl=0)
    run = Run(servers.names.lookup("no.example", "A"))
    servers.open.pop()[2](None)
    assert run.result == ()
    assert servers.known("no.example") is None
    assert servers.names.asked == 2
