"""Bodies in chunks: whole in any pieces, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import MessageError
from sipproxy.sip.chunks import Chunks


def chunked(parts: list[bytes], trailer: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in parts) + b"0\r\n" + trailer + b"\r\n"


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    st.sampled_from([b"", b"X: y\r\n", b"X: y\r\nZ: 1\r\n"]),
    st.integers(1, 9),
    st.binary(max_size=10),
)
def test_any_pieces(parts: list[bytes], trailer: bytes, size: int, behind: bytes) -> None:
    body = chunked(parts, trailer)
    data = b"head" + body + behind
    buffer, chunks, end = bytearray(), Chunks(4), None
    for at in range(0, len(data), size):
        buffer += data[at : at + size]
        if len(buffer) >= 4:
            end = chunks.end(buffer)
        if end is not None:
            break
    assert end == 4 + len(body)
    assert chunks.body == b"".join(parts)


@pytest.mark.parametrize(
    "body",
    [b"5\nhello\n0\n\n", b"5;a=b\r\nhello\r\n0\r\n\r\n", b" 05 \r\nhello\r\n000\r\n\r\n"],
)
def test_other_ways_to_write_it(body: bytes) -> None:
    chunks = Chunks(0)
    assert chunks.end(bytearray(body)) == len(body)
    assert chunks.body == b"hello"


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n",
        b"\r\n",
        b"5\r\nhello!\r\n0\r\n",
        b"123456789\r\n",
        b"5 " + b"x" * 1100,
        b"-1\r\nx",
    ],
)
def test_what_is_no_chunk(body: bytes) -> None:
    with pytest.raises(MessageError):
        Chunks(0).end(bytearray(body))


@pytest.mark.parametrize("body", [b"", b"5", b"5\r\nhel", b"5\r\nhello", b"5\r\nhello\r", b"0\r\n"])
def test_what_is_not_whole(body: bytes) -> None:
    assert Chunks(0).end(bytearray(body)) is None
