"""Digest credentials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import MessageError
from sipproxy.sip.credentials import Credentials

_SENT = (
    'Digest username="alice", realm="example.com", nonce="abc==", uri="sip:example.com",'
    ' response="0123", algorithm=MD5, cnonce="x,y", qop=auth, nc=00000001, opaque="o", other=1'
)


def test_parts() -> None:
    found = Credentials.parse(_SENT)
    assert found == Credentials(
        "alice", "example.com", "abc==", "sip:example.com", "0123",
        "MD5", "x,y", "auth", "00000001", "o",
    )  # fmt: skip
    assert Credentials.parse(str(found)) == found


def test_lists_are_read_leniently() -> None:
    found = Credentials.parse('dIgEsT,  Realm = "r" junk ,qop="auth",\r\n nonce=n')
    assert (found.realm, found.qop, found.nonce, found.scheme) == ("r", "auth", "n", "dIgEsT")
    assert found.username is None and found.user == "" and found.domain == ""


@pytest.mark.parametrize(
    ("text", "realm"),
    [
        ('Digest junk, realm="r", a=b', None),
        ('Digest ,realm="r"', None),
        ('Digest a=b,,realm="r"', None),
        ('Digest realm = "r" x=y; nonce=n', "r"),
        ('Digest realm="r", realm="s"', "s"),
        ('Digest realm=r"s', 'r"s'),
        ('Digest "realm"="r"', None),
        ("Digest xrealm=r, REALM=\ts", "s"),
        ('Digest realm=""', ""),
    ],
)
def test_fields_as_kamailio_reads_them(text: str, realm: str | None) -> None:
    assert Credentials.parse(text).realm == realm


@pytest.mark.parametrize(
    ("username", "user", "domain"),
    [
        ("a", "a", ""),
        ("a@b", "a", "b"),
        ("sip:a@b", "a", "b"),
        ("x:y:z", "y:z", ""),
        ("@", "@", ""),
        ("a@", "a@", ""),
        ("@ab", "", "ab"),
    ],
)
def test_user_and_domain_of_the_username(username: str, user: str, domain: str) -> None:
    found = Credentials(username=username)
    assert (found.user, found.domain) == (user, domain)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Digest",
        "Digest ",
        "Basic abc",
        "DigestX a=b",
        'Digest a="b',
        "Digest a",
        "Digest a=,b=c",
        'Digest realm="r",',
        'Digest realm="r", x',
        'Digest realm="r", nonce=',
        'Digest,realm="r" , nonce="',
    ],
)
def test_malformed(text: str) -> None:
    with pytest.raises(MessageError):
        Credentials.parse(text)


_value = st.text("abc=/+:@. 09", max_size=12)


@given(_value, _value, _value)
def test_round_trip(username: str, realm: str, nonce: str) -> None:
    sent = Credentials(username=username, realm=realm, nonce=nonce)
    assert Credentials.parse(str(sent)) == sent
