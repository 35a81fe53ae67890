"""Writing capture files."""

import ipaddress
import struct

from sipproxy.core.flow import Address
from sipproxy.replay.records import MOST_FRAME, CaptureError

RAW_IP = 101
"""The link type of packets without a frame."""


class PcapWriter:
    """Writes UDP datagrams as a classic pcap file with microseconds and raw IP packets."""

    def __init__(self, path: str) -> None:
        """Make the file; raises CaptureError."""
        try:
            self._stream = open(path, "wb")  # noqa: SIM115  closed by close()
        except OSError as error:
            raise CaptureError(f"cannot write {path}: {error.strerror}") from None
        self._stream.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, MOST_FRAME, RAW_IP))

    def add(self, time: float, source: Address, dest: Address, data: bytes) -> None:
        """Write one datagram."""
        packet = ip_packet(source, dest, data)
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
    from_ip, to_ip = ipaddress.ip_address(source[0]), ipaddress.ip_address(dest[0])
    size = len(data) + 8
    udp = struct.pack(">HHHH", source[1], dest[1], size, 0)
    pseudo = from_ip.packed + to_ip.packed + struct.pack(">HH", 17, size)
    udp = udp[:6] + struct.pack(">H", _checksum(pseudo + udp + data) or 0xFFFF)
    if from_ip.version == 6:
        head = struct.pack(">IHBB", 6 << 28, size, 17, 64) + from_ip.packed + to_ip.packed
    else:
        start = struct.pack(">BBHIBB", 0x45, 0, size + 20, 0, 64, 17)
        ends = from_ip.packed + to_ip.packed
        head = start + struct.pack(">H", _checksum(start + b"\0\0" + ends)) + ends
    return head + udp + data


def _checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
