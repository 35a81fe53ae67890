"""Stateless forwarding: bytes as Kamailio 5.6.3 sent them for the same messages."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from sipproxy.core.forward import forward_reply, forward_request, numeric, stateless_branch
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
