"""consume_credentials and has_credentials, and garbage in all shapes: it never gets in."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipproxy import text as wire

ROUTE = """
    if (has_credentials("$hdr(X-Realm)")) xlog("has\\n"); else xlog("has not\\n");
"""


@pytest.mark.parametrize(
    ("header", "realm", "answer"),
    [
        ('Authorization: Digest realm="a"', "a", "has"),
        ('Authorization: Digest realm="a"', "A", "has"),
        ('Proxy-Authorization: Digest realm="a"', "a", "has"),
        ('Proxy-Authorization: Digest a\r\nAuthorization: Digest realm="a"', "a", "has"),
        ('Authorization: Digest a\r\nAuthorization: Digest realm="a"', "a", "has not"),
        ('Authorization: Digest realm="a"', "b", "has not"),
        ("Authorization: Basic realm", "a", "has not"),
        ('Authorization: Digest nonce="a"', "", "has"),
        ("X-Y: z", "", "has not"),
    ],
)
def test_has_credentials(serve: Any, header: str, realm: str, answer: str) -> None:
    run = serve(ROUTE).send(f"{header}\r\nX-Realm: {realm}\r\n")
    assert list(run.log)[-1].strip() == answer


CONSUME = """
    pv_www_authenticate("example.com", "secret", "0");
    consume_credentials();
    xlog("code $rc\\n");
    if ($rm == "INFO") {
        www_challenge("example.com", "0");
        exit;
    }
    $du = "sip:127.0.0.1:9";
    forward();
"""


def test_consume_credentials(serve: Any, client: Any) -> None:
    server = serve(CONSUME)
    nonce = server.challenge("INFO sip:bob@example.com")
    decoy = 'Authorization: Digest username="x", realm="other"\r\n'
    run = server.send(decoy + client.header(nonce))
    assert run.sent[-1].message.head.count("Authorization") == 1
    assert 'realm="other"' in run.sent[-1].message.head
    # Wrong credentials are consumed as well; without any there is nothing to consume.
    assert "Authorization" not in server.send(client.header(nonce, uri="x")).sent[-1].message.head
    assert list(server.send(decoy).log)[-1].strip() == "code -1"
    assert list(server.send(client.header(nonce), first="PRACK sip:x").log)[-1].strip() == "code -1"


FUZZED = """
    pv_www_authenticate("example.com", "secret", "0");
    xlog("code $rc\\n");
    pv_proxy_authenticate("example.com", "secret", "4");
    xlog("code $rc\\n");
    pv_auth_check("example.com", "secret", "0", "1");
    xlog("code $rc\\n");
    has_credentials("example.com");
    consume_credentials();
    xlog("$au $ar $adn $Au $AU\\n");
    if ($rm == "INFO") www_challenge("example.com", "0");
    auth_challenge("$fd", "1");
"""
_value = st.one_of(
    st.text("abcdef0123456789", max_size=64),
    st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=24),
    st.binary(max_size=9).map(wire.decode),
    st.sampled_from(
        [
            "auth",
            "auth-int",
            "example.com",
            "alice",
            "00000001",
            "NONCE",
            "NONCE=",
            "A" * 32,
            "secret",
        ]
    ),
)
_name = st.sampled_from(
    ["username", "realm", "nonce", "uri", "response", "algorithm", "cnonce", "qop", "nc", "opaque",
     "REALM", "x", ""]
)  # fmt: skip
_quoted = st.builds('"{}"'.format, _value)
_field = st.builds(
    "{}{}{}".format, _name, st.sampled_from(["=", " = ", "= ", ""]), _quoted | _value
)
_fields = st.lists(_field, max_size=10).map(", ".join)
_broken = st.binary(max_size=120).map(wire.decode)
_whole = st.fixed_dictionaries(
    {"username": _quoted, "realm": st.just('"example.com"'), "nonce": st.just('"NONCE"') | _quoted,
     "uri": _quoted, "response": _quoted},
    optional={"qop": _value, "nc": _value, "cnonce": _quoted, "algorithm": _value},
).map(lambda fields: ", ".join(f"{name}={value}" for name, value in fields.items()))  # fmt: skip
_header = st.builds(
    "{}: {}{}\r\n".format,
    st.sampled_from(["Authorization", "Proxy-Authorization"]),
    st.sampled_from(["Digest ", "Digest ", "Digest ", "Digest,", "Basic ", "", "digest\t"]),
    _fields | _whole | _whole | _broken,
)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"nonce_count": 1, "one_time_nonce": 1, "nc_array_order": 8, "otn_in_flight_order": 8},
        {"algorithm": "SHA-256", "auth_checks_no_dlg": 15, "add_authinfo_hdr": 1},
        {"algorithm": "SHA-512-256", "nonce_count": 1, "auth_checks_no_dlg": 2},
    ],
)
def test_garbage_never_gets_in(serve: Any, params: dict[str, object]) -> None:
    server = serve(FUZZED, **params)
    nonce = server.challenge(first="INFO sip:bob@example.com")

    @settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(_header, min_size=1, max_size=3))
    def run(headers: list[str]) -> None:
        fed = server.send("".join(headers).replace("NONCE", nonce))
        if fed.context is None:
            return  # The message itself was refused.
        lines = [line.strip() for line in fed.log]
        codes = [line for line in lines if line.startswith("code ")]
        assert len(codes) == 3
        assert {int(code[5:]) for code in codes} <= {-1, -2, -4, -5, -6}
        assert not fed.fault

    run()
