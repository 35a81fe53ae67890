"""BINRPC packets, the protocol of the ctl module and kamcmd (Kamailio's modules/ctl/binrpc.h).

A packet is magic 0xA and version 1, type, length of the length, length of the cookie, the length
of the payload, the cookie, and the payload: records. A request holds the method's name and the
arguments, a fault holds code and reason.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from sipproxy.errors import RpcError, SipproxyError
from sipproxy.rpc.arguments import Arguments, Kind, Plain, Unread
from sipproxy.rpc.cnumbers import (
    double_of_text,
    int32_of_double,
    int32_of_text,
    unsigned_text,
)
from sipproxy.rpc.records import (
    EndOfPacket,
    Flaw,
    Head,
    MoreData,
    Type,
    WrongType,
    decode_values,
    double_at,
    encode_value,
    int_at,
    read_head,
    text_at,
)
from sipproxy.rpc.values import Value
from sipproxy.text import decode, encode

MAGIC = 0xA1
LEAST_PACKET = 4
MOST_REQUEST = 65535
"""Kamailio's buffer for requests: a longer one closes the connection."""
MOST_ANSWER = 1 << 26
"""What a client reads at most of one answer; Kamailio sends a whole table as one packet."""
_MOST_REASON = 255


class PacketType(IntEnum):
    """What a packet is."""

    REQUEST = 0
    REPLY = 1
    FAULT = 3


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet; the cookie is the caller's and comes back in the answer."""

    type: PacketType
    cookie: int
    payload: bytes


class BadPacket(SipproxyError):
    """A peer's bytes are no packet or no request; `answer` is the fault to send before closing.

    It is empty for an oversized packet, which Kamailio cuts off without a word.
    """

    def __init__(self, reason: str, answer: bytes = b"") -> None:
        self.answer = answer
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Call:
    """A request: which command, its arguments, and the cookie for the answer."""

    method: str
    arguments: "BinrpcArguments"
    cookie: int


def _refusal(reason: str, cookie: int = 0) -> BadPacket:
    return BadPacket(reason, encode_fault(RpcError(400, reason), cookie))


def read_packet(
    data: bytes, offset: int = 0, most: int = MOST_REQUEST
) -> tuple[Packet, int] | None:
    """The packet at `offset` and where it ends, None while bytes are missing.

    Raises BadPacket for what is no packet, or one of more than `most` bytes.
    """
    if len(data) - offset < LEAST_PACKET:
        return None
    kind = data[offset + 1] >> 4
    if data[offset] != MAGIC or kind not in tuple(PacketType):
        raise _refusal("bad request: corrupted packet")
    length_end = offset + 3 + (data[offset + 1] >> 2 & 3)
    start = length_end + 1 + (data[offset + 1] & 3)
    if len(data) < start:
        return None
    end = start + int.from_bytes(data[offset + 2 : length_end], "big")
    if end - offset > most:
        raise BadPacket(f"a packet of {end - offset} bytes; at most {most} are read")
    if len(data) < end:
        return None
    cookie = int.from_bytes(data[length_end:start], "big")
    return Packet(PacketType(kind), cookie, data[start:end]), end


class PacketReader:
    """Cuts a stream into packets; a client may send several requests without waiting."""

    def __init__(self, most: int = MOST_REQUEST) -> None:
        self._most = most
        self._data = b""

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets complete with these bytes; raises BadPacket where the stream breaks.

        To be consumed to its end before the next bytes are fed.
        """
        self._data += data
        offset = 0
        while found := read_packet(self._data, offset, self._most):
            packet, offset = found
            yield packet
        self._data = self._data[offset:]


def decode_call(packet: Packet) -> Call:
    """The request in a packet; raises BadPacket with Kamailio's words for it."""
    if packet.type is not PacketType.REQUEST:
        raise _refusal("bad request: corrupted packet", packet.cookie)
    try:
        head = read_head(packet.payload, 0)
        if head.type != Type.STRING or head.start == head.end:
            raise WrongType
    except Flaw as flaw:
        raise _refusal(f"bad request method: {flaw}", packet.cookie) from None
    name, _, _ = packet.payload[head.start : head.end].partition(b"\0")
    return Call(decode(name), BinrpcArguments(packet.payload, head.end), packet.cookie)


def decode_answer(packet: Packet) -> list[Value]:
    """The records of a reply; raises RpcError for a fault, BadPacket for anything else."""
    try:
        records = decode_values(packet.payload)
    except Flaw as flaw:
        raise BadPacket(f"bad reply: {flaw}") from None
    match packet.type, records:
        case PacketType.REPLY, _:
            return records
        case PacketType.FAULT, [int(code), str(reason), *_]:
            raise RpcError(code, reason)
    raise BadPacket("not a reply")


def encode_call(method: str, arguments: Iterable[Plain], cookie: int) -> bytes:
    """A request."""
    return _packet(PacketType.REQUEST, cookie, (method, *arguments))


def encode_answer(records: Sequence[Value], cookie: int) -> bytes:
    """A reply with these records; none is legal."""
    return _packet(PacketType.REPLY, cookie, records)


def encode_fault(fault: RpcError, cookie: int) -> bytes:
    """A fault; the reason is cut after 255 bytes, as Kamailio's buffer does."""
    reason = decode(encode(fault.reason)[:_MOST_REASON])
    return _packet(PacketType.FAULT, cookie, (fault.code, reason))


def _packet(kind: PacketType, cookie: int, values: Iterable[Value]) -> bytes:
    payload = b"".join(map(encode_value, values))
    length, mark = _least(len(payload)), _least(cookie)
    head = bytes((MAGIC, kind << 4 | len(length) - 1 << 2 | len(mark) - 1))
    return b"".join((head, length, mark, payload))


def _least(number: int) -> bytes:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")


_TYPE_NAMES: dict[int, str] = {
    Type.INT: "integer",
    Type.STRING: "string",
    Type.DOUBLE: "float",
    Type.STRUCT: "structure",
    Type.ARRAY: "array",
    Type.NAME: "structure member",
    Type.BYTES: "bytes array",
}
_WANTED = {Kind.INT: Type.INT, Kind.STR: Type.STRING, Kind.FLOAT: Type.DOUBLE}


class BinrpcArguments(Arguments):
    """Arguments as records (ctl's rpc_scan); a broken record is met only when it is read."""

    def __init__(self, payload: bytes, offset: int = 0) -> None:
        self._payload = payload
        self._offset = offset
        self._count = 0

    def read(self, kind: Kind, loose: bool = False) -> Plain:
        """See :meth:`Arguments.read`; Unread carries a fault 400 that names the parameter."""
        found = "any" if loose else kind.value
        try:
            head = read_head(self._payload, self._offset)
            if loose:
                found = _type_name(head.type)
            elif head.type != _WANTED[kind]:
                raise WrongType
            value = self._convert(head, kind)
        except Flaw as flaw:
            raise Unread(
                isinstance(flaw, EndOfPacket | MoreData),
                RpcError(
                    400, f"error at parameter {self._count}: expected {found} type but {flaw}"
                ),
            ) from None
        self._offset = head.end
        self._count += 1
        return value

    def unknown_command(self, name: str) -> RpcError:
        """See :meth:`Arguments.unknown_command`."""
        return RpcError(500, f"command {name} not found")

    def _convert(self, head: Head, kind: Kind) -> Plain:
        if kind is Kind.STR and head.type == Type.STRING:  # most are
            return text_at(self._payload, head)
        match head.type, kind:
            case Type.INT, Kind.STR:
                return unsigned_text(int_at(self._payload, head))
            case Type.INT, _:
                number = int_at(self._payload, head)
                return number if kind is Kind.INT else float(number)
            case Type.DOUBLE, Kind.STR:
                raise Flaw("bug -- internal error")
            case Type.DOUBLE, _:
                double = double_at(self._payload, head)
                return int32_of_double(double) if kind is Kind.INT else double
            case Type.STRING, _:
                return _of_text(text_at(self._payload, head), kind)
        raise WrongType


def _of_text(text: str, kind: Kind) -> Plain:
    if kind is Kind.STR:
        return text
    number = int32_of_text(text) if kind is Kind.INT else double_of_text(text)
    if number is None:
        raise WrongType
    return number[0] if isinstance(number, tuple) else number


def _type_name(code: int) -> str:
    return _TYPE_NAMES.get(code, "<unknown/error>")
