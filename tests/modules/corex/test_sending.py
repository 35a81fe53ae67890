"""corex: raw sending by UDP and TCP, to addresses and names; names known from the start."""

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import load_cfg_text, request
from sipproxy.testing.proxy import ProxyUnderTest
from sipproxy.testing.run import Run

HEAD = """
listen=udp:127.0.0.1:5060
listen=tcp:127.0.0.1:5060
listen=udp:127.0.0.2:5062
loadmodule "corex.so"
loadmodule "pv.so"
loadmodule "xlog.so"
"""


def proxy_of(action: str, head: str = "") -> ProxyUnderTest:
    return load_cfg_text(f'{HEAD}{head}request_route {{ {action}; xlog("rc $rc\\n"); exit; }}')


def run(action: str, head: str = "", ruri: str = "sip:bob@example.com") -> Run:
    return proxy_of(action, head).feed(request("OPTIONS", ruri))


@pytest.mark.parametrize(
    ("action", "proto", "remote"),
    [
        ('$du = "sip:10.0.0.7:5099"; send_udp()', "udp", ("10.0.0.7", 5099)),
        ('$du = "sip:10.0.0.7:5099"; send_tcp()', "tcp", ("10.0.0.7", 5099)),
        ('send_udp("10.0.0.8")', "udp", ("10.0.0.8", 5060)),
        ('send_tcp("10.0.0.8:70")', "tcp", ("10.0.0.8", 70)),
    ],
)
def test_the_request_as_it_came(action: str, proto: str, remote: tuple[str, int]) -> None:
    ran = run(action)
    (sent,) = ran.sent
    assert (sent.flow.proto, sent.flow.remote) == (proto, remote)
    assert ran.context is not None
    assert sent.message.raw == ran.context.msg.raw


@pytest.mark.parametrize(
    ("action", "proto", "local"),
    [
        ('send_data("sip:10.0.0.8", "x")', "udp", ("127.0.0.1", 5060)),
        ('send_data("sip:10.0.0.8;transport=tcp", "x")', "tcp", ("127.0.0.1", 5060)),
        ('sendx("sip:10.0.0.8", "udp:127.0.0.2:5062", "x")', "udp", ("127.0.0.2", 5062)),
        ('sendx("sip:10.0.0.8", "tcp:127.0.0.1:5060", "x")', "udp", ("127.0.0.1", 5060)),
    ],
)
def test_a_text(action: str, proto: str, local: tuple[str, int]) -> None:
    proxy = proxy_of(action)
    data, flow = raw(proxy)
    assert (data, flow[0], flow[1], flow[2]) == (b"x", proto, local, ("10.0.0.8", 5060))


def raw(proxy: ProxyUnderTest) -> tuple[bytes, tuple[object, ...]]:
    """What one request makes it send, which need be no message."""
    rows: list[tuple[bytes, tuple[object, ...]]] = []
    proxy.host.observe_send = lambda data, flow: rows.append((data, flow))
    message = request("OPTIONS", "sip:bob@example.com")
    flow = proxy._flow(message, "", None)
    proxy.proxy.receive(message, flow, proxy.clock.now())
    (row,) = rows
    return row


@pytest.mark.parametrize(
    ("action", "line", "code"),
    [
        ('send_data("bad", "x")', "bad dst sip uri <bad>", -1),
        ('send_data("sip:nosuch.example", "x")', "failed to resolve [nosuch.example]", -1),
        ('send_data("sip:[::1]", "x")', "no socket for dst sip uri <sip:[::1]>", -1),
        ('send_data("sip:10.0.0.8;transport=tls", "x")', "no socket for dst sip uri", -1),
    ],
)
def test_what_cannot_be_sent(action: str, line: str, code: int) -> None:
    ran = run(action)
    assert ran.sent == []
    assert line in ran.log[0]
    assert f"rc {code}" in ran.log[1]


def test_a_bad_next_hop() -> None:
    assert "rc -5" in run("send_udp()", ruri="nonsense").log[1]


def test_names_known_from_the_start() -> None:
    known = 'modparam("corex", "dns_cache", "type=%s")\n'
    head = known % "A;name=a.example;addr=192.0.2.1;ttl=60" + known % (
        "SRV;name=_sip._udp.s.example;addr=a.example;port=5070;priority=1;weight=1;flags=2"
    )
    proxy = proxy_of('$du = "sip:s.example"; forward()', head)
    (sent,) = proxy.feed(request("OPTIONS", "sip:bob@example.com")).sent
    assert sent.flow.remote == ("192.0.2.1", 5070)
    proxy.advance(61)
    assert proxy.feed(request("OPTIONS", "sip:bob@example.com")).sent == []


@pytest.mark.parametrize(
    "text",
    ["", "x", "type=A;name=a", "type=A;name=a;addr=::1", "type=MX;name=a;addr=192.0.2.1"],
)
def test_records_that_are_none(text: str) -> None:
    with pytest.raises(CfgError):
        run("exit", f'modparam("corex", "dns_cache", "{text}")\n')
