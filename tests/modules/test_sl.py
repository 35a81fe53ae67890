"""Stateless replies: bytes as Kamailio 5.6.3 sends them, tags, ACKs, redirections, counters."""

from typing import Any

import pytest

from sipproxy.core.context import Branch
from sipproxy.modules.sl import Sl


def test_reply_bytes(bench: Any, request_text: Any) -> None:
    bench.host.server_text = "here"
    sl = bench.load(Sl)
    ctx = bench.context(request_text())
    tag = sl.to_tag(ctx.msg)
    assert sl.sl_send_reply(ctx, 200, "OK") == 1
    assert bench.sent == [
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK-1\r\n"
        "From: <sip:alice@example.com>;tag=f1\r\n"
        f"To: <sip:bob@example.com>;tag={tag}\r\n"
        "Call-ID: c1\r\nCSeq: 1 OPTIONS\r\nServer: here\r\nContent-Length: 0\r\n\r\n"
    ]


def test_tag_has_kamailios_shape_and_tells_requests_apart(bench: Any, request_text: Any) -> None:
    sl = bench.load(Sl)
    first = sl.to_tag(bench.context(request_text()).msg)
    assert len(first) == 41
    assert first[32] == "."
    assert sl.to_tag(bench.context(request_text()).msg) == first
    other = bench.context(request_text(via="SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK-2"))
    assert sl.to_tag(other.msg) != first
    assert sl.to_tag(other.msg)[:32] == first[:32]


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK-1",
        "SIP/2.0/UDP 10.0.0.9:5070;rport;branch=z9hG4bK-1",
        "SIP / 2.0 / UDP 10.0.0.9:5070 ;branch=z9hG4bK-1",
        "SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK-1;x=1, SIP/2.0/UDP 10.0.0.4",
    ],
)
def test_tag_depends_on_host_port_and_branch_alone(bench: Any, request_text: Any, via: str) -> None:
    sl = bench.load(Sl)
    plain = sl.to_tag(bench.context(request_text()).msg)
    assert sl.to_tag(bench.context(request_text(via=via)).msg) == plain


def test_no_branch_at_all(bench: Any, request_text: Any) -> None:
    sl = bench.load(Sl)
    one, two = (
        sl.to_tag(bench.context(request_text(via=via)).msg)
        for via in ("SIP/2.0/UDP 10.0.0.9", "SIP / 2.0 / UDP 10.0.0.9")
    )
    assert one == two


def test_an_ack_is_not_answered(bench: Any, request_text: Any) -> None:
    sl = bench.load(Sl)
    assert sl.sl_send_reply(bench.context(request_text("ACK sip:bob@example.com")), 200, "OK") == -1
    assert bench.sent == []
    assert sl.failures == 1


@pytest.mark.parametrize("name", ["sl_send_reply", "sl_reply", "send_reply"])
def test_default_code(bench: Any, request_text: Any, name: str) -> None:
    sl = bench.load(Sl, default_code=503)
    assert getattr(sl, name)(bench.context(request_text()), 0, "Oh") == 1
    assert bench.sent[0].startswith("SIP/2.0 503 Oh\r\n")


def test_send_reply_does_nothing_for_a_reply(bench: Any, reply_text: Any) -> None:
    sl = bench.load(Sl)
    assert sl.send_reply(bench.context(reply_text(), "onreply"), 200, "OK") == -1


def test_append_to_reply_and_reply_body(bench: Any, request_text: Any) -> None:
    sl = bench.load(Sl)
    ctx = bench.context(request_text())
    ctx.lumps.append_to_reply("X-Extra: yes\r\n")
    ctx.lumps.reply_body = b"hello"
    sl.sl_send_reply(ctx, 200, "OK")
    assert bench.sent[0].endswith("X-Extra: yes\r\nContent-Length: 5\r\n\r\nhello")


@pytest.mark.parametrize(
    ("via", "forced", "port"),
    [
        ("SIP/2.0/UDP 10.0.0.9:5099;branch=z9hG4bK-1", False, 5099),
        ("SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK-1", False, 5060),
        ("SIP/2.0/UDP 10.0.0.9:5099;rport;branch=z9hG4bK-1", False, 5070),
        ("SIP/2.0/UDP 10.0.0.9:5099;branch=z9hG4bK-1", True, 5070),
        ("SIP/2.0/UDP 1.2.3.4:5070;branch=z9hG4bK-1", False, 5070),
    ],
)
def test_where_a_reply_goes(
    bench: Any, request_text: Any, via: str, forced: bool, port: int
) -> None:
    sl = bench.load(Sl)
    ctx = bench.context(request_text(via=via))
    ctx.force_rport = forced
    sl.sl_send_reply(ctx, 200, "OK")
    ((data, flow),) = bench.host.outbox
    assert flow.remote == ("10.0.0.9", port)
    assert (b";rport=5070" in data) is (forced or "rport" in via)


def test_an_ack_to_our_reply_stays_outside(bench: Any, request_text: Any) -> None:
    sl = bench.load(Sl)
    ctx = bench.context(request_text("INVITE sip:bob@example.com"))
    sl.sl_send_reply(ctx, 486, "Busy")
    to = f"<sip:bob@example.com>;tag={sl.to_tag(ctx.msg)}"
    (wants,) = bench.host.request_filters
    ack = "ACK sip:bob@example.com"
    assert not wants(bench.context(request_text(ack, to=to)))
    assert wants(bench.context(request_text(ack, to="<sip:bob@example.com>;tag=other")))
    assert wants(bench.context(request_text(ack)))
    assert wants(bench.context(request_text("BYE sip:bob@example.com", to=to)))
    assert sl.filtered_acks == 1
    bench.clock.set(bench.clock.now() + 2.5)
    assert wants(bench.context(request_text(ack, to=to)))


def test_events(bench: Any, request_text: Any) -> None:
    sl = bench.load(Sl)
    bench.host.has_route = {"sl:local-response", "sl:filtered-ack"}.__contains__
    sl.ready()
    ctx = bench.context(request_text("INVITE sip:bob@example.com"))
    sl.sl_send_reply(ctx, 486, "Busy")
    to = f"<sip:bob@example.com>;tag={sl.to_tag(ctx.msg)}"
    sl.wants(bench.context(request_text("ACK sip:bob@example.com", to=to)))
    (sent_name, sent), (ack_name, ack) = bench.host.posted
    assert (sent_name, sent.status) == ("sl:local-response", 486)
    assert (ack_name, ack.method) == ("sl:filtered-ack", "ACK")


def test_error_reply(bench: Any, request_text: Any) -> None:
    sl = bench.load(Sl)
    ctx = bench.context(request_text())
    assert sl.sl_reply_error(ctx) == 1
    ctx.scratch["error"] = -478
    assert sl.sl_reply_error(ctx) == 1
    assert [text.partition("\r\n")[0] for text in bench.sent] == [
        "SIP/2.0 500 I'm terribly sorry, server error occurred (1/SL)",
        "SIP/2.0 478 Unresolvable destination (478/SL)",
    ]
    assert bench.lines[0].startswith("stateless error reply used: I'm terribly sorry")


@pytest.mark.parametrize(
    ("rich", "contact"),
    [
        (0, "<sip:new@x>;q=0.5, <sip:b@x>;q=0.25, <sip:c@x>"),
        (1, "<sip:new@x>;q=0.5;flags=3, <sip:b@x>;q=0.25;flags=1, <sip:c@x>;flags=0"),
        (2, "<sip:new@x>;q=0.5, <sip:b@x?Route=%3csip:p%3blr%3e>;q=0.25, <sip:c@x>"),
    ],
)
def test_redirection_names_the_branches(
    bench: Any, request_text: Any, rich: int, contact: str
) -> None:
    sl = bench.load(Sl, rich_redirect=rich)
    ctx = bench.context(request_text())
    ctx.new_ruri = "sip:new@x"
    ctx.bflags = 3
    ctx.ruri_q = 500
    ctx.branches.append(Branch("sip:b@x", q=250, bflags=1))
    ctx.branches[0].path = "<sip:p;lr>"
    ctx.branches.append(Branch("sip:c@x"))
    sl.sl_send_reply(ctx, 302, "Moved")
    assert f"\r\nContact: {contact}\r\n" in bench.sent[0]


def test_redirection_without_branches(bench: Any, request_text: Any) -> None:
    sl = bench.load(Sl)
    sl.sl_send_reply(bench.context(request_text()), 302, "Moved")
    assert "Contact" not in bench.sent[0]
    assert bench.lines == ["no r-uri or branches"]


def test_relayed_reply(bench: Any, reply_text: Any, request_text: Any) -> None:
    sl = bench.load(Sl)
    ctx = bench.context(reply_text(), "onreply")
    assert sl.sl_forward_reply(ctx) == 1
    assert sl.sl_forward_reply(ctx, "299", "Fine") == 1
    plain, changed = bench.sent
    assert plain == reply_text(vias=("SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK-1",))
    assert changed == plain.replace("200 OK", "299 Fine")
    assert sl.sl_forward_reply(ctx, "300") == -1
    assert sl.sl_forward_reply(ctx, "20") == -1
    assert sl.sl_forward_reply(ctx, "2x0") == -1
    assert sl.sl_forward_reply(bench.context(request_text())) == -1
    assert bench.lines == [
        "reply code class cannot be changed",
        "invalid reply code value 20",
        "invalid reply code value 2x0",
        "invalid SIP message type",
    ]


def test_statistics(bench: Any, request_text: Any) -> None:
    sl = bench.load(Sl)
    for status in (100, 200, 202, 204, 302, 404, 404, 486, 503, 603):
        sl.sl_send_reply(bench.context(request_text()), status, "x")
    assert list(sl.stats().items()) == [
        *(("200", 1), ("202", 1), ("2xx", 1)),
        *(("300", 0), ("301", 0), ("302", 1), ("3xx", 0)),
        *(("400", 0), ("401", 0), ("403", 0), ("404", 2), ("407", 0), ("408", 0), ("483", 0)),
        *(("4xx", 1), ("500", 0), ("5xx", 1), ("6xx", 1), ("xxx", 1)),
    ]


def test_tag_variable(bench: Any, request_text: Any) -> None:
    sl = bench.load(Sl)
    ctx = bench.context(request_text())
    assert bench.host.pv("$ltt(s)").read(ctx) == sl.to_tag(ctx.msg)
    assert bench.host.pv("$ltt(t)").read(ctx) is None
