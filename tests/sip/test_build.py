"""Replies and forwarded messages, byte for byte as Kamailio 5.6.3 sent them (see conftest.py)."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.errors import MessageError
from sipproxy.sip.build import (
    build_forwarded,
    build_forwarded_reply,
    build_reply,
    rebuild,
    reply_destination,
    via_destination,
)
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message
from sipproxy.sip.via import Via

Parse = Callable[[bytes], Message]
Make = Callable[..., bytes]

REPLIES = {
    "ok": (200, "OK"),
    "ring": (180, "Ringing"),
    "prog": (183, "P"),
    "okall": (200, "OK"),
    "try": (100, "Trying"),
    "busy": (486, "Busy"),
    "rpr": (200, "OK"),
}


def _lumps(msg: Message, what: str) -> Lumps:
    """The edits of the recorded cfg."""
    lumps = Lumps(msg)
    if what == "lumps":
        call_id = msg.rows("call-id")[0]
        lumps.append("X-A: 1\r\n")
        lumps.append("X-B: 2\r\n")
        lumps.prepend("X-C: 3\r\n")
        lumps.prepend("X-D: 4\r\n")
        lumps.insert_after(call_id, "X-E: 5\r\n")
        lumps.insert_before(call_id, "X-F: 6\r\n")
        lumps.insert_after(call_id, "X-G: 7\r\n")
        lumps.insert_before(call_id, "X-H: 8\r\n")
    elif what == "rmins":
        subject = msg.rows("subject")[0]
        lumps.insert_after(subject, "X-E: 5\r\n")
        lumps.remove(subject)
        lumps.insert_before(subject, "X-F: 6\r\n")
        lumps.insert_after(msg.rows("from")[0], "X-I: 5\r\n")
        lumps.insert_before(msg.rows("to")[0], "X-K: 5\r\n")
    elif what == "body":
        lumps.replace_body(b"hello world")
    return lumps


def test_built_messages(kamailio: dict[str, Any], parse: Parse) -> None:
    differ = []
    for case in kamailio["built"]:
        sent, wanted = case["send"].encode("latin-1"), case["got"].encode("latin-1")
        what = case["do"]
        msg = parse(sent)
        if what in REPLIES:
            tag = re.search(rb"tag=([0-9a-f]+\.[0-9a-f]+)", wanted)
            built = build_reply(
                msg,
                *REPLIES[what],
                tag[1].decode() if tag else "unused",
                "X-Extra: yes\r\n" if what == "busy" else "",
                server="kamailio (5.6.3 (x86_64/linux))",
                force_rport=what == "rpr",
            )
        else:
            own = re.search(rb"Via: (.*z9hG4bK0517.*)\r\n", wanted)
            assert own
            built = build_forwarded(
                msg,
                _lumps(msg, what),
                via=own[1].decode(),
                new_ruri="sip:new@example.net" if what == "new" else None,
                force_rport=what == "rpf",
            )
        if built != wanted:
            differ.append((sent, built, wanted))
    assert differ == []
    assert {case["do"] for case in kamailio["built"]} >= {"rpf", "rpr", "lumps", "rmins", "body"}


def test_relayed_replies(kamailio: dict[str, Any], parse: Parse) -> None:
    relayed = 0
    for case in kamailio["replies"]:
        sent = case["send"].encode("latin-1")
        try:
            msg = parse(sent)
        except MessageError:
            assert case["got"] is None, sent
            continue
        if case["got"] is None:
            # Read, but the top Via is not the server's or no other is left.
            assert len(msg.vias) < 2 or msg.via.port != 15060, sent
            continue
        assert build_forwarded_reply(msg, None) == case["got"].encode("latin-1")
        assert via_destination(msg.vias[1]) == ("127.0.0.1", 15062)
        relayed += 1
    assert relayed > 15


def test_an_untouched_message_stays_as_it_is(parse: Parse, request_of: Make) -> None:
    for sent in (
        request_of(),
        request_of(body=b"\xff\r\n\r\n"),
        request_of().replace(b"\r\n", b"\n"),
    ):
        msg = parse(sent)
        assert rebuild(msg, Lumps(msg)) == sent
        forwarded = build_forwarded(msg, None, via="SIP/2.0/UDP x")
        assert forwarded.replace(b"Via: SIP/2.0/UDP x\r\n", b"") == sent


def test_a_reply_with_a_body(parse: Parse, request_of: Make) -> None:
    built = build_reply(parse(request_of()), 200, "OK", "t", "X: 1\r\n", b"abc")
    assert built.endswith(b"CSeq: 7 OPTIONS\r\nX: 1\r\nContent-Length: 3\r\n\r\nabc")


def test_a_tagged_request_keeps_its_tag(parse: Parse, request_of: Make) -> None:
    built = build_reply(parse(request_of(to=b"To: <sip:a@b>;tag=mine\r\n")), 404, "No", "other")
    assert b"\r\nTo: <sip:a@b>;tag=mine\r\n" in built


@pytest.mark.parametrize("repeated", [b"", b"Via: SIP/2.0/UDP second\r\n"])
@pytest.mark.parametrize(
    ("via", "answered"),
    [
        ("127.0.0.1:15061;branch=z9", "127.0.0.1:15061;branch=z9"),
        ("h;branch=z9;rport", "h;branch=z9;rport=15061;received=127.0.0.1"),
        ("h;rport;branch=z9", "h;rport=15061;branch=z9;received=127.0.0.1"),
        ("h;rport=9;branch=z9", "h;rport=15061;branch=z9;received=127.0.0.1"),
        ("h;RPORT;branch=z9", "h;RPORT=15061;branch=z9;received=127.0.0.1"),
        (
            "127.0.0.1:15061;received=127.0.0.1",
            "127.0.0.1:15061;received=127.0.0.1;received=127.0.0.1",
        ),
        ("h;branch=z9;random", "h;branch=z9;random;received=127.0.0.1"),
    ],
)
def test_the_top_via_of_a_reply(
    via: str, answered: str, repeated: bytes, parse: Parse, request_of: Make
) -> None:
    line = f"Via:   SIP/2.0/UDP {via}\r\n".encode()
    built = build_reply(parse(request_of(via=line + repeated, more=b"X-O: 1\r\n")), 404, "No", "t")
    wanted = f"Via:   SIP/2.0/UDP {answered.replace('RPORT=', 'rport=')}\r\n".encode()
    assert wanted + repeated in built


def test_ipv6_sources(request_of: Make) -> None:
    for host, received in (("[2001:DB8::1]", False), ("[2001:db8::2]", True)):
        sent = request_of(via=f"Via: SIP/2.0/UDP {host};branch=z9\r\n".encode())
        msg = Message.parse(sent, source=("2001:db8::1", 5060), dest=("::1", 5060))
        built = build_reply(msg, 404, "No", "t")
        assert (b";received=2001:db8::1\r\n" in built) is received
        forwarded = build_forwarded(msg, None, via="SIP/2.0/UDP x")
        assert (b";received=2001:db8::1;branch=z9\r\n" in forwarded) is received


@pytest.mark.parametrize(
    ("via", "force", "port"),
    [
        (b"h", False, 5060),
        (b"h:0", False, 5060),
        (b"h:5099", False, 5099),
        (b"h:5099;rport", False, 15061),
        (b"h:5099;rport=7;branch=z9", False, 15061),
        (b"h:5099;Rport;branch=z9", False, 15061),
        (b"h:5099;branch=z9;x=;rport", False, 15061),
        (b"h:5099;branch=z9;x;rx", False, 5099),
        (b"h:5099;received=1.2.3.4", False, 5099),
        (b"h:5099", True, 15061),
    ],
)
def test_where_a_reply_goes(
    via: bytes, force: bool, port: int, parse: Parse, request_of: Make
) -> None:
    msg = parse(request_of(via=b"Via: SIP/2.0/UDP " + via + b"\r\n"))
    assert reply_destination(msg, force_rport=force) == ("127.0.0.1", port)


@pytest.mark.parametrize(
    ("via", "where"),
    [
        ("h", ("h", None)),
        ("[::1]:5", ("::1", 5)),
        ("h:5;received=[::2]", ("::2", 5)),
        ("h:5;received=1.2.3.4;rport=9", ("1.2.3.4", 9)),
        ("h:5;maddr=1.2.3.4", ("h", 5)),
    ],
)
def test_where_a_reply_is_relayed_to(via: str, where: tuple[str, int | None]) -> None:
    assert via_destination(Via.parse(f"SIP/2.0/UDP {via}")) == where


@pytest.mark.parametrize("rport", ["x", "65536", "\xb2"])
def test_a_bad_rport(rport: str) -> None:
    with pytest.raises(MessageError):
        via_destination(Via.parse(f"SIP/2.0/UDP h;rport={rport}"))


def test_content_length_over_a_stream(parse: Parse, request_of: Make) -> None:
    via = "SIP/2.0/TCP x"
    for more, sent in (
        (b"", b"Content-Length: 3\r\n\r\nabc"),
        (b"l: 9\r\n", b"l: 3\r\n\r\nabc"),
        (b"l: 03\r\n", b"l: 03\r\n\r\nabc"),
    ):
        msg = parse(request_of(more=more, body=b"abc"))
        assert build_forwarded(msg, None, via=via, proto="tcp").endswith(sent)
        assert build_forwarded(msg, None, via=via).endswith(more + b"\r\nabc")


def test_a_body_of_the_same_length_leaves_a_wrong_content_length(
    parse: Parse, request_of: Make
) -> None:
    msg = parse(request_of(more=b"Content-Length: 9\r\n", body=b"abc"))
    lumps = Lumps(msg)
    lumps.replace_body(b"xyz")
    assert rebuild(msg, lumps).endswith(b"Content-Length: 9\r\n\r\nxyz")


def test_a_path_leaves_behind_our_via_or_before_the_routes(parse: Parse, request_of: Make) -> None:
    for more, before in ((b"", "Via"), (b"Route: <sip:r>\r\nRoute: <sip:s>\r\n", "Route")):
        msg = parse(request_of(more=more))
        data = build_forwarded(msg, None, via="SIP/2.0/UDP us", path="<sip:p;lr>")
        names = [line.split(":")[0] for line in data.decode().split("\r\n") if line]
        at = data.decode().split("\r\n").index("Route: <sip:p;lr>")
        assert names[1] == "Via"
        assert names[at + 1] == before
        assert at > 1
