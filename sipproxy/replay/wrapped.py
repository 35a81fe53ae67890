"""SIP inside something else in a datagram: HEP version 3, and the mark of Kamailio's sipdump.

HEP3: github.com/sipcapture/HEP, "The Homer Encapsulation Protocol"; sipdump: Kamailio
modules/sipdump.
"""

import ipaddress
import re
import struct
import zlib
from dataclasses import dataclass

from sipproxy.core.flow import Address
from sipproxy.replay.links import Unreadable

HEP3 = b"HEP3"
_SIP = 1
_PROTO = {6: "tcp", 17: "udp", 132: "sctp"}
_DUMPED = re.compile(rb"\A[^\n]*\n(P-KSR-SIPDump: (\w+) [^\n]*\n)")
_PROTOCOLS = frozenset(("udp", "tcp", "tls", "sctp", "ws", "wss"))
_MOST = 1 << 20


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A SIP message that was captured elsewhere; `time` in Unix seconds."""

    time: float
    source: Address
    dest: Address
    proto: str
    data: bytes


def open_hep(packet: bytes) -> Unwrapped:
    """The message in a HEP3 packet. Raises Unreadable."""
    try:
        chunks = _chunks(packet)
        return _message(chunks)
    except (struct.error, ValueError, KeyError, zlib.error):
        raise Unreadable("broken HEP3 packet") from None


def _chunks(packet: bytes) -> dict[int, bytes]:
    """The generic chunks by type; those of vendors are passed over."""
    (size,) = struct.unpack_from(">H", packet, 4)
    if not 6 <= size <= len(packet):
        raise ValueError("size")
    chunks: dict[int, bytes] = {}
    at = 6
    while at < size:
        vendor, kind, length = struct.unpack_from(">HHH", packet, at)
        if length < 6 or at + length > size:
            raise ValueError("length")
        if vendor == 0:
            chunks.setdefault(kind, packet[at + 6 : at + length])
        at += length
    return chunks


def _message(chunks: dict[int, bytes]) -> Unwrapped:
    if chunks[11][0] != _SIP:
        raise Unreadable("HEP3 without SIP")
    packed = chunks.get(16)
    data = chunks[15] if packed is None else zlib.decompressobj().decompress(packed, _MOST)
    source, dest = (chunks[3], chunks[4]) if 3 in chunks else (chunks[5], chunks[6])
    from_port, to_port, seconds, micros = (
        int.from_bytes(chunks[kind], "big") for kind in (7, 8, 9, 10)
    )
    return Unwrapped(
        seconds + micros * 1e-6,
        (str(ipaddress.ip_address(source)), from_port),
        (str(ipaddress.ip_address(dest)), to_port),
        _PROTO.get(chunks[2][0], "udp"),
        data,
    )


def undumped(data: bytes) -> tuple[str, bytes]:
    """(transport, message) of a datagram that sipdump may have written: its mark is taken out."""
    found = _DUMPED.match(data)
    if found is None:
        return "udp", data
    proto = found[2].decode("ascii", "replace")
    start, end = found.span(1)
    return (proto if proto in _PROTOCOLS else "udp"), data[:start] + data[end:]
