from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import MessageError
from sipproxy.sip.framing import Framer


def message(body: bytes = b"", name: bytes = b"Content-Length") -> bytes:
    return b"OPTIONS sip:a SIP/2.0\r\n%s: %d\r\n\r\n%s" % (name, len(body), body)


def test_two_messages_in_one_piece() -> None:
    framer = Framer()
    first, second = message(b"one"), message(b"", b"l")
    assert framer.feed(first + second) == [first, second]
    assert framer.half == 0


def test_a_half_message_waits_for_its_rest() -> None:
    framer = Framer()
    whole = message(b"body")
    assert framer.feed(whole[:-2]) == []
    assert framer.half == len(whole) - 2
    assert framer.feed(whole[-2:]) == [whole]


@given(
    st.lists(st.binary(max_size=40), min_size=1, max_size=5),
    st.lists(st.integers(1, 25), min_size=1, max_size=60),
    st.integers(0, 3),
)
def test_any_split_gives_the_same_messages(
    bodies: Sequence[bytes], sizes: Sequence[int], pings: int
) -> None:
    messages = [message(body) for body in bodies]
    stream = b"".join(b"\r\n\r\n" * pings + one for one in messages)
    framer = Framer()
    got: list[bytes] = []
    at = 0
    for size in [*sizes, len(stream)]:
        got += framer.feed(stream[at : at + size])
        at += size
    assert got == messages
    assert framer.pings == pings * len(messages)


@given(st.binary(max_size=300))
def test_garbage_is_framed_or_refused(data: bytes) -> None:
    framer = Framer(200)
    try:
        for one in framer.feed(data):
            assert len(one) <= 200
    except MessageError:
        return
    assert framer.half <= 200 + len(data)


def test_a_single_line_end_between_messages_is_no_ping() -> None:
    framer = Framer()
    framer.feed(b"\r\n" + message() + b"\r\n" + message())
    assert framer.pings == 0


def test_lines_may_end_without_a_carriage_return() -> None:
    assert Framer().feed(b"OPTIONS sip:a SIP/2.0\nL : 2\n\nab") == [
        b"OPTIONS sip:a SIP/2.0\nL : 2\n\nab"
    ]


def test_what_stands_before_a_fault_is_given() -> None:
    framer = Framer()
    assert framer.feed(message(b"one") + b"garbage\r\n\r\n" + message()) == [message(b"one")]
    assert framer.fault is not None
    with pytest.raises(MessageError, match="without Content-Length"):
        framer.feed(b"")


def test_two_lengths_must_agree() -> None:
    head = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 1\r\nl: %d\r\n\r\nab"
    assert Framer().feed(head % 1)[0].endswith(b"\r\n\r\na")
    with pytest.raises(MessageError, match="two lengths"):
        Framer().feed(head % 2)


@given(st.binary(max_size=200), st.lists(st.integers(1, 40), max_size=30))
def test_any_split_of_garbage_gives_the_same_messages(tail: bytes, sizes: Sequence[int]) -> None:
    stream = message(b"one") + tail + message(b"two")

    def framed(pieces: Sequence[bytes]) -> list[bytes]:
        framer = Framer(400)
        got: list[bytes] = []
        for piece in pieces:
            try:
                got += framer.feed(piece)
            except MessageError:
                break
        return got

    cuts = [sum(sizes[:n]) for n in range(len(sizes) + 1)]
    pieces = [stream[a:b] for a, b in zip(cuts, [*cuts[1:], len(stream)], strict=True)]
    assert framed(pieces) == framed([stream])


def test_without_a_length() -> None:
    head = b"OPTIONS sip:a SIP/2.0\r\nTo: x\r\n\r\n"
    with pytest.raises(MessageError, match="without Content-Length"):
        Framer().feed(head)
    assert Framer(needs_length=False).feed(head * 2) == [head, head]


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 101,
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 99\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n",
    ],
)
def test_what_is_too_long_is_refused_before_it_is_kept(data: bytes) -> None:
    with pytest.raises(MessageError):
        Framer(100).feed(data)


def test_a_length_in_the_body_counts_for_nothing() -> None:
    one = message(b"Content-Length: 3\r\n\r\nabc")
    assert Framer().feed(one) == [one]


HTTP = (
    b"POST /a HTTP/1.1\r\nVia: 1.1 p\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    b"GET /b HTTP/1.0\r\n\r\n\r\n\r\nPUT /c HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
)
HTTP_MESSAGES = [
    b"POST /a HTTP/1.1\r\nHia: 1.1 p\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    b"hello world",
    b"GET /b HTTP/1.0\r\n\r\n",
    b"PUT /c HTTP/1.1\r\nContent-Length: 2\r\n\r\nab",
]


@pytest.mark.parametrize("size", [1, 2, 7, 50, 1000])
def test_http_between_other_messages(size: int) -> None:
    framer = Framer(needs_length=False)
    found = []
    for at in range(0, len(HTTP), size):
        found += framer.feed(HTTP[at : at + size])
    assert found == HTTP_MESSAGES
    assert (framer.expecting, framer.pings, framer.half) == (1, 1, 0)


def test_what_is_http_s_alone_is_left_in_sip() -> None:
    message = (
        b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP h\r\nTransfer-Encoding: chunked\r\n"
        b"Expect: 100-continue\r\n\r\n"
    )
    framer = Framer(needs_length=False)
    assert framer.feed(message) == [message]
    assert framer.expecting == 0


def test_http_has_a_length_where_lengths_are_needed() -> None:
    with pytest.raises(MessageError, match="without Content-Length"):
        Framer().feed(b"GET /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")


def test_a_length_counts_more_than_chunks() -> None:
    head = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"
    assert Framer(needs_length=False).feed(head + b"0\r\n") == [head + b"0\r\n"]


@pytest.mark.parametrize("body", [b"400\r\n" + b"x" * 1024 + b"\r\n", b"1\r\nx\r\n" * 1100])
def test_a_body_in_chunks_is_bounded(body: bytes) -> None:
    framer = Framer(1000, needs_length=False)
    framer.feed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
    with pytest.raises(MessageError, match="more than 1000 bytes"):
        framer.feed(body)
