"""Builders: whole messages that the parser takes, the same at every run."""

import pytest

from sipproxy.sip.message import Message
from sipproxy.testing import Messages, request, response

SOURCE = ("10.0.0.9", 5070)


def text(data: bytes) -> str:
    return data.decode()


def parsed(data: bytes) -> Message:
    return Message.parse(data, source=SOURCE, dest=("127.0.0.1", 5060))


def test_two_runs_give_the_same_bytes() -> None:
    def conversation() -> list[bytes]:
        sip = Messages()
        return [sip.register(), sip.invite(), sip.options("carol"), sip.request("PUBLISH")]

    one, two = conversation(), conversation()
    assert one == two
    assert len({parsed(data).call_id for data in one}) == 4


def test_a_request_is_complete() -> None:
    msg = parsed(
        request(
            "MESSAGE",
            "sip:carol@example.net",
            user="bob",
            source="10.0.0.9:5070",
            to_uri="sip:team@example.net",
            to_tag="x",
            cseq=7,
            headers="Subject: grüße\r\nX-Two: 2\n",
            body="ß",
            number=3,
        )
    )
    assert (msg.method, msg.ruri) == ("MESSAGE", "sip:carol@example.net")
    assert (msg.from_.uri, msg.to.uri) == ("sip:bob@example.com", "sip:team@example.net")
    assert msg.raw.endswith("Subject: grüße\r\nX-Two: 2\r\nContent-Length: 2\r\n\r\nß".encode())
    assert b";tag=x\r\nCall-ID: call-3\r\nCSeq: 7 MESSAGE\r\n" in msg.raw


def test_register_names_its_contact_and_address_of_record() -> None:
    msg = parsed(Messages("example.org").register("carol", expires=0, source="10.0.0.9:5070"))
    assert msg.ruri == "sip:example.org"
    assert msg.to.uri == msg.from_.uri == "sip:carol@example.org"
    assert b"Contact: <sip:carol@10.0.0.9:5070>\r\nExpires: 0\r\n" in msg.raw


def test_a_datagram_knows_its_source() -> None:
    assert Messages().options(source="10.0.0.9:5070").source == "10.0.0.9:5070"
    assert Messages().options().source == "127.0.0.1:5080"


def test_a_response_copies_what_it_must() -> None:
    proxied = (
        b"INVITE sip:b@c SIP/2.0\r\nv: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
        b"Via: SIP/2.0/UDP b;branch=z9hG4bK2\r\nf: <sip:a@b>;tag=1\r\nt: <sip:b@c>\r\n"
        b"i: 5\r\nCSeq: 1 INVITE\r\nRecord-Route: <sip:p;lr>\r\nSubject: no\r\n\r\n"
    )
    answer = response(proxied, 180, "Ringing", tag="q", headers="Contact: <sip:b@d>", body="hi")
    assert answer.startswith(b"SIP/2.0 180 Ringing\r\nv: SIP/2.0/UDP a")
    assert answer.endswith(b"Contact: <sip:b@d>\r\nContent-Length: 2\r\n\r\nhi")
    assert "t: <sip:b@c>;tag=q\r\n" in text(answer) and "Subject" not in text(answer)
    tagged = proxied.replace(b"t: <sip:b@c>", b"t: <sip:b@c>;tag=z")
    assert ";tag=q" not in text(response(tagged, tag="q"))


@pytest.mark.parametrize(("status", "same_branch"), [(200, False), (486, True)])
def test_ack_belongs_to_the_transaction_unless_the_answer_was_2xx(
    status: int, same_branch: bool
) -> None:
    sip = Messages()
    invite = sip.invite("bob", source="10.0.0.9:5070", cseq=4)
    ack = sip.ack(invite, sip.response(invite, status, "Whatever", tag="far"))
    branch = "branch=z9hG4bK-1\r\n"
    assert (branch in text(ack)) is same_branch
    assert "CSeq: 4 ACK\r\n" in text(ack) and ";tag=far\r\n" in text(ack)
    assert ack.source == "10.0.0.9:5070"
    parsed(ack)


def test_bye_and_cancel() -> None:
    sip = Messages()
    invite = sip.invite("bob")
    bye, cancel = sip.bye(invite, sip.response(invite, tag="far")), sip.cancel(invite)
    assert (
        "CSeq: 2 BYE\r\n" in text(bye)
        and "branch=z9hG4bK-2\r\n" in text(bye)
        and ";tag=far" in text(bye)
    )
    assert "CSeq: 1 CANCEL\r\n" in text(cancel) and "branch=z9hG4bK-1\r\n" in text(cancel)
    assert "tag=far" not in text(cancel)
    assert cancel.startswith(b"CANCEL sip:bob@example.com SIP/2.0\r\n")
