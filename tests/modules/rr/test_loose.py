"""Loose routing: a dialog through two of our sockets and back, and which socket a Route names.

How Routes of all kinds are followed is in the recorded cases.
"""

from typing import Any

import pytest

from sipproxy.core.log import WARN
from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.modules.rr import Rr
from sipproxy.modules.rr.loose import own_socket
from sipproxy.testing import load_cfg_text

CFG = """#!KAMAILIO
listen=udp:10.0.0.1:5060
listen=udp:10.1.0.1:5060
loadmodule "rr.so"
loadmodule "pv.so"
request_route {
    if ($tt != $null) {
        if (!loose_route()) exit;
        if ($du == $null) $du = $ru;
    } else {
        record_route();
        $fs = "udp:10.1.0.1:5060";
        $du = "sip:10.1.0.9";
    }
    forward();
}
"""
CALLER, CALLEE = "10.0.0.9:5060", "10.1.0.9:5060"


def request(first: str, headers: str, from_tag: str, to: str) -> bytes:
    method = first.split()[0]
    return (
        f"{first} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK-1\r\n{headers}"
        f"From: <sip:a@example.com>;tag={from_tag}\r\nTo: {to}\r\nCall-ID: c1\r\n"
        f"CSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def test_a_dialog_crosses_two_sockets_both_ways() -> None:
    proxy = load_cfg_text(CFG)
    invite = request("INVITE sip:b@example.com", "", "f1", "<sip:b@example.com>")
    (sent,) = proxy.feed(invite, source=CALLER).sent
    assert (sent.flow.local, sent.flow.remote) == (("10.1.0.1", 5060), ("10.1.0.9", 5060))
    routes = sent.message.values("record-route")
    assert routes == ["<sip:10.1.0.1;r2=on;lr;ftag=f1>", "<sip:10.0.0.1;r2=on;lr;ftag=f1>"]

    rows = "".join(f"Route: {route}\r\n" for route in reversed(routes))
    ack = request("ACK sip:b@10.1.0.9", rows, "f1", "<sip:b@example.com>;tag=t1")
    (sent,) = proxy.feed(ack, source=CALLER, local=("10.0.0.1", 5060)).sent
    assert (sent.flow.local, sent.flow.remote) == (("10.1.0.1", 5060), ("10.1.0.9", 5060))
    assert sent.message.values("route") == []

    bye = request("BYE sip:a@10.0.0.9", f"Route: {', '.join(routes)}\r\n", "t1", "<sip:a@x>;tag=f1")
    (sent,) = proxy.feed(bye, source=CALLEE, local=("10.1.0.1", 5060)).sent
    assert (sent.flow.local, sent.flow.remote) == (("10.0.0.1", 5060), ("10.0.0.9", 5060))
    assert sent.message.values("route") == []


def test_a_second_route_without_a_socket_is_told() -> None:
    proxy = load_cfg_text(CFG)
    routes = "Route: <sip:10.0.0.1;r2=on;lr>, <sip:10.7.7.7;r2=on;lr>\r\n"
    ack = request("ACK sip:b@10.1.0.9", routes, "f1", "<sip:b@example.com>;tag=t1")
    run = proxy.feed(ack, source=CALLER)
    assert (WARN, "rr", "no socket found to match second RR (sip:10.7.7.7;r2=on;lr)") in (
        proxy.log.records
    )
    assert run.sent[0].flow.local == ("10.0.0.1", 5060)


@pytest.mark.parametrize(
    ("host", "port", "proto", "found"),
    [
        ("10.0.0.1", 5060, "", 0),
        ("10.0.0.1", 5060, "tcp", 1),
        ("10.0.0.1", 0, "", 0),
        ("GW.example", 5090, "", 2),
        ("10.0.0.2", 5090, "udp", 2),
        ("gw.example", 5080, "", 2),
        ("gw.example", 5060, "", None),
        ("[2001:DB8:0::1]", 5060, "", 3),
        ("10.0.0.1", 5060, "sctp", None),
        ("other.example", 0, "", None),
    ],
)
def test_own_socket(host: str, port: int, proto: str, found: int | None) -> None:
    sockets = [
        ListenSocket("udp", "10.0.0.1", 5060),
        ListenSocket("tcp", "10.0.0.1", 5060),
        ListenSocket("udp", "10.0.0.2", 5080, ("gw.example", 5090)),
        ListenSocket("udp", "2001:db8::1", 5060),
    ]
    expected = None if found is None else sockets[found]
    assert own_socket(OwnAddresses(sockets), host, port, proto) == expected


def test_only_requests_have_a_next_hop(bench: Any, reply_text: Any) -> None:
    rr = bench.load(Rr)
    assert not rr.rr_next_hop_route(bench.context(reply_text(), "reply"))


def test_a_strict_router_sends_to_our_second_route(bench: Any, request_text: Any) -> None:
    """The first of our two Routes is in the R-URI; the other names no socket we have."""
    rr = bench.load(Rr)
    routes = "Route: <sip:10.0.0.1;transport=sctp;r2=on;lr>, <sip:carl@10.0.0.7>\r\n"
    text = request_text("BYE sip:10.0.0.1;r2=on;lr", routes, to="<sip:b@example.com>;tag=t1")
    ctx = bench.context(text)
    assert rr.loose_route(ctx) == 1
    assert (ctx.new_ruri, ctx.dst_uri, ctx.force_socket) == ("sip:carl@10.0.0.7", "", None)
    assert bench.lines == ["no socket found for match second RR"]
