"""Which routes end the script, suspend, or call themselves."""

import pytest

from sipproxy.core.host import Host
from sipproxy.script import tree
from sipproxy.script.graph import RouteGraph, called_as, static_name
from sipproxy.script.parse import parse_text
from sipproxy.testing import load_cfg_text, request


def graph(text: str) -> RouteGraph:
    return RouteGraph(routes(text), host().functions)


def routes(text: str) -> list[tree.Route]:
    return [item for item in parse_text(text).items if isinstance(item, tree.Route)]


def host() -> Host:
    cfg = '#!KAMAILIO\nloadmodule "xlog.so"\nloadmodule "sl.so"\nloadmodule "siputils.so"\n'
    return load_cfg_text(cfg, stubs={"zero": 0}).host


@pytest.mark.parametrize(
    ("body", "ends"),
    [
        ("exit;", True),
        ("drop;", True),
        ("return 0;", True),
        ("return 1 - 1;", True),
        ("return $var(x);", True),
        ("return;", False),
        ("return 1;", False),
        ("return -3;", False),
        ("$var(x) = 5;", False),
        ("if (1) { while (1) { exit; } }", True),
        ("route(ENDS);", True),
        ("route(PLAIN);", False),
        ("route($var(name));", True),
        ("zero();", True),
        ("has_totag();", False),
        ("setflag(1);", False),
        ("break;", False),
    ],
)
def test_ending(body: str, ends: bool) -> None:
    text = f"route[X] {{ {body} }} route[ENDS] {{ exit; }} route[PLAIN] {{ return; }}"
    assert ("X" in graph(text).ending) is ends


def test_ending_spreads_to_all_that_call() -> None:
    text = "route[A] { route(B); } route[B] { route(C); } route[C] { exit; } route[D] { return; }"
    assert graph(text).ending == {"A", "B", "C"}


def test_recursion() -> None:
    text = "route[A] { route(B); } route[B] { route(A); } route[C] { route(C); } route[D] { ; }"
    assert graph(text).recursive == {"A", "B", "C"}
    assert graph("route[A] { route($var(x)); } route[B] { return; }").recursive == {"A"}
    assert graph("request_route { route(0); }").recursive == {"0"}


def test_names() -> None:
    text = "request_route { exit; } route[A] { exit; } event_route[x:y] { exit; }"
    main, named, event = routes(text)
    assert [called_as(route) for route in (main, named, event)] == ["0", "A", None]
    (route,) = routes('request_route { route(A); route(5); route("A" + $rU); }')
    calls = [node for node in tree.walk(route) if isinstance(node, tree.RouteCall)]
    assert {static_name(call) for call in calls} == {"A", "5", None}


def test_a_route_may_be_called_by_a_number() -> None:
    proxy = load_cfg_text(
        'loadmodule "xlog.so"\nrequest_route { route(1 + 1); }\nroute[2] { xlog("two"); }'
    )
    assert list(proxy.feed(request("OPTIONS")).log) == ["two"]
