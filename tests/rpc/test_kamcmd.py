from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.errors import RpcError
from sipproxy.rpc.binrpc import decode_answer, encode_call, read_packet
from sipproxy.rpc.kamcmd import format_answer, format_fault, parse_argument
from sipproxy.rpc.values import NamedArray, Struct, Value

Golden = Callable[[str], list[dict[str, Any]]]


def test_sends_what_kamcmd_sent(golden: Golden) -> None:
    for row in golden("kamcmd"):
        request = bytes.fromhex(row["request"])
        found = read_packet(request)
        assert found is not None
        method, *words = row["command"]
        ours = encode_call(method, map(parse_argument, words), found[0].cookie)
        assert ours.hex() == row["request"], row["command"]


def test_prints_what_kamcmd_printed(golden: Golden) -> None:
    for row in golden("kamcmd"):
        found = read_packet(bytes.fromhex(row["answer"]))
        assert found is not None
        try:
            printed = format_answer(decode_answer(found[0]))
        except RpcError as fault:
            printed = format_fault(fault)
        assert printed == row["printed"], row["command"]


@pytest.mark.parametrize(
    ("word", "sent"),
    [
        ("T", "T"),
        ("s:999", "999"),
        ("s:s:1", "s:1"),
        ("s:", ""),
        ("", 0),
        ("17", 17),
        ("-3", -3),
        ("1.5", 1.5),
        ("1.5x", "1.5x"),
        ("4294967297", 1),
        ("99999999999999999999", -1),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_parse_argument(word: str, sent: int | float | str) -> None:
    assert parse_argument(word) == sent
    assert type(parse_argument(word)) is type(sent)


@pytest.mark.parametrize(
    ("record", "printed"),
    [
        ("two\nlines", "two\nlines\n"),
        ("cut\0here", "cut\n"),
        (b"raw", "raw\n"),
        (True, "1\n"),
        (4294967295, "-1\n"),
        (5000000000, "5000000000\n"),
        (2.0, "2\n"),
        (0.5, "0.500000\n"),
        (None, "<null string>\n"),
        ({}, "{\n}\n"),
        ({"a": [1, {"b": 2}]}, "{\n\ta: {\n\t\t1\n\t\t{\n\t\t\tb: 2\n\t\t}\n\t}\n}\n"),
        (NamedArray((("x", 1), ("x", 2))), "{\n\tx: 1\n\tx: 2\n}\n"),
        (Struct(((None, 1), ("", 2))), "{\n\t1\n\t: 2\n}\n"),
    ],
)
def test_format_answer(record: Value, printed: str) -> None:
    assert format_answer([record]) == printed


def test_format_infinity() -> None:
    assert format_answer([float("inf")]) == "inf\n"


def test_format_fault() -> None:
    assert format_fault(RpcError(500, "No such htable")) == "error: 500 - No such htable\n"
