"""IPv4 and IPv6: from a network packet to what it carries, fragments put together again."""

import ipaddress
import struct
from typing import NamedTuple

from sipproxy.replay.links import IPV4, IPV6, Unreadable

UDP, TCP = 17, 6
_IP_IN_IP, _IPV6_IN_IP = 4, 41
_NAMES = {1: "ICMP", 2: "IGMP", 47: "GRE", 50: "ESP", 58: "ICMPv6", 132: "SCTP"}
_EXTENSIONS = frozenset((0, 43, 60, 135, 139, 140))
_FRAGMENT, _AUTHENTICATION = 44, 51
_MOST_NESTED = 8
"""Packets inside packets, or extension headers, that are opened."""

_V4 = struct.Struct(">BxHHHxB2x4s4s").unpack_from
_V6 = struct.Struct(">IHBx16s16s").unpack_from


class Payload(NamedTuple):
    """What an IP packet carries: `data` from `start` to `end`, by protocol number."""

    protocol: int
    source: str
    dest: str
    data: bytes
    start: int
    end: int


class Addresses(dict[bytes, str]):
    """The text of each address seen, so that it is made once."""

    def __missing__(self, packed: bytes) -> str:
        if len(self) > 100_000:
            self.clear()
        text = self[packed] = str(ipaddress.ip_address(packed))
        return text


class Datagrams:
    """Fragments that wait for others; a bounded number, the oldest go first.

    Of two fragments that cover the same bytes the first counts, so that nothing already judged is
    written over.
    """

    def __init__(self, most: int = 1024, seconds: float = 30.0) -> None:
        self.lost = 0
        """Datagrams given up because fragments of them did not come."""
        self._most = most
        self._seconds = seconds
        self._open: dict[tuple[object, ...], _Pieces] = {}

    def __len__(self) -> int:
        """How many are not whole."""
        return len(self._open)

    def add(
        self, key: tuple[object, ...], time: float, offset: int, more: bool, piece: bytes
    ) -> bytes | None:
        """Take a fragment; the whole payload when it was the last one missing."""
        self._expire(time)
        pieces = self._open.get(key)
        if pieces is None:
            if len(self._open) >= self._most:
                del self._open[next(iter(self._open))]
                self.lost += 1
            pieces = self._open[key] = _Pieces(time)
        whole = pieces.add(offset, more, piece)
        if whole is not None:
            del self._open[key]
        return whole

    def _expire(self, time: float) -> None:
        while self._open:
            key, pieces = next(iter(self._open.items()))
            if time - pieces.since < self._seconds:
                return
            del self._open[key]
            self.lost += 1


class _Pieces:
    __slots__ = ("_parts", "_size", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self._parts: dict[int, bytes] = {}
        self._size = -1

    def add(self, offset: int, more: bool, piece: bytes) -> bytes | None:
        if offset + len(piece) > 65_535:
            return None
        if not more:
            self._size = offset + len(piece)
        self._parts.setdefault(offset, piece)
        if self._size < 0:
            return None
        out = bytearray()
        for at, part in sorted(self._parts.items()):
            if at > len(out):
                return None
            out += part[len(out) - at :]
        return bytes(out[: self._size]) if len(out) >= self._size else None


class Network:
    """Opens IP packets of one capture."""

    def __init__(self) -> None:
        self.addresses = Addresses()
        self.fragments = Datagrams()

    def open(self, kind: int, time: float, data: bytes, at: int, end: int) -> Payload | None:
        """The payload of a packet; None for a fragment whose others are missing yet.

        Raises Unreadable, struct.error and IndexError.
        """
        for _ in range(_MOST_NESTED):
            if kind == IPV4:
                payload = self._ipv4(time, data, at, end)
            elif kind == IPV6:
                payload = self._ipv6(time, data, at, end)
            else:
                raise Unreadable("ARP" if kind == 0x0806 else f"ethertype 0x{kind:04x}")
            if payload is None or payload.protocol in (UDP, TCP):
                return payload
            if payload.protocol not in (_IP_IN_IP, _IPV6_IN_IP):
                number = payload.protocol
                raise Unreadable(_NAMES.get(number, f"IP protocol {number}"))
            kind = IPV4 if payload.protocol == _IP_IN_IP else IPV6
            data, at, end = payload.data, payload.start, payload.end
        raise Unreadable("too many packets inside each other")

    def _ipv4(self, time: float, data: bytes, at: int, end: int) -> Payload | None:
        version, size, number, fragment, protocol, source, dest = _V4(data, at)
        head = (version & 15) * 4
        if version >> 4 != 4 or head < 20:
            raise Unreadable("broken IPv4 header")
        # A size of 0 is what a capture on a card with segmentation offload shows.
        end = _end_of(at, size or end - at, end)
        texts = self.addresses[source], self.addresses[dest]
        if fragment & 0x3FFF == 0:
            return Payload(protocol, *texts, data, at + head, end)
        key = (source, dest, number, protocol)
        offset, more = (fragment & 0x1FFF) * 8, bool(fragment & 0x2000)
        whole = self.fragments.add(key, time, offset, more, data[at + head : end])
        return None if whole is None else Payload(protocol, *texts, whole, 0, len(whole))

    def _ipv6(self, time: float, data: bytes, at: int, end: int) -> Payload | None:
        first, size, kind, source, dest = _V6(data, at)
        if first >> 28 != 6:
            raise Unreadable("broken IPv6 header")
        end = _end_of(at, size + 40 if size else end - at, end)
        at += 40
        texts = self.addresses[source], self.addresses[dest]
        for _ in range(_MOST_NESTED):
            if kind == _FRAGMENT:
                kind, place, number = struct.unpack_from(">BxHI", data, at)
                key = (source, dest, number)
                offset, more = place & 0xFFF8, bool(place & 1)
                whole = self.fragments.add(key, time, offset, more, data[at + 8 : end])
                if whole is None:
                    return None
                data, at, end = whole, 0, len(whole)
            elif kind in _EXTENSIONS:
                kind, at = data[at], at + (data[at + 1] + 1) * 8
            elif kind == _AUTHENTICATION:
                kind, at = data[at], at + (data[at + 1] + 2) * 4
            else:
                return Payload(kind, *texts, data, at, end)
        raise Unreadable("too many IPv6 extension headers")


def _end_of(at: int, size: int, end: int) -> int:
    """Where a packet of this size ends; what follows it in the frame is padding."""
    if at + size > end:
        raise Unreadable("packet cut off")
    return at + size
