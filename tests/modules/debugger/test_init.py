"""debugger: traces, levels, commands; every kind of action is in the case debugger-trace."""

import json

import pytest

from sipproxy.core.log import INFO, NOTICE
from sipproxy.errors import CfgError, RpcError
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

HEAD = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "debugger.so"
"""


def proxy_of(route: str, **params: int | str) -> ProxyUnderTest:
    lines = [
        f'modparam("debugger", "{name}", {json.dumps(value)})' for name, value in params.items()
    ]
    return load_cfg_text("\n".join([HEAD, *lines, "request_route {", route, "}"]))


def levels(proxy: ProxyUnderTest) -> list[tuple[int, str]]:
    return [(level, text.strip()) for level, _, text in proxy.log.records]


# -- the trace


def test_a_trace_names_the_lines_as_they_are_in_the_cfg() -> None:
    proxy = proxy_of(
        '$var(x) = 1;\nif ($var(x) == 1 &&\n  search("OPT")) {\n  xlog("in\\n");\n}', cfgtrace=1
    )
    lines = [
        text.removeprefix(
            "*** cfgtrace:dbg_cfg_trace(): request_route=[DEFAULT_ROUTE] c=[test.cfg] "
        )
        for text in proxy.feed(request()).log
    ]
    assert lines == [
        "l=9 a=63 n=assign",
        "l=10 a=16 n=if",
        "l=11 a=25 n=search",
        "l=12 a=25 n=xlog",
        "in\n",
    ]


def test_format_prefix_level_and_kind() -> None:
    proxy = load_cfg_text(
        HEAD
        + 'modparam("debugger", "cfgtrace", 1)\nmodparam("debugger", "cfgtrace_format", 1)\n'
        + 'modparam("debugger", "log_prefix", "-> ")\nmodparam("debugger", "log_level", 2)\n'
        + "request_route { exit; }\nroute[A] { return; }\nreply_route { drop; }"
    )
    proxy.run_route("A", request())
    assert levels(proxy) == [(INFO, "-> dbg_cfg_trace(): request_route=[A] l=11 a=2 n=return")]
    proxy.run_route("reply_route", request())
    text = "-> dbg_cfg_trace(): onreply_route=[DEFAULT_ONREPLY] l=12 a=2 n=drop"
    assert levels(proxy) == [(INFO, text)]
    proxy.host.log.threshold = NOTICE
    assert list(proxy.run_route("A", request()).log) == []


def test_it_is_switched_by_command() -> None:
    proxy = proxy_of("exit;")
    assert not proxy.feed(request()).log
    assert proxy.rpc("dbg.trace", "on") == "200 ok"
    assert len(proxy.feed(request()).log) == 1
    assert proxy.rpc("dbg.ls")[0]["set"] == 1
    proxy.rpc("dbg.trace", "off")
    assert not proxy.feed(request()).log
    assert proxy.rpc("dbg.ls")[0]["set"] == 0


def test_a_trace_changes_nothing_that_the_cfg_does() -> None:
    route = """$var(n) = 0;
    while ($var(n) < 3) { $var(n) = $var(n) + 1; if (search("NOPE") || $var(n) == 2) break; }
    $var(r) = route(A) + 1;
    switch ($var(r)) { case 4: $var(s) = "four"; break; default: $var(s) = "other"; }
    xlog("$var(n) $var(r) $var(s) $rc\\n");
}
route[A] { if (is_present_hf("X-A")) return 9; return 3;"""
    plain, traced = proxy_of(route), proxy_of(route, cfgtrace=1, log_assign=1)
    expected = list(plain.feed(request()).log)
    assert expected[0].startswith("2 2 other")
    log = traced.feed(request()).log
    assert [
        line for line in log if "dbg_cfg_trace" not in line and not line.startswith("$")
    ] == expected


def test_assigned_values() -> None:
    proxy = proxy_of('$var(i) = 5; $var(s) = "t"; $avp(n) = "x"; $avp(n) = $null;', log_assign=1)
    assert list(proxy.feed(request()).log) == [
        *("$var(i):5", '$var(s):"t"', '$avp(n):"x"', "$avp(n): $null"),
    ]
    proxy.host.log.threshold = INFO
    assert not proxy.feed(request()).log


# -- levels


def test_levels_of_modules() -> None:
    params: dict[str, int | str] = {"mod_hash_size": 4, "mod_level_mode": 1, "mod_level": "xlog=3"}
    proxy = proxy_of('xlog("L_DBG", "low\\n");', **params)
    proxy.log.threshold = NOTICE
    assert list(proxy.feed(request()).log) == ["low\n"]
    assert proxy.rpc("dbg.set_mod_level", "xlog", 1) == "200 ok"
    assert not proxy.feed(request()).log
    assert (proxy.rpc("dbg.get_mod_level", "xlog"), proxy.rpc("dbg.get_mod_level", "sl")) == (1, 1)


def test_levels_without_their_mode() -> None:
    proxy = proxy_of('xlog("L_DBG", "low\\n");', mod_hash_size=4, mod_level="xlog=3")
    proxy.log.threshold = NOTICE
    assert not proxy.feed(request()).log


def test_numbers_of_messages_begin_anew() -> None:
    proxy = proxy_of('xlog("$mi\\n");', reset_msgid=1)
    first = [proxy.feed(request()).log[0] for _ in range(3)]
    assert first == ["1\n", "2\n", "3\n"]
    proxy.rpc("dbg.reset_msgid")
    assert proxy.feed(request()).log[0] == "1\n"


# -- refusals


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("breakpoint", 1, "a route cannot be stopped"),
        ("cfgtest", 1, "needs the module cfgt"),
        ("log_facility", "XX", 'log_facility "XX" does not exist'),
        ("mod_level", "core", "no module=level"),
        ("mod_level", "core=3", "wants mod_hash_size"),
        ("mod_facility", "core=XX", "no module=facility"),
        ("mod_facility", "core=LOG_USER", "wants mod_hash_size"),
    ],
)
def test_parameters_that_are_refused(name: str, value: int | str, reason: str) -> None:
    with pytest.raises(CfgError, match=reason):
        proxy_of("exit;", **{name: value})


def test_breakpoints_are_refused_by_command() -> None:
    proxy = proxy_of("exit;")
    with pytest.raises(RpcError, match="a route cannot be stopped"):
        proxy.rpc("dbg.bp", "on")
    with pytest.raises(RpcError, match="pv param missing"):
        proxy.rpc("dbg.bp", "eval", proxy.rpc("dbg.ls")[0]["pid"])
    with pytest.raises(RpcError, match="No such pid"):
        proxy.rpc("dbg.trace", "on", -1)
    assert proxy.rpc("dbg.bp", "next", proxy.rpc("dbg.ls")[0]["pid"]) == "200 ok"


def test_facilities_by_command() -> None:
    proxy = proxy_of("exit;", mod_hash_size=4, mod_facility_mode=1, mod_facility="core=LOG_USER")
    assert proxy.rpc("dbg.get_mod_facility", "core") == "LOG_USER"
    proxy.rpc("dbg.set_mod_facility", "core", "LOG_MAIL")
    assert proxy.rpc("dbg.get_mod_facility", "core") == "LOG_MAIL"
    with pytest.raises(RpcError, match="facility not found"):
        proxy.rpc("dbg.set_mod_facility", "core", "MAIL")
