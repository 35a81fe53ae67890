"""ACK and CANCEL for a request that was sent."""

from sipproxy.sip.hopbyhop import hop_by_hop

SENT = (
    b"INVITE sip:bob@example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
    b"v: SIP/2.0/UDP client;branch=z9hG4bK2\r\n"
    b"Max-Forwards: 69\r\n"
    b"Route: <sip:one;lr>,\r\n <sip:two;lr>\r\n"
    b"f: <sip:alice@example.com>;tag=1\r\n"
    b"To: <sip:bob@example.com>\r\n"
    b"Call-ID: c\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"X-Keep: yes\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 3\r\n"
    b"\r\n"
    b"v=0"
)


def test_a_cancel() -> None:
    made = hop_by_hop(SENT, "CANCEL", None, "Reason: SIP;cause=200\r\n")
    assert made.decode().split("\r\n") == [
        "CANCEL sip:bob@example.com SIP/2.0",
        "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1",
        "Max-Forwards: 69",
        "Route: <sip:one;lr>,",
        " <sip:two;lr>",
        "f: <sip:alice@example.com>;tag=1",
        "To: <sip:bob@example.com>",
        "Call-ID: c",
        "CSeq: 7 CANCEL",
        "Content-Length: 0",
        "Reason: SIP;cause=200",
        "",
        "",
    ]


def test_an_ack_has_the_replys_to() -> None:
    made = hop_by_hop(SENT, "ACK", "To: <sip:bob@example.com>;tag=2\r\n")
    assert b"To: <sip:bob@example.com>;tag=2\r\n" in made
    assert made.count(b"To:") == 1
    assert b"CSeq: 7 ACK\r\n" in made


def test_headers_may_be_kept() -> None:
    assert b"X-Keep" not in hop_by_hop(SENT, "ACK")
    assert b"X-Keep: yes\r\n" in hop_by_hop(SENT, "ACK", keep="x-k")
