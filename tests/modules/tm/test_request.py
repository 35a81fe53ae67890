"""Requests of our own, as they are given and written."""

import pytest

from sipproxy.modules.tm.request import BadRequest, OwnRequest

HEADERS = "From: <sip:me@example.com>\r\nTo: <sip:you@example.com>\r\n"


def made(headers: str = HEADERS, body: str = "", method: str = "OPTIONS") -> OwnRequest:
    return OwnRequest.of_text(method, "sip:you@example.com", ".", headers, body)


def test_its_bytes() -> None:
    text = HEADERS + "X-A: 1\nContact: <sip:!!>\r\nRoute: <sip:a;lr>\r\n X-folded\r\n"
    lines = made(text).written("SIP/2.0/UDP h", "cid", "tag", "User-Agent: u\r\n", "h:1")
    assert lines.decode().split("\r\n") == [
        "OPTIONS sip:you@example.com SIP/2.0",
        "Via: SIP/2.0/UDP h",
        "To: <sip:you@example.com>",
        "From: <sip:me@example.com>;tag=tag",
        "CSeq: 10 OPTIONS",
        "Call-ID: cid",
        ["Route: <sip:a;lr>", " X-folded"][0],
        " X-folded",
        "Max-Forwards: 70",
        "Content-Length: 0",
        "User-Agent: u",
        "X-A: 1",
        "Contact: <sip:h:1>",
        "",
        "",
    ]


def test_what_is_given_stays() -> None:
    text = HEADERS.replace("com>\r\nTo", "com>;tag=own\r\nTo") + "Call-ID: c\r\nCSeq: 7 OPTIONS\r\n"
    sent = made(text).written("v", "cid", "tag", "", "h:1")
    assert b"From: <sip:me@example.com>;tag=own\r\n" in sent
    assert b"Call-ID: c\r\n" in sent
    assert b"CSeq: 7 OPTIONS\r\n" in sent


def test_a_body_has_its_length() -> None:
    request = made(HEADERS + "Content-Type: text/plain\r\n", "h\u00e9")
    assert request.written("v", "c", "t", "", "h").endswith(
        b"Content-Length: 3\r\nContent-Type: text/plain\r\n\r\nh\xc3\xa9"
    )


@pytest.mark.parametrize(
    ("headers", "body", "complaint"),
    [
        ("X-A: 1\r\n", "", "To missing"),
        ("To: <sip:x@y>\r\n", "", "From missing"),
        (HEADERS, "x", "Content-Type missing"),
        (HEADERS + "Content-Type: a/b\r\nContent-Length: 1\r\n", "x", "Content-Length disallowed"),
        (HEADERS + "CSeq: x OPTIONS\r\n", "", "Non-numerical CSeq"),
        (HEADERS + "CSeq: 1 INVITE\r\n", "", "CSeq method mismatch"),
        (HEADERS + "nonsense\r\n", "", "Invalid headers"),
    ],
)
def test_what_is_refused(headers: str, body: str, complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        made(headers, body)


def test_bad_uris_and_methods() -> None:
    with pytest.raises(BadRequest, match="Empty method"):
        made(method="")
    with pytest.raises(BadRequest, match='Invalid request uri "x"'):
        OwnRequest.of_text("A", "x", "", HEADERS, "")
    with pytest.raises(BadRequest, match='Invalid next-hop uri "x"'):
        OwnRequest.of_text("A", "sip:a@b", "x", HEADERS, "")
