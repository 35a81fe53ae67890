"""Frames of every link type, and the reasons for which a frame gives nothing."""

import struct

import pytest

from sipproxy.replay.packets import Datagram, Unreadable, datagram

SOURCE, DEST = ("192.0.2.1", 5070), ("192.0.2.2", 5060)


def udp(data: bytes, size: int | None = None) -> bytes:
    return struct.pack(">HHHH", 5070, 5060, 8 + len(data) if size is None else size, 0) + data


def ipv4(inner: bytes, *, protocol: int = 17, fragment: int = 0, options: bytes = b"") -> bytes:
    words = 5 + len(options) // 4
    size = words * 4 + len(inner)
    head = struct.pack(">BBHHHBBH", 0x40 | words, 0, size, 0, fragment, 64, protocol, 0)
    return head + bytes([192, 0, 2, 1, 192, 0, 2, 2]) + options + inner


def ipv6(inner: bytes, kind: int = 17) -> bytes:
    head = struct.pack(">IHBB", 6 << 28, len(inner), kind, 64)
    return head + bytes(15) + b"\1" + bytes(15) + b"\2" + inner


def ethernet(kind: int, packet: bytes, tags: bytes = b"") -> bytes:
    return bytes(12) + tags + struct.pack(">H", kind) + packet


V4 = ipv4(udp(b"hello"))
V6 = ipv6(udp(b"hello"))


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        (1, ethernet(0x0800, V4)),
        (1, ethernet(0x0800, V4, tags=b"\x81\x00\x00\x64")),
        (1, ethernet(0x0800, V4, tags=b"\x88\xa8\x00\xc8\x81\x00\x00\x64")),
        (1, ethernet(0x0800, V4 + bytes(18))),
        (1, ethernet(0x0800, ipv4(udp(b"hello"), options=bytes(8)))),
        (101, V4),
        (228, V4),
        (0, b"\x02\0\0\0" + V4),
        (0, b"\0\0\0\x02" + V4),
        (113, bytes(14) + b"\x08\0" + V4),
        (276, b"\x08\0" + bytes(18) + V4),
    ],
)
def test_ipv4_in_every_link_type(link: int, frame: bytes) -> None:
    assert datagram(link, frame) == Datagram(SOURCE, DEST, b"hello")


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        (1, ethernet(0x86DD, V6)),
        (101, V6),
        (0, b"\x1e\0\0\0" + V6),
        (1, ethernet(0x86DD, ipv6(bytes([17, 0]) + bytes(6) + udp(b"hello"), kind=60))),
    ],
)
def test_ipv6(link: int, frame: bytes) -> None:
    assert datagram(link, frame) == Datagram(("::1", 5070), ("::2", 5060), b"hello")


def test_bytes_after_the_datagram_are_padding() -> None:
    assert datagram(101, ipv4(udp(b"hi", size=10) + b"padding")).data == b"hi"


@pytest.mark.parametrize(
    ("link", "frame", "reason"),
    [
        (105, V4, "link type 105"),
        (1, ethernet(0x0806, bytes(28)), "ARP"),
        (1, ethernet(0x88CC, bytes(28)), "ethertype 0x88cc"),
        (101, ipv4(b"", protocol=6), "TCP"),
        (101, ipv4(b"", protocol=1), "ICMP"),
        (101, ipv4(b"", protocol=99), "IP protocol 99"),
        (101, ipv4(udp(b"hello"), fragment=0x2000), "IP fragment"),
        (101, ipv4(udp(b"hello"), fragment=37), "IP fragment"),
        (101, ipv6(bytes(8), kind=44), "IP fragment"),
        (101, ipv6(b"", kind=58), "ICMPv6"),
        (101, ipv4(udp(b"hello", size=99)), "datagram cut off"),
        (101, b"\x41" + V4[1:], "broken IPv4 header"),
        (1, b"\0\0", "frame cut off"),
        (101, b"", "frame cut off"),
        (101, V4[:22], "frame cut off"),
    ],
)
def test_reasons(link: int, frame: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        datagram(link, frame)


def test_a_do_not_fragment_bit_is_no_fragment() -> None:
    assert datagram(101, ipv4(udp(b"x"), fragment=0x4000)).data == b"x"
