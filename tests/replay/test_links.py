"""Frames of every link type."""

import struct
from typing import Any

import pytest

from sipproxy.replay.links import IPV4, IPV6, LINKS, Unreadable, network

V4, V6 = b"\x45", b"\x60"


@pytest.mark.parametrize(
    ("link", "frame", "kind", "at"),
    [
        (1, bytes(12) + b"\x08\0" + V4, IPV4, 14),
        (1, bytes(12) + b"\x81\0\0\x64\x08\0" + V4, IPV4, 18),
        (1, bytes(12) + b"\x88\xa8\0\xc8\x81\0\0\x64\x86\xdd" + V6, IPV6, 22),
        (0, b"\x02\0\0\0" + V4, IPV4, 4),
        (0, b"\0\0\0\x02" + V4, IPV4, 4),
        (0, b"\x1e\0\0\0" + V6, IPV6, 4),
        (108, b"\0\0\0\x18" + V6, IPV6, 4),
        (12, V4, IPV4, 0),
        (14, V6, IPV6, 0),
        (101, V6, IPV6, 0),
        (228, V4, IPV4, 0),
        (229, V6, IPV6, 0),
        (113, bytes(14) + b"\x08\0" + V4, IPV4, 16),
        (113, bytes(14) + b"\x81\0\0\x64\x08\0" + V4, IPV4, 20),
        (276, b"\x86\xdd" + bytes(18) + V6, IPV6, 20),
        (276, b"\x81\0" + bytes(18) + b"\0\x64\x08\0" + V4, IPV4, 24),
    ],
)
def test_what_is_in_a_frame(link: int, frame: bytes, kind: int, at: int) -> None:
    assert network(link, frame, 0) == (kind, at)
    assert network(link, b"xyz" + frame, 3) == (kind, at + 3)


@pytest.mark.parametrize(
    ("link", "frame", "reason"),
    [(105, b"", "link type 105"), (0, b"\x63\0\0\0", "address family 99")],
)
def test_what_is_not_known(link: int, frame: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        network(link, frame, 0)


@pytest.mark.parametrize("link", sorted(LINKS))
def test_a_frame_that_is_too_short(link: int) -> None:
    with pytest.raises((struct.error, IndexError)):
        network(link, b"", 0)


def test_tags_without_an_end() -> None:
    frame: Any = bytes(12) + b"\x81\0\0\x64" * 3
    with pytest.raises(struct.error):
        network(1, frame, 0)
