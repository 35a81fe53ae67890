"""IP packets: what they carry, fragments in any order, packets inside packets."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.replay.ip import Addresses, Datagrams, Network, Payload
from sipproxy.replay.links import IPV4, IPV6, Unreadable


def opened(kind: int, packet: bytes, time: float = 0.0) -> Payload | None:
    return Network().open(kind, time, packet, 0, len(packet))


def body(found: Payload | None) -> bytes:
    assert found is not None
    return found.data[found.start : found.end]


def test_ipv4(wire: Any) -> None:
    found = opened(IPV4, wire.ipv4(b"inner", options=bytes(8)) + b"padding")
    assert found is not None
    assert (found.protocol, found.source, found.dest) == (17, "192.0.2.1", "192.0.2.2")
    assert body(found) == b"inner"


def test_ipv6_with_extension_headers(wire: Any) -> None:
    options = bytes([51, 0]) + bytes(6)
    authentication = bytes([17, 1]) + bytes(10)
    found = opened(IPV6, wire.ipv6(options + authentication + b"inner", kind=60))
    assert found is not None
    assert (found.protocol, found.source, found.dest) == (17, "::1", "::2")
    assert body(found) == b"inner"


def test_a_size_of_zero_means_all_of_the_frame(wire: Any) -> None:
    packet = bytearray(wire.ipv4(b"inner"))
    packet[2:4] = b"\0\0"
    assert body(opened(IPV4, bytes(packet))) == b"inner"


def test_packets_inside_packets(wire: Any) -> None:
    assert body(opened(IPV4, wire.ipv4(wire.ipv4(b"x"), protocol=4))) == b"x"
    assert body(opened(IPV4, wire.ipv4(wire.ipv6(b"x"), protocol=41))) == b"x"
    deep = b"x"
    for _ in range(9):
        deep = wire.ipv4(deep, protocol=4)
    with pytest.raises(Unreadable, match="too many packets"):
        opened(IPV4, deep)


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        (IPV4, lambda w: b"\x55" + w.ipv4(b"x")[1:], "broken IPv4"),
        (IPV4, lambda w: b"\x44" + w.ipv4(b"x")[1:], "broken IPv4"),
        (IPV4, lambda w: w.ipv4(b"long")[:-1], "cut off"),
        (IPV4, lambda w: w.ipv4(b"", protocol=1), "ICMP"),
        (IPV4, lambda w: w.ipv4(b"", protocol=200), "IP protocol 200"),
        (IPV6, lambda w: b"\x40" + w.ipv6(b"x")[1:], "broken IPv6"),
        (IPV6, lambda w: w.ipv6(b"long")[:-1], "cut off"),
        (IPV6, lambda w: w.ipv6((b"\0\0" + bytes(6)) * 20, kind=0), "too many IPv6"),
        (0x0806, lambda w: bytes(28), "ARP"),
        (0x88CC, lambda w: bytes(28), "0x88cc"),
    ],
)
def test_what_cannot_be_opened(wire: Any, kind: int, change: Any, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        opened(kind, change(wire))


@given(st.binary(min_size=1, max_size=400), st.integers(1, 10), st.randoms(), st.booleans())
def test_fragments_in_any_order(data: bytes, eights: int, shuffle: Any, twice: bool) -> None:
    size = eights * 8
    pieces = [(at, at + size < len(data), data[at : at + size]) for at in range(0, len(data), size)]
    if twice:
        pieces += pieces[:-1]
    shuffle.shuffle(pieces)
    waiting = Datagrams()
    whole = [got for piece in pieces if (got := waiting.add(("k",), 0.0, *piece)) is not None]
    assert whole[0] == data


def test_fragments_of_ipv4_and_ipv6(wire: Any) -> None:
    network = Network()
    first, second = wire.fragments(b"a" * 16 + b"b" * 5, 16)
    assert network.open(IPV4, 0.0, second, 0, len(second)) is None
    assert body(network.open(IPV4, 1.0, first, 0, len(first))) == b"a" * 16 + b"b" * 5
    one = wire.ipv6(struct.pack(">BBHI", 17, 0, 0 | 1, 9) + b"c" * 8, kind=44)
    two = wire.ipv6(struct.pack(">BBHI", 17, 0, 8, 9) + b"d", kind=44)
    assert network.open(IPV6, 0.0, one, 0, len(one)) is None
    assert body(network.open(IPV6, 0.0, two, 0, len(two))) == b"c" * 8 + b"d"
    assert len(network.fragments) == network.fragments.lost == 0


def test_of_two_that_overlap_the_first_counts() -> None:
    waiting = Datagrams()
    waiting.add(("k",), 0.0, 0, True, b"aaaaaaaaaaaaaaaa")
    assert waiting.add(("k",), 0.0, 8, False, b"bbbbbbbbbbbb") == b"a" * 16 + b"bbbb"


def test_a_datagram_longer_than_there_can_be_is_never_whole() -> None:
    waiting = Datagrams()
    assert waiting.add(("k",), 0.0, 65_528, False, bytes(100)) is None
    assert waiting.add(("k",), 0.0, 0, True, bytes(65_528)) is None


def test_waiting_fragments_are_bounded_in_number_and_time() -> None:
    waiting = Datagrams(most=2, seconds=10.0)
    for number, time in ((1, 0.0), (2, 1.0), (3, 2.0)):
        waiting.add((number,), time, 0, True, b"x" * 8)
    assert (len(waiting), waiting.lost) == (2, 1)
    waiting.add((4,), 11.5, 0, True, b"x" * 8)
    assert (len(waiting), waiting.lost) == (2, 2)


def test_addresses_are_kept_in_bounds() -> None:
    texts = Addresses()
    for number in range(100_003):
        assert texts[number.to_bytes(4, "big")]
    assert len(texts) < 100


@given(st.binary(max_size=200), st.sampled_from((IPV4, IPV6)))
def test_any_bytes(packet: bytes, kind: int) -> None:
    try:
        found = opened(kind, packet)
    except (Unreadable, struct.error, IndexError):
        return
    assert found is None or found.end <= len(found.data)
