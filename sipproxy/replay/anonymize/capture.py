"""A capture written anew: a packet for each message, with other addresses, names and checksums."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sipproxy.core.flow import Address
from sipproxy.replay.anonymize.addresses import Addresses
from sipproxy.replay.anonymize.key import Key
from sipproxy.replay.anonymize.message import Messages
from sipproxy.replay.anonymize.names import Names
from sipproxy.replay.capture import Capture, Datagram
from sipproxy.replay.glance import is_request
from sipproxy.replay.pcap import PcapWriter

_MOST_DATAGRAM = 65_000
_MOST_SEGMENT = 1400
_MOST_FLOWS = 100_000
_FILL = b"x"


@dataclass(slots=True)
class Account:
    """What was written, and what was not."""

    messages: int = 0
    keepalives: int = 0
    filled: int = 0
    """Messages that were not understood: as many bytes of `x` stand in their place."""
    other: int = 0
    """Datagrams that are no SIP; left out."""
    bodies: int = 0
    headers: Counter[str] = field(default_factory=Counter)
    """Headers that were left out, by name."""
    unread: Counter[str] = field(default_factory=Counter)
    broken: str = ""
    asked: Counter[Address] = field(default_factory=Counter)
    """Where requests go now, with how many."""


def anonymize(path: str, out: str, *, key: bytes, keep: Iterable[str] = ()) -> Account:
    """Write a capture without the people in it. Raises CaptureError.

    `key` decides how everything is mapped: the same key maps the same to the same in every capture.
    `keep` are domains that stay.
    """
    secret = Key(key)
    addresses = Addresses(secret)
    messages = Messages(Names(secret, addresses, keep))
    capture, account = Capture(path), Account()
    with PcapWriter(out) as writer:
        flows = Flows(writer)
        for packet in capture:
            found = packet.datagram
            data = _data(found, messages, account)
            if data is None:
                continue
            (host, port), (to, to_port) = found.source, found.dest
            ends = (addresses.map(host), port), (addresses.map(to), to_port)
            if is_request(data):
                account.asked[ends[1]] += 1
            if found.proto == "udp" and len(data) <= _MOST_DATAGRAM:
                writer.add(packet.time, *ends, data)
            else:
                flows.add(packet.time, *ends, data)
    account.bodies, account.headers = messages.bodies, messages.left_out
    account.unread, account.broken = capture.unread, capture.broken
    return account


def _data(found: Datagram, messages: Messages, account: Account) -> bytes | None:
    """What is written in the place of some data; None for nothing."""
    data = found.data
    if not data.strip(b"\r\n\0 \t"):
        account.keepalives += 1
        return data
    if b"SIP/2.0" not in data:
        account.other += 1
        return None
    written = messages.anonymous(data)
    if written is None:
        account.filled += 1
        return None if found.proto != "udp" else _FILL * min(len(data), _MOST_DATAGRAM)
    account.messages += 1
    return written


class Flows:
    """Connections of what is written: each message in segments that follow one another."""

    def __init__(self, writer: PcapWriter) -> None:
        self._writer = writer
        self._next: dict[tuple[Address, Address], int] = {}

    def add(self, time: float, source: Address, dest: Address, data: bytes) -> None:
        """One message of a connection."""
        if len(self._next) >= _MOST_FLOWS:
            self._next.clear()
        number = self._next.get((source, dest), 1)
        other = self._next.setdefault((dest, source), 1)
        for at in range(0, len(data), _MOST_SEGMENT):
            piece = data[at : at + _MOST_SEGMENT]
            self._writer.add_segment(time, source, dest, piece, number, other)
            number = (number + len(piece)) % (1 << 32)
        self._next[source, dest] = number
