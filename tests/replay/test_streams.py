"""TCP connections: segments in any order, again, with gaps; messages framed."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipproxy.errors import MessageError
from sipproxy.replay.streams import Streams

SYN, FIN, RST = 2, 0x11, 4


def message(body: bytes) -> bytes:
    return b"MESSAGE sip:a SIP/2.0\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


ONE, TWO = message(b"one"), message(b"two")


def take(streams: Streams, segment: bytes) -> list[bytes]:
    return [m for _, m in streams.take("192.0.2.1", "192.0.2.2", segment, 0, len(segment))]


def test_messages_and_their_ends(wire: Any) -> None:
    segment = wire.tcp(1, ONE + TWO)
    got = list(Streams().take("192.0.2.1", "192.0.2.2", segment, 0, len(segment)))
    assert got == [((wire.source, wire.dest), ONE), ((wire.source, wire.dest), TWO)]


@given(
    st.lists(st.binary(max_size=60), min_size=1, max_size=6),
    st.lists(st.integers(1, 40), min_size=1, max_size=40),
    st.integers(0, (1 << 32) - 1),
    st.randoms(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_repetition_and_overlap(
    wire: Any, bodies: list[bytes], sizes: list[int], first: int, shuffle: Any
) -> None:
    messages = [message(body) for body in bodies]
    stream = b"".join(messages)
    pieces: list[tuple[int, bytes]] = []
    at = 0
    for size in [*sizes, len(stream)]:
        if at < len(stream):
            start = max(0, at - 3)
            pieces.append((start, stream[start : at + size]))
        at += size
    pieces += pieces[::2]
    shuffle.shuffle(pieces)
    streams = Streams()
    take(streams, wire.tcp(first, b"", SYN))
    got = [m for at, data in pieces for m in take(streams, wire.tcp(first + 1 + at, data))]
    assert got == messages
    assert streams.unfinished == 0


def test_a_gap_that_is_never_filled(wire: Any) -> None:
    streams = Streams()
    take(streams, wire.tcp(99, b"", SYN))
    assert take(streams, wire.tcp(100, ONE[:20])) == []
    assert take(streams, wire.tcp(100 + len(ONE), TWO)) == []
    assert streams.unfinished == 1
    assert take(streams, wire.tcp(100 + len(ONE) + len(TWO), b"", FIN)) == [TWO, b""]
    assert streams.unfinished == 0


def test_too_much_ahead_of_a_gap_gives_the_gap_up(wire: Any) -> None:
    streams = Streams()
    take(streams, wire.tcp(0, b"", SYN))
    assert take(streams, wire.tcp(5, ONE)) == []
    piece = bytes(60_000)
    at, got = 5 + len(ONE), []
    for number in range(19):
        got += take(streams, wire.tcp(at + number * len(piece), piece))
    assert got == [ONE]


def test_a_connection_that_was_there_before_the_capture(wire: Any) -> None:
    streams = Streams()
    with pytest.raises(MessageError, match="TCP without SIP"):
        take(streams, wire.tcp(7, b"the end of a message"))
    assert take(streams, wire.tcp(7 + 20, ONE)) == [ONE]


def test_keepalives_between_messages(wire: Any) -> None:
    streams = Streams()
    assert take(streams, wire.tcp(1, b"\r\n\r\n")) == []
    assert take(streams, wire.tcp(5, ONE + b"\r\n\r\n" + TWO)) == [ONE, TWO]


def test_a_new_connection_of_the_same_ports(wire: Any) -> None:
    streams = Streams()
    take(streams, wire.tcp(1, ONE[:30]))
    take(streams, wire.tcp(9_000_000, b"", SYN))
    assert take(streams, wire.tcp(9_000_001, TWO)) == [TWO]


def test_a_reset_ends_the_stream(wire: Any) -> None:
    streams = Streams()
    take(streams, wire.tcp(1, ONE[:30]))
    assert take(streams, wire.tcp(31, b"", RST)) == []
    assert streams.unfinished == 0


@pytest.mark.parametrize("flags", [FIN, RST])
@pytest.mark.parametrize("back", [False, True])
def test_the_end_of_a_connection_is_told_once(wire: Any, flags: int, back: bool) -> None:
    streams = Streams()
    assert take(streams, wire.tcp(1, ONE)) == [ONE]
    last = wire.tcp(1 + len(ONE), b"", flags)
    if back:
        last = wire.tcp(1, b"", flags, back=True)
        got = list(streams.take("192.0.2.2", "192.0.2.1", last, 0, len(last)))
        assert got == [((wire.dest, wire.source), b"")]
    else:
        assert take(streams, last) == [b""]
    assert take(streams, last) == []


def test_what_carried_nothing_ends_in_silence(wire: Any) -> None:
    streams = Streams()
    take(streams, wire.tcp(1, b"", SYN))
    assert take(streams, wire.tcp(2, b"", FIN)) == []


def test_a_new_connection_of_the_same_ports_ends_the_old_one(wire: Any) -> None:
    streams = Streams()
    assert take(streams, wire.tcp(1, ONE)) == [ONE]
    assert take(streams, wire.tcp(9_000_000, b"", SYN)) == [b""]
    assert take(streams, wire.tcp(9_000_001, TWO)) == [TWO]


def test_the_quietest_stream_goes_first(wire: Any) -> None:
    streams = Streams(most=2)
    half = wire.tcp(1, ONE[:30])
    for host in ("192.0.2.7", "192.0.2.8", "192.0.2.9"):
        list(streams.take(host, "192.0.2.2", half, 0, len(half)))
    assert streams.unfinished == 2


def test_what_cannot_be_framed(wire: Any) -> None:
    streams = Streams()
    with pytest.raises(MessageError, match="Content-Length"):
        take(streams, wire.tcp(1, b"MESSAGE sip:a SIP/2.0\r\nTo: x\r\n\r\n"))
    assert take(streams, wire.tcp(33, ONE)) == [ONE]
