"""Reading and writing capture files: classic pcap, both byte orders, micro- and nanoseconds."""

import ipaddress
import struct
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from sipproxy.core.flow import Address
from sipproxy.errors import SipproxyError
from sipproxy.replay.packets import Datagram, Unreadable, datagram

_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}
_MOST_FRAME = 1 << 18
_OTHERS = {
    b"\x0a\x0d\x0d\x0a": "a pcapng file, which is not read yet; editcap -F pcap turns it into pcap",
    b"\x1f\x8b": "compressed; unpack it first",
}


class CaptureError(SipproxyError):
    """A capture cannot be read at all; the text is one sentence."""


class Packet(NamedTuple):
    """A datagram with its frame number (from 1, as Wireshark counts) and Unix time in seconds."""

    number: int
    time: float
    datagram: Datagram


class Capture:
    """A capture file. Iterating gives its UDP datagrams and counts what else there was."""

    def __init__(self, path: str) -> None:
        """Open the file and read its header; raises CaptureError."""
        self.path = path
        self.frames = 0
        self.unread: Counter[str] = Counter()
        """Why frames gave no datagram, with how many."""
        self.broken = ""
        """What is wrong with the file itself, such as an end in mid-frame; empty when nothing."""
        with self._open() as stream:
            self._order, self._unit, self._link = _header(stream.read(24), path)

    def _open(self) -> BinaryIO:
        try:
            return open(self.path, "rb")
        except OSError as error:
            raise CaptureError(f"cannot read {self.path}: {error.strerror}") from None

    def __iter__(self) -> Iterator[Packet]:
        self.frames, self.broken = 0, ""
        self.unread.clear()
        with self._open() as stream:
            stream.seek(24)
            for time, frame, whole in self._records(stream):
                self.frames += 1
                if not whole:
                    self.unread["frame cut off by the capture's snap length"] += 1
                    continue
                try:
                    yield Packet(self.frames, time, datagram(self._link, frame))
                except Unreadable as reason:
                    self.unread[str(reason)] += 1

    def _records(self, stream: BinaryIO) -> Iterator[tuple[float, bytes, bool]]:
        """(time, bytes, whether the capture kept the whole frame) of each record."""
        head_form = struct.Struct(f"{self._order}IIII")
        while head := stream.read(16):
            if len(head) < 16:
                self.broken = f"the file ends in the middle of frame {self.frames + 1}"
                return
            seconds, fraction, kept, size = head_form.unpack(head)
            if kept > _MOST_FRAME:
                self.broken = f"frame {self.frames + 1} has the impossible length {kept}"
                return
            frame = stream.read(kept)
            if len(frame) < kept:
                self.broken = f"the file ends in the middle of frame {self.frames + 1}"
                return
            yield seconds + fraction * self._unit, frame, kept >= size


def _header(data: bytes, path: str) -> tuple[str, float, int]:
    """(byte order, seconds of one fraction, link type); raises CaptureError."""
    for start, reason in _OTHERS.items():
        if data.startswith(start):
            raise CaptureError(f"{path} is {reason}")
    if len(data) < 24 or data[:4] not in _MAGIC:
        raise CaptureError(f"{path} is no pcap capture")
    order, unit = _MAGIC[data[:4]]
    (link,) = struct.unpack_from(f"{order}I", data, 20)
    return order, unit, link & 0xFFFF


class PcapWriter:
    """Writes UDP datagrams as a classic pcap file with microseconds and raw IP packets."""

    def __init__(self, path: str) -> None:
        """Make the file; raises CaptureError."""
        try:
            self._stream = open(path, "wb")  # noqa: SIM115  closed by close()
        except OSError as error:
            raise CaptureError(f"cannot write {path}: {error.strerror}") from None
        self._stream.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, _MOST_FRAME, 101))

    def add(self, time: float, source: Address, dest: Address, data: bytes) -> None:
        """Write one datagram."""
        packet = _ip_packet(source, dest, data)
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


def _ip_packet(source: Address, dest: Address, data: bytes) -> bytes:
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
