"""From the bytes of a frame to the network packet in it."""

import struct
from collections.abc import Callable
from typing import TypeAlias


class Unreadable(Exception):
    """A frame that holds nothing for us; the text says why, in a few words to be counted."""


IPV4, IPV6 = 0x0800, 0x86DD
_VLAN_TAGS = frozenset((0x8100, 0x88A8, 0x9100))
_INET6 = frozenset((10, 23, 24, 28, 30))
"""AF_INET6 of Linux, Windows, NetBSD, FreeBSD and macOS."""

_short = struct.Struct(">H").unpack_from

Place: TypeAlias = tuple[int, int]
"""An ethertype, and where the network header begins."""


def network(link: int, data: bytes, at: int) -> Place:
    """What stands in a frame of this link type, and where; raises Unreadable.

    Raises struct.error and IndexError for a frame that is too short.
    """
    opened = LINKS.get(link)
    if opened is None:
        raise Unreadable(f"link type {link}")
    return opened(data, at)


def _past_tags(kind: int, data: bytes, at: int) -> Place:
    """What is behind the tags of 802.1Q and 802.1ad, if `kind` says that one begins at `at`."""
    while kind in _VLAN_TAGS:
        (kind,) = _short(data, at + 2)
        at += 4
    return kind, at


def _ethernet(data: bytes, at: int) -> Place:
    return _past_tags(_short(data, at + 12)[0], data, at + 14)


def _raw(data: bytes, at: int) -> Place:
    return (IPV6 if data[at] >> 4 == 6 else IPV4), at


def _loopback(data: bytes, at: int) -> Place:
    little, big = struct.unpack_from("<I", data, at), struct.unpack_from(">I", data, at)
    family = min(little[0], big[0])
    if family != 2 and family not in _INET6:
        raise Unreadable(f"address family {family}")
    return (IPV4 if family == 2 else IPV6), at + 4


def _cooked(data: bytes, at: int) -> Place:
    return _past_tags(_short(data, at + 14)[0], data, at + 16)


def _cooked2(data: bytes, at: int) -> Place:
    return _past_tags(_short(data, at)[0], data, at + 20)


LINKS: dict[int, Callable[[bytes, int], Place]] = {
    0: _loopback,
    1: _ethernet,
    12: _raw,
    14: _raw,
    101: _raw,
    108: _loopback,
    113: _cooked,
    228: _raw,
    229: _raw,
    276: _cooked2,
}
"""By link type; 12 and 14 are raw IP as BSDs wrote it."""
