"""Parameters: what they refuse, what they warn of, what they make."""

from typing import Any

import pytest

from sipproxy.errors import ModuleError
from sipproxy.modules.auth import Auth
from sipproxy.modules.sl import Sl


def load(bench: Any, **params: object) -> Auth:
    if "sl" not in bench.host.modules:
        bench.load(Sl)
    auth = bench.load(Auth, **params)
    assert isinstance(auth, Auth)
    return auth


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"algorithm": "SHA-1"}, 'unknown algorithm "SHA-1"'),
        ({"algorithm": "MD5-sess"}, "unknown algorithm"),
        ({"qop": "auth-conf"}, "unsupported qop"),
        ({"challenge_attr": "digest"}, "challenge_attr"),
        ({"challenge_attr": "$"}, "challenge_attr"),
        ({"challenge_attr": "$i:x"}, "is no AVP"),
        ({"challenge_attr": "$s:"}, "is no AVP"),
        ({"challenge_attr": "$q:x"}, "is no AVP"),
        ({"nonce_count": 1, "nc_array_order": 40}, "too many"),
        ({"nonce_count": 1, "nc_array_order": 25}, "too big"),
        ({"one_time_nonce": 1, "otn_in_flight_order": 31}, "too big"),
        ({"one_time_nonce": 1, "otn_in_flight_no": 256, "nid_pool_no": 8}, "nid_pool_no"),
    ],
)
def test_refused(bench: Any, params: dict[str, object], reason: str) -> None:
    with pytest.raises(ModuleError, match=reason.replace("(", r"\(")):
        load(bench, **params)


def test_replies_need_sl(bench: Any) -> None:
    with pytest.raises(ModuleError, match='"sl" must be loaded'):
        bench.load(Auth)


def test_random_secrets_differ(bench: Any) -> None:
    one, two = load(bench), load(bench)
    assert one.nonces.make(1e9, None) != two.nonces.make(1e9, None)


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({}, "qop set, but nonce-count (nonce_count) support disabled"),
        ({"nonce_count": 1, "qop": ""}, "nonce-count support enabled, but qop not set"),
        (
            {"secret": "x" * 31, "auth_checks_in_dlg": 1},
            "consider a longer secret when extra auth checks are enabled"
            " (the config secret is divided in 2!)",
        ),
    ],
)
def test_remarks_in_the_log(bench: Any, params: dict[str, object], line: str) -> None:
    load(bench, **params)
    assert line in bench.lines


def test_no_needless_remarks(bench: Any) -> None:
    load(bench, qop="auth-int", nonce_count=1, secret="x" * 32, auth_checks_register=1)
    assert bench.lines == []


@pytest.mark.parametrize(
    ("attribute", "key"), [("$x", "x"), ("$s:x", "x"), ("$S:x", "x"), ("$i:5", 5), ("$I:5", 5)]
)
def test_names_of_avps(serve: Any, attribute: str, key: object) -> None:
    route = 'pv_www_authenticate("example.com", "secret", "2"); sl_send_reply("200", "OK");'
    run = serve(route, challenge_attr=attribute).send()
    (text,) = run.context.avps[key]
    assert text.startswith('WWW-Authenticate: Digest realm="example.com", nonce="')


def test_a_prefix_of_realms(bench: Any) -> None:
    auth = load(bench, realm_prefix="sip.")
    realms = ["sip.example.com", "sip.sip.x", "SIP.x", "sip", "sip."]
    assert [auth.strip_realm(r) for r in realms] == ["example.com", "sip.x", "SIP.x", "sip", ""]


def test_an_empty_realm(bench: Any, request_text: Any) -> None:
    auth = load(bench)
    options = bench.context(request_text("OPTIONS sip:x", to="<sip:to.org>"))
    register = bench.context(request_text("REGISTER sip:x", to="<sip:b@to.org>"))
    assert [auth.realm_of(c, "") for c in (options, register)] == ["", ""]
    bench.host.compat = "3.0"
    assert [auth.realm_of(c, "") for c in (options, register)] == ["example.com", "to.org"]
    assert auth.realm_of(options, "own") == "own"
    nobody = bench.context(request_text("REGISTER sip:x", to="<nonsense>"))
    assert auth.realm_of(nobody, "") == ""
