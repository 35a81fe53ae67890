"""From the bytes of one frame to the UDP datagram in it."""

import ipaddress
import struct
from collections.abc import Callable
from typing import NamedTuple

from sipproxy.core.flow import Address


class Datagram(NamedTuple):
    """One UDP datagram of a capture."""

    source: Address
    dest: Address
    data: bytes


class Unreadable(Exception):
    """A frame that holds no whole UDP datagram; the text says why, in a few words to be counted."""


_ETHERTYPE_IPV4, _ETHERTYPE_IPV6 = 0x0800, 0x86DD
_VLAN_TAGS = (0x8100, 0x88A8, 0x9100)
_UDP = 17
_PROTOCOLS = {1: "ICMP", 2: "IGMP", 4: "IP in IP", 6: "TCP", 58: "ICMPv6", 132: "SCTP"}
_IPV6_EXTENSIONS = (0, 43, 60, 135)
_IPV6_FRAGMENT = 44


def datagram(link: int, frame: bytes) -> Datagram:
    """The UDP datagram in a frame of this link type (pcap's numbers); raises Unreadable."""
    open_link = LINKS.get(link)
    if open_link is None:
        raise Unreadable(f"link type {link}")
    try:
        kind, start = open_link(frame)
        if kind == _ETHERTYPE_IPV4:
            return _ipv4(frame[start:])
        if kind == _ETHERTYPE_IPV6:
            return _ipv6(frame[start:])
    except (struct.error, IndexError):
        raise Unreadable("frame cut off") from None
    raise Unreadable("ARP" if kind == 0x0806 else f"ethertype 0x{kind:04x}")


def _ethernet(frame: bytes) -> tuple[int, int]:
    kind, at = _short(frame, 12), 14
    while kind in _VLAN_TAGS:
        kind, at = _short(frame, at + 2), at + 4
    return kind, at


def _raw(frame: bytes) -> tuple[int, int]:
    return (_ETHERTYPE_IPV6 if frame[0] >> 4 == 6 else _ETHERTYPE_IPV4), 0


def _loopback(frame: bytes) -> tuple[int, int]:
    family = min(struct.unpack_from("<I", frame)[0], struct.unpack_from(">I", frame)[0])
    return (_ETHERTYPE_IPV4 if family == 2 else _ETHERTYPE_IPV6), 4


def _cooked(frame: bytes) -> tuple[int, int]:
    return _short(frame, 14), 16


def _cooked2(frame: bytes) -> tuple[int, int]:
    return _short(frame, 0), 20


LINKS: dict[int, Callable[[bytes], tuple[int, int]]] = {
    0: _loopback,
    1: _ethernet,
    101: _raw,
    108: _loopback,
    113: _cooked,
    228: _raw,
    229: _raw,
    276: _cooked2,
}
"""Link type -> function that gives the ethertype and where the network header begins."""


def _ipv4(packet: bytes) -> Datagram:
    head = (packet[0] & 15) * 4
    size, fragment, protocol = _short(packet, 2), _short(packet, 6), packet[9]
    if packet[0] >> 4 != 4 or head < 20:
        raise Unreadable("broken IPv4 header")
    if fragment & 0x3FFF:
        raise Unreadable("IP fragment")
    if protocol != _UDP:
        raise Unreadable(_PROTOCOLS.get(protocol, f"IP protocol {protocol}"))
    ends = str(ipaddress.IPv4Address(packet[12:16])), str(ipaddress.IPv4Address(packet[16:20]))
    # A size of 0 is what a capture on a card with segmentation offload shows.
    return _udp(packet[head : size or len(packet)], ends)


def _ipv6(packet: bytes) -> Datagram:
    if packet[0] >> 4 != 6:
        raise Unreadable("broken IPv6 header")
    size, kind, at = _short(packet, 4), packet[6], 40
    while kind in _IPV6_EXTENSIONS:
        kind, at = packet[at], at + (packet[at + 1] + 1) * 8
    if kind == _IPV6_FRAGMENT:
        raise Unreadable("IP fragment")
    if kind != _UDP:
        raise Unreadable(_PROTOCOLS.get(kind, f"IP protocol {kind}"))
    ends = str(ipaddress.IPv6Address(packet[8:24])), str(ipaddress.IPv6Address(packet[24:40]))
    return _udp(packet[at : 40 + size if size else len(packet)], ends)


def _udp(segment: bytes, ends: tuple[str, str]) -> Datagram:
    source, dest, size = struct.unpack_from(">HHH", segment)
    if size > len(segment):
        raise Unreadable("datagram cut off")
    return Datagram((ends[0], source), (ends[1], dest), segment[8 : size or len(segment)])


def _short(data: bytes, at: int) -> int:
    number: int = struct.unpack_from(">H", data, at)[0]
    return number
