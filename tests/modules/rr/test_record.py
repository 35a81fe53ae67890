"""Record-Route: rows over several transports as Kamailio 5.6.3 sent them, and what a cfg may ask.

What UDP alone shows is in the recorded cases.
"""

from typing import Any

import pytest

from sipproxy.core.flow import Flow
from sipproxy.core.forward import departing_lumps, way_of
from sipproxy.core.sockets import ListenSocket, OwnAddresses
from sipproxy.errors import ModuleError
from sipproxy.modules.rr import Rr
from sipproxy.modules.rr.record import Row
from sipproxy.sip.build import rebuild

UDP = ListenSocket("udp", "127.0.0.1", 27512)
TCP = ListenSocket("tcp", "127.0.0.1", 27512)
SHOWN = ListenSocket("tcp", "127.0.0.1", 27514, ("10.0.0.8", 0), "t")
UDP6 = ListenSocket("udp", "::1", 27512)
TCP6 = ListenSocket("tcp", "::1", 5060)
ALL = [UDP, TCP, SHOWN, UDP6, TCP6]


def arrived(
    bench: Any, request_text: Any, socket: ListenSocket = UDP, kind: str = "request"
) -> Any:
    """A context for a request that came to this socket."""
    bench.host.own = OwnAddresses(ALL)
    ctx = bench.context(request_text("INVITE sip:bob@example.com"), kind)
    ctx.flow = Flow(socket.proto, socket.local, ctx.flow.remote)
    return ctx


def rows(ctx: Any, socket: ListenSocket = UDP) -> list[str]:
    """The first lines of the request when it leaves by this socket, up to its Via."""
    lumps = departing_lumps(ctx, socket)
    assert lumps is not None
    lines = rebuild(ctx.msg, lumps).decode().split("\r\n")[1:]
    return lines[: lines.index(next(line for line in lines if line.startswith("Via:")))]


@pytest.mark.parametrize(
    ("came", "leaves", "expected"),
    [
        (TCP, UDP, ["127.0.0.1:27512;r2=on", "127.0.0.1:27512;transport=tcp;r2=on"]),
        (SHOWN, UDP, ["127.0.0.1:27512;r2=on", "10.0.0.8:27514;transport=tcp;sn=t;r2=on"]),
        (UDP, SHOWN, ["10.0.0.8:27514;transport=tcp;sn=t;r2=on", "127.0.0.1:27512;r2=on"]),
        (UDP, UDP6, ["[::1]:27512;r2=on", "127.0.0.1:27512;r2=on"]),
        (UDP6, UDP6, ["[::1]:27512"]),
        (UDP6, TCP6, ["[::1];transport=tcp;r2=on", "[::1]:27512;r2=on"]),
        (TCP6, UDP, ["127.0.0.1:27512;r2=on", "[::1];transport=tcp;r2=on"]),
    ],
)
def test_own_sockets(
    bench: Any, request_text: Any, came: ListenSocket, leaves: ListenSocket, expected: list[str]
) -> None:
    rr = bench.load(Rr, sockname_mode=1)
    ctx = arrived(bench, request_text, came)
    assert rr.record_route(ctx)
    assert rows(ctx, leaves) == [f"Record-Route: <sip:{row};lr;ftag=f1>" for row in expected]


@pytest.mark.parametrize(
    ("came", "leaves", "expected"),
    [
        (TCP, UDP, [";transport=udp;r2=on", ";transport=tcp;r2=on"]),
        (UDP, SHOWN, [";transport=tcp;r2=on", ";transport=udp;r2=on"]),
        (UDP, UDP6, [""]),
        (TCP, SHOWN, [""]),
    ],
)
def test_an_advertised_address(
    bench: Any, request_text: Any, came: ListenSocket, leaves: ListenSocket, expected: list[str]
) -> None:
    rr = bench.load(Rr)
    ctx = arrived(bench, request_text, came)
    assert rr.record_route_advertised_address(ctx, "gw.org")
    assert rows(ctx, leaves) == [f"Record-Route: <sip:gw.org{row};ftag=f1;lr>" for row in expected]


def test_a_row_per_branch(bench: Any, request_text: Any) -> None:
    rr = bench.load(Rr, enable_double_rr=0)
    ctx = arrived(bench, request_text, kind="branch")
    before = ctx.lumps.copy()
    assert rr.record_route(ctx)
    assert rr.add_rr_param(ctx, ";b=1")
    assert not ctx.record_routed
    assert rows(ctx) == ["Record-Route: <sip:127.0.0.1:27512;lr;ftag=f1;b=1>"]
    ctx.lumps = before
    assert rr.record_route(ctx)
    assert rows(ctx) == ["Record-Route: <sip:127.0.0.1:27512;lr;ftag=f1>"]


def test_a_branch_adds_to_its_own_row_only(bench: Any, request_text: Any) -> None:
    rr = bench.load(Rr)
    ctx = arrived(bench, request_text)
    rr.record_route(ctx)
    kept = ctx.lumps
    ctx.lumps = kept.copy()
    rr.add_rr_param(ctx, ";b=1")
    assert rows(ctx) == ["Record-Route: <sip:127.0.0.1:27512;lr;ftag=f1;b=1>"]
    ctx.lumps = kept
    assert rows(ctx) == ["Record-Route: <sip:127.0.0.1:27512;lr;ftag=f1>"]


def test_no_second_address_without_double_rows(bench: Any, request_text: Any) -> None:
    rr = bench.load(Rr, enable_double_rr=0)
    ctx = arrived(bench, request_text)
    assert not rr.record_route_preset(ctx, "a", "b")
    assert not ctx.touched("lumps")
    assert bench.lines == ["two addresses while enable_double_rr is off"]


def test_a_row_that_was_removed_leaves_its_end(bench: Any, request_text: Any) -> None:
    """Kamailio 5.6 forgets half of it; so do we, and nothing else is touched."""
    rr = bench.load(Rr)
    ctx = arrived(bench, request_text)
    rr.record_route(ctx)
    ctx.lumps.prepend("X: 1\r\n")
    rr.remove_record_route(ctx)
    assert rows(ctx) == [";lr;ftag=f1>", "X: 1"]
    rr.remove_record_route(arrived(bench, request_text))


def test_a_from_that_cannot_be_read(bench: Any, request_text: Any) -> None:
    rr = bench.load(Rr)
    bad = request_text().replace("<sip:alice@example.com>", "<sip:alice@example.com")
    for call in (rr.record_route, rr.record_route_preset, rr.record_route_advertised_address):
        ctx = bench.context(bad)
        assert not call(ctx, "a")
        assert not ctx.record_routed


def test_a_custom_user_that_does_not_exist(bench: Any) -> None:
    with pytest.raises(ModuleError, match="custom_user_avp"):
        bench.load(Rr, custom_user_avp="$nothing(u)")


def test_a_plain_row_is_the_same_on_every_way(bench: Any, request_text: Any) -> None:
    ctx = arrived(bench, request_text)
    row = Row("Record-Route: <sip:a", ";lr")
    assert {row(way_of(ctx, socket)) for socket in ALL} == {"Record-Route: <sip:a;lr>\r\n"}
