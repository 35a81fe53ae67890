"""BINRPC records: the typed values inside a packet (Kamailio's modules/ctl/binrpc.h).

The first byte of a record holds a size (high 4 bits) and a type (low 4 bits). A size with its top
bit set says how many bytes of length follow; for a struct or array that bit marks the end.
"""

from dataclasses import dataclass
from enum import IntEnum

from sipproxy.core.values import INT_MIN, wrap
from sipproxy.errors import SipproxyError
from sipproxy.rpc.cnumbers import int64_of_double
from sipproxy.rpc.values import Member, Struct, Value, members_of
from sipproxy.text import decode, encode

NULL_TEXT = "<null string>"
_MOST_DEPTH = 200
_UINT64 = 1 << 64


class Type(IntEnum):
    """The record types."""

    INT = 0
    STRING = 1
    DOUBLE = 2
    STRUCT = 3
    ARRAY = 4
    NAME = 5
    BYTES = 6


_HEADS = {
    kind: [bytes((size << 4 | kind,)) for size in range(8)]
    for kind in (Type.STRING, Type.NAME, Type.BYTES)
}


class Flaw(SipproxyError):
    """A record cannot be read; the text is Kamailio's own."""


class EndOfPacket(Flaw):
    """There is no further record."""

    def __init__(self) -> None:
        super().__init__("end of packet encountered")


class MoreData(Flaw):
    """A record is longer than its packet."""

    def __init__(self) -> None:
        super().__init__("more data needed")


class WrongType(Flaw):
    """A record has another type than was asked for."""

    def __init__(self) -> None:
        super().__init__("record doesn't match type")


class BadRecord(Flaw):
    """A record that may not stand where it stands."""

    def __init__(self) -> None:
        super().__init__("bad record")


@dataclass(frozen=True, slots=True)
class Head:
    """The first bytes of a record: type code, where its value starts and ends, whether an end."""

    type: int
    start: int
    end: int
    closes: bool


def read_head(data: bytes, offset: int) -> Head:
    """The head of the record at `offset`; raises EndOfPacket, or MoreData when it is cut."""
    if offset >= len(data):
        raise EndOfPacket
    kind, size = data[offset] & 0xF, data[offset] >> 4
    start = offset + 1
    marked = kind != Type.DOUBLE and size >= 8
    if marked:
        width = size & 7
        size = int.from_bytes(data[start : start + width], "big")
        start += width
    if start + size > len(data):
        raise MoreData
    return Head(kind, start, start + size, marked)


def int_at(data: bytes, head: Head) -> int:
    """The value of an int record: the low 32 bits, signed."""
    return wrap(int.from_bytes(data[head.start : head.end], "big"))


def double_at(data: bytes, head: Head) -> float:
    """The value of a double record: thousandths, the low 64 bits, signed."""
    low = int.from_bytes(data[head.start : head.end], "big") % _UINT64
    return (low - _UINT64 if low >> 63 else low) / 1000


def text_at(data: bytes, head: Head) -> str:
    """The value of a string or name record, without its closing zero; raises BadRecord."""
    if head.start == head.end:
        raise BadRecord
    return decode(data[head.start : head.end - 1])


def decode_values(data: bytes) -> list[Value]:
    """All records of a reply or fault; raises Flaw.

    Structs and arrays come as :class:`Struct` and list; values in a struct may be unnamed.
    """
    open_ones: list[tuple[str | None, Type, list[Member]]] = []
    members: list[Member] = []
    offset = 0
    while offset < len(data):
        name = None
        head = read_head(data, offset)
        if head.type == Type.NAME and open_ones and open_ones[-1][1] is Type.STRUCT:
            name = text_at(data, head)
            head = read_head(data, head.end)
            if head.type in (Type.NAME, Type.ARRAY) or (head.type == Type.STRUCT and head.closes):
                raise BadRecord
        if head.type not in (Type.STRUCT, Type.ARRAY):
            members.append((name, _plain_at(data, head)))
            offset = head.end
            continue
        offset = head.start
        if not head.closes:
            if len(open_ones) == _MOST_DEPTH:
                raise BadRecord
            open_ones.append((name, Type(head.type), members))
            members = []
            continue
        if not open_ones or open_ones[-1][1] != head.type:
            raise BadRecord
        name, kind, outer = open_ones.pop()
        outer.append((name, _container(kind, members)))
        members = outer
    if open_ones:
        raise MoreData
    return [value for _, value in members]


def _plain_at(data: bytes, head: Head) -> Value:
    match head.type:
        case Type.INT:
            return int_at(data, head)
        case Type.STRING:
            return text_at(data, head)
        case Type.DOUBLE:
            return double_at(data, head)
        case Type.BYTES:
            return data[head.start : head.end]
        case _:
            raise WrongType


def _container(kind: Type, members: list[Member]) -> Value:
    if kind is Type.STRUCT:
        return Struct(tuple(members))
    return [value for _, value in members]


def encode_value(value: Value) -> bytes:
    """One value as a record, containers as structs."""
    parts: list[bytes] = []
    _append(parts, value)
    return b"".join(parts)


def _append(parts: list[bytes], value: Value) -> None:
    # Plain values first: a dump of a large table is thousands of them.
    if isinstance(value, str):
        parts += _sized(Type.STRING, encode(value) + b"\0")
    elif isinstance(value, int):
        parts.append(_encode_int(value))
    elif isinstance(value, float):
        parts.append(_number(Type.DOUBLE, int64_of_double(value * 1000) % _UINT64))
    elif value is None:
        parts += _sized(Type.STRING, encode(NULL_TEXT) + b"\0")
    elif isinstance(value, bytes):
        parts += _sized(Type.BYTES, value)
    else:
        _append_members(parts, value)


def _append_members(parts: list[bytes], value: Value) -> None:
    members = members_of(value)
    if members is None:
        raise TypeError(f"an RPC answer cannot hold {type(value).__name__}")
    parts.append(b"\x03")
    for name, item in members:
        if name is not None:
            parts += _sized(Type.NAME, encode(name) + b"\0")
        _append(parts, item)
    parts.append(b"\x83")


def _encode_int(number: int) -> bytes:
    if not INT_MIN <= number < 1 << 32:
        return _number(Type.DOUBLE, _clamped(number * 1000))
    return _number(Type.INT, number & 0xFFFFFFFF)


def _clamped(number: int) -> int:
    return number % _UINT64 if -(1 << 63) <= number < 1 << 63 else 1 << 63


def _number(kind: Type, number: int) -> bytes:
    size = (number.bit_length() + 7) // 8
    return bytes((size << 4 | kind,)) + number.to_bytes(size, "big")


def _sized(kind: Type, value: bytes) -> tuple[bytes, bytes]:
    size = len(value)
    if size < 8:
        return _HEADS[kind][size], value
    width = (size.bit_length() + 7) // 8
    return bytes(((8 | width) << 4 | kind,)) + size.to_bytes(width, "big"), value
