"""Challenges: their headers and codes."""

import re
from typing import Any

import pytest

from sipproxy.errors import CfgError


def masked(run: Any) -> list[tuple[int, list[str]]]:
    """(status, headers of challenges) of each reply, nonces masked."""
    return [
        (
            sent.status,
            [
                re.sub(r'nonce="[A-Za-z0-9+/=]{32,60}"', 'nonce="N"', line)
                for line in sent.message.head.split("\r\n")
                if "Auth" in line and "SIP/2.0" not in line
            ],
        )
        for sent in run.sent
    ]


WWW = 'WWW-Authenticate: Digest realm="r", nonce="N"'
PROXY = 'Proxy-Authenticate: Digest realm="r", nonce="N"'


@pytest.mark.parametrize(
    ("call", "first", "expected"),
    [
        ('www_challenge("r", "0")', "OPTIONS sip:x", (401, [WWW])),
        ('www_challenge("r", "1")', "OPTIONS sip:x", (401, [WWW + ', qop="auth"'])),
        ('www_challenge("r", "2")', "OPTIONS sip:x", (401, [WWW + ', qop="auth-int"'])),
        ('www_challenge("r", "3")', "OPTIONS sip:x", (401, [WWW + ', qop="auth-int"'])),
        ('www_challenge("r", 21)', "OPTIONS sip:x", (401, [WWW + ', qop="auth", stale=true'])),
        ('proxy_challenge("r", "16")', "REGISTER sip:x", (407, [PROXY + ", stale=true"])),
        ('auth_challenge("r", "0")', "REGISTER sip:x", (401, [WWW])),
        ('auth_challenge("r", "0")', "INVITE sip:x", (407, [PROXY])),
        # A text that is more than one variable is taken as it is written.
        (
            'www_challenge("a-$rU", "0")',
            "OPTIONS sip:u@x",
            (401, [WWW.replace('"r"', '"a-$rU"')]),
        ),
        ('www_challenge("$rU", "0")', "OPTIONS sip:r@x", (401, [WWW])),
    ],
)
def test_headers(serve: Any, call: str, first: str, expected: object) -> None:
    run = serve(f'{call}; xlog("code $rc\\n");').send(first=first)
    assert masked(run) == [expected]
    assert list(run.log)[-1].strip() == "code 1"


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256", "SHA-512-256"])
def test_the_algorithm_is_named_when_the_cfg_names_it(serve: Any, algorithm: str) -> None:
    run = serve('www_challenge("r", "1");', algorithm=algorithm).send()
    assert masked(run) == [(401, [f'{WWW}, qop="auth", algorithm={algorithm}'])]


@pytest.mark.parametrize(
    ("call", "code", "statuses"),
    [
        ('www_challenge("$avp(no)", "4")', -1, [500]),
        ('www_challenge("$avp(no)", "0")', -1, [500]),
        ('proxy_challenge("$avp(no)", "4")', -1, [500]),
        ('www_challenge("x", "$avp(no)")', -1, [500]),
        ('auth_challenge("x", "$avp(no)")', -1, [500]),
        ('auth_get_www_authenticate("$avp(no)", "0", "$var(x)")', -1, []),
        ('auth_get_www_authenticate("x", "$avp(no)", "$var(x)")', -1, []),
    ],
)
def test_bad_arguments(serve: Any, call: str, code: int, statuses: list[int]) -> None:
    run = serve(f'{call}; xlog("code $rc\\n");').send()
    assert [sent.status for sent in run.sent] == statuses
    assert list(run.log)[-1].strip() == f"code {code}"


def test_an_ack_cannot_be_answered(serve: Any) -> None:
    server = serve(
        'www_challenge("r", "0"); $var(a) = $rc; www_challenge("$avp(no)", "0");'
        'xlog("codes $var(a) $rc\\n"); auth_challenge("r", "0"); xlog("code $rc\\n");'
    )
    run = server.send(first="ACK sip:x")
    assert run.sent == []
    assert [line.strip() for line in run.log][-2:] == ["codes -3 -4", "code 1"]


def test_a_header_for_a_reply_of_ones_own(serve: Any) -> None:
    server = serve('auth_get_www_authenticate("r", "17", "$var(w)"); append_to_reply("$var(w)");'
                   'sl_send_reply("401", "Own");', auth_checks_no_dlg=15)  # fmt: skip
    assert masked(server.send()) == [(401, [f'{WWW}, qop="auth", stale=true'])]
    assert len(server.challenge()) == 32
    bound = serve('www_challenge("r", "1");', auth_checks_no_dlg=15)
    assert len(bound.challenge()) == 56


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('www_challenge("", "0");', "an empty realm is not allowed"),
        ('www_challenge("r", "");', "is no number"),
        ('auth_get_www_authenticate("r", "0", "$si");', "cannot be written to"),
        ('auth_get_www_authenticate("r", "0", "x");', "a pseudo-variable is expected"),
        ('pv_www_authenticate("r", "", "0");', "an empty password is not allowed"),
        ('pv_www_authenticate("r", "x", "0", "");', "an empty method is not allowed"),
    ],
)
def test_refused_at_load(serve: Any, call: str, message: str) -> None:
    with pytest.raises(CfgError, match=message):
        serve(call)


def test_compat_30_takes_the_domain_of_the_user(serve: Any) -> None:
    server = serve('if ($rm == "REGISTER") www_challenge("", "0"); else proxy_challenge("", "0");',
                   compat="3.0")  # fmt: skip
    run = server.send(first="REGISTER sip:x", to="<sip:bob@to.org>")
    assert masked(run) == [(401, [WWW.replace('"r"', '"to.org"')])]
    run = server.send(first="INVITE sip:x", to="<sip:bob@to.org>")
    assert masked(run) == [(407, [PROXY.replace('"r"', '"example.com"')])]


class Transactions:
    """Stands in for replies: notes by which way they are sent."""

    def __init__(self) -> None:
        self.ways: list[str] = []

    def reply(self, ctx: Any, status: int, reason: str) -> int:
        self.ways.append(f"stateless {status} {reason}")
        return 1

    def send_reply(self, ctx: Any, code: int, reason: str) -> int:
        self.ways.append(f"any {code} {reason}")
        return 1


@pytest.mark.parametrize(("forced", "way"), [(0, "any"), (1, "stateless")])
def test_the_way_of_replies(serve: Any, forced: int, way: str) -> None:
    server = serve('www_challenge("r", "0"); proxy_challenge("$avp(no)", "0");',
                   force_stateless_reply=forced)  # fmt: skip
    stand_in = Transactions()
    server.proxy.host.modules["auth"].replies = stand_in
    server.send()
    assert stand_in.ways == [f"{way} 401 Unauthorized", f"{way} 500 Internal Server Error"]
