"""What is seen of a message without reading it whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.replay.glance import (
    Exchange,
    agent_of,
    belongs,
    credentials_user,
    exchange,
    from_user,
    has_to_tag,
    is_challenged_stale,
    is_request,
    status_of,
)

REQUEST = (
    b"REGISTER sip:example.org SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\n"
    b'From: "A" <sip:alice@example.org>;tag=1\r\nTo: <sip:alice@example.org>\r\n'
    b"Call-ID: abc@x\r\nCSeq: 7 REGISTER\r\nUser-Agent: Phone 1.0\r\n\r\n"
)
COMPACT = (
    b"INVITE sip:b@x SIP/2.0\nv: SIP/2.0/UDP 192.0.2.1\nf: sip:carol:pw@x;tag=1\n"
    b"t: <sip:b@x>;tag=9\ni : abc@x \ncseq:  8\t INVITE\nuser-agent:Other\n\n"
)


def test_an_exchange_is_call_id_and_cseq() -> None:
    assert exchange(REQUEST) == Exchange(b"abc@x", b"7 REGISTER")
    assert exchange(COMPACT) == Exchange(b"abc@x", b"8 INVITE")
    assert exchange(COMPACT).method == "INVITE"  # type: ignore[union-attr]
    assert exchange(b"hello") is None
    assert belongs(REQUEST, Exchange(b"abc@x", b"7 REGISTER"))
    assert not belongs(REQUEST, Exchange(b"abc@x", b"7 CANCEL"))
    assert not belongs(REQUEST.replace(b"7 REG", b"17 REG"), Exchange(b"abc@x", b"7 REGISTER"))


def test_first_lines() -> None:
    assert (is_request(REQUEST), is_request(COMPACT), is_request(b"GET / HTTP/1.1\r\n")) == (
        True,
        True,
        False,
    )
    assert status_of(b"SIP/2.0 180 Ringing\r\n") == 180
    assert status_of(b"SIP/2.0 x\r\n") == status_of(REQUEST) == status_of(b"") == 0


def test_who_sends() -> None:
    assert (from_user(REQUEST), from_user(COMPACT), from_user(b"")) == ("alice", "carol", "")
    proved = REQUEST.replace(
        b"\r\n\r\n", b'\r\nAuthorization: Digest realm="x", username="dave@x", uri="u"\r\n\r\n'
    )
    assert (credentials_user(proved), credentials_user(REQUEST)) == ("dave", None)
    assert (agent_of(REQUEST), agent_of(COMPACT), agent_of(b"")) == ("Phone 1.0", "Other", "")
    assert (has_to_tag(COMPACT), has_to_tag(REQUEST)) == (True, False)


@pytest.mark.parametrize(
    ("stale", "seen"), [(b"stale=true", True), (b'stale="TRUE"', True), (b"stale=false", False)]
)
def test_a_stale_challenge(stale: bytes, seen: bool) -> None:
    reply = b'SIP/2.0 401 No\r\nWWW-Authenticate: Digest realm="x", ' + stale + b"\r\n\r\n"
    assert is_challenged_stale(reply) is seen


@given(st.binary(max_size=300))
def test_any_bytes_are_looked_at(data: bytes) -> None:
    for look in (
        exchange,
        status_of,
        is_request,
        from_user,
        agent_of,
        has_to_tag,
        credentials_user,
    ):
        look(data)


@pytest.mark.parametrize(
    "rows",
    [
        b"Call-ID: a@b\r\nCSeq: 7 ACK\r\n",
        b"CSeq: 7 ACK\r\nCall-ID: a@b\r\n",
        b"Call-ID:   a@b \r\nCSeq: 7   ACK\r\n",
        b"Call-ID: a@b\r\nMax-Forwards: 1\r\nCSeq:\t7\tACK\r\n",
        b"Call-ID: a@b\nCSeq: 7 ACK\n",
        b"i: a@b\r\ncseq: 7 ACK\r\n",
    ],
)
def test_an_exchange_is_the_same_however_it_is_written(rows: bytes) -> None:
    assert exchange(b"ACK sip:a SIP/2.0\r\n" + rows + b"\r\n") == Exchange(b"a@b", b"7 ACK")
