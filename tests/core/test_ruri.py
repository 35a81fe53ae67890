"""Rewriting the request URI; what Kamailio makes of each is in ruri_operations.json."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core import ruri
from sipproxy.core.context import Context
from sipproxy.core.ruri import Parts, parts_of
from sipproxy.errors import MessageError


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("sip:host", Parts("sip", "", "", "host", "")),
        (
            "sips:u:p@h:5061;a=b;c?d=e",
            Parts("sips", "u", "p", "h", "5061", "", "a=b;c", "d=e"),
        ),
        ("sip:u@[::1]:7", Parts("sip", "u", "", "[::1]", "7")),
        ("sip:h:05060", Parts("sip", "", "", "h", "05060")),
        ("sip:h:", Parts("sip", "", "", "h", "")),
        ("tel:+1;x=y", Parts("tel", "+1", "", None, "", "x=y")),
        ("urn:service:sos", Parts("sip", "service", "", None, "")),
    ],
)
def test_parts(text: str, parts: Parts) -> None:
    assert parts_of(text) == parts


@pytest.mark.parametrize("text", ["", "http://x", "sip:", "sip:u@"])
def test_what_is_no_uri_has_no_parts(text: str) -> None:
    with pytest.raises(MessageError):
        parts_of(text)


name = st.text(alphabet="abz019", min_size=1, max_size=5)
maybe = st.just("") | name


@given(name, maybe, maybe, st.sampled_from(["", "5060", "1"]), maybe, maybe)
def test_what_is_taken_apart_is_put_together(
    host: str, user: str, password: str, port: str, params: str, headers: str
) -> None:
    secret = f":{password}" if user and password else ""
    text = f"sip:{user}{secret}{'@' if user else ''}{host}"
    text += f"{':' if port else ''}{port}{';' if params else ''}{params}"
    text += f"{'?' if headers else ''}{headers}"
    assert str(parts_of(text)) == text


def test_a_password_alone_leaves_no_mark() -> None:
    assert str(Parts("sip", "", "secret", "h", "")) == "sip:h"
    assert str(Parts("tel", "1", "", None, "", "a=b")) == "tel:1;a=b"


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("sip:u@h:7;a=b", "sip:u@new:7;a=b"),
        ("tel:+1;x=y", "sip:+1;x=y@new;user=phone"),
    ],
)
def test_another_host(text: str, changed: str) -> None:
    assert str(ruri.with_host(parts_of(text), "new")) == changed


def test_another_host_and_port() -> None:
    assert str(ruri.with_host(parts_of("sip:u@h:7"), "new:9", port=True)) == "sip:u@new:9"


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("sip:h;transport=tcp", "sip:h"),
        ("sip:h;a=b;TRANSPORT=tcp;c", "sip:h;a=b;c"),
        ("sip:h;transported=x", "sip:h;transported=x"),
    ],
)
def test_no_transport(text: str, changed: str) -> None:
    assert str(ruri.without_transport(parts_of(text))) == changed


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("sip:1@h", "sip:1@h;user=phone"),
        ("sip:1@h;a=b", "sip:1@h;a=b;user=phone"),
        ("sip:1@h;user=phone", "sip:1@h;user=phone"),
        ("tel:1", "tel:1"),
    ],
)
def test_a_telephone_number(text: str, changed: str) -> None:
    assert str(ruri.with_phone(parts_of(text))) == changed


@pytest.fixture
def ctx(bench: Any, request_text: Any) -> Context:
    made: Context = bench.context(request_text("OPTIONS sip:bob@h"))
    return made


@pytest.mark.parametrize(
    ("user", "count", "tail", "left", "lines"),
    [
        ("bob", 1, False, "ob", 0),
        ("bob", 1, True, "bo", 0),
        ("bob", 3, False, "", 0),
        ("bob", 4, False, "", 1),
        ("bob", 4, True, "", 1),
        ("éa", 2, False, "a", 0),
    ],
)
def test_stripping_counts_bytes(
    bench: Any, ctx: Context, user: str, count: int, tail: bool, left: str, lines: int
) -> None:
    assert ruri.stripped(ctx, user, count, tail=tail) == left
    assert len(bench.lines) == lines


def test_the_context_gets_what_is_made(bench: Any, ctx: Context) -> None:
    assert ruri.set_user(ctx, "carol") == 1
    assert ctx.ruri == "sip:carol@h"
    ctx.new_ruri = "nothing"
    assert ruri.set_user(ctx, "dave") == -1
    assert ctx.ruri == "nothing"
    assert "bad uri <nothing>" in bench.lines[-1]
