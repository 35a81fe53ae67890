"""Identifiers of location records."""

from types import SimpleNamespace

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.host import Host
from sipproxy.core.log import LogList
from sipproxy.core.ruid import Ruids


def host(server_id: int = 0) -> Host:
    made = Host(VirtualClock(), Chance(1), LogList())
    made.settings = SimpleNamespace(server_id=server_id)
    return made


def test_they_count_with_the_lowest_digit_first() -> None:
    ruids = Ruids(host(), "uloc")
    made = [ruids.next() for _ in range(0x123)]
    start = made[0].removesuffix("1")
    assert start.startswith("uloc-3b9aca00-")
    assert made[0x10 - 1] == f"{start}01"
    assert made[-1] == f"{start}321"
    assert len(set(made)) == len(made)


def test_a_server_with_an_id_shows_it() -> None:
    assert Ruids(host(255), "uloc").next().startswith("uloc-ff-3b9aca00-")


def test_two_makers_differ() -> None:
    one = host()
    assert Ruids(one, "uloc").next() != Ruids(one, "ulcx").next()
