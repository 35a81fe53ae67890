"""The proxy under test: sources, time, one route alone, stubs, htables, faults."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sipproxy.core.context import Context
from sipproxy.errors import CfgError
from sipproxy.testing import Messages, ProxyUnderTest, load_cfg_text

HEAD = """#!KAMAILIO
listen=udp:10.0.0.1:5062
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "sl.so"
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=4;autoexpire=60;initval=7")
"""


def load(text: str, **options: object) -> ProxyUnderTest:
    return load_cfg_text(HEAD + text, **options)  # type: ignore[arg-type]


def test_the_source_is_the_builders_unless_given(sip: Messages) -> None:
    proxy = load('request_route { xlog("$si:$sp $Ri:$Rp"); sl_send_reply("200", "OK"); }')
    assert proxy.feed(sip.options(source="10.0.0.8:7000")).log == ["10.0.0.8:7000 10.0.0.1:5062"]
    run = proxy.feed(bytes(sip.options()), source="10.0.0.9:5070")
    assert run.log == ["10.0.0.9:5070 10.0.0.1:5062"]
    assert proxy.feed(bytes(sip.options())).log == ["127.0.0.1:5080 10.0.0.1:5062"]
    there = proxy.feed(sip.options(), local=("10.0.0.2", 5060))
    assert there.log == ["127.0.0.1:5080 10.0.0.2:5060"]


def test_one_route_alone(sip: Messages) -> None:
    proxy = load(
        """request_route { xlog("main"); }
           route[AUTH] { xlog("auth of $fU"); sl_send_reply("401", "Unauthorized"); exit; }
           event_route[x:y] { xlog("event"); }"""
    )
    run = proxy.run_route("AUTH", sip.register("carol"))
    assert run.log == ["auth of carol"] and run.exited and run.left_at == "test.cfg:9"
    run.expect("401 Unauthorized -> 127.0.0.1:5080")
    assert proxy.run_route("request_route", sip.options()).log == ["main"]
    assert proxy.run_route("event_route[x:y]", sip.options()).log == ["event"]
    with pytest.raises(KeyError, match=r"request_route, route\[AUTH\]"):
        proxy.run_route("NOPE", sip.options())


def test_stubs_answer_and_remember(sip: Messages) -> None:
    def lookup(ctx: Context, table: str) -> bool:
        return table == "location of alice"

    proxy = load(
        """request_route {
             if (lookup("location of $fU")) xlog("found");
             if (!is_there()) xlog("not there");
             save("location", 5);
             nothing();
             done(); xlog("not reached");
           }""",
        stubs={"lookup": lookup, "is_there": False, "save": -2, "nothing": None, "done": 0},
    )
    run = proxy.feed(sip.options())
    assert run.log == ["found", "not there"] and run.exited
    assert proxy.calls["lookup"] == [("location of alice",)]
    assert proxy.calls["save"] == [("location", "5")]
    assert proxy.calls["done"] == proxy.calls["is_there"] == [()]


def test_a_stub_replaces_a_function(sip: Messages) -> None:
    proxy = load('request_route { sl_send_reply("200", "OK"); }', stubs={"sl_send_reply": 1})
    proxy.feed(sip.options()).expect()
    assert proxy.calls["sl_send_reply"] == [("200", "OK")]


def test_htables_by_the_rules_of_sht() -> None:
    proxy = load("")
    table = proxy.sht["t"]
    assert (table["a"], "a" in table, len(table)) == (7, False, 0)
    table["a"] = 1
    table["b"] = "x"
    assert (table["a"], "a" in table, table.items()) == (1, True, [("a", 1), ("b", "x")])
    table["b"] = None
    assert len(table) == 1
    proxy.advance(62)
    assert "a" not in table and table["a"] == 7
    with pytest.raises(KeyError, match="the cfg has t"):
        proxy.sht["u"]


def test_time_runs_timers_and_rpc_answers() -> None:
    proxy = load('event_route[htable:expired:t] { xlog("gone $shtrecord(key)"); }')
    proxy.sht["t"]["k"] = 1
    assert proxy.advance(10).log == []
    assert proxy.advance(100).log == ["gone k"]
    assert proxy.clock.now() == 1_000_000_110.0
    assert proxy.rpc("htable.listTables")


def test_a_fault_is_told(sip: Messages) -> None:
    def broken(ctx: Context) -> int:
        raise ZeroDivisionError("no")

    run = load("request_route { broken(); }", stubs={"broken": broken}).feed(sip.options())
    assert run.statuses == [500]
    assert run.fault.endswith("ZeroDivisionError: no")


def test_defines_as_a_set_or_with_values(sip: Messages) -> None:
    text = 'request_route {\n#!ifdef A\nxlog("A");\n#!endif\nxlog(WORD); }'
    assert load(text, defines={"A": None, "WORD": '"w"'}).feed(sip.options()).log == ["A", "w"]
    (word,) = load('#!define WORD "x"\n' + text, defines=set()).feed(sip.options()).log
    assert word == "x"


def test_the_fixture_looks_beside_the_test(
    load_cfg: Callable[..., ProxyUnderTest], tmp_path: Path, sip: Messages
) -> None:
    (tmp_path / "x.cfg").write_text(HEAD + 'request_route { xlog("here"); }')
    assert load_cfg(str(tmp_path / "x.cfg")).feed(sip.options()).log == ["here"]
    assert load_cfg("tiny.cfg", defines={"LOUD"}).feed(sip.options()).exited
    with pytest.raises(CfgError):
        load_cfg("no_such.cfg")
