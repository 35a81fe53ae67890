"""Captured replies get the Vias of our own request."""

from sipproxy.replay.downstream import Downstream, vias_of, with_vias
from sipproxy.replay.glance import Exchange

GATEWAY = ("192.0.2.50", 5060)
REQUEST = (
    b"INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKours\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKphone\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n"
)
REPLY = (
    b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKold,\r\n SIP/2.0/UDP 192.0.2.1\r\n"
    b"Call-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 9\r\n\r\nVia: kept"
)
FOUND = Exchange(b"1", b"1 INVITE")


def test_vias_are_exchanged_and_all_else_stays() -> None:
    assert with_vias(REPLY, vias_of(REQUEST)) == (
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKours\r\n"
        b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKphone\r\n"
        b"Call-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 9\r\n\r\nVia: kept"
    )


def test_a_reply_belongs_to_destination_and_exchange() -> None:
    servers = Downstream()
    servers.sent(10.0, GATEWAY, FOUND, REQUEST)
    assert servers.answer(GATEWAY, FOUND, REPLY) is not None
    assert servers.answer(("192.0.2.51", 5060), FOUND, REPLY) is None
    assert servers.answer(GATEWAY, Exchange(b"1", b"1 CANCEL"), REPLY) is None
