"""The quick way of reading a message and the exact one tell the same of it."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sipproxy import text
from sipproxy.core.totag import request_digest
from sipproxy.errors import MessageError
from sipproxy.sip.build import (
    build_forwarded,
    build_forwarded_reply,
    build_reply,
    reply_destination,
)
from sipproxy.sip.head import is_number
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message

HOME = ("10.0.0.1", 5060)


def exactly(data: bytes, source: tuple[str, int]) -> Message:
    """Read without the quick way."""
    message = Message()
    message.raw = data
    message.source, message.dest, message.proto = source, HOME, "udp"
    message.malformed = ""
    message._read_exactly(data)
    return message


def mostly(usual: str, odd: str) -> st.SearchStrategy[str]:
    """One of the usual texts, now and then one that is left to the exact way; `/` parts them."""
    return st.sampled_from(usual.split("/") * 8 + odd.split("/"))


_host = mostly("10.0.0.9/h.example.com/[2001:DB8::1]/[::1]", "h_1/1/-")
_port = mostly("/:5060/:5080/:65535", ":0/:05/:65536/: 5")
_hop_param = mostly(
    "rport/rport=5080/branch=z9hG4bK-1/branch=0/received=10.0.0.9/received=::1",
    "rport=/x/ttl=1/Rport/received/alias/branch=/Branch=1/i=5",
)
_via = st.builds(
    lambda blank, host, port, params: (
        f"Via:{blank}SIP/2.0#{host}{port}{''.join(f';{p}' for p in params)}"
    ),
    mostly(" //  ", "\t"),
    _host,
    _port,
    st.lists(_hop_param, max_size=3),
).flatmap(lambda line: mostly("UDP/TCP/tls", "X-1").map(lambda t: line.replace("#", f"/{t} ")))
_address = st.builds(
    lambda display, uri, params: f"{display}<{uri}>{''.join(f';{p}' for p in params)}",
    mostly('/ /"A; B" /Bob /\u00fc ', '"/A\\'),
    mostly("sip:a@b/sip:a@b;tag=9/tel:5", " sip:a@b/sip:a b"),
    st.lists(mostly("tag=1/tag=2/Tag=3/tag/x=y/lr", "tag=/tag =1"), max_size=2),
)
_other = mostly(
    "Route: <sip:p;lr>/Record-Route: <sip:r;lr>,<sip:s>/X-Note: a/Subject: Gr\u00fc\u00dfe: \udcff "
    "/Max-Forwards: 70/Content-Length: 2/Contact:<sip:c@h>",
    "X-note: b/Max-Forwards: x/Content-Length: x/v: x/i: c/Retry-After: 5/no colon"
    "/ folded/A b: c/Call-ID: again",
)
_start = mostly(
    "INVITE sip:b@h SIP#2.0/ACK sip:b@h SIP#2.0/INVITE sip:\u00fc@h SIP#2.0/SIP#2.0 200 OK"
    "/SIP#2.0 180 ",
    "INVITE  sip:b@h SIP#2.0/NEWER sip:b@h SIP#2.0/INVITE sip:b\u00a0@h SIP#2.0"
    "/SIP#2.0 180  two blanks /SIP#2.0 99 low/SIP#2.0 200 \u00fc/SIP#2.0 \u0663\u0663\u0663 OK",
).map(lambda line: line.replace("#", "/"))
_rows = st.tuples(
    st.builds("From: {}".format, _address),
    st.builds("To: {}".format, _address),
    mostly("CSeq: 1 INVITE/CSeq:7 ACK/CSeq:  07 X", "CSeq:7 ACK /CSeq: 1/CSeq: x INVITE"),
    mostly("Call-ID: c@h/Call-ID:  c  ", "Call-ID:"),
    st.lists(_via, min_size=1, max_size=3),
    st.lists(_other, max_size=4),
    st.integers(0, 9),
).map(lambda parts: _turned([*parts[:4], *parts[4], *parts[5]], parts[6]))


def _turned(lines: list[str], by: int) -> list[str]:
    """The lines in another order."""
    by %= len(lines)
    return lines[by:] + lines[:by]


@settings(max_examples=250)
@given(_start, _rows, st.sampled_from([b"", b"hi", b"\r\n\r\nx"]), st.booleans())
def test_both_ways_agree(start: str, lines: list[str], body: bytes, near: bool) -> None:
    data = text.encode("\r\n".join([start, *lines, "", ""])) + body
    source = ("10.0.0.9", 5080) if near else ("2001:db8::1", 5060)
    try:
        quick = Message.parse(data, source=source, dest=HOME)
    except MessageError:
        return
    assume(quick.is_plain)
    exact = exactly(data, source)
    for name in (
        *("head", "body", "first_line", "method", "ruri", "version", "status", "reason"),
        *("malformed", "headers_start", "headers_end", "headers", "via_row", "content_length"),
        *("via", "vias", "branch", "hop", "cseq", "call_id", "to_tag", "to_uri", "is_tagged"),
    ):
        assert _told(quick, name) == _told(exact, name), name
    for name in ("from_tag", "from_uri", "contact", "routes", "record_routes", "max_forwards"):
        assert _told(quick, name) == _told(exact, name), name
    assert (quick.to_tag, quick.via) == (quick.to.tag, quick.top.via)
    for param in ("branch", "received", "rport", "r", "ttl"):
        assert quick.via.param(param) == exact.top.via.param(param)
    for header in ("via", "Route", "x-note", "Subject", "f", "Max-Forwards", "Unknown"):
        assert quick.values(header) == exact.values(header)
        assert quick.rows(header) == exact.rows(header)
        assert quick.header(header) == exact.header(header)
    assert request_digest(quick) == request_digest(exact)
    for force in (False, True):
        assert _built(quick, force) == _built(exact, force)


def _told(message: Message, name: str) -> object:
    """What a message says of itself; the word that it cannot be read is an answer too."""
    try:
        return getattr(message, name)
    except MessageError:
        return MessageError


def _built(message: Message, force: bool) -> list[object]:
    """What is sent of a message, and where to."""
    if not message.is_request:
        edited = Lumps(message)
        edited.append("X: 1\r\n")
        return [build_forwarded_reply(message, lumps) for lumps in (None, edited)]
    via = "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKme"
    edited = Lumps(message)
    edited.prepend("X: 1\r\n")
    return [
        build_reply(message, 200, "OK", "t", force_rport=force),
        build_reply(message, 100, "Trying", "t", "X: 1\r\n", b"b", force_rport=force),
        build_forwarded(message, None, via=via, force_rport=force),
        build_forwarded(message, edited, via=via, force_rport=force),
        build_forwarded(message, None, via=via, force_rport=force, new_ruri="sip:x@y"),
        build_forwarded(message, None, via=via, force_rport=force, path="<sip:p>", proto="tcp"),
        reply_destination(message, force_rport=force),
    ]


def test_a_number() -> None:
    assert is_number(" 70\t") and is_number("0")
    assert not any(map(is_number, ("", " ", "7a", "1234567890", "\u0663", "-1")))
