"""A capture file as the SIP messages, and other datagrams, that it holds."""

import struct
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from sipproxy.core.flow import Address
from sipproxy.errors import MessageError
from sipproxy.replay.ip import TCP, Network, Payload
from sipproxy.replay.links import IPV4, Unreadable, network
from sipproxy.replay.records import Record, RecordFile
from sipproxy.replay.streams import Streams
from sipproxy.replay.wrapped import HEP3, open_hep, undumped

_ETHERNET = 1
_PLAIN = struct.Struct(">12xHBxH2xHxB2x4s4sHHH").unpack_from
"""Ethernet, IPv4 without options, UDP: what nearly every frame is."""
_PLAIN_SIZE = 42
_UDP = struct.Struct(">HHH").unpack_from


class Datagram(NamedTuple):
    """A UDP datagram of a capture, or one message of a TCP connection; empty data is its end."""

    source: Address
    dest: Address
    data: bytes
    proto: str = "udp"


class Packet(NamedTuple):
    """A datagram, the frame that completed it (from 1, as Wireshark counts), its Unix time."""

    number: int
    time: float
    datagram: Datagram


_new = tuple.__new__
"""Makes a NamedTuple in half the time."""


class Capture:
    """A capture file. Iterating gives its datagrams and counts what else there was.

    Memory follows fragments and streams that are not whole, not the file.
    """

    def __init__(self, path: str) -> None:
        """Look at the start of the file; raises CaptureError."""
        self.path = path
        self.frames = 0
        self.unread: Counter[str] = Counter()
        """Why frames gave nothing, with how many."""
        self._records = RecordFile(path)
        self._network = Network()
        self._streams = Streams()

    @property
    def broken(self) -> str:
        """What is wrong with the file itself, such as an end in mid-frame; empty when nothing."""
        return self._records.broken

    def __iter__(self) -> Iterator[Packet]:
        self.frames = 0
        self.unread.clear()
        self._network, self._streams = Network(), Streams()
        yield from self._dumped() if self._records.is_dump else self._framed()

    def _dumped(self) -> Iterator[Packet]:
        for found in self._records.messages():
            self.frames += 1
            if isinstance(found, str):
                self.unread[found] += 1
            else:
                message = Datagram(found.source, found.dest, found.data, found.proto)
                yield Packet(self.frames, found.time, message)

    def _framed(self) -> Iterator[Packet]:
        addresses = self._network.addresses
        number = 0
        for record in self._records:
            number += 1
            self.frames = number
            time, link, data, start, end, _ = record
            if link == _ETHERNET and end - start >= _PLAIN_SIZE:
                kind, version, size, fragment, protocol, source, dest, sport, dport, length = (
                    _PLAIN(data, start)
                )
                last = start + 34 + length
                if (
                    protocol == 17
                    and kind == IPV4
                    and version == 0x45
                    and not fragment & 0x3FFF
                    and 8 <= length == size - 20
                    and last <= end
                    and data[start + 42 : start + 46] != HEP3
                ):
                    body = data[start + 42 : last]
                    proto = "udp"
                    if b"\nP-KSR-SIPDump: " in body:
                        proto, body = undumped(body)
                    one, other = (addresses[source], sport), (addresses[dest], dport)
                    datagram = _new(Datagram, (one, other, body, proto))
                    yield _new(Packet, (number, time, datagram))
                    continue
            yield from self._any(number, record)
        self._account()

    def _any(self, number: int, record: Record) -> Iterator[Packet]:
        """Whatever a frame completes; the reason is counted if it is nothing."""
        try:
            frame = record.data[record.start : record.end]  # what is behind it is another's
            place, at = network(record.link, frame, 0)
            found = self._network.open(place, record.time, frame, at, len(frame))
            if found is None:
                return
            if found.protocol == TCP:
                for (source, dest), message in self._streams.take(*found[1:]):
                    yield Packet(number, record.time, Datagram(source, dest, message, "tcp"))
            else:
                yield _datagram(number, record.time, found)
        except Unreadable as reason:
            self._count(record, str(reason))
        except (struct.error, IndexError):
            self._count(record, "frame cut off")
        except MessageError as error:
            self.unread[error.reason] += 1

    def _count(self, record: Record, reason: str) -> None:
        if record.end - record.start < record.size and reason.endswith("cut off"):
            reason = "frame cut off by the capture's snap length"
        self.unread[reason] += 1

    def _account(self) -> None:
        """Say at the end what was never whole."""
        fragments = self._network.fragments
        lost = fragments.lost + len(fragments)
        if lost:
            self.unread["datagram with a fragment missing"] += lost
        if self._streams.unfinished:
            self.unread["TCP stream with a part missing"] += self._streams.unfinished


def _datagram(number: int, time: float, found: Payload) -> Packet:
    source, dest, size = _UDP(found.data, found.start)
    end = found.start + size if size else found.end
    if end > found.end or 0 < size < 8:
        raise Unreadable("datagram cut off")
    data = found.data[found.start + 8 : end]
    if data.startswith(HEP3):
        inner = open_hep(data)
        unwrapped = Datagram(inner.source, inner.dest, inner.data, inner.proto)
        return Packet(number, inner.time, unwrapped)
    proto, data = undumped(data)
    ends = (found.source, source), (found.dest, dest)
    return Packet(number, time, Datagram(*ends, data, proto))
