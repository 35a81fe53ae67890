"""ipops: SRV and NAPTR records for the script."""

import pytest

from sipproxy.core.dns.records import Naptr, Srv
from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

HEAD = 'loadmodule "ipops.so"\nloadmodule "pv.so"\nloadmodule "xlog.so"\n'


def proxy_of(body: str) -> ProxyUnderTest:
    proxy = load_cfg_text(f"{HEAD}request_route {{ {body} }}")
    proxy.names.add(
        "_sip._udp.example",
        "SRV",
        Srv(2, 1, 5062, "c.example"),
        Srv(1, 5, 5060, "a.example"),
        Srv(1, 0, 5061, "b.example"),
    )
    proxy.names.add(
        "n.example",
        "NAPTR",
        Naptr(2, 1, "s", "SIP+D2T", "", "_sip._tcp.example"),
        Naptr(1, 7, "u", "E2U+sip", "!^.*$!sip:x@y!", ""),
    )
    return proxy


def logged(body: str) -> list[str]:
    return [line.strip() for line in proxy_of(body).feed(request()).log]


def test_srv() -> None:
    assert logged(
        '$var(r) = srv_query("_sip._udp.example", "s"); $var(i) = 2; xlog("$var(r) '
        "$srvquery(s=>count) $srvquery(s=>target[0]) $srvquery(s=>port[$var(i)]) "
        '$srvquery( s => weight [ -1 ] ) $srvquery(s=>priority[1]) $srvquery(s=>port[3])\\n");'
    ) == ["1 3 a.example 5062 1 1 <null>"]


def test_naptr() -> None:
    fields = ("order", "pref", "flags", "services", "regex", "replace")
    shown = " ".join(f"$naptrquery(n=>{field}[0])" for field in fields)
    assert logged(f'naptr_query("n.example", "n"); xlog("{shown}\\n");') == [
        "1 7 u E2U+sip !^.*$!sip:x@y!"
    ]


def test_what_is_not_there() -> None:
    assert logged(
        '$var(r) = srv_query("no.example", "s"); $var(q) = naptr_query("", "n"); '
        'xlog("$var(r) $var(q) $srvquery(s=>count) $naptrquery(n=>order[0]) '
        '$srvquery(s=>port[$rm])\\n");'
    ) == ["failed to evaluate index variable!", "1 -2 0 <null> <null>"]


def test_weights_share() -> None:
    proxy = proxy_of('srv_query("_sip._udp.example", "s"); xlog("$srvquery(s=>target[0])\\n");')
    first = {proxy.feed(request(number=n)).log[0].strip() for n in range(60)}
    assert first == {"a.example", "b.example"}


def test_a_route_waits_for_records() -> None:
    proxy = proxy_of('srv_query("_sip._udp.example", "s"); xlog("$srvquery(s=>count)\\n");')
    proxy.names.delay = 1.5
    assert proxy.feed(request()).log == []
    assert [line.strip() for line in proxy.advance(2).log] == ["3"]


@pytest.mark.parametrize(
    "variable",
    ["srvquery(x)", "srvquery(x=>nosuch[0])", "srvquery(x=>port)", "naptrquery(=>order[0])"],
)
def test_how_it_is_written(variable: str) -> None:
    with pytest.raises(CfgError):
        proxy_of(f"$var(x) = ${variable};")
