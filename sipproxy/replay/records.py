"""The records of a capture file: pcap or pcapng, gzip or not, read as a stream.

Formats: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html and
draft-ietf-opsawg-pcapng-03.
"""

import gzip
import struct
import zlib
from collections.abc import Iterator
from io import BufferedIOBase
from typing import NamedTuple

from sipproxy.errors import SipproxyError
from sipproxy.replay.sipdump import BEGIN, dumped
from sipproxy.replay.wrapped import Unwrapped

MOST_FRAME = 1 << 18
"""The longest frame that is believed."""
_CHUNK = 1 << 20
_PCAP = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e6),
    b"\xa1\xb2\xc3\xd4": (">", 1e6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e9),
    b"\xa1\xb2\x3c\x4d": (">", 1e9),
}
_PCAPNG = b"\x0a\x0d\x0d\x0a"
_GZIP = b"\x1f\x8b"
_UNREADABLE = (OSError, EOFError, zlib.error)
_SECTION, _INTERFACE, _PACKET, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
_END_OF_OPTIONS, _RESOLUTION, _OFFSET = 0, 9, 14


class CaptureError(SipproxyError):
    """A capture cannot be read at all; the text is one sentence."""


class Record(NamedTuple):
    """One frame: it stands in `data` from `start` to `end`, and was `size` bytes on the wire.

    `time` is in Unix seconds, `link` the link type by pcap's numbers.
    """

    time: float
    link: int
    data: bytes
    start: int
    end: int
    size: int


_new = tuple.__new__
"""Makes a NamedTuple in half the time."""


class Broken(Exception):
    """The file cannot be read further; the text says what is wrong with it."""


class Window:
    """A stream seen through a buffer that moves: what was read is dropped."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream = stream
        self.data = b""
        self.at = 0

    def has(self, count: int) -> bool:
        """Whether `count` more bytes stand in `data` from `at`; reads if it must."""
        if len(self.data) - self.at >= count:
            return True
        rest = self.data[self.at :]
        while len(rest) < count:
            try:
                # One step of a decompressor at a time: what stands before a damage is not lost.
                more = self._stream.read1(max(_CHUNK, count - len(rest)))
            except _UNREADABLE as error:
                self.data, self.at = rest, 0
                raise Broken(f"the compressed file is damaged: {error}") from None
            if not more:
                break
            rest += more
        self.data, self.at = rest, 0
        return len(rest) >= count

    @property
    def over(self) -> bool:
        """Whether nothing follows."""
        return not self.has(1)


class RecordFile:
    """A capture file whose records can be read any number of times."""

    def __init__(self, path: str) -> None:
        """Look at the start of the file; raises CaptureError."""
        self.path = path
        self.broken = ""
        """What is wrong with the file, such as an end in mid-frame; empty when nothing."""
        head = self._head()
        self.is_dump = head.startswith(BEGIN)
        """Whether it is a text file of Kamailio's sipdump, which has messages and no frames."""
        known = head[:4] == _PCAPNG or (head[:4] in _PCAP and len(head) == 24)
        if not known and not self.is_dump:
            raise CaptureError(f"{path} is no pcap or pcapng capture")

    def messages(self) -> Iterator[Unwrapped | str]:
        """The messages of a sipdump file; a text says why one cannot be read."""
        self.broken = ""
        with self._open() as stream:
            try:
                yield from dumped(stream)
            except _UNREADABLE as error:
                self.broken = f"the compressed file is damaged: {error}"

    def _head(self) -> bytes:
        """The first bytes; raises CaptureError where there are none to be had."""
        with self._open() as stream:
            window = Window(stream)
            try:
                window.has(24)
            except Broken as error:
                if not window.data:
                    raise CaptureError(f"cannot read {self.path}: {error}") from None
            return window.data[:24]

    def _open(self) -> BufferedIOBase:
        try:
            with open(self.path, "rb") as plain:
                packed = plain.read(2) == _GZIP
            if not packed:
                return open(self.path, "rb")
            stream = gzip.open(self.path, "rb")  # noqa: SIM115  closed by the caller
            stream.peek(1)
            return stream
        except _UNREADABLE as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise CaptureError(f"cannot read {self.path}: {reason}") from None

    def __iter__(self) -> Iterator[Record]:
        self.broken = ""
        with self._open() as stream:
            window = Window(stream)
            try:
                window.has(4)
                if window.data[:4] == _PCAPNG:
                    yield from pcapng_records(window)
                else:
                    yield from pcap_records(window)
            except Broken as error:
                self.broken = str(error)


def pcap_records(window: Window) -> Iterator[Record]:
    """The records of a classic pcap file. Raises Broken."""
    if not window.has(24):
        raise Broken("the file ends in its header")
    order, rate = _PCAP[window.data[:4]]
    link = struct.unpack_from(f"{order}I", window.data, 20)[0] & 0xFFFF
    window.at = 24
    unpack = struct.Struct(f"{order}IIII").unpack_from
    number = 1
    while not window.over:
        if not window.has(16):
            raise Broken(f"the file ends in the middle of frame {number}")
        kept = unpack(window.data, window.at)[2]
        if kept > MOST_FRAME:
            raise Broken(f"frame {number} has the impossible length {kept}")
        if not window.has(16 + kept):
            raise Broken(f"the file ends in the middle of frame {number}")
        data, at = window.data, window.at
        last = len(data) - 16
        # All that is whole now, at least the one frame that was just looked at.
        while at <= last:
            seconds, fraction, kept, size = unpack(data, at)
            start = at + 16
            end = start + kept
            if end > last + 16 or kept > MOST_FRAME:
                break
            yield _new(Record, (seconds + fraction / rate, link, data, start, end, size))
            number += 1
            at = end
        window.at = at


class _Interface(NamedTuple):
    link: int
    snap: int
    rate: float
    offset: int


def pcapng_records(window: Window) -> Iterator[Record]:
    """The packets of a pcapng file: several interfaces, several sections. Raises Broken."""
    order = "<"
    interfaces: list[_Interface] = []
    number = 0
    while not window.over:
        number += 1
        if not window.has(12):
            raise Broken(f"the file ends in the middle of block {number}")
        if window.data[window.at : window.at + 4] == _PCAPNG:
            magic = window.data[window.at + 8 : window.at + 12]
            if magic not in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a"):
                raise Broken(f"section {number} has no byte order")
            order = ">" if magic == b"\x1a\x2b\x3c\x4d" else "<"
            interfaces = []
        kind, length = struct.unpack_from(f"{order}II", window.data, window.at)
        if length < 12 or length % 4 or length > MOST_FRAME + 4096:
            raise Broken(f"block {number} has the impossible length {length}")
        if not window.has(length):
            raise Broken(f"the file ends in the middle of block {number}")
        data, start = window.data, window.at + 8
        window.at += length
        end = start + length - 12
        try:
            if kind == _INTERFACE:
                interfaces.append(_interface(order, data, start, end))
            elif kind in (_ENHANCED, _PACKET, _SIMPLE):
                yield _packet(order, kind, interfaces, data, start, end)
        except (struct.error, IndexError):
            raise Broken(f"block {number} is damaged") from None


def _interface(order: str, data: bytes, at: int, end: int) -> _Interface:
    link, _, snap = struct.unpack_from(f"{order}HHI", data, at)
    rate, offset = 1e6, 0
    at += 8
    while at + 4 <= end:
        code, size = struct.unpack_from(f"{order}HH", data, at)
        if code == _END_OF_OPTIONS:
            break
        if code == _RESOLUTION:
            exponent = data[at + 4]
            rate = 2.0 ** (exponent & 0x7F) if exponent & 0x80 else 10.0**exponent
        elif code == _OFFSET:
            (offset,) = struct.unpack_from(f"{order}q", data, at + 4)
        at += 4 + size + -size % 4
    return _Interface(link, snap, rate, offset)


def _packet(
    order: str, kind: int, interfaces: list[_Interface], data: bytes, at: int, end: int
) -> Record:
    if kind == _SIMPLE:
        (size,) = struct.unpack_from(f"{order}I", data, at)
        of = interfaces[0]
        kept = min(size, of.snap or size, end - at - 4)
        return Record(0.0, of.link, data, at + 4, at + 4 + kept, size)
    form = "IIIII" if kind == _ENHANCED else "HHIIII"
    numbers = struct.unpack_from(f"{order}{form}", data, at)
    high, low, kept, size = numbers[-4:]
    of = interfaces[numbers[0]]
    if kept > end - at - 20:
        raise struct.error("the packet is longer than its block")
    time = of.offset + (high << 32 | low) / of.rate
    return Record(time, of.link, data, at + 20, at + 20 + kept, size)
