"""Checks of credentials: codes, algorithms, what is added to replies, what other modules bind."""

import hashlib
from typing import Any

import pytest

from sipproxy.core.bindings import Authenticator
from sipproxy.modules.auth import Auth
from sipproxy.sip.credentials import Credentials


def code(run: Any) -> str:
    """What the route of conftest.py logged."""
    lines = [line for line in run.log if line.startswith("code ")]
    return str(lines[-1]).strip()[5:]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
@pytest.mark.parametrize("qop", ["", "auth", "auth-int", "other"])
def test_right_and_wrong(serve: Any, another: Any, algorithm: str, qop: str) -> None:
    server = serve(algorithm=algorithm)
    nonce = server.challenge()
    right = another(algorithm=algorithm)
    assert code(server.send(right.header(nonce, qop))) == "1"
    for wrong in (
        another(algorithm=algorithm, password="Secret"),
        another(algorithm=algorithm, method="INVITE"),
    ):
        assert code(server.send(wrong.header(nonce, qop))) == "-2"
    changed = right.fields(nonce, qop)["response"]
    for response in (changed[:-1], changed + "0", "", "\u00e9" * 16):
        assert code(server.send(right.header(nonce, qop, response=response))) == (
            "-2" if len(response.encode()) == len(changed) else "-1"
        )
    assert code(server.send(right.header(nonce, qop, response=changed.upper()))) == "-2"
    assert code(server.send(right.header(nonce, qop, uri="sip:other"))) == "-2"


def test_the_body_counts_for_auth_int_alone(serve: Any, another: Any) -> None:
    server = serve()
    nonce = server.challenge()
    client = another(body="v=0\r\n")
    assert code(server.send(client.header(nonce, "auth-int"), body="v=0\r\n")) == "1"
    assert code(server.send(client.header(nonce, "auth-int"), body="v=1\r\n")) == "-2"
    assert code(server.send(client.header(nonce, "auth"), body="v=1\r\n")) == "1"


def test_a_user_name_is_hashed_whole(serve: Any, another: Any) -> None:
    server = serve()
    nonce = server.challenge()
    for user in ("alice@example.com", "sip:alice@elsewhere", "", "\u00e4"):
        assert code(server.send(another(user).header(nonce))) == "1"


def test_no_credentials_for_the_realm(serve: Any, client: Any, another: Any) -> None:
    server = serve()
    nonce = server.challenge()
    assert code(server.send()) == "-5"
    assert code(server.send(another(realm="elsewhere").header(nonce))) == "-5"
    proxy = client.header(nonce).replace("Authorization", "Proxy-Authorization")
    assert code(server.send(proxy)) == "-5"
    # Any case of the realm is found, but the server's own spelling is hashed.
    assert code(server.send(another(realm="EXAMPLE.com").header(nonce))) == "-2"
    assert code(server.send(client.header(nonce).replace('m="ex', 'm="EX'))) == "1"


@pytest.mark.parametrize("absent", ["username", "nonce", "uri", "response", "nc", "cnonce"])
def test_incomplete_credentials(serve: Any, client: Any, absent: str) -> None:
    server = serve()
    fields = client.fields(server.challenge(), "auth")
    del fields[absent]
    text = ", ".join(f'{name}="{value}"' for name, value in fields.items())
    assert code(server.send(f"Authorization: Digest {text}\r\n")) == "-1"


def test_foreign_and_old_nonces(serve: Any, client: Any) -> None:
    server = serve(nonce_expire=10)
    nonce = server.challenge()
    other = serve(secret="another").challenge()
    assert code(server.send(client.header(other))) == "-1"
    assert code(server.send(client.header("x"))) == "-1"
    server.proxy.advance(10)
    assert code(server.send(client.header(nonce))) == "1"
    server.proxy.advance(1)
    assert code(server.send(client.header(nonce))) == "-4"
    assert code(server.send(client.header(nonce, response="0" * 32))) == "-4"


def test_a_server_that_started_later_calls_nonces_stale(serve: Any, client: Any) -> None:
    nonce = serve(start=1e9).challenge()
    assert code(serve(start=1e9 + 5).send(client.header(nonce))) == "-4"
    assert code(serve(start=1e9).send(client.header(nonce))) == "1"
    assert code(serve(start=1e9 - 4).send(client.header(nonce))) == "-4"
    assert code(serve(start=1e9 - 4, nonce_auth_max_drift=4).send(client.header(nonce))) == "1"


def test_methods_that_cannot_be_challenged(serve: Any) -> None:
    server = serve()
    for method in ("ACK", "CANCEL", "PRACK"):
        assert code(server.send(first=f"{method} sip:x")) == "1"


def test_a_method_of_ones_own(serve: Any, another: Any) -> None:
    server = serve(
        'pv_www_authenticate("example.com", "secret", "0", "MESSAGE"); xlog("code $rc\\n");'
        'if ($au == $null) www_challenge("example.com", "0");'
    )
    nonce = server.challenge()
    assert code(server.send(another(method="MESSAGE").header(nonce))) == "1"
    assert code(server.send(another().header(nonce))) == "-2"


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_h_a1_as_the_password(serve: Any, another: Any, algorithm: str) -> None:
    name = {"md5": "MD5", "sha256": "SHA-256"}[algorithm]
    ha1 = hashlib.new(algorithm, b"alice:example.com:secret").hexdigest()
    route = 'pv_www_authorize("example.com", "%s", "1"); xlog("code $rc\\n");'
    ask = 'if ($au == $null) www_challenge("example.com", "0");'
    client = another(algorithm=name)
    for password, expected in ((ha1, "1"), (ha1 + "more", "1"), (ha1[:-1], "-2"), ("x", "-2")):
        server = serve(route % password + ask, algorithm=name)
        assert code(server.send(client.header(server.challenge()))) == expected


def test_proxy_credentials(serve: Any, client: Any) -> None:
    for function in ("pv_proxy_authenticate", "pv_proxy_authorize"):
        server = serve(
            f'{function}("example.com", "secret", "0"); xlog("code $rc\\n");'
            'if ($au == $null) proxy_challenge("example.com", "0");'
        )
        header = client.header(server.challenge())
        assert code(server.send(header)) == "-5"
        assert code(server.send(f"Proxy-{header}")) == "1"


def test_the_avp_with_a_challenge(serve: Any, client: Any) -> None:
    route = """
        pv_www_authenticate("example.com", "secret", "%s");
        xlog("code $rc\\n");
        if ($avp(digest_challenge) != $null) append_to_reply("$avp(digest_challenge)");
        sl_send_reply("401", "Own");
    """
    for flags, qop in (("2", ""), ("4", ', qop="auth"'), ("8", ', qop="auth-int"'), ("14", "int")):
        server = serve(route % flags, realm_prefix="example.")
        text = server.send().sent[0].message.head
        assert 'WWW-Authenticate: Digest realm="com", nonce="' in text
        assert qop in text
    server = serve(route % "1")
    assert "WWW-Authenticate" not in server.send().sent[0].message.head
    server = serve(route % "4")
    nonce = server.challenge()
    accepted = server.send(client.header(nonce))
    assert code(accepted) == "1"
    assert "WWW-Authenticate" not in accepted.sent[0].message.head
    assert "WWW-Authenticate" in server.send(client.header(nonce, uri="x")).sent[0].message.head


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_authentication_info(serve: Any, another: Any, algorithm: str) -> None:
    server = serve(algorithm=algorithm, add_authinfo_hdr=1)
    nonce = server.challenge()
    client = another(algorithm=algorithm)
    proof = another(algorithm=algorithm, method="").fields(nonce, "auth")["response"]
    text = server.send(client.header(nonce, "auth")).sent[0].message.head
    assert (
        f'Authentication-Info: nextnonce="{nonce}", qop=auth, rspauth="{proof}", '
        'cnonce="0a4f113b", nc=00000001\r\n'
    ) in text
    refused = server.send(client.header(nonce, "auth", response="0" * len(proof)))
    assert "Authentication-Info" not in refused.sent[0].message.head


def test_the_next_nonce_of_one_time_nonces(serve: Any, client: Any) -> None:
    server = serve(add_authinfo_hdr=1, one_time_nonce=1)
    nonce = server.challenge()
    for _ in range(3):
        run = server.send(client.header(nonce, "auth"))
        assert code(run) == "1"
        assert code(server.send(client.header(nonce, "auth"))) == "-6"
        nonce = run.sent[0].message.head.partition('nextnonce="')[2].partition('"')[0]


def test_nonce_counts(serve: Any, client: Any) -> None:
    server = serve(nonce_count=1, nc_array_order=10)
    nonce = server.challenge()
    counts = ("00000001", "00000001", "00000003", "00000002", "000000ff", "00000100", "1")
    codes = [code(server.send(client.header(nonce, "auth", nc))) for nc in counts]
    assert codes == ["1", "-4", "1", "-4", "1", "-4", "-1"]


CHECK = """
    pv_auth_check("example.com", "secret", "0", "%s");
    xlog("code $rc\\n");
    if ($au == $null) auth_challenge("example.com", "0");
"""


def test_the_identity_is_that_of_the_credentials_that_counted(serve: Any, another: Any) -> None:
    """Kamailio 5.6 looks at the first header, which anybody may have put there."""
    server = serve(CHECK % 1)
    nonce = server.challenge()
    mallory = another("mallory").header(nonce)
    decoy = 'Proxy-Authorization: Digest username="alice", realm="other"\r\n'
    assert code(server.send(f"Proxy-{another('alice').header(nonce)}")) == "1"
    assert code(server.send(f"Proxy-{mallory}")) == "-8"
    assert code(server.send(f"{decoy}Proxy-{mallory}")) == "-8"
    assert code(serve(CHECK % 0).send(f"{decoy}Proxy-{mallory}")) == "1"


def test_a_register_with_both_kinds(serve: Any, another: Any) -> None:
    server = serve(CHECK % 1)
    register = {"first": "REGISTER sip:example.com", "to": "<sip:alice@example.com>"}
    nonce = server.challenge(**register)
    client = another(method="REGISTER")
    decoy = 'Proxy-Authorization: Digest username="bob", realm="other"\r\n'
    assert code(server.send(client.header(nonce) + decoy, **register)) == "1"
    assert code(server.send(f"Proxy-{client.header(nonce)}", **register)) == "-5"


@pytest.mark.parametrize("method", ["ACK", "CANCEL", "PRACK"])
def test_pv_auth_check_lets_pass_what_cannot_be_challenged(serve: Any, method: str) -> None:
    assert code(serve(CHECK % 1).send(first=f"{method} sip:x")) == "1"


def test_what_other_modules_bind(serve: Any, client: Any) -> None:
    server = serve()
    auth = server.proxy.host.bind("auth")
    assert isinstance(auth, Auth)
    nonce = server.challenge()
    ctx = server.send(client.header(nonce, "auth")).context
    bound: Authenticator = auth
    status, found = bound.pre_auth(ctx, "example.com", "www")
    assert status == 1
    assert found is not None
    ha1 = auth.ha1(found.username or "", "example.com", "secret")
    assert auth.check_response(found, ha1, "OPTIONS") == 1
    assert auth.check_response(found, ha1, "INVITE") == -2
    assert auth.post_auth(ctx, found, ha1) == 1
    assert auth.pre_auth(ctx, "elsewhere", "www") == (-5, None)
    assert auth.check_identity(ctx, "alice", use_domain=True, flags=0) == 1
    assert auth.check_response(Credentials(response=None), ha1, "OPTIONS") == -1


def test_a_flood_of_garbage_is_one_line_in_the_log(serve: Any) -> None:
    server = serve()
    lines = 0
    for _ in range(50):
        lines += server.send("Authorization: Digest x\r\n").log.count_of("looking for credentials")
    assert lines == 1
    assert server.proxy.advance(20).log.has("looking for credentials (49 more in 10 s)")
