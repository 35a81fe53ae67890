"""The location service: its tables, statistics and sweeps, and what others may ask of it."""

from collections.abc import Callable

import pytest

from sipproxy.core.contact import Contact
from sipproxy.core.flow import CLOSE, NO_CONNECT, Address, Flow
from sipproxy.core.streams import NoStreams
from sipproxy.errors import ModuleError
from sipproxy.modules.usrloc import Usrloc
from sipproxy.testing import load_cfg_text
from sipproxy.testing.bench import START, Bench

Maker = Callable[..., Contact]


class OneConnection(NoStreams):
    """The connection 7, to one peer."""

    def peer(self, connection: int) -> Address | None:
        """Of connection 7 only."""
        return ("10.0.0.9", 5099) if connection == 7 else None


def statistic(bench: Bench[Usrloc], name: str) -> int:
    found = bench.host.statistics.named(name, "usrloc")
    assert found is not None
    return found.get()


def test_tables_are_listed_newest_first(bench: Bench[Usrloc]) -> None:
    bench.module._preload_table("one")
    bench.module.start()
    two = bench.module.table("two")
    assert bench.module.table("two") is two
    assert [table.name for table in bench.module.newest_first()] == ["two", "one"]


def test_at_most_eight_are_preloaded(bench: Bench[Usrloc]) -> None:
    for number in range(8):
        bench.module._preload_table(str(number))
    with pytest.raises(ModuleError, match="too many"):
        bench.module._preload_table("9")


@pytest.mark.parametrize(("power", "size"), [(-1, 512), (0, 512), (1, 512), (2, 4), (10, 1024)])
def test_the_size_of_a_table(bench: Bench[Usrloc], power: int, size: int) -> None:
    bench.module.hash_size = power
    bench.module.start()
    assert bench.module.table("t").store.size == size


def test_statistics_count_what_is_there(bench: Bench[Usrloc], contact: Maker) -> None:
    bench.module.start()
    table = bench.module.table("location")
    table.change_now("u", lambda _: (contact("a", expires=int(START) + 1), contact("b")))
    assert statistic(bench, "registered_users") == 1
    assert statistic(bench, "location_contacts") == 2
    bench.after(1)
    bench.module.sweep(bench.host.now())
    assert statistic(bench, "location_contacts") == 1
    assert statistic(bench, "location_expires") == 1
    assert statistic(bench, "location_users") == 1


def test_the_timer_sweeps_and_tells(bench: Bench[Usrloc], contact: Maker) -> None:
    told: list[tuple[str, str, str]] = []
    bench.module.on_expired.append(lambda table, aor, c: told.append((table, aor, c.uri)))
    bench.module.timer_interval = 10
    bench.module.start()
    bench.module.ready()
    table = bench.module.table("location")
    table.change_now("u", lambda _: (contact("a", expires=int(START) + 11),))
    for seconds, expected in ((10, 0), (20, 1)):
        bench.after(seconds)
        bench.host.timers.expire(bench.host.now())
        assert len(told) == expected
    assert told == [("location", "u", "a")]


@pytest.mark.parametrize("interval", [0, -1])
def test_without_an_interval_nothing_sweeps(bench: Bench[Usrloc], interval: int) -> None:
    bench.module.timer_interval = interval
    bench.module.start()
    bench.module.ready()
    assert len(bench.host.timers) == 0


def test_a_sweep_lets_messages_through(bench: Bench[Usrloc], contact: Maker) -> None:
    """Where many are told of, a sweep goes on by timers that are due at once."""
    told: list[str] = []
    bench.module.on_expired.append(lambda table, aor, c: told.append(aor))
    bench.module.start()
    table = bench.module.table("location")
    for number in range(500):
        table.change_now(str(number), lambda _: (contact("a", expires=1),))
    bench.module.sweep(bench.host.now())
    assert 50 <= len(told) < 500
    bench.module.sweep(bench.host.now())
    assert len(told) < 500
    bench.host.timers.expire(bench.host.now())
    assert len(told) == 500
    assert table.users == 0


def test_a_refresh_keeps_what_a_contact_is_known_by(bench: Bench[Usrloc], contact: Maker) -> None:
    bench.module.start()
    old = contact("a", ruid="1", instance="", keepalive=1, roundtrip=9, q=100)
    new = contact("z", ruid="2", q=700, callid="new", path="p", expires=5)
    (merged,) = bench.module.updated((old,), old, new)
    assert (merged.uri, merged.ruid, merged.keepalive, merged.roundtrip) == ("a", "1", 1, 9)
    assert (merged.q, merged.callid, merged.path, merged.expires) == (700, "new", "p", 5)
    old = old._replace(instance="<i>", reg_id=3)
    (merged,) = bench.module.updated((old,), old, new._replace(instance="i", reg_id=4))
    assert (merged.uri, merged.instance, merged.reg_id) == ("z", "<i>", 3)


def test_an_xavp_is_kept_with_a_contact(bench: Bench[Usrloc], contact: Maker) -> None:
    bench.module.xavp_contact = "x"
    bench.module.start()
    bench.ctx.xavps["x"] = [[("a", 1)], 5]
    (added,) = bench.module.added((), contact(), bench.ctx)
    assert added.xavp == [("a", 1)]
    bench.ctx.xavps["x"][0:1] = []
    (again,) = bench.module.updated((added,), added, contact(), bench.ctx)
    assert again.xavp == 5
    bench.next_message()
    (without,) = bench.module.updated((again,), again, contact(), bench.ctx)
    assert without.xavp is None


def test_a_contact_ends_with_its_connection(bench: Bench[Usrloc], contact: Maker) -> None:
    bench.host.streams = OneConnection()
    bench.module.handle_lost_tcp = 1
    bench.module.start()
    table = bench.module.table("location")
    table.change_now("u", lambda _: (contact("a", connection=7), contact("b", connection=8)))
    table.change_now("v", lambda _: (contact("c", connection=-1),))
    bench.module.sweep_now()
    assert [c.uri for c in table.read_now("u")] == ["a"]
    assert len(table.read_now("v")) == 1


def test_a_connection_ends_with_its_contact(bench: Bench[Usrloc], contact: Maker) -> None:
    bench.host.streams = OneConnection()
    bench.module.close_expired_tcp = 1
    bench.module.start()
    socket = ("tcp", "10.0.0.1", 5060)
    gone = contact("a", connection=7, socket=socket, expires=1)
    bench.module.table("location").change_now("u", lambda _: (gone, gone._replace(connection=8)))
    bench.module.sweep_now()
    flow = Flow("tcp", ("10.0.0.1", 5060), ("10.0.0.9", 5099), 7, CLOSE | NO_CONNECT)
    assert bench.host.outbox == [(b"", flow)]


def test_an_unknown_matching_mode_is_an_error_in_the_log() -> None:
    proxy = load_cfg_text(
        '#!KAMAILIO\nloadmodule "usrloc.so"\nmodparam("usrloc", "matching_mode", 9)\n'
        "request_route { exit; }\n"
    )
    assert any("invalid matching mode 9" in text for _, _, text in proxy.log.records)
