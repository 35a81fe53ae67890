"""Requests of other protocols than SIP: read leniently, and what they do not have is told."""

import pytest

from sipproxy.errors import MessageError
from sipproxy.sip.build import build_reply
from sipproxy.sip.foreign import ForeignRequest, HttpReply

PEER, OWN = ("10.0.0.9", 40000), ("10.0.0.1", 5060)
GET = b"GET /a?b=c HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"


def read(data: bytes, source: tuple[str, int] = PEER) -> ForeignRequest:
    return ForeignRequest.parse(data, source=source, dest=OWN, proto="tcp")


def test_its_parts() -> None:
    msg = read(GET)
    assert (msg.method, msg.ruri, msg.version) == ("GET", "/a?b=c", "HTTP/1.1")
    assert (msg.is_request, msg.is_http, msg.status, msg.body) == (True, True, 0, b"hi")
    assert msg.header("host") == "h"
    assert msg.content_length == 2
    assert msg.header("From") is None


@pytest.mark.parametrize("part", ["from_", "to", "cseq", "call_id", "to_uri", "via"])
def test_what_it_does_not_have_is_its_fault(part: str) -> None:
    with pytest.raises(MessageError, match="no "):
        getattr(read(GET), part)


@pytest.mark.parametrize(
    ("version", "is_http"),
    [
        *(("HTTP/1.0", True), ("http/1.1", True), ("HTTP/2", True), ("HTTP/2.0", True)),
        *(("HTTP/3", False), ("XYZ/1.0", False), ("RTSP/1.0", False)),
    ],
)
def test_its_protocol(version: str, is_http: bool) -> None:
    assert read(f"GET /abc {version}\r\nA: b\r\n\r\n".encode()).is_http is is_http


@pytest.mark.parametrize(
    "data",
    [
        b"OPTIONS sip:a@b SIP/2.0\r\nA: b\r\n\r\n",
        b"GET /noversion\r\nA: b\r\n\r\n",
        b"GET  /two HTTP/1.1\r\nA: b\r\n\r\n",
        b"GET /x HTTP/1.1\r\n\r\n",
        b"GET /x HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET /x HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
        b"GET /x HTTP/1.1\r\nCSeq: 5\r\n\r\n",
        b"GET / H/1\r\n\r\n",
        b"\x00\x01\x02garbage that is long enough",
    ],
)
def test_what_is_none(data: bytes) -> None:
    with pytest.raises(MessageError):
        read(data)


@pytest.mark.parametrize(
    ("source", "via"),
    [(PEER, "10.0.0.9:40000"), (("2001:db8::1", 5), "[2001:db8::1]:5")],
)
def test_its_via(source: tuple[str, int], via: str) -> None:
    msg = read(GET, source).with_via("tcp")
    assert msg.raw == GET.replace(b"Host", f"Via: SIP/2.0/TCP {via}\r\nHost".encode(), 1)
    assert (msg.via.port, msg.body, msg.source) == (source[1], b"hi", source)


def test_an_answer_names_the_via_otherwise() -> None:
    reply = build_reply(read(GET).with_via("tcp"), 200, "OK", "", "X: y\r\n", b"body", "me")
    assert reply == (
        b"HTTP/1.1 200 OK\r\nSia: SIP/2.0/TCP 10.0.0.9:40000\r\nX: y\r\nServer: me\r\n"
        b"Content-Length: 4\r\n\r\nbody"
    )


def test_a_tag_goes_into_a_to_that_is_there() -> None:
    assert read(GET).is_tagged
    assert read(b"GET /abcdef HTTP/1.1\r\nTo: <sip:a@b>\r\n\r\n").is_tagged
    plain = b"GET /abcdef HTTP/1.1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n\r\n"
    assert not read(plain).is_tagged
    assert b"To: <sip:a@b>;tag=t\r\n" in build_reply(read(plain).with_via("tcp"), 200, "OK", "t")


def test_an_answer_to_http() -> None:
    data = b"HTTP/1.1 404 Not Here\r\nSia: x\r\nContent-Length: 2\r\n\r\nno"
    reply = HttpReply.parse(data, source=OWN, dest=PEER)
    assert (reply.status, reply.reason, reply.body) == (404, "Not Here", b"no")
    assert (reply.is_request, reply.header("sia"), reply.first_line) == (
        False,
        "x",
        "HTTP/1.1 404 Not Here",
    )
    with pytest.raises(MessageError):
        HttpReply.parse(b"GET / HTTP/1.1\r\n\r\n", source=OWN, dest=PEER)
