from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import RpcError
from sipproxy.rpc.arguments import Kind, Unread
from sipproxy.rpc.binrpc import (
    MOST_ANSWER,
    BadPacket,
    BinrpcArguments,
    Packet,
    PacketReader,
    PacketType,
    decode_answer,
    decode_call,
    encode_answer,
    encode_call,
    encode_fault,
    read_packet,
)
from sipproxy.rpc.records import encode_value
from sipproxy.rpc.values import Struct, Value

Golden = Callable[[str], list[dict[str, Any]]]
NAMES = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=30)
COOKIES = st.integers(0, (1 << 32) - 1)
ARGUMENTS = st.lists(st.integers(-(1 << 31), (1 << 31) - 1) | NAMES, max_size=5)


def arguments(*values: Value) -> BinrpcArguments:
    return BinrpcArguments(b"".join(map(encode_value, values)))


def packet_of(data: bytes) -> Packet:
    found = read_packet(data)
    assert found is not None and found[1] == len(data)
    return found[0]


def test_examples_of_the_protocol() -> None:
    request = "a1030f6831242591 0d636f72652e76657273696f6e00"
    assert encode_call("core.version", (), 0x68312425).hex() == request.replace(" ", "")
    reply = encode_answer(["kamailio 5.6.3 (x86_64/linux) "], 0x68312425)
    assert reply.hex().startswith("a113216831242591 1f".replace(" ", ""))
    fault = encode_fault(RpcError(500, "Key name doesn't exist in htable."), 0x5D0B18)
    assert fault.hex().startswith("a132275d0b182001f49122")


def test_answers_are_written_as_kamailio_wrote_them(golden: Golden) -> None:
    for row in golden("kamcmd"):
        packet = packet_of(bytes.fromhex(row["answer"]))
        try:
            ours = encode_answer(decode_answer(packet), packet.cookie)
        except RpcError as fault:
            ours = encode_fault(fault, packet.cookie)
        assert ours.hex() == row["answer"], row["command"]


@given(NAMES, ARGUMENTS, COOKIES)
def test_a_call_survives(method: str, values: list[int | str], cookie: int) -> None:
    call = decode_call(packet_of(encode_call(method, values, cookie)))
    assert (call.method, call.cookie) == (method, cookie)
    for value in values:
        assert call.arguments.read(Kind.INT if isinstance(value, int) else Kind.STR) == value
    with pytest.raises(Unread) as end:
        call.arguments.read(Kind.STR, loose=True)
    assert end.value.absent


@given(st.lists(st.tuples(NAMES, COOKIES), max_size=6), st.lists(st.integers(1, 40), min_size=1))
def test_a_stream_may_be_cut_anywhere(calls: list[tuple[str, int]], cuts: list[int]) -> None:
    data = b"".join(encode_call(name, (name,), cookie) for name, cookie in calls)
    reader, got = PacketReader(), []
    while data:
        for size in cuts:
            got += [decode_call(packet) for packet in reader.feed(data[:size])]
            data = data[size:]
    assert [(call.method, call.cookie) for call in got] == calls


@given(st.binary(max_size=40))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        for packet in PacketReader().feed(data):
            decode_call(packet)
    except BadPacket as bad:
        assert bad.answer == b"" or packet_of(bad.answer).type is PacketType.FAULT


def test_a_request_of_exactly_the_limit_is_read() -> None:
    call = encode_call("m", ["x" * 100], 1)
    assert list(PacketReader(len(call)).feed(call))
    with pytest.raises(BadPacket, match="at most"):
        list(PacketReader(len(call) - 1).feed(call))


def test_a_length_beyond_the_limit_is_refused_before_it_came() -> None:
    with pytest.raises(BadPacket) as bad:
        list(PacketReader().feed(bytes.fromhex("a10c7fffffff01")))
    assert bad.value.answer == b""


def test_an_answer_may_be_longer_than_a_request() -> None:
    data = encode_answer(["x" * 110_000], 5)
    found = read_packet(data, most=MOST_ANSWER)
    assert found is not None and decode_answer(found[0]) == ["x" * 110_000]


def test_a_fault_is_cut_after_255_bytes() -> None:
    with pytest.raises(RpcError) as fault:
        decode_answer(packet_of(encode_fault(RpcError(500, "ä" * 200), 1)))
    assert fault.value.reason == "ä" * 127 + "\udcc3"


@pytest.mark.parametrize(
    "packet",
    [
        Packet(PacketType.REQUEST, 1, b"\x21a\0"),
        Packet(PacketType.FAULT, 1, b"\x21a\0"),
        Packet(PacketType.REPLY, 1, b"\x71"),
        Packet(PacketType.FAULT, 1, b""),
    ],
)
def test_bad_answers(packet: Packet) -> None:
    with pytest.raises(BadPacket):
        decode_answer(packet)


@pytest.mark.parametrize(
    ("value", "kind", "result"),
    [
        ("17", Kind.INT, 17),
        ("", Kind.INT, 0),
        (2.9, Kind.INT, 2),
        (1e12, Kind.INT, -2147483648),
        (17, Kind.STR, "17"),
        (-3, Kind.STR, "18446744073709551613"),
        ("1.5x", Kind.FLOAT, 1.5),
        (3, Kind.FLOAT, 3.0),
        (2.5, Kind.FLOAT, 2.5),
    ],
)
def test_loose_reading(value: Value, kind: Kind, result: int | float | str) -> None:
    assert arguments(value).read(kind, loose=True) == result


@pytest.mark.parametrize(
    ("value", "kind", "loose", "expected", "flaw"),
    [
        (5, Kind.STR, False, "string", "record doesn't match type"),
        ("5", Kind.INT, False, "integer", "record doesn't match type"),
        (2.5, Kind.INT, False, "integer", "record doesn't match type"),
        (5, Kind.FLOAT, False, "float", "record doesn't match type"),
        ("5", Kind.FLOAT, False, "float", "record doesn't match type"),
        ("word", Kind.INT, True, "string", "record doesn't match type"),
        ("word", Kind.FLOAT, True, "string", "record doesn't match type"),
        (2.5, Kind.STR, True, "float", "bug -- internal error"),
        (b"x", Kind.STR, True, "bytes array", "record doesn't match type"),
        (Struct(()), Kind.STR, True, "structure", "record doesn't match type"),
    ],
)
def test_unread(value: Value, kind: Kind, loose: bool, expected: str, flaw: str) -> None:
    reading = arguments("first", value)
    reading.read(Kind.STR)
    with pytest.raises(Unread) as unread:
        reading.read(kind, loose)
    assert not unread.value.absent
    text = f"error at parameter 1: expected {expected} type but {flaw}"
    assert unread.value.fault is not None and unread.value.fault.reason == text


def test_an_argument_that_was_not_read_stays() -> None:
    reading = arguments("x")
    with pytest.raises(Unread):
        reading.read(Kind.INT)
    assert reading.read(Kind.STR) == "x"
