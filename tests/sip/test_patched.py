"""A value changed in its own room: nothing else of the message moves."""

import pytest

from sipproxy.sip.message import Message

HOME = ("127.0.0.1", 5060)
PLAIN = (
    b"OPTIONS sip:b@example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1:5080;branch=z9hG4bK-1\r\n"
    b"From: <sip:a@example.com>;tag=70\r\n"
    b"To: <sip:b@example.com>\r\n"
    b"Call-ID: 70\r\n"
    b"CSeq: 70 OPTIONS\r\n"
    b"Max-Forwards:  70 \r\n"
    b"Subject: Gr\xc3\xbc\xc3\x9fe \xff\r\n"
    b"Content-Length: 2\r\n\r\n70"
)


def parse(data: bytes) -> Message:
    return Message.parse(data, source=HOME, dest=HOME)


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        PLAIN.replace(b"Max-Forwards:  70 \r\n", b"").replace(
            b"\r\n\r\n", b"\r\nMax-Forwards:70\r\n\r\n"
        ),
        PLAIN.replace(b"Call-ID", b"i"),
        PLAIN.replace(b"\r\n", b"\n"),
        PLAIN.replace(b"Subject:", b"Max-forwards: 69\r\nSubject:"),
        PLAIN.replace(b"Subject:", b"Route: <sip:70>\r\nRoute: <sip:x>\r\nSubject:"),
    ],
)
def test_patched(data: bytes) -> None:
    before = parse(data)
    rows = list(before.headers)
    after = before.patched("Max-Forwards", "70", " 9")
    at = data.lower().index(b"max-forwards")
    place = data.index(b"70", at)
    assert after.raw == data[:place] + b" 9" + data[place + 2 :]
    again = parse(after.raw)
    assert after.header("Max-Forwards") == again.header("Max-Forwards")
    assert after.max_forwards == 9
    assert before.max_forwards == 70
    assert after.head == again.head
    assert [(r.start, r.end) for r in after.headers] == [(r.start, r.end) for r in rows]
    assert (after.method, after.ruri, after.body) == (before.method, before.ruri, before.body)
    assert (after.call_id, after.cseq.number) == (before.call_id, before.cseq.number)


@pytest.mark.parametrize(
    ("value", "uri"),
    [
        ("<sip:a@example.com>;tag=1", "sip:a@example.com"),
        ('"A <b>" <sip:a@example.com;x=y>', "sip:a@example.com;x=y"),
        ("A B <sip:a@example.com>", "sip:a@example.com"),
        ("sip:a@example.com;tag=1", "sip:a@example.com"),
        ('"A \\" <x>" <tel:5>', "tel:5"),
    ],
)
def test_uris_of_from_and_to(value: str, uri: str) -> None:
    data = PLAIN.replace(b"<sip:a@example.com>;tag=70", value.encode())
    message = parse(data.replace(b"<sip:b@example.com>\r\n", value.encode() + b"\r\n"))
    assert message.from_uri == message.from_.uri == uri
    assert message.to_uri == message.to.uri == uri
