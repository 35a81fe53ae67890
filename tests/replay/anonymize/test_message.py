"""Messages: what stays, what is mapped, what goes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.replay.anonymize.addresses import Addresses
from sipproxy.replay.anonymize.key import Key
from sipproxy.replay.anonymize.message import Messages
from sipproxy.replay.anonymize.names import Names
from sipproxy.replay.glance import exchange
from sipproxy.sip.message import Message

KEY = Key(b"a key")


def messages() -> Messages:
    return Messages(Names(KEY, Addresses(KEY)))


INVITE = (
    b"INVITE sip:+4930123456;npdi@sip.acme.com:5070;transport=tcp;secretparam=a SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 198.51.100.7:5099 ;branch=z9hG4bKbranchSecret;received=198.51.100.8;rport=5"
    b"\r\n"
    b"Via: SIP/2.0/TCP pbx.acme.com;branch=z9hG4bKother , SIP / 2.0 / UDP [2001:db8::5]:5060\r\n"
    b'f: "Alice, \\"the\\" Secret" <sip:alice:pass@acme.com?X=Y>;tag=tagSecret\r\n'
    b"To:\r\n <sip:+4930123456@acme.com>\r\n"
    b"i: callSecret@acme.com\r\n"
    b"CSeq: 7  INVITE\r\n"
    b'm: <sip:alice@198.51.100.7:5099;ob>;+sip.instance="<urn:uuid:deviceSecret>";expires=60, '
    b"sip:alice@acme.com;q=0.5\r\n"
    b'Proxy-Authorization: Digest username="alice", realm="acme.com", nonce="nonceSecret", '
    b'uri="sip:+4930123456@acme.com", response="0123456789abcdef0123456789abcdef", '
    b'cnonce="cSecret", qop=auth, nc=00000001, algorithm=MD5, other="Secret"\r\n'
    b"Subject: Secret\r\n"
    b"X-Key: Secret\r\n"
    b"Allow: INVITE, ACK;a=Secret, B\x01D\r\n"
    b"User-Agent: Phone 1.0 0004132a1b2c\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 30\r\n\r\n"
    b"o=alice 1 1 IN IP4 198.51.100.7"
)
WORDS = (
    *("acme", "alice", "Alice", "Secret", "secret", "pass", "4930123456", "198.51.100", "2001:db8"),
    *("0123456789abcdef", "0004132a1b2c", "npdi"),
)


def test_nothing_is_left_that_tells_who_it_was() -> None:
    text = (messages().anonymous(INVITE) or b"").decode()
    assert [word for word in WORDS if word in text] == []


def test_what_the_routes_look_at_is_still_there() -> None:
    writer = messages()
    made = writer.anonymous(INVITE)
    assert made is not None
    message = Message.parse(made, source=("192.0.2.1", 5060), dest=("192.0.2.2", 5060))
    text = made.decode()
    assert message.method == "INVITE" and exchange(made) is not None
    number = text.split("sip:", 1)[1].split("@", 1)[0]
    assert number.startswith("+") and len(number) == len("+4930123456")
    assert text.count(f"<sip:{number}@") == 1 and f'uri="sip:{number}@' in text
    domain = text.split('realm="', 1)[1].split('"', 1)[0]
    user = text.split('username="', 1)[1].split('"', 1)[0]
    assert f"From: <sip:{user}@{domain}>;tag=" in text
    assert f";ob>;expires=60, <sip:{user}@{domain}>;q=0.5\r\n" in text
    assert f'response="{"0" * 32}"' in text and "qop=auth, nc=00000001, algorithm=MD5" in text
    assert "Allow: INVITE, ACK\r\n" in text and "CSeq: 7 INVITE\r\n" in text
    assert "User-Agent: Phone 1.0 xxxxxxxxxxxx\r\n" in text
    assert text.endswith("Content-Length: 0\r\n\r\n")
    assert text.count("branch=z9hG4bK") == 2 and ":5070;transport=tcp SIP/2.0\r\n" in text
    assert writer.left_out == {"Subject": 1, "others": 1}
    assert writer.bodies == 1


def test_request_and_reply_belong_together() -> None:
    head = INVITE.partition(b"\r\n")[2]
    reply = b"SIP/2.0 486 Busy, says alice\r\n" + head
    writer = messages()
    asked, answered = (writer.anonymous(data) or b"" for data in (INVITE, reply))
    assert answered.startswith(b"SIP/2.0 486 Busy Here\r\n")
    assert exchange(asked) == exchange(answered)
    assert asked.split(b"\r\n")[1:4] == answered.split(b"\r\n")[1:4]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"INVITE",
        b"INVITE sip:a@b SIP/2.0\r\n\r\n",
        INVITE.replace(b"v: SIP/2.0/UDP", b"v: CARROT"),
        INVITE.replace(b"SIP/2.0\r\nv:", b"SIP/3.0\r\nv:"),
        INVITE.replace(b"sip:+4930123456;npdi@sip.acme.com:5070", b"http://alice.acme.com/"),
        INVITE.replace(b"X-Key: Secret", b"no header at all"),
        INVITE.replace(b"CSeq: 7", b"CSeq: x"),
    ],
)
def test_what_is_not_understood_is_not_passed_on(data: bytes) -> None:
    assert messages().anonymous(data) is None


def test_a_header_that_is_not_understood_is_left_out() -> None:
    writer = messages()
    made = writer.anonymous(INVITE.replace(b"m: <sip:alice", b"m: <carrier-pigeon:alice")) or b""
    assert b"Contact" not in made and writer.left_out["Contact"] == 1


def test_methods_that_nobody_knows_are_one() -> None:
    data = INVITE.replace(b"INVITE", b"BOBSECRET")
    made = messages().anonymous(data) or b""
    assert made.startswith(b"UNKNOWN sip:") and b"CSeq: 7 UNKNOWN\r\n" in made


@given(st.binary(max_size=60), st.integers(0, len(INVITE)), st.integers(0, 60))
def test_garbage_never_raises(piece: bytes, at: int, cut: int) -> None:
    made = messages().anonymous(INVITE[:at] + piece + INVITE[at + cut :])
    assert made is None or made.endswith(b"Content-Length: 0\r\n\r\n")
