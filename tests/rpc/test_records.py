import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.rpc.records import (
    BadRecord,
    EndOfPacket,
    Flaw,
    Head,
    MoreData,
    WrongType,
    decode_values,
    encode_value,
    read_head,
)
from sipproxy.rpc.values import NamedArray, Struct, Value

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
PLAIN = st.one_of(
    st.integers(-(1 << 31), (1 << 31) - 1),
    # Thousandths are cut off, as in C: 130.004 arrives as 130.003. Eighths stay what they are.
    st.integers(-(10**12), 10**12).map(lambda eighths: eighths / 8),
    TEXT,
    st.binary(max_size=300),
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(st.tuples(st.none() | TEXT, inner), max_size=4).map(
        lambda members: Struct(tuple(members))
    ),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=5))
def test_round_trip(values: list[Value]) -> None:
    data = b"".join(map(encode_value, values))
    decoded = decode_values(data)
    assert b"".join(map(encode_value, decoded)) == data
    assert all(near(one, other) for one, other in zip(decoded, values, strict=True))


def near(one: Any, other: Any) -> bool:
    """Equal, doubles to a thousandth."""
    if isinstance(other, Struct):
        return isinstance(one, Struct) and all(
            name == other_name and near(value, other_value)
            for (name, value), (other_name, other_value) in zip(
                one.members, other.members, strict=True
            )
        )
    if isinstance(other, float):
        return isinstance(one, float) and math.isclose(one, other, abs_tol=0.0011)
    return type(one) is type(other) and bool(one == other)


@pytest.mark.parametrize(
    ("value", "record"),
    [
        (0, "00"),
        (1, "1001"),
        (256, "200100"),
        (-1, "40ffffffff"),
        (4294967295, "40ffffffff"),
        (4294967296, "62" + (4294967296000).to_bytes(6, "big").hex()),
        (1 << 62, "828000000000000000"),
        (True, "1001"),
        (False, "00"),
        (0.0, "02"),
        (1.5, "2205dc"),
        (-2.5, "82fffffffffffff63c"),
        (math.inf, "828000000000000000"),
        ("", "1100"),
        ("abcdef", "7161626364656600"),
        ("abcdefghi", "910a61626364656667686900"),
        ("x" * 255, "a10100" + "78" * 255 + "00"),
        ("\udcff", "21ff00"),
        (b"abc", "36616263"),
        (None, "910e3c6e756c6c20737472696e673e00"),
        ({}, "0383"),
        ({"name": "k"}, "03556e616d650021" + "6b0083"),
        ([1, "a"], "031001216100" + "83"),
        (Struct((("a", 1), ("a", 2))), "03256100100125610010" + "0283"),
        (NamedArray((("a", {}),)), "03256100038383"),
    ],
)
def test_encode(value: Value, record: str) -> None:
    assert encode_value(value).hex() == record


def test_only_values_are_encoded() -> None:
    with pytest.raises(TypeError, match="cannot hold object"):
        encode_value(object())  # type: ignore[arg-type]


def test_decode_arrays_and_unnamed_members() -> None:
    data = bytes.fromhex("04100184" + "03100221610083")
    assert decode_values(data) == [[1], Struct(((None, 2), (None, "a")))]


def test_an_int_may_have_a_length_field_and_more_bytes_than_fit() -> None:
    assert decode_values(bytes.fromhex("900105")) == [5]
    assert decode_values(bytes.fromhex("500102030405")) == [0x02030405]


@pytest.mark.parametrize(
    ("data", "flaw"),
    [
        ("7161", MoreData),
        ("f1ffffff", MoreData),
        ("03", MoreData),
        ("0325", MoreData),
        ("03256100", EndOfPacket),
        ("83", BadRecord),
        ("84", BadRecord),
        ("0384", BadRecord),
        ("0483", BadRecord),
        ("01", BadRecord),
        ("0325610083", BadRecord),
        ("0325610025620083", BadRecord),
        ("03256100048483", BadRecord),
        ("256100", WrongType),
        ("17ff", WrongType),
        ("03" * 201 + "83" * 201, BadRecord),
    ],
)
def test_flaws(data: str, flaw: type[Flaw]) -> None:
    with pytest.raises(flaw):
        decode_values(bytes.fromhex(data))


def test_deep_nesting_is_read_and_written() -> None:
    data = b"\x03" * 200 + b"\x83" * 200
    (value,) = decode_values(data)
    assert encode_value(value) == data


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        for value in decode_values(data):
            encode_value(value)
    except Flaw:
        pass


def test_head_of_a_string_with_length_field() -> None:
    assert read_head(b"\x91\x02a\0", 0) == Head(1, 2, 4, True)
