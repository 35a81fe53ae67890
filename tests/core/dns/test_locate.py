"""RFC 3263: where a request for a name goes, in Kamailio's order."""

from collections import Counter
from typing import Any

import pytest

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.dns.locate import Choices, Locator, Place
from sipproxy.core.dns.names import Names
from sipproxy.core.dns.records import Done, Found, Naptr, Record, Srv
from sipproxy.program import load_text

Zone = dict[tuple[str, str], tuple[Record, ...]]

ZONE: Zone = {
    ("a.example", "A"): ("192.0.2.1",),
    ("b.example", "A"): ("192.0.2.2", "192.0.2.3"),
    ("b.example", "AAAA"): ("2001:db8::2",),
    ("six.example", "AAAA"): ("2001:db8::6",),
    ("_sip._udp.srv.example", "SRV"): (
        Srv(2, 0, 5099, "six.example"),
        Srv(1, 10, 5070, "a.example"),
        Srv(1, 20, 5071, "b.example"),
    ),
    ("_sip._tcp.srv.example", "SRV"): (Srv(1, 1, 5080, "a.example"),),
    ("_sip._tcp.only.example", "SRV"): (Srv(1, 1, 5081, "a.example"),),
    ("only.example", "A"): ("192.0.2.9",),
    ("none.example", "A"): ("192.0.2.8",),
    ("_sip._udp.none.example", "SRV"): (Srv(0, 0, 0, ""),),
    ("n.example", "NAPTR"): (
        Naptr(10, 1, "s", "SIP+D2T", "", "_sip._tcp.srv.example"),
        Naptr(20, 1, "S", "sip+d2u", "", "_sip._udp.srv.example"),
        Naptr(5, 1, "s", "SIPS+D2T", "", "_sips._tcp.srv.example"),
        Naptr(5, 1, "u", "E2U+sip", "!^.*$!sip:x@y!", ""),
    ),
    ("bad.example", "NAPTR"): (Naptr(1, 1, "s", "SIP+D2U", "", "_sip._udp.nowhere.example"),),
    ("_sip._udp.bad.example", "SRV"): (Srv(1, 1, 5062, "a.example"),),
}


def places(host: str, port: int = 0, proto: str = "", *, seed: int = 1, **settings: Any) -> Any:
    names = Names(VirtualClock(0.0))

    def ask(name: str, kind: str, done: Done) -> None:
        done(Found(ZONE.get((name, kind), ()), 60))

    names.ask = ask
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    chosen = Choices.of(load_text(f"{text}request_route {{ exit; }}").settings, ipv6=True)
    work = Locator(names, Chance(seed), chosen).places(host, port, proto)
    with pytest.raises(StopIteration) as stop:
        work.send(None)
    return stop.value.value


@pytest.mark.parametrize(
    ("host", "port", "proto", "place"),
    [
        ("a.example", 0, "", ("192.0.2.1", 5060, "udp")),
        ("a.example", 5099, "", ("192.0.2.1", 5099, "udp")),
        ("a.example", 0, "tls", ("192.0.2.1", 5061, "tls")),
        ("six.example", 0, "tcp", ("2001:db8::6", 5060, "tcp")),
        ("srv.example", 0, "", ("192.0.2.2", 5071, "udp")),
        ("srv.example", 0, "tcp", ("192.0.2.1", 5080, "tcp")),
        ("only.example", 0, "", ("192.0.2.9", 5060, "udp")),
        ("only.example", 0, "tcp", ("192.0.2.1", 5081, "tcp")),
        ("only.example", 0, "udp", ("192.0.2.9", 5060, "udp")),
        ("only.example", 5062, "", ("192.0.2.9", 5062, "udp")),
        ("none.example", 0, "", ("192.0.2.8", 5060, "udp")),
    ],
)
def test_one_place(host: str, port: int, proto: str, place: tuple[str, int, str]) -> None:
    assert places(host, port, proto) == [Place(*place)]


def test_an_unknown_name_has_no_place() -> None:
    assert places("nosuch.example") == []


@pytest.mark.parametrize(
    ("settings", "proto"),
    [
        ({}, "udp"),
        ({"dns_tcp_pref": 50}, "tcp"),
        ({"dns_naptr_ignore_rfc": 0}, "tcp"),
        ({"dns_naptr_ignore_rfc": 0, "disable_tcp": 1}, "udp"),
        ({"dns_udp_pref": -1}, "tcp"),
    ],
)
def test_naptr(settings: dict[str, Any], proto: str) -> None:
    (found,) = places("n.example", dns_try_naptr=1, **settings)
    assert found.proto == proto
    assert places("n.example", **settings) == []  # unless it is wanted, NAPTR is not asked for


def test_naptr_that_leads_nowhere_leaves_srv() -> None:
    assert places("bad.example", dns_try_naptr=1) == [Place("192.0.2.1", 5062, "udp")]


def test_preferences_choose_among_srv_names() -> None:
    assert places("srv.example", dns_try_naptr=1)[0].proto == "udp"
    assert places("srv.example", dns_try_naptr=1, dns_tcp_pref=40)[0].proto == "tcp"
    assert places("srv.example", dns_try_naptr=1, dns_udp_pref=-1)[0].proto == "tcp"
    assert places("only.example", dns_try_naptr=1) == [Place("192.0.2.1", 5081, "tcp")]
    assert places("only.example", use_dns_failover=1) == [Place("192.0.2.1", 5081, "tcp")]
    assert places("only.example", 5062, dns_try_naptr=1) == [Place("192.0.2.9", 5062, "udp")]
    assert places("srv.example", dns_tcp_pref=40)[0].proto == "udp"


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({}, "192.0.2.2"),
        ({"dns_cache_flags": 4}, "2001:db8::2"),
        ({"dns_cache_flags": 2}, "2001:db8::2"),
    ],
)
def test_families(settings: dict[str, Any], address: str) -> None:
    assert places("b.example", 5060, **settings)[0].address == address


@pytest.mark.parametrize("setting", ({"dns_try_ipv6": 0}, {"dns_cache_flags": 1}))
def test_ipv6_may_be_left_out(setting: dict[str, Any]) -> None:
    assert places("six.example", **setting) == []


def test_with_failover_all_places_stand_in_the_order_in_which_they_are_tried() -> None:
    found = places("srv.example", use_dns_failover=1)
    assert [(p.address, p.port) for p in found] == [
        ("192.0.2.2", 5071),
        ("192.0.2.3", 5071),
        ("2001:db8::2", 5071),
        ("192.0.2.1", 5070),
        ("2001:db8::6", 5099),
    ]


def test_weights_share_the_requests() -> None:
    first = Counter(
        places("srv.example", dns_srv_lb=1, dns_try_ipv6=0, seed=seed)[0].port
        for seed in range(600)
    )
    assert set(first) == {5070, 5071}  # priority 2 is never first
    assert 0.25 < first[5070] / 600 < 0.42
