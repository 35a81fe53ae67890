"""Modparams, start, the sweep and the events."""

from collections.abc import Callable

import pytest

from sipproxy.clock import VirtualClock
from sipproxy.core.log import WARN
from sipproxy.errors import CfgError, ModuleError
from sipproxy.modules.htable import Htable
from sipproxy.modules.htable.table import Record
from sipproxy.testing import load_cfg_text
from sipproxy.testing.bench import Bench

Load = Callable[..., Bench[Htable]]


def test_a_table_is_defined_once(load: Load) -> None:
    with pytest.raises(ModuleError, match=r"htable already configured \[a\]"):
        load("a=>size=4", "a=>size=5")
    d = load("a=>size=4", "b=>", "a=>size=5", compat="3.0")
    assert [(t.spec.name, t.slots) for t in d.module.newest_first()] == [("a", 32), ("b", 16)]


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"enable_dmq": 1}, "enable_dmq"),
        ({"event_callback": "ksr_htable_event"}, "event_callback"),
    ],
)
def test_what_does_not_exist_yet_is_refused(
    load: Load, params: dict[str, str | int], problem: str
) -> None:
    with pytest.raises(ModuleError, match=problem) as caught:
        load("a=>dbtable=x", **params)
    assert "not supported yet" in str(caught.value)


def test_what_has_no_effect_is_accepted(load: Load) -> None:
    d = load(
        "a=>dbtable=x;dbmode=1;cols='k,v'",
        fetch_rows=5,
        db_expires=1,
        dmq_init_sync=1,
        timer_procs=4,
        event_callback_mode=1,
    )
    assert d.lines() == []


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ("a=>dmqreplicate=1", "htable a: dmqreplicate does nothing without enable_dmq"),
        ("a=>size=4,autoexpire=3", 'htable a: "autoexpire=3" follows a comma and is not read'),
        (
            "a" * 48 + "=>",
            f"event route name for expired items in htable [{'a' * 48}] is too long",
        ),
    ],
)
def test_warnings(load: Load, definition: str, text: str) -> None:
    assert load(definition).lines() == [(WARN, text)]


@pytest.mark.parametrize(
    ("name", "value"), [("_set_value_type", "vt"), ("_set_key_value", "kv"), ("_set_timer_mode", 1)]
)
def test_parameters_of_the_3_0_documentation(load: Load, name: str, value: str | int) -> None:
    getattr(load(compat="3.0").module, name)(value)
    for compat in ("5.6", "6.1"):
        with pytest.raises(ModuleError, match="no parameter"):
            getattr(load(compat=compat).module, name)(value)


def test_the_old_names_stand_for_the_columns(load: Load) -> None:
    module = load(compat="3.0").module
    module._set_value_type("vt")
    module._set_key_value("kv")
    assert (module.value_type_column, module.key_value_column) == ("vt", "kv")


def test_mod_init_runs_once_when_all_is_ready(load: Load) -> None:
    d = load("a=>")
    ran: list[tuple[str, object]] = []

    def run(name: str, record: object) -> None:
        ran.append((name, record))

    d.host.run_event = run
    d.host.has_route = lambda name: name == "htable:mod-init"
    d.module.ready()
    assert ran == [("htable:mod-init", None)]


@pytest.mark.parametrize("last", ["drop;", "if (1) { drop; }", "route(A);"])
def test_mod_init_that_ends_in_drop_forbids_the_start(last: str) -> None:
    cfg = """#!KAMAILIO
        loadmodule "htable.so"
        modparam("htable", "htable", "a=>size=4")
        route[A] { drop; }
        event_route[htable:mod-init] { $sht(a=>x) = 1; %s }
        """
    with pytest.raises(
        CfgError, match=r":2:9: htable: event_route\[htable:mod-init\] .* at .*:[45]"
    ):
        load_cfg_text(cfg % last)
    load_cfg_text(cfg % "exit;")


@pytest.mark.parametrize(
    ("definition", "interval", "first"),
    [
        ("a=>autoexpire=1", 20, 20.0),
        ("a=>autoexpire=1", 3, 3.0),
        ("a=>autoexpire=1", 0, 20.0),
        ("a=>autoexpire=1", -5, 20.0),
        ("a=>", 3, None),
    ],
)
def test_the_timer_runs_when_something_can_expire(
    load: Load, start: float, definition: str, interval: int, first: float | None
) -> None:
    d = load(definition, "b=>", timer_interval=interval)
    assert d.host.timers.next_deadline() is None
    d.module.ready()
    assert d.host.timers.next_deadline() == (None if first is None else start + first)


def test_the_sweep_posts_what_expired(load: Load, start: float) -> None:
    long = "l" * 48
    d = load("t=>autoexpire=1", "quiet=>autoexpire=1", f"{long}=>autoexpire=1", timer_interval=1)
    heard = {"event_route[htable:expired:t]", f"event_route[htable:expired:{long}]"}
    d.host.has_route = lambda name: f"event_route[{name}]" in heard
    d.module.ready()
    for table in ("t", "quiet", long):
        d.write(f"$sht({table}=>one)", 1)
    d.write("$sht(t=>two)", "second")
    d.host.timers.expire(start + 1)
    assert list(d.host.posted) == []
    d.host.timers.expire(start + 2)
    assert sorted(d.host.posted) == [
        ("htable:expired:t", Record("one", 1)),
        ("htable:expired:t", Record("two", "second")),
    ]
    assert [d.read(f"$shtcn({table}=>**)") for table in ("t", "quiet", long)] == [0, 0, 0]


class RunningClock(VirtualClock):
    """Goes on a millisecond whenever it is read."""

    def now(self) -> float:
        self.set(super().now() + 0.001)
        return super().now()


def test_a_long_sweep_lets_messages_through(load: Load) -> None:
    d = load("t=>autoexpire=1", "u=>autoexpire=1", timer_interval=1)
    d.host.has_route = lambda name: name.endswith(":t")
    for number in range(400):
        d.write(f"$sht(t=>k{number})", number)
        d.write(f"$sht(u=>k{number})", number)
    d.host.clock = RunningClock(d.clock.now() + 5)
    d.module.sweep(d.host.now())
    rounds = 1
    while (due := d.host.timers.next_deadline()) is not None:
        left = [len(table.store) for table in d.module.tables.values()]
        d.module.sweep(d.host.now())
        assert [len(table.store) for table in d.module.tables.values()] == left
        d.host.timers.expire(due)
        rounds += 1
    assert rounds > 400
    assert [len(table.store) for table in d.module.tables.values()] == [0, 0]
    assert len(d.host.posted) == 400
    d.write("$sht(t=>again)", 1)
    d.module.sweep(d.host.now() + 10)
    while (due := d.host.timers.next_deadline()) is not None:
        d.host.timers.expire(due)
    assert len(d.host.posted) == 401


def test_a_sweep_that_many_events_hear_of_lets_them_run(load: Load, start: float) -> None:
    d = load("t=>autoexpire=1;size=10", timer_interval=1)
    d.host.has_route = lambda name: True
    for number in range(1000):
        d.write(f"$sht(t=>k{number})", number)
    order = [key for key, _ in d.module.tables["t"].in_order()]
    d.after(5)
    d.module.sweep(start + 5)
    assert 0 < len(d.host.posted) < 1000
    d.host.timers.expire(start + 5)
    assert [record.key for _, record in d.host.posted] == order  # type: ignore[attr-defined]


def test_the_newest_table_is_swept_first(load: Load, start: float) -> None:
    d = load("a=>autoexpire=1", "b=>autoexpire=1")
    d.host.has_route = lambda name: True
    d.write("$sht(a=>k)", 1)
    d.write("$sht(b=>k)", 1)
    d.module.sweep(start + 5)
    assert [event for event, _ in d.host.posted] == ["htable:expired:b", "htable:expired:a"]
