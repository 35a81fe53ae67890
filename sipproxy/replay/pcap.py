"""Writing capture files."""

import ipaddress
import struct

from sipproxy.core.flow import Address
from sipproxy.replay.records import MOST_FRAME, CaptureError

_TCP, _UDP = 6, 17
_PUSH_AND_ACK = 0x18
RAW_IP = 101
"""The link type of packets without a frame."""


class PcapWriter:
    """Writes datagrams as a classic pcap file with microseconds and raw IP packets."""

    def __init__(self, path: str) -> None:
        """Make the file; raises CaptureError."""
        try:
            self._stream = open(path, "wb")  # noqa: SIM115  closed by close()
        except OSError as error:
            raise CaptureError(f"cannot write {path}: {error.strerror}") from None
        self._stream.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, MOST_FRAME, RAW_IP))

    def add(self, time: float, source: Address, dest: Address, data: bytes) -> None:
        """Write one datagram."""
        self._write(time, ip_packet(source, dest, data))

    def add_segment(
        self, time: float, source: Address, dest: Address, data: bytes, number: int, ack: int
    ) -> None:
        """Write one TCP segment with data; `number` is that of its first byte."""
        ports = struct.pack(">HH", source[1], dest[1])
        head = ports + struct.pack(">IIBBHHH", number, ack, 0x50, _PUSH_AND_ACK, 0xFFFF, 0, 0)
        self._write(time, _in_ip(_TCP, source, dest, head + data, 16))

    def _write(self, time: float, packet: bytes) -> None:
        seconds, micros = divmod(round(time * 1_000_000), 1_000_000)
        self._stream.write(struct.pack("<IIII", seconds, micros, len(packet), len(packet)))
        self._stream.write(packet)

    def close(self) -> None:
        """The file is complete."""
        self._stream.close()

    def __enter__(self) -> "PcapWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ip_packet(source: Address, dest: Address, data: bytes) -> bytes:
    """A UDP datagram in an IP packet, with checksums."""
    head = struct.pack(">HHHH", source[1], dest[1], len(data) + 8, 0)
    return _in_ip(_UDP, source, dest, head + data, 6)


def _in_ip(protocol: int, source: Address, dest: Address, payload: bytes, at: int) -> bytes:
    """An IP packet around a payload whose checksum is to stand `at` this place."""
    from_ip, to_ip = ipaddress.ip_address(source[0]), ipaddress.ip_address(dest[0])
    size, ends = len(payload), from_ip.packed + to_ip.packed
    found = _checksum(ends + struct.pack(">HH", protocol, size) + payload)
    if protocol == _UDP:
        found = found or 0xFFFF
    payload = payload[:at] + struct.pack(">H", found) + payload[at + 2 :]
    if from_ip.version == 6:
        return struct.pack(">IHBB", 6 << 28, size, protocol, 64) + ends + payload
    start = struct.pack(">BBHIBB", 0x45, 0, size + 20, 0, 64, protocol)
    return start + struct.pack(">H", _checksum(start + b"\0\0" + ends)) + ends + payload


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
