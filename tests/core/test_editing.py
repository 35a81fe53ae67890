"""Edits by offsets of the received bytes, wherever they fall."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipproxy.core import editing
from sipproxy.core.access import PvAccess
from sipproxy.core.pvspec import PvSpec
from sipproxy.core.substitution import Substitution
from sipproxy.sip.build import rebuild


def sent(ctx: Any) -> bytes:
    data: bytes = rebuild(ctx.msg, ctx.lumps)
    return data


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"alice", b"carl"), (b"X: \xc3\xa9", b"Y: e"), (b"hello", b"olleh"), (b"\xff", b"?")],
)
def test_replace(bench: Any, request_text: Any, old: bytes, new: bytes) -> None:
    raw = request_text(headers="X: é\r\nZ: 1\r\n", body="hello").encode() + b"\xff"
    raw = raw.replace(b"Content-Length: 5", b"Content-Length: 6")
    ctx = bench.context(raw)
    at = raw.index(old)
    editing.replace(ctx, at, at + len(old), new)
    length = str(6 + (len(new) - len(old)) * (old in (b"hello", b"\xff")))
    assert sent(ctx) == raw.replace(old, new, 1).replace(b"th: 6", f"th: {length}".encode())


def test_an_edit_across_the_border(bench: Any, request_text: Any) -> None:
    raw = request_text(body="hello", headers="X: 1\r\n").encode()
    ctx = bench.context(raw)
    start = raw.index(b"\r\n\r\n") + 2
    editing.replace(ctx, start, start + 4, b"Y: 2\r\n\r\n")
    expected = raw[:start] + b"Y: 2\r\n\r\n" + raw[start + 4 :]
    assert sent(ctx) == expected.replace(b"th: 5", b"th: 3")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 2), st.binary(max_size=3)), max_size=3))
def test_edits_of_the_body_apart_from_each_other(
    bench: Any, request_text: Any, wanted: list[tuple[int, int, bytes]]
) -> None:
    ctx = bench.context(request_text(body="0123456789"))
    body = b"0123456789"
    places = {2 * place: (2 * place + size, text) for place, size, text in wanted}
    for start, (end, text) in places.items():
        editing.replace(ctx, editing.head_length(ctx) + start, editing.head_length(ctx) + end, text)
    for start, (end, text) in sorted(places.items(), reverse=True):
        body = body[:start] + text + body[end:]
    assert sent(ctx).partition(b"\r\n\r\n")[2] == body


def test_insert_and_new_body(bench: Any, request_text: Any) -> None:
    ctx = bench.context(request_text(body="hello"))
    editing.insert(ctx, editing.head_length(ctx) + 2, b"--")
    assert sent(ctx).endswith(b"\r\n\r\nhe--llo")
    editing.set_body(ctx, b"new", 5)
    assert sent(ctx).endswith(b"\r\n\r\nnew")
    editing.insert(ctx, editing.headers_start(ctx), b"First: 1\r\n")
    assert b"SIP/2.0\r\nFirst: 1\r\nVia" in sent(ctx)
    assert editing.headers_end(ctx) == editing.head_length(ctx) - 2


def substitution(text: str) -> Substitution:
    """One without pseudo-variables."""

    def none(spec: PvSpec) -> PvAccess:
        raise AssertionError(spec.text)

    return Substitution.parse(text, none)


def test_a_substitution_in_a_stretch(bench: Any, request_text: Any) -> None:
    raw = request_text(body="one two one").encode()
    ctx = bench.context(raw)
    body = raw.index(b"one")
    assert editing.substitute(ctx, substitution("/one/1/g"), body, len(raw))
    assert not editing.substitute(ctx, substitution("/three/3/"), body, len(raw))
    assert not editing.substitute(ctx, substitution("/x*/y/"), body, len(raw))
    assert sent(ctx) == raw.replace(b"one", b"1").replace(b"th: 11", b"th: 7")


def test_a_body_passes_through_its_finish_until_it_is_forgotten(
    bench: Any, request_text: Any
) -> None:
    raw = request_text(body="hello").encode()
    ctx = bench.context(raw)
    at = raw.index(b"hello")
    editing.replace(ctx, at, at + 1, b"j")
    editing.finish_with(ctx, lambda body: body + b"!")
    assert sent(ctx).endswith(b"\r\n\r\njello!")
    editing.replace(ctx, at + 4, at + 5, b"y")
    assert sent(ctx).endswith(b"\r\n\r\njelly!")
    editing.forget(ctx)
    fresh = bench.context(raw)
    editing.forget(fresh)
    assert sent(fresh) == raw


def test_a_finish_without_edits_waits_for_them(bench: Any, request_text: Any) -> None:
    raw = request_text(body="hello").encode()
    ctx = bench.context(raw)
    editing.finish_with(ctx, lambda body: body + b"!")
    assert sent(ctx) == raw
    editing.insert(ctx, len(raw), b"o")
    assert sent(ctx).endswith(b"helloo!")
