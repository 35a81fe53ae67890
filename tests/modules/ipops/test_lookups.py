"""Names of hosts, with a resolver that a test gives."""

from collections.abc import Iterator

import pytest

from sipproxy.errors import CfgError
from sipproxy.modules.ipops import Ipops
from sipproxy.modules.ipops.lookups import Addresses
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

CFG = """
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "ipops.so"
request_route {{
    {}
    xlog("$var(r) {}\\n");
}}
"""
KNOWN = {
    "both.example": [(6, "2001:db8::1"), (4, "192.0.2.1"), (4, "192.0.2.2")],
    "six.example": [(6, "2001:db8::6")],
    "many.example": [(4, f"192.0.2.{number}") for number in range(40)],
}


def resolve(name: str) -> Addresses:
    try:
        return KNOWN[name]
    except KeyError:
        raise OSError("Name or service not known") from None


@pytest.fixture
def proxies() -> Iterator[list[ProxyUnderTest]]:
    made: list[ProxyUnderTest] = []
    yield made
    for proxy in made:
        proxy.proxy.close()


def said(proxies: list[ProxyUnderTest], call: str, shown: str = "") -> list[str]:
    """What a route logs that makes a call."""
    proxy = load_cfg_text(CFG.format(f"$var(r) = {call};", shown))
    proxies.append(proxy)
    module = proxy.host.modules["ipops"]
    assert isinstance(module, Ipops)
    module.resolve = resolve
    return [line.strip() for line in proxy.feed(request()).log]


@pytest.mark.parametrize(
    ("name", "shown", "values"),
    [
        (
            "both.example",
            "$dns(x=>addr) $dns(x=>addr[1]) $dns(x=>addr[-1])",
            "2001:db8::1 192.0.2.1 192.0.2.2",
        ),
        ("both.example", "$dns(x=>ipv4) $dns(x=>ipv6) $dns(x=>count)", "1 1 3"),
        ("six.example", "$dns(x=>ipv4) $dns(x=>type) $dns(x=>addr[1])", "0 6 <null>"),
        (
            "many.example",
            "$dns(x=>count) $dns(x=>addr[-32]) $dns(x=>addr[-33])",
            "32 192.0.2.0 <null>",
        ),
        ("many.example", "$dns(x=>addr[$var(r)]) $dns(x=>addr[$rU])", "192.0.2.1 <null>"),
    ],
)
def test_query(proxies: list[ProxyUnderTest], name: str, shown: str, values: str) -> None:
    assert said(proxies, f'dns_query("{name}", "x")', shown)[-1] == f"1 {values}"


def test_an_unknown_name(proxies: list[ProxyUnderTest]) -> None:
    lines = said(proxies, 'dns_query("no.example", "x")', "$dns(x=>count)")
    assert lines[0].endswith("unable to resolve no.example: Name or service not known")
    assert lines[-1] == "-4 <null>"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ('dns_sys_match_ip("both.example", "[2001:db8::1]")', 1),
        ('dns_int_match_ip("both.example", "2001:db8::1")', -1),
        ('dns_int_match_ip("both.example", "192.0.2.2")', 1),
        ('dns_sys_match_ip("six.example", "2001:DB8:0::6")', 1),
        ('dns_int_match_ip("six.example", "2001:db8::6")', -4),
        ('dns_sys_match_ip("no.example", "192.0.2.1")', -4),
        ('dns_sys_match_ip("both.example", "host")', -3),
    ],
)
def test_matches(proxies: list[ProxyUnderTest], call: str, code: int) -> None:
    assert said(proxies, call)[-1] == str(code)


@pytest.mark.parametrize(
    "statement",
    [
        "$var(x) = $dns(x)",
        "$var(x) = $dns(x=>port)",
        "$var(x) = $HN(x)",
    ],
)
def test_refused(statement: str) -> None:
    with pytest.raises(CfgError, match=r"not asked for yet|it is written"):
        load_cfg_text(CFG.format(f"{statement};", ""))


def test_our_own_name(proxies: list[ProxyUnderTest], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sipproxy.core.names.own_name", lambda: "both.example")
    shown = "$HN(n) $HN(d) $HN(f) $HN(i)"
    assert said(proxies, "1", shown)[-1] == "1 both example both.example <null>"
    module = proxies[0].host.modules["ipops"]
    module.open()
    (line,) = proxies[0].feed(request()).log
    assert line.strip() == "1 both example both.example 2001:db8::1"
