"""The client's side of digest authentication."""

import hashlib
from dataclasses import replace

import pytest

from sipproxy.testing.digest import Challenge, parameters
from sipproxy.testing.messages import request, response

ASKED = Challenge("example.com", "abc", "auth")


def reply(line: str) -> bytes:
    return response(request("REGISTER"), 401, "Unauthorized", headers=line)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            'WWW-Authenticate: Digest realm="a, b", nonce="n1", qop="auth"',
            Challenge("a, b", "n1", "auth"),
        ),
        (
            'proxy-authenticate:Digest nonce="n2",realm="r",algorithm=SHA-256,stale=TRUE',
            Challenge("r", "n2", "", "SHA-256", stale=True, proxy=True),
        ),
        ("Server: x", None),
    ],
)
def test_the_challenge_in_a_reply(line: str, expected: Challenge | None) -> None:
    assert Challenge.of(reply(line)) == expected


def test_no_reply_has_no_challenge() -> None:
    assert Challenge.of(b"") is None


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
def test_the_answer_to_qop(algorithm: str) -> None:
    """RFC 2617 3.2.2.1, with the hash of RFC 8760."""

    def hashed(text: str) -> str:
        name = {"SHA-256": "sha256", "SHA-512-256": "sha512_256"}.get(algorithm, "md5")
        return hashlib.new(name, text.encode()).hexdigest()

    asked = replace(ASKED, algorithm=algorithm)
    line = asked.answer("bob", "secret", method="REGISTER", uri="sip:example.com", count=11)
    name, _, value = line.partition(": Digest ")
    given = parameters(value)
    assert name == "Authorization"
    assert (given["nc"], given["qop"], given["uri"]) == ("0000000b", "auth", "sip:example.com")
    middle = f"abc:0000000b:{given['cnonce']}:auth"
    secret, what = hashed("bob:example.com:secret"), hashed("REGISTER:sip:example.com")
    assert given["response"] == hashed(f"{secret}:{middle}:{what}")


def test_the_answer_without_qop() -> None:
    """RFC 2069, because it was not asked for or because the client knows no better."""
    rows = [
        replace(ASKED, qop="").answer("bob", "x", method="INVITE", uri="sip:e"),
        ASKED.answer("bob", "x", method="INVITE", uri="sip:e", qop=False),
    ]
    assert rows[0] == rows[1]
    given = parameters(rows[0].partition("Digest ")[2])
    assert not {"qop", "nc", "cnonce"} & set(given)

    def hashed(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    secret, what = hashed("bob:example.com:x"), hashed("INVITE:sip:e")
    assert given["response"] == hashed(f"{secret}:abc:{what}")


def test_a_proxy_is_answered_in_its_own_header() -> None:
    line = replace(ASKED, proxy=True).answer("bob", "x", method="INVITE", uri="sip:e")
    assert line.startswith("Proxy-Authorization: Digest ")
