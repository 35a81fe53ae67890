"""Stateless forwarding: bytes as Kamailio 5.6.3 sent them for the same messages."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from sipproxy.core.context import VIA_FIELDS, VIA_PARAMS, VIA_SERVER
from sipproxy.core.dns.locate import Place
from sipproxy.core.forward import (
    first_served,
    forward_reply,
    forward_request,
    forward_request_by_name,
    numeric,
    places_of,
    stateless_branch,
    way_of,
)
from sipproxy.core.sockets import ListenSocket, OwnAddresses

BRANCH = re.compile(r"z9hG4bK[0-9a-f]{1,4}\.[0-9a-f]{32}\.0")


def own_via(sent: str) -> str:
    """The first Via with its branch checked and cut off."""
    found = re.search(r"\r\nVia: (.*?)\r\n", sent)
    assert found is not None
    head, _, tail = found[1].partition(";branch=")
    branch, semicolon, rest = tail.partition(";")
    assert BRANCH.fullmatch(branch)
    return head + semicolon + rest


def test_request(bench: Any, request_text: Any) -> None:
    text = request_text("MESSAGE sip:bob@example.com", "X-Odd:   keep  \r\n", "hello")
    ctx = bench.context(text)
    assert forward_request(ctx, "10.0.0.7", 5090, "udp") == 1
    ((data, flow),) = bench.host.outbox
    assert flow == ("udp", ("10.0.0.1", 5060), ("10.0.0.7", 5090), 0, 0)
    sent = data.decode()
    assert own_via(sent) == "SIP/2.0/UDP 10.0.0.1"
    first, _, rest = text.partition("\r\n")
    assert (
        sent == f"{first}\r\nVia: SIP/2.0/UDP 10.0.0.1;branch={stateless_branch(ctx.msg)}\r\n{rest}"
    )


def test_request_changed_by_the_script(bench: Any, request_text: Any) -> None:
    ctx = bench.context(request_text())
    ctx.new_ruri = "sip:carl@example.com"
    ctx.lumps.append("X-New: 1\r\n")
    ctx.force_rport = ctx.add_local_rport = True
    ctx.advertised = ("1.2.3.4", 99)
    forward_request(ctx, "10.0.0.7", 0, "udp")
    (sent,) = bench.sent
    assert sent.startswith("OPTIONS sip:carl@example.com SIP/2.0\r\n")
    assert own_via(sent) == "SIP/2.0/UDP 1.2.3.4:99;rport"
    assert "\r\nVia: SIP/2.0/UDP 10.0.0.9:5070;rport=5070;branch=z9hG4bK-1\r\n" in sent
    assert sent.endswith("Content-Length: 0\r\nX-New: 1\r\n\r\n")


@pytest.mark.parametrize(
    ("socket", "settings", "sent_by"),
    [
        (ListenSocket("udp", "10.0.0.1", 5060), {}, "10.0.0.1"),
        (ListenSocket("udp", "10.0.0.1", 5062), {}, "10.0.0.1:5062"),
        (ListenSocket("udp", "10.0.0.1", 5062, ("5.5.5.5", 0)), {}, "5.5.5.5:5062"),
        (ListenSocket("udp", "10.0.0.1", 5062, ("5.5.5.5", 5060)), {}, "5.5.5.5:5060"),
        (ListenSocket("udp", "10.0.0.1", 5062), {"advertised_address": "5.5.5.5"}, "5.5.5.5:5062"),
        (ListenSocket("udp", "10.0.0.1", 5060), {"advertised_port": 7}, "10.0.0.1:7"),
        (ListenSocket("udp", "10.0.0.1", 5060), {"local_rport": 1}, "10.0.0.1;rport"),
    ],
)
def test_sent_by(
    bench: Any, request_text: Any, socket: ListenSocket, settings: dict[str, Any], sent_by: str
) -> None:
    bench.host.own = OwnAddresses([socket])
    bench.host.settings = SimpleNamespace(**settings)
    ctx = bench.context(request_text())
    ctx.flow = ctx.flow._replace(local=socket.local)
    forward_request(ctx, "10.0.0.7", 0, "udp")
    assert own_via(bench.sent[0]) == f"SIP/2.0/UDP {sent_by}"


def test_branch_tells_transactions_apart(bench: Any, request_text: Any) -> None:
    def branch(**changes: Any) -> str:
        first = changes.pop("first", "INVITE sip:bob@example.com")
        made: str = stateless_branch(bench.context(request_text(first, **changes)).msg)
        return made

    assert branch() == branch() == branch(headers="X: 1\r\n")
    assert branch() == branch(first="ACK sip:bob@example.com", to="<sip:x@y>;tag=1")
    assert branch() == branch(first="CANCEL sip:bob@example.com")
    assert branch() != branch(via="SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK-2")
    assert branch() != branch(first="INVITE sip:carl@example.com")
    bye = "BYE sip:bob@example.com"
    assert branch(first=bye) != branch(first=bye, to="<sip:x@y>;tag=1")


def test_socket_choice(bench: Any, request_text: Any) -> None:
    bench.host.own = OwnAddresses(
        [
            ListenSocket("udp", "10.0.0.2", 5060),
            ListenSocket("udp", "10.0.0.1", 5060),
            ListenSocket("udp", "::1", 5060),
            ListenSocket("udp", "10.0.0.1", 5070),
        ]
    )

    def local(host: str, forced: Any = None) -> tuple[str, int]:
        ctx = bench.context(request_text())
        ctx.force_socket = forced
        assert forward_request(ctx, host, 0, "udp") == 1
        ((_, flow),) = bench.host.outbox
        bench.host.outbox.clear()
        found: tuple[str, int] = flow.local
        return found

    assert local("10.0.0.7") == ("10.0.0.1", 5060)
    assert local("[::7]") == ("::1", 5060)
    assert local("10.0.0.7", ("udp", "10.0.0.1", 5070)) == ("10.0.0.1", 5070)
    assert local("10.0.0.7", ("udp", "::1", 5060)) == ("10.0.0.1", 5060)
    assert local("10.0.0.7", ("udp", "10.9.9.9", 5060)) == ("10.0.0.1", 5060)


def test_a_bad_from_cannot_be_forwarded(bench: Any, request_text: Any) -> None:
    text = request_text().replace("From: <sip:alice@example.com>;tag=f1", "From: <<sip:a>")
    assert forward_request(bench.context(text), "10.0.0.7", 0, "udp") == -1
    assert bench.host.outbox == []


@pytest.mark.parametrize(
    ("second", "remote"),
    [
        ("SIP/2.0/UDP 10.0.0.9:5070;branch=z9", ("10.0.0.9", 5070)),
        ("SIP/2.0/UDP 10.0.0.9;branch=z9", ("10.0.0.9", 5060)),
        ("SIP/2.0/UDP h.invalid:77;received=10.0.0.3;branch=z9", ("10.0.0.3", 77)),
        ("SIP/2.0/UDP h.invalid:77;received=10.0.0.3;rport=99", ("10.0.0.3", 99)),
    ],
)
def test_reply(bench: Any, reply_text: Any, second: str, remote: Any) -> None:
    vias = ("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK-own", second)
    ctx = bench.context(reply_text(vias=vias), "reply")
    assert forward_reply(ctx)
    ((data, flow),) = bench.host.outbox
    assert flow.remote == remote
    assert data.decode() == reply_text(vias=(second,))


@pytest.mark.parametrize(
    ("vias", "line"),
    [
        (("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK-own",), None),
        (("SIP/2.0/UDP 10.0.0.1", "SIP/2.0/TCP 10.0.0.3"), "cannot forward reply by tcp"),
        (("SIP/2.0/UDP 10.0.0.1", "SIP/2.0/UDP 10.0.0.3;rport=x"), "reply cannot be forwarded"),
    ],
)
def test_a_reply_that_goes_nowhere(
    bench: Any, reply_text: Any, vias: tuple[str, ...], line: str | None
) -> None:
    assert not forward_reply(bench.context(reply_text(vias=vias), "reply"))
    assert bench.host.outbox == []
    assert line is None or bench.lines[0].startswith(line)


def test_check_via(bench: Any, reply_text: Any) -> None:
    bench.host.settings = SimpleNamespace(check_via=1)
    assert forward_reply(bench.context(reply_text(), "reply"))
    vias = ("SIP/2.0/UDP 10.0.0.99", "SIP/2.0/UDP 10.0.0.9")
    assert not forward_reply(bench.context(reply_text(vias=vias), "reply"))


def test_numeric_hosts() -> None:
    assert numeric("[::1]") == "::1"
    assert numeric("10.0.0.1") == "10.0.0.1"
    assert numeric("example.com") is None


def test_what_goes_on_and_what_does_not_is_counted(
    bench: Any, request_text: Any, reply_text: Any
) -> None:
    ctx = bench.context(request_text())
    forward_request(ctx, "10.0.0.7", 5090, "udp")
    forward_request(ctx, "host.example.com", 5090, "udp")
    forward_request(ctx, "10.0.0.7", 5090, "tcp")
    forward_reply(bench.context(reply_text(), "reply"))
    forward_reply(bench.context(reply_text(vias=("SIP/2.0/UDP 10.0.0.1",)), "reply"))
    assert bench.host.traffic.events == {"fwd_requests": 1, "drop_requests": 2, "fwd_replies": 1}


def at_once(work: Any) -> Any:
    """What a coroutine that need not wait gives."""
    with pytest.raises(StopIteration) as stop:
        work.send(None)
    return stop.value.value


def test_a_name_is_looked_up_an_address_is_not(bench: Any, request_text: Any) -> None:
    bench.host.names.cache.add(
        "known.example", "A", "10.0.0.8", 60, bench.clock.now(), permanent=False
    )
    ctx = bench.context(request_text())
    assert at_once(forward_request_by_name(ctx, "[10.0.0.7]", 0, "udp")) == 1
    assert at_once(forward_request_by_name(ctx, "known.example", 0, "")) == 1
    assert at_once(forward_request_by_name(ctx, "unknown.example", 0, "udp")) == -478
    assert [flow.remote[0] for _, flow in bench.host.outbox] == ["10.0.0.7", "10.0.0.8"]
    assert bench.lines == ['could not resolve hostname: "unknown.example", dropping packet']
    assert at_once(places_of(ctx, "10.0.0.9", 0, "tls")) == [("10.0.0.9", 5061, "tls")]
    assert at_once(places_of(ctx, "known.example", 7, "udp")) == [("10.0.0.8", 7, "udp")]


def test_the_first_place_that_a_socket_reaches(bench: Any, request_text: Any) -> None:
    ctx = bench.context(request_text())
    six, tcp = Place("::9", 5060, "udp"), Place("10.0.0.8", 5060, "tcp")
    good, last = Place("10.0.0.9", 5060, "udp"), Place("10.0.0.10", 5060, "udp")
    found = first_served(ctx, [six, tcp, good, last])
    assert found is not None
    assert (found[0].address, found[1], found[2]) == ("10.0.0.1", good, (last,))
    assert first_served(ctx, [six, tcp]) is None


def test_without_a_socket_nothing_goes(bench: Any, request_text: Any) -> None:
    assert forward_request(bench.context(request_text()), "10.0.0.7", 0, "tcp") < 0
    assert bench.lines == ["cannot forward to 10.0.0.7 by tcp: no listening socket"]


def test_what_onsend_route_stops_does_not_go(bench: Any, request_text: Any) -> None:
    seen: list[bytes] = []

    def stops(ctx: Any, data: bytes, flow: Any) -> bool:
        seen.append(data)
        return False

    bench.host.lets_out = stops
    assert forward_request(bench.context(request_text()), "10.0.0.7", 0, "udp") < 0
    assert len(seen) == 1
    assert not bench.host.outbox


@pytest.mark.parametrize("stream", [True, False])
def test_what_is_too_big_for_udp_goes_by_another_transport(
    bench: Any, request_text: Any, stream: bool
) -> None:
    bench.host.settings = SimpleNamespace(udp_mtu=10, udp_mtu_try_proto="TCP")
    if stream:
        sockets = [ListenSocket("udp", "10.0.0.1", 5060), ListenSocket("tcp", "10.0.0.1", 5060)]
        bench.host.own = OwnAddresses(sockets)
    bench.host.streams = SimpleNamespace(reach=lambda flow: True)
    assert forward_request(bench.context(request_text()), "10.0.0.7", 0, "udp") == 1
    ((data, flow),) = bench.host.outbox
    proto = "tcp" if stream else "udp"
    assert flow.proto == proto
    assert own_via(data.decode()) == f"SIP/2.0/{proto.upper()} 10.0.0.1"


@pytest.mark.parametrize(
    ("socket", "advertised", "settings", "shown"),
    [
        (ListenSocket("udp", "10.0.0.2", 5060), None, {}, "10.0.0.2"),
        (ListenSocket("udp", "10.0.0.2", 5070), None, {}, "10.0.0.2:5070"),
        (ListenSocket("udp", "::2", 5070), None, {}, "[::2]:5070"),
        (ListenSocket("udp", "10.0.0.2", 5070, ("5.5.5.5", 0)), None, {}, "5.5.5.5:5070"),
        (ListenSocket("udp", "10.0.0.2", 5070), ("6.6.6.6", 7), {}, "6.6.6.6:7"),
        (
            ListenSocket("udp", "10.0.0.2", 5060),
            None,
            {"advertised_address": "7.7.7.7", "advertised_port": 8},
            "7.7.7.7:8",
        ),
    ],
)
def test_the_way_of_a_request(
    bench: Any,
    request_text: Any,
    socket: ListenSocket,
    advertised: tuple[str, int] | None,
    settings: dict[str, Any],
    shown: str,
) -> None:
    bench.host.settings = SimpleNamespace(**settings)
    ctx = bench.context(request_text())
    ctx.advertised = advertised
    way = way_of(ctx, socket)
    assert (way.received.shown, way.received.address) == ("10.0.0.1", "10.0.0.1")
    assert (way.sent.shown, way.sent.port) == (shown, socket.port)


def test_what_is_added_late_knows_the_way(bench: Any, request_text: Any) -> None:
    ctx = bench.context(request_text())
    ctx.lumps.insert_late(ctx.msg.headers[0], lambda way: f"X-Way: {way.sent.shown}\r\n")
    forward_request(ctx, "10.0.0.7", 0, "udp")
    assert "\r\nX-Way: 10.0.0.1\r\n" in bench.sent[0]


def test_parameters_and_fields_of_our_via(bench: Any, request_text: Any) -> None:
    bench.host.settings = SimpleNamespace(
        server_id=-1, xavp_via_params="p", xavp_via_fields="f", advertised_address="9.9.9.9"
    )
    ctx = bench.context(request_text())
    ctx.via_extras = VIA_SERVER | VIA_PARAMS | VIA_FIELDS
    ctx.xavps = {
        "p": [[("a", 1), ("b", ""), ("c", None), ("d", -1)]],
        "f": [[("address", "8.8.8.8"), ("port", "99"), ("address", 7)]],
    }
    forward_request(ctx, "10.0.0.7", 0, "udp")
    extras = ";srvid=4294967295;a=1;b;c;d=4294967295"
    assert own_via(bench.sent[0]) == f"SIP/2.0/UDP 8.8.8.8:99{extras}"
    ctx.via_extras = VIA_SERVER
    bench.host.settings.server_id = 0
    forward_request(ctx, "10.0.0.7", 0, "udp")
    assert own_via(bench.sent[0]) == "SIP/2.0/UDP 9.9.9.9"


def test_fields_that_are_not_there(bench: Any, request_text: Any) -> None:
    bench.host.settings = SimpleNamespace(xavp_via_params="p", xavp_via_fields="f")
    ctx = bench.context(request_text())
    ctx.via_extras = VIA_PARAMS | VIA_FIELDS
    forward_request(ctx, "10.0.0.7", 0, "udp")
    ctx.xavps = {"p": ["plain"], "f": []}
    forward_request(ctx, "10.0.0.7", 0, "udp")
    assert [own_via(sent) for sent in bench.sent] == ["SIP/2.0/UDP 10.0.0.1"] * 2


def test_a_reply_goes_on_with_another_status(bench: Any, reply_text: Any) -> None:
    vias = ("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK-own", "SIP/2.0/UDP 10.0.0.9:5070")
    for status, reason in ((183, "Other words"), (183, ""), (0, "Only words")):
        assert forward_reply(bench.context(reply_text(vias=vias), "reply"), status, reason)
    first = reply_text(vias=vias).partition("\r\n")[0].split(" ", 2)
    assert [sent.partition("\r\n")[0] for sent in bench.sent] == [
        "SIP/2.0 183 Other words",
        f"SIP/2.0 183 {first[2]}",
        f"SIP/2.0 {first[1]} Only words",
    ]


def test_a_reply_goes_to_a_name(bench: Any, reply_text: Any) -> None:
    bench.host.names.cache.add(
        "known.example", "A", "10.0.0.8", 60, bench.clock.now(), permanent=False
    )
    for host in ("known.example:77", "unknown.example"):
        vias = ("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK-own", f"SIP/2.0/UDP {host};branch=z9")
        assert forward_reply(bench.context(reply_text(vias=vias), "reply"))
    ((_, flow),) = bench.host.outbox
    assert flow.remote == ("10.0.0.8", 77)
    assert bench.lines == ["resolve_host(unknown.example) failure"]


def test_a_reply_that_onsend_route_stops_does_not_go(bench: Any, reply_text: Any) -> None:
    bench.host.lets_reply_out = lambda ctx, data, flow: False
    vias = ("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK-own", "SIP/2.0/UDP 10.0.0.9:5070")
    assert not forward_reply(bench.context(reply_text(vias=vias), "reply"))
    assert not bench.host.outbox


@pytest.mark.parametrize(
    ("param", "peer", "connection"),
    [
        ("", ("10.0.0.9", 1), 0),
        (";i=21", ("10.0.0.9", 1), 0x12),
        (";i=21", ("10.0.0.8", 1), 0),
        (";i=21", None, 0),
        (";i=xyz", ("10.0.0.9", 1), 0),
        (";i=123456789", ("10.0.0.9", 1), 0),
    ],
)
def test_a_reply_takes_the_connection_that_our_via_names(
    bench: Any, reply_text: Any, param: str, peer: Any, connection: int
) -> None:
    bench.host.own = OwnAddresses([ListenSocket("tcp", "10.0.0.1", 5060)])
    bench.host.streams = SimpleNamespace(peer=lambda number: peer)
    vias = (f"SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK-own{param}", "SIP/2.0/TCP 10.0.0.9:5070")
    assert forward_reply(bench.context(reply_text(vias=vias), "reply"))
    ((_, flow),) = bench.host.outbox
    assert flow.connection == connection


def test_the_next_place_is_tried_where_no_socket_reaches_the_first(
    bench: Any, request_text: Any
) -> None:
    async def places(host: str, port: int, proto: str) -> list[Place]:
        return [Place("10.0.0.8", 5060, "tcp"), Place("10.0.0.9", 5060, "udp")]

    bench.host.locator = SimpleNamespace(places=places)
    ctx = bench.context(request_text())
    assert at_once(forward_request_by_name(ctx, "two.example", 0, "")) == 1
    assert [flow.remote for _, flow in bench.host.outbox] == [("10.0.0.9", 5060)]


def test_a_via_that_asks_for_rport_gets_it(bench: Any, request_text: Any) -> None:
    via = "SIP/2.0/UDP 10.0.0.99:5070;rport;branch=z9hG4bK-1"
    forward_request(bench.context(request_text(via=via)), "10.0.0.7", 0, "udp")
    shown = "\r\nVia: SIP/2.0/UDP 10.0.0.99:5070;received=10.0.0.9;rport=5070;branch=z9hG4bK-1\r\n"
    assert shown in bench.sent[0]
