"""Bodies of several parts, beside the recorded cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.textops import parts

BODY = (
    b"pre\r\n--b\r\nContent-Type: a/b\r\n\r\none\r\n"
    b"--b\r\nc: c/d\r\nX: 1\r\n\r\ntwo\r\n--b--\r\nend\r\n"
)


@pytest.mark.parametrize(
    ("text", "boundary"),
    [
        ("multipart/mixed;boundary=b", b"--b"),
        ('Multipart/Mixed; x=1; Boundary="a b"', b"--a b"),
        ("multipart/mixed", None),
        ("text/plain;charset=x", b""),
    ],
)
def test_boundary(text: str, boundary: bytes | None) -> None:
    assert parts.boundary_of(text) == boundary


def test_mixed() -> None:
    assert parts.is_mixed("Multipart / Mixed;x=1")
    assert not parts.is_mixed("multipart/related")


def test_find() -> None:
    first, second = parts.find(BODY, b"A/B"), parts.find(BODY, b"c/d")
    assert first is not None
    assert second is not None
    assert BODY[first.start : first.type_end] == b"Content-Type: a/b"
    assert BODY[second.start : second.type_end] == b"c: c/d"
    for kind in (b"a/", b"x/y", b"one"):
        assert parts.find(BODY, kind) is None


def test_closed() -> None:
    open_body = BODY.replace(b"--b--\r\nend\r\n", b"--b \r\nx: y\r\n\r\nz\r\n--b")
    closed = parts.closed(open_body, b"--b")
    assert closed.startswith(b"--b\r\nContent-Type: a/b\r\n")
    assert closed.endswith(b"z\r\n--b--\r\n")
    assert b"\r\n--b\r\nx: y" in closed
    assert parts.closed(b"--b\r\nonly\r\n", b"--b") == b"--b\r\nonly\r\n"
    assert parts.closed(BODY, b"") == BODY


@given(st.binary(max_size=60).map(lambda b: b.replace(b"\x00", b"\r\n").replace(b"\x01", b"--b")))
def test_any_body(body: bytes) -> None:
    closed = parts.closed(body, b"--b")
    assert parts.closed(closed, b"--b") == closed
    part = parts.find(body, b"a/b")
    assert part is None or body[part.start :].lower().startswith((b"c", b"content-type"))
    at = parts.line_with(body, b"--b", 0)
    assert at < 0 or body.startswith(b"--b", at)


def test_written() -> None:
    made = parts.written(b"x", "a/b", "inline", "b", first=True)
    assert made == (b"--b\r\nContent-Type: a/b\r\nContent-Disposition: inline\r\n\r\nx\r\n--b\r\n")
