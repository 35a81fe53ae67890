"""TCP connections of a capture: segments put in order, messages framed (RFC 9293)."""

import re
import struct
from collections.abc import Iterator

from sipproxy.core.flow import Address
from sipproxy.errors import MessageError
from sipproxy.sip.framing import Framer

_HEADER = struct.Struct(">HHIIBB").unpack_from
_FIN, _SYN, _RST, _ACK = 1, 2, 4, 16
_START = re.compile(rb"SIP/2\.0 \d{3} |[A-Z]{2,20} \S+ SIP/2\.0\r?\n")
_MAYBE_START = re.compile(rb"[A-Z][^\0-\x1f]{,4096}\r?\Z")
_BETWEEN = b"\r\n\0"
_MOST_MESSAGE = 1 << 20
_MOST_AHEAD = 1 << 20
"""Bytes kept of one stream that came before those in front of them."""
_WRAP = 1 << 32

End = tuple[Address, Address]


class Stream:
    """One direction of a connection."""

    __slots__ = ("_ahead", "_framer", "_size_ahead", "_start", "next")

    def __init__(self) -> None:
        self.next: int | None = None
        """Sequence number of the next byte; None before anything was seen."""
        self._framer: Framer | None = None
        self._start = b""
        """What came where a message should begin, while its first line is not whole."""
        self._ahead: dict[int, bytes] = {}
        self._size_ahead = 0

    @property
    def waiting(self) -> bool:
        """Whether a message, or what lies before one, is missing in part."""
        half = self._framer.half if self._framer is not None else len(self._start)
        return bool(self._ahead) or half > 0

    def begin(self, number: int) -> None:
        """A SYN: everything before it belongs to an older connection."""
        self.next = number
        self._framer = None
        self._start = b""
        self._ahead.clear()
        self._size_ahead = 0

    def take(self, number: int, data: bytes) -> Iterator[bytes]:
        """Take a segment; the messages that are whole now. Raises MessageError for no SIP."""
        if self.next is None:
            self.next = number
        gap = _distance(self.next, number)
        if gap > 0:
            if self._size_ahead + len(data) > _MOST_AHEAD:
                yield from self.resume()
            elif number not in self._ahead or len(self._ahead[number]) < len(data):
                self._size_ahead += len(data) - len(self._ahead.get(number, b""))
                self._ahead[number] = data
            return
        yield from self._in_order(data[-gap:] if gap else data)
        yield from self._follow()

    def resume(self) -> Iterator[bytes]:
        """What is missing will not come: go on behind it, where a message begins."""
        self._framer = None
        self._start = b""
        if self._ahead:
            assert self.next is not None
            here = self.next
            self.next = min(self._ahead, key=lambda number: _distance(here, number))
            yield from self._follow()

    def _follow(self) -> Iterator[bytes]:
        """Take the segments that wait, as far as they are in order now."""
        assert self.next is not None
        while self._ahead:
            ready = [n for n in self._ahead if _distance(self.next, n) <= 0]
            if not ready:
                return
            for number in sorted(ready, key=lambda n: _distance(ready[0], n)):
                data = self._ahead.pop(number)
                self._size_ahead -= len(data)
                skip = -_distance(self.next, number)
                yield from self._in_order(data[skip:])

    def _in_order(self, data: bytes) -> Iterator[bytes]:
        if not data:
            return
        assert self.next is not None
        self.next = (self.next + len(data)) % _WRAP
        if self._framer is None:
            data, self._start = (self._start + data).lstrip(_BETWEEN), b""
            if not data:
                return
            if b"\n" not in data and _MAYBE_START.match(data):
                self._start = data
                return
            if not _START.match(data):
                raise MessageError("TCP without SIP")
            self._framer = Framer(_MOST_MESSAGE)
        try:
            yield from self._framer.feed(data)
        except MessageError:
            self._framer = None
            raise


class Streams:
    """All TCP connections of a capture; a bounded number, the quietest go first."""

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._streams: dict[End, Stream] = {}
        self._talked: dict[End, None] = {}
        """Connections that carried a message, by who spoke first."""

    @property
    def unfinished(self) -> int:
        """Streams that miss a part of a message."""
        return sum(stream.waiting for stream in self._streams.values())

    def take(
        self, source: str, dest: str, data: bytes, start: int, end: int
    ) -> Iterator[tuple[End, bytes]]:
        """Take a segment: (source and destination, message) of each message it completes.

        An empty message is the end of a connection that carried others, however it was closed.
        Raises MessageError for what is no SIP, struct.error for a cut header.
        """
        from_port, to_port, number, _, offset, flags = _HEADER(data, start)
        key: End = ((source, from_port), (dest, to_port))
        stream = self._streams.pop(key, None)
        if stream is None:
            if len(self._streams) >= self._most:
                del self._streams[next(iter(self._streams))]
            stream = Stream()
        self._streams[key] = stream
        if flags & _SYN:
            if not flags & _ACK:
                yield from self._end(key)
            stream.begin((number + 1) % _WRAP)
        payload = data[start + (offset >> 4) * 4 : end]
        if payload:
            for message in stream.take(number, payload):
                self._talk(key)
                yield key, message
        if flags & (_FIN | _RST):
            for message in stream.resume():
                self._talk(key)
                yield key, message
            del self._streams[key]
            yield from self._end(key)

    def _talk(self, key: End) -> None:
        if key not in self._talked and key[::-1] not in self._talked:
            if len(self._talked) >= self._most:
                del self._talked[next(iter(self._talked))]
            self._talked[key] = None

    def _end(self, key: End) -> Iterator[tuple[End, bytes]]:
        for end in (key, key[::-1]):
            if end in self._talked:
                del self._talked[end]
                yield key, b""


def _distance(here: int, there: int) -> int:
    """How far `there` is behind `here` in sequence numbers, which wrap; negative for before."""
    return (there - here + (_WRAP >> 1)) % _WRAP - (_WRAP >> 1)
