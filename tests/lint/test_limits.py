"""SP104 and SP105: the keys of limits."""

from collections.abc import Callable
from functools import cache
from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipproxy.lint.limits import by_one_ipv6_address
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

Found = Callable[..., list[str]]


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("listen=udp:[::1]:5060", True),
        ("listen=udp:127.0.0.1:5060\nlisten=udp:[2001:db8::1]:5060", True),
        ("listen=udp:127.0.0.1:5060", False),
        ("", False),
        ("auto_bind_ipv6=1", True),
        ("auto_bind_ipv6=0", False),
        ("auto_bind_ipv6=1\nlisten=udp:127.0.0.1:5060", False),
    ],
)
def test_only_where_ipv6_is_spoken(found: Found, listen: str, expected: bool) -> None:
    text = f"""#!KAMAILIO
{listen}
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=4;autoexpire=60;initval=0")
request_route {{ $var(n) = $shtinc(t=>$si); }}
"""
    assert bool(found(text, "SP104")) == expected


@pytest.mark.parametrize(
    ("body", "times"),
    [
        ("$var(n) = $shtinc(t=>$si); $var(n) = $shtinc(t=>$si);", 1),
        ("$var(n) = $shtinc(t=>$si::failed);", 1),
        ("$var(n) = $shtinc(t=>$si::$fU);", 0),
        ("$var(n) = $shtinc(t=>$(si{s.select,0,:}));", 0),
        ("$var(n) = $shtinc(t=>$fU);", 0),
        ("$sht(t=>$si) = 1;", 1),
        ("$sht(t=>$si) = $null;", 0),
        ("if ($sht(t=>$si) > 1) { exit; }", 0),
    ],
)
def test_only_the_address_alone(found: Found, body: str, times: int) -> None:
    text = f"""#!KAMAILIO
listen=udp:[::1]:5060
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=4;autoexpire=60;initval=0")
request_route {{ {body} }}
"""
    assert len(found(text, "SP104")) == times


LOGGED = by_one_ipv6_address.right.replace("if ($shtinc", 'xlog("$var(net)");\n    if ($shtinc')
LOGGED = LOGGED.replace('loadmodule "sl.so"', 'loadmodule "sl.so"\nloadmodule "xlog.so"')


@cache
def logging_proxy() -> ProxyUnderTest:
    """The example, with the key logged."""
    return load_cfg_text(LOGGED)


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_the_example_finds_the_prefix(network: int, one: int, other: int) -> None:
    def key(number: int) -> str:
        source = f"[{IPv6Address(number)}]:5060"
        return logging_proxy().feed(request(source=source), source=source).log[0]

    start = network << 64
    assert key(start + one) == key(start + other)
    assert key(start + one) != key((start ^ (1 << 64)) + one)


def test_the_example_leaves_ipv4_as_it_is() -> None:
    run = logging_proxy().feed(request(source="192.0.2.1:5060"), source="192.0.2.1:5060")
    assert run.log[0].strip() == str(ip_address("192.0.2.1"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("$var(n) = $shtinc(t=>$si); if ($sht(t=>$fU) > 5) { exit; }", ["SP105:1"]),
        ("$var(n) = $shtinc(t=>$si);\nif (5 < $sht(t=> $si)) { exit; }", ["SP105:2"]),
        ("$var(n) = $shtinc(t=>$si); if ($sht(t=>$si) > 5) { exit; }", []),
        ("$var(n) = $shtinc(t=>$si); if ($sht(t=>$(si)) > 5) { exit; }", []),
        ("$var(n) = $shtinc(t=>$var(x)); if ($sht(t=>$fU) > 5) { exit; }", []),
        ("$var(n) = $shtinc(t=>$si); if ($sht(t=>$avp(x)) > 5) { exit; }", []),
        ("$var(n) = $shtinc(t=>$si); $sht(t=>$fU) = 1; if ($sht(t=>$fU) == 1) { exit; }", []),
        ("$var(n) = $shtinc(t=>$si); if ($sht(t=>maximum) > 5) { exit; }", []),
        ("if ($sht(t=>$fU) > 5) { exit; }", []),
        ("$var(n) = $shtinc(t=>$si); if ($sht(t=>$fU) == $null) { exit; }", []),
    ],
)
def test_counted_and_checked(found_in: Found, body: str, expected: list[str]) -> None:
    assert found_in(body, "SP105") == expected
