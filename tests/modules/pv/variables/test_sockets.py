"""Addresses of peers and of our sockets."""

from typing import Any

import pytest

from sipproxy.core.flow import Flow, Received
from sipproxy.core.resolve import ResolveError
from sipproxy.core.values import EvalError

MESSAGE = """OPTIONS sip:x@y SIP/2.0
Via: SIP/2.0/TCP h;branch=z9hG4bK1
From: <sip:a@b>;tag=1
To: <sip:c@d>
Call-ID: 1
CSeq: 1 OPTIONS

"""


def test_a_connection_over_ipv6(bench: Any) -> None:
    bench.take(
        MESSAGE, proto="tcp", local=("::1", 5060), remote=("2001:db8::7", 4000), connection=9
    )
    assert bench.show("$si $siz $su $sas $Ri $Ru $proto $prid $conid $af(name) $af(id)") == (
        "2001:db8::7 [2001:db8::7] sip:[2001:db8::7]:4000;transport=tcp tcp:[2001:db8::7]:4000"
        " ::1 sip:[::1]:5060;transport=tcp tcp 2 9 IPv6 10"
    )


def test_websocket_is_ws_in_uris(bench: Any) -> None:
    bench.take(MESSAGE, proto="wss")
    assert bench.show("$proto $prid $su") == "wss 6 sip:10.0.0.9:5060;transport=ws"


def test_advertised_address(bench: Any) -> None:
    bench.take(MESSAGE, local=("127.0.0.1", 5080))
    assert bench.show("$RAi $RAp $RAu $RAut $Ri $Rp $Rn") == (
        "pub.example 5999 sip:pub.example:5999 sip:pub.example:5999;transport=udp"
        " 127.0.0.1 5080 named"
    )


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("udp:127.0.0.1:5080", ("udp", "127.0.0.1", 5080)),
        ("127.0.0.1", ("udp", "127.0.0.1", 5060)),
        ("tcp:127.0.0.1", ("tcp", "127.0.0.1", 5060)),
        ("udp:[::1]:5060", ("udp", "::1", 5060)),
        ("[::1]", ("udp", "::1", 5060)),
        ("udp:9.9.9.9:5060", None),
    ],
)
def test_choosing_a_socket(bench: Any, text: str, chosen: tuple[str, str, int] | None) -> None:
    bench.put("$fs", text)
    assert bench.ctx.force_socket == chosen


def test_choosing_a_socket_by_name(bench: Any) -> None:
    bench.put("$fsn", "named")
    assert bench.show("$fs $fsn $fsp") == "udp:127.0.0.1:5080 named 5080"
    bench.put("$fsn", None)
    assert bench.show("$fs $fsp") == "<null> 0"


@pytest.mark.parametrize("text", ["udp:127.0.0.1:x", "udp::5060"])
def test_what_is_no_socket(bench: Any, text: str) -> None:
    with pytest.raises(EvalError):
        bench.put("$fs", text)


def test_what_is_being_sent(bench: Any) -> None:
    ctx = bench.take(MESSAGE, kind="onsend")
    ctx.record = (b"abc", Flow("udp", ("127.0.0.1", 5060), ("9.9.9.9", 5070)))
    assert bench.show("$snd(ip) $sndto(port) $sndfrom(ip) $snd(sproto) $snd(proto) $snd(len)") == (
        "9.9.9.9 5070 127.0.0.1 udp 1 3"
    )
    assert bench.show("$snd(buf) $snd(af)") == "abc 2"


def test_what_came_in(bench: Any) -> None:
    ctx = bench.take(MESSAGE, kind="event")
    ctx.record = Received(b"abc", Flow("tcp", ("::1", 5060), ("2001:db8::7", 5070)))
    assert bench.show("$rcv(srcip) $rcv(srcport) $rcv(rcvip) $rcv(rcvport) $rcv(af)") == (
        "2001:db8::7 5070 ::1 5060 10"
    )
    assert bench.show("$rcv(sproto) $rcv(proto) $rcv(buf) $rcv(len)") == "tcp 2 abc 3"


def test_what_came_in_may_be_replaced(bench: Any) -> None:
    ctx = bench.take(MESSAGE, kind="event")
    ctx.record = Received(b"abc", Flow("udp", ("127.0.0.1", 5060), ("9.9.9.9", 5070)))
    bench.put("$rcv(buf)", "d\u00e9\udcff")
    assert ctx.record.data == b"d\xc3\xa9\xff"
    bench.put("$rcv(len)", 2)
    assert bench.value("$rcv(len)") == 4
    bench.put("$rcv(buf)", "x" * 65533)
    for bad in (5, "x" * 65534):
        with pytest.raises(EvalError):
            bench.put("$rcv(buf)", bad)
    assert bench.value("$rcv(len)") == 65533
    bench.put("$rcv(buf)", None)
    assert bench.value("$rcv(buf)") == ""


def test_what_came_in_is_known_to_its_event_only(bench: Any) -> None:
    bench.take(MESSAGE)
    assert bench.value("$rcv(buf)") is None
    with pytest.raises(EvalError):
        bench.put("$rcv(buf)", "x")


@pytest.mark.parametrize("text", ["$af(x)", "$K(ICMP)", "$snd(x)", "$rcv(x)", "$rcv", "$si(x)"])
def test_unknown_parts_are_refused(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.value(text)
