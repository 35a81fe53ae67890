"""The frames of requests that were blocked, as they were captured: `-w blocked.pcap`."""

import struct
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sipproxy.core.host import Host
from sipproxy.errors import MessageError
from sipproxy.replay.capture import Capture
from sipproxy.replay.ip import TCP, Datagrams, Network, Payload
from sipproxy.replay.links import Unreadable, network
from sipproxy.replay.pcap import RAW_IP, ip_packet
from sipproxy.replay.pcapng import PcapngWriter
from sipproxy.replay.player import Player
from sipproxy.replay.records import Record, RecordFile
from sipproxy.replay.streams import Streams
from sipproxy.replay.verdicts import DROPPED, Decision

_MOST_REASONS = 65_000
_MOST_PARTS = 64
"""Frames that are kept until a message is whole."""
_MOST_OPEN = 2048


class Frame(NamedTuple):
    """A frame as it was captured; `size` is its length on the wire."""

    time: float
    link: int
    data: bytes
    size: int


class BlockedFrames:
    """Notes the frames of blocked requests; afterwards they are looked up in the captures."""

    def __init__(self) -> None:
        self._reasons: list[str] = [""]
        self._numbers: dict[str, int] = {}
        self._marks: dict[int, array[int]] = {}
        """For each capture, by frame number, the reason's number; 0 for frames not blocked."""

    def arrange(self, host: Host) -> None:
        """Nothing is asked of the proxy."""

    def begin(self, player: Player) -> None:
        """Nothing is looked at beforehand."""

    def take(self, decision: Decision, blocked: bool) -> None:
        """Note a blocked request."""
        if not blocked:
            return
        marks = self._marks.setdefault(decision.capture, array("H"))
        if len(marks) <= decision.packet:
            marks.extend(bytes(2 * (decision.packet + 1 - len(marks))))
        what = "dropped" if decision.verdict == DROPPED else str(decision.status)
        reason = f"{what} by {decision.line}" if decision.line else what
        number = self._numbers.get(reason)
        if number is None:
            if len(self._reasons) < _MOST_REASONS:
                self._reasons.append(reason)
            number = self._numbers[reason] = len(self._reasons) - 1
        marks[decision.packet] = number

    def write(self, path: str, captures: Sequence[Capture]) -> int:
        """Write them as pcapng, each with what blocked it as a comment; how many frames.

        Raises CaptureError.
        """
        count = 0
        with PcapngWriter(path) as writer:
            for number, capture in enumerate(captures):
                marks = self._marks.get(number, ())
                for at, frames in _messages(capture.path):
                    if at >= len(marks) or not marks[at]:
                        continue
                    for frame in frames:
                        writer.add(*frame, comment=self._reasons[marks[at]])
                        count += 1
        return count


def _messages(path: str) -> Iterator[tuple[int, list[Frame]]]:
    """Each frame's number, with the frames that its message consists of, itself the last."""
    file = RecordFile(path)
    if not file.is_dump:
        parts = Parts()
        for number, record in enumerate(file, 1):
            yield number, parts.take(record)
        return
    for number, found in enumerate(file.messages(), 1):
        if not isinstance(found, str):
            data = ip_packet(found.source, found.dest, found.data)
            yield number, [Frame(found.time, RAW_IP, data, len(data))]


class _Noted(Datagrams):
    """Fragments, with a note of which datagram the last one belongs to."""

    _key: tuple[object, ...] | None = None

    def last(self) -> tuple[object, ...] | None:
        """The datagram of the fragment that came since this was asked before."""
        key, self._key = self._key, None
        return key

    def add(
        self, key: tuple[object, ...], time: float, offset: int, more: bool, piece: bytes
    ) -> bytes | None:
        self._key = key
        return super().add(key, time, offset, more, piece)


class Parts:
    """Frames of datagrams and TCP streams that are not whole yet; a bounded number of each."""

    def __init__(self) -> None:
        self._network = Network()
        self._network.fragments = self._fragments = _Noted()
        self._streams = Streams()
        self._open: dict[object, list[Frame]] = {}

    def take(self, record: Record) -> list[Frame]:
        """The frames of the message that this one ends, if it ends one; itself at least."""
        frame = Frame(record.time, record.link, record.data[record.start : record.end], record.size)
        try:
            kind, at = network(record.link, frame.data, 0)
            found = self._network.open(kind, record.time, frame.data, at, len(frame.data))
        except (Unreadable, struct.error, IndexError):
            return [frame]
        frames = [frame]
        key = self._fragments.last()
        if key is not None:
            frames = self._with(key, frame)
            if found is not None:
                del self._open[key]
        if found is None or found.protocol != TCP:
            return frames
        flow = found.source, found.dest, found.data[found.start : found.start + 4]
        if _has_payload(found):
            frames = self._with(flow, *frames)
        try:
            whole = sum(1 for _ in self._streams.take(*found[1:]))
        except (MessageError, struct.error, IndexError):
            whole = 1
        if whole:
            self._open[flow] = [frame]  # its end may begin the next message
        return frames

    def _with(self, key: object, *frames: Frame) -> list[Frame]:
        """What stands there already, and these."""
        before = self._open.pop(key, [])
        if len(self._open) >= _MOST_OPEN:
            del self._open[next(iter(self._open))]
        kept = self._open[key] = [*before, *frames][-_MOST_PARTS:]
        return list(kept)


def _has_payload(found: Payload) -> bool:
    """Whether a TCP segment carries more than its header."""
    at = found.start + 12
    return at < found.end and found.start + (found.data[at] >> 4) * 4 < found.end
