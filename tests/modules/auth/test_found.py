"""Which header counts, what credentials need, what is remembered."""

from typing import Any

import pytest

from sipproxy.core.bindings import AUTHORIZED
from sipproxy.errors import MessageError
from sipproxy.modules.auth.found import (
    find,
    header_values,
    is_complete,
    is_digest,
    mark,
    remove_marked,
)
from sipproxy.sip.credentials import Credentials

ONE = 'Authorization: Digest username="one", realm="one"\r\n'
TWO = 'Authorization: Digest username="two", realm="Two"\r\n'
BASIC = "Authorization: Basic abc\r\n"
BAD = "Authorization: Digest realm\r\n"


@pytest.mark.parametrize(
    ("headers", "realm", "user"),
    [
        (ONE, "one", "one"),
        (ONE, "ONE", "one"),
        (ONE + TWO, "two", "two"),
        (TWO + ONE, "two", "two"),
        (BASIC + ONE + TWO, "two", "two"),
        (ONE + ONE.replace('"one",', '"other",'), "one", "one"),
        (ONE + BAD, "one", "one"),
        (ONE, "two", None),
        (BASIC, "", None),
        ("", "one", None),
        (ONE.replace("Authorization", "Proxy-Authorization"), "one", None),
        ("authorization: digest,realm=one,username=one\r\n", "one", "one"),
        ("Authorization:\r\n Digest username=one,\r\n\trealm=one\r\n", "one", "one"),
    ],
)
def test_the_first_of_the_realm(
    bench: Any, request_text: Any, headers: str, realm: str, user: str | None
) -> None:
    msg = bench.context(request_text(headers=headers)).msg
    entry = find(msg, realm, "www")
    assert (entry and entry[0].username) == user
    if entry:
        assert entry[1] in header_values(msg, "www")


def test_malformed_before_the_right_one(bench: Any, request_text: Any) -> None:
    msg = bench.context(request_text(headers=BAD + ONE)).msg
    with pytest.raises(MessageError):
        find(msg, "one", "www")
    assert find(msg, "one", "proxy") is None


def test_a_header_that_cannot_be_read_may_hide_credentials(bench: Any, request_text: Any) -> None:
    broken = "Contact <\r\n"
    for headers, fails in ((ONE + broken, False), (TWO + broken + ONE, True), (broken, True)):
        msg = bench.context(request_text(headers=headers)).msg
        assert msg.malformed
        if fails:
            with pytest.raises(MessageError):
                find(msg, "one", "www")
        else:
            assert find(msg, "one", "www") is not None


@pytest.mark.parametrize(
    ("value", "yes"),
    [
        ("Digest a=b", True),
        ("dIGEST\ta=b", True),
        ("Digest,a=b", True),
        ("Digest", False),
        ("Digesta=b", False),
        ("Basic x", False),
        ("", False),
    ],
)
def test_scheme(value: str, yes: bool) -> None:
    assert is_digest(value) is yes


WHOLE = {"username": "", "realm": "", "nonce": "", "uri": "", "response": ""}


def test_what_credentials_need() -> None:
    assert is_complete(Credentials(**WHOLE))
    for name in WHOLE:
        assert not is_complete(Credentials(**{k: v for k, v in WHOLE.items() if k != name}))


@pytest.mark.parametrize("qop", ["auth", "AUTH", " auth ", "auth-int"])
def test_what_a_quality_needs(qop: str) -> None:
    assert is_complete(Credentials(**WHOLE, qop=qop, nc="", cnonce=""))
    assert not is_complete(Credentials(**WHOLE, qop=qop, nc=""))
    assert not is_complete(Credentials(**WHOLE, qop=qop, cnonce=""))
    assert is_complete(Credentials(**WHOLE, qop=f"{qop}x"))


def test_proxy_credentials_go_before(bench: Any, request_text: Any) -> None:
    proxy_header = TWO.replace("Authorization", "Proxy-Authorization")
    ctx = bench.context(request_text(headers=ONE + proxy_header))
    one, two = Credentials(username="one"), Credentials(username="two")
    assert not remove_marked(ctx)
    mark(ctx, "www", one, header_values(ctx.msg, "www")[0])
    assert ctx.scratch[AUTHORIZED] is one
    mark(ctx, "proxy", two, header_values(ctx.msg, "proxy")[0])
    mark(ctx, "www", one, header_values(ctx.msg, "www")[0])
    assert ctx.scratch[AUTHORIZED] is two
    # What is removed is Authorization first (Kamailio consume_credentials).
    assert remove_marked(ctx)
    (edit,) = ctx.lumps.edits
    assert ctx.msg.head[edit.start : edit.end] == ONE


def test_the_marked_header_is_removed_not_the_first(bench: Any, request_text: Any) -> None:
    ctx = bench.context(request_text(headers=ONE + TWO))
    entry = find(ctx.msg, "two", "www")
    assert entry is not None
    mark(ctx, "www", *entry)
    assert remove_marked(ctx)
    (edit,) = ctx.lumps.edits
    assert ctx.msg.head[edit.start : edit.end] == TWO


def test_nothing_is_removed_from_another_message(bench: Any, request_text: Any) -> None:
    ctx = bench.context(request_text(headers=ONE))
    mark(ctx, "www", Credentials(), "Digest of another message")
    assert not remove_marked(ctx)
