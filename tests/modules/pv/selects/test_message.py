"""Selects of the message, beside what is recorded from Kamailio in golden/selects.json."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError

HEAD = """MESSAGE sip:bob@b.example SIP/2.0
Via: SIP/2.0/UDP h;branch=z9hG4bK1
From: <sip:a@b>;tag=1
To: <sip:c@d>
Call-ID: 1
CSeq: 1 MESSAGE
"""
PARTS = """--x
Content-Type: text/plain

hello
--x
content-type : application/SDP

v=0
m=audio

--x--
"""


def message(content_type: str, body: str) -> str:
    text = body.replace("\n", "\r\n")
    return f"{HEAD}Content-Type: {content_type}\nContent-Length: {len(text)}\n\n{body}"


@pytest.mark.parametrize(
    ("content_type", "body", "line"),
    [
        ("application/sdp", "v=0\nm=audio\n", "audio"),
        ("Application / SDP ; x=y", "v=0\nm=audio\n", "audio"),
        ("multipart/mixed;boundary=x", PARTS, "audio"),
        ('multipart/related; a=b; boundary="x"', PARTS, "audio"),
        ("multipart/mixed;boundary=y", PARTS, None),
        ("multipart/mixed", PARTS, None),
        ("application/sdpx", "v=0\nm=audio\n", None),
        ("application/sdp", "v=0\nm=audio", None),
        ("application/sdp", "v=0\nm audio\n", None),
    ],
)
def test_the_session_description(
    bench: Any, content_type: str, body: str, line: str | None
) -> None:
    bench.take(message(content_type, body))
    assert bench.value("$sel(msg.body.sdp.line.m)") == line


def test_numbers_of_messages(bench: Any) -> None:
    bench.take(message("text/plain", "x"))
    one = bench.show("$sel(msg.id) $sel(msg.id.hex)").split()
    bench.take(message("text/plain", "x"))
    two = bench.show("$sel(msg.id) $sel(msg.id.hex)").split()
    assert int(two[0]) == int(one[0]) + 1
    assert int(two[1], 16) == int(two[0])
    assert len(two[1]) == 8


@pytest.mark.parametrize(
    "text",
    [
        "msg.nope",
        "msg.len.x",
        "msg.id.oct",
        "msg.header.from.nameaddr",
        "msg.header.from.tag",
        'msg.header["a b"]',
        "msg.body.sdp.line",
        "msg.body.sdp.line.abc",
        "msg.body.sdp.line.a.b",
        "msg.body.xml",
        "msg.request.status",
        "msg.response.x",
        "method.x",
        "status.x",
        "version.x",
        "reason.x",
    ],
)
def test_what_is_not_there_is_refused(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.host.select(text)
