import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.values import wrap
from sipproxy.rpc.cnumbers import (
    double_of_text,
    int32_of_double,
    int32_of_text,
    int64_of_double,
    long_of_text,
    uint64_of_double,
    unsigned_text,
)


@given(st.integers())
def test_wrap_keeps_the_low_bits(number: int) -> None:
    wrapped = wrap(number)
    assert -(1 << 31) <= wrapped < 1 << 31
    assert (wrapped - number) % (1 << 32) == 0


@pytest.mark.parametrize(
    ("number", "result"),
    [
        (2.9, 2),
        (-2.9, -2),
        (2147483647.9, 2147483647),
        (2147483648.0, -2147483648),
        (-2147483648.9, -2147483648),
        (1e300, -2147483648),
        (math.inf, -2147483648),
        (math.nan, -2147483648),
    ],
)
def test_int32_of_double(number: float, result: int) -> None:
    assert int32_of_double(number) == result


@pytest.mark.parametrize(
    ("number", "signed", "unsigned"),
    [
        (2.7, 2, 2),
        (-5.0, -5, (1 << 64) - 5),
        (2.0**63, -(1 << 63), 1 << 63),
        (-(2.0**63), -(1 << 63), 1 << 63),
        (2.0**64, -(1 << 63), 0),
        (math.nan, -(1 << 63), 0),
        (-math.inf, -(1 << 63), 1 << 63),
    ],
)
def test_64_bits_of_double(number: float, signed: int, unsigned: int) -> None:
    assert int64_of_double(number) == signed
    assert uint64_of_double(number) == unsigned


def test_a_negative_int_turns_into_a_huge_string() -> None:
    assert unsigned_text(-1) == "18446744073709551615"
    assert unsigned_text(17) == "17"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("-", 0),
        ("+5", 5),
        ("-5", -5),
        ("007", 7),
        ("2147483647", 2147483647),
        ("-2147483648", -2147483648),
        ("2147483648", None),
        ("-2147483649", None),
        (" 5", None),
        ("5 ", None),
        ("5x", None),
        ("٣", None),
        ("1" * 5000, None),
    ],
)
def test_int32_of_text(text: str, number: int | None) -> None:
    assert int32_of_text(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        (" \t7", 7),
        ("+7", 7),
        ("7 ", None),
        ("0x10", None),
        ("-", None),
        (" ", None),
        ("9" * 30, (1 << 63) - 1),
        ("-" + "9" * 5000, -(1 << 63)),
        ("9" * 5000, (1 << 63) - 1),
    ],
)
def test_long_of_text(text: str, number: int | None) -> None:
    assert long_of_text(text) == number


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("1.5", (1.5, 3)),
        (" -.5e1x", (-5.0, 6)),
        ("1.", (1.0, 2)),
        ("1e", (1.0, 1)),
        ("0x10", (16.0, 4)),
        ("0x1.8p1", (3.0, 7)),
        ("0x", (0.0, 1)),
        ("-0x1p99999", (-math.inf, 10)),
        ("infinite", (math.inf, 3)),
        ("Infinity", (math.inf, 8)),
        ("1e999", (math.inf, 5)),
        (".", None),
        ("word", None),
        ("", None),
    ],
)
def test_double_of_text(text: str, result: tuple[float, int] | None) -> None:
    assert double_of_text(text) == result


def test_not_a_number() -> None:
    result = double_of_text("nan(12)")
    assert result is not None and math.isnan(result[0]) and result[1] == 7


@given(st.text(max_size=12))
def test_no_text_breaks_a_reader(text: str) -> None:
    for read in (int32_of_text, long_of_text):
        number = read(text)
        assert number is None or -(1 << 63) <= number < 1 << 63
    double_of_text(text)
