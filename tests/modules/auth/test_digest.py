"""Responses: the vectors of the RFCs, and a second implementation."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.auth.digest import Digest, is_auth_int
from sipproxy.sip.credentials import Credentials

RFC_2617 = Credentials(
    username="Mufasa",
    realm="testrealm@host.com",
    nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
    uri="/dir/index.html",
    qop="auth",
    nc="00000001",
    cnonce="0a4f113b",
    response="6629fae49393a05397450978507c4ef1",
)
RFC_7616 = Credentials(
    username="Mufasa",
    realm="http-auth@example.org",
    nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    uri="/dir/index.html",
    qop="auth",
    nc="00000001",
    cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
)
# Section 3.9.2, with the hashes of its erratum 4897.
RFC_7616_SHA_512_256 = Credentials(
    username="J\u00e4s\u00f8n Doe",
    realm="api@example.org",
    nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
    uri="/doe.json",
    qop="auth",
    nc="00000001",
    cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
)


@pytest.mark.parametrize(
    ("algorithm", "found", "password", "response"),
    [
        ("MD5", RFC_2617, "Circle Of Life", "6629fae49393a05397450978507c4ef1"),
        ("MD5", RFC_7616, "Circle of Life", "8ca523f5e9506fed4657c9700eebdbec"),
        (
            "SHA-256",
            RFC_7616,
            "Circle of Life",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
        (
            "SHA-512-256",
            RFC_7616_SHA_512_256,
            "Secret, or not?",
            "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
        ),
    ],
    ids=["2617", "7616 MD5", "7616 SHA-256", "7616 SHA-512-256"],
)
def test_vectors(algorithm: str, found: Credentials, password: str, response: str) -> None:
    digest = Digest(algorithm)
    ha1 = digest.ha1(found.username or "", found.realm or "", password)
    assert len(ha1) == len(response) == digest.length
    assert digest.response(ha1, found, "GET", b"") == response


def test_hash_of_the_user_name_of_the_rfc() -> None:
    text = "J\u00e4s\u00f8n Doe:api@example.org".encode()
    hashed = "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    assert Digest("SHA-512-256").hex(text) == hashed


@pytest.mark.parametrize("name", ["", "md5", "MD5-sess", "SHA-512", "SHA-1"])
def test_unknown_algorithms(name: str) -> None:
    with pytest.raises(ValueError, match="MD5, SHA-256, SHA-512-256 exist"):
        Digest(name)


@pytest.mark.parametrize(
    ("qop", "is_int"),
    [(None, False), ("", False), ("auth", False), ("auth-int", True), (" AUTH-Int", True)],
)
def test_the_quality_that_protects_the_body(qop: str | None, is_int: bool) -> None:
    assert is_auth_int(qop) is is_int


_text = st.text("abc:,= \u00e9\udcff", max_size=8)


@given(_text, _text, _text, _text, st.sampled_from(["", "auth", "auth-int", "x"]), st.binary())
def test_any_text(
    another: Any, user: str, realm: str, password: str, uri: str, qop: str, body: bytes
) -> None:
    for algorithm in ("MD5", "SHA-256", "SHA-512-256"):
        text = body.decode("utf-8", "surrogateescape")
        client = another(user, password, realm, "INVITE", uri, algorithm, text)
        fields = client.fields("nonce", qop)
        digest = Digest(algorithm)
        ha1 = digest.ha1(user, realm, password)
        found = Credentials(**fields)
        assert digest.response(ha1, found, "INVITE", body) == fields["response"]
        assert digest.response(f"{ha1}more", found, "INVITE", body) == fields["response"]


def test_what_was_not_sent_counts_as_empty() -> None:
    digest = Digest("MD5")
    whole = Credentials(nonce="n", uri="", qop="q", nc="", cnonce="")
    assert digest.response("1" * 32, whole, "A", b"") == digest.response(
        "1" * 32, Credentials(nonce="n", qop="q"), "A", b""
    )
