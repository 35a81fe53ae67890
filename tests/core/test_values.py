"""The value rules, by hand, by property, and against what a real Kamailio answered."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core import values
from sipproxy.core.values import EvalError, Value

GOLDEN = json.loads(
    Path(__file__).parents[1].joinpath("fidelity", "expressions.json").read_text(encoding="utf-8")
)

ints32 = st.integers(values.INT_MIN, values.INT_MAX)
any_value = st.one_of(st.none(), ints32, st.text(max_size=12), st.from_regex(r"[-+]?[0-9]{1,12}"))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("+", 0),
        ("-", 0),
        ("-0", 0),
        ("+5", 5),
        ("-5", -5),
        (" 5", 0),
        ("5 ", 0),
        ("12abc", 0),
        ("017", 17),
        ("00000000000012", 12),
        ("2147483647", 2147483647),
        ("2147483648", 0),
        ("-2147483648", -2147483648),
        ("-2147483649", 0),
        ("12345678901", 0),
        ("0x1F", 31),
        ("0X1f", 31),
        ("0x", 0),
        ("-0x1F", 0),
        ("0xFFFFFFFF", -1),
        ("0x1FFFFFFFF", -1),
        ("0x1G", 0),
        ("0xx1", 0),
        ("x5", 0),
        ("\u0665", 0),
        ("9" * 5000, 0),
    ],
)
def test_a_string_becomes_an_int(text: str, number: int) -> None:
    assert values.to_int(text) == number


def test_undefined_is_zero_and_empty() -> None:
    assert values.to_int(None) == 0
    assert values.to_str(None) == ""


def test_plus_goes_by_its_left_side() -> None:
    assert values.add(1, "10") == 11
    assert values.add("10", 1) == "101"
    assert values.add(None, 3) == "3"
    assert values.add(None, None) == ""
    assert values.add_int("10", 1) == 11
    assert values.add_int(None, "x") == 0


@given(any_value, st.lists(any_value, max_size=4))
def test_a_sum_of_many_goes_from_left_to_right(first: Value, others: list[Value]) -> None:
    total: Value = values.add(first, "")
    for other in others:
        total = values.add(total, other)
    assert values.add_all(first, *others) == total


def test_a_sum_of_many() -> None:
    assert values.add_all(1, "10", None, 5) == 16
    assert values.add_all("1", 10, None, 5) == "1105"
    assert values.add_all(None, 1, 2) == "12"
    assert values.add_all(2147483647, 1, "1") == -2147483647


def test_arithmetic_wraps_at_32_bits() -> None:
    assert values.add(2147483647, 1) == -2147483648
    assert values.add_int("2147483647", 1) == -2147483648
    assert values.sub(-2147483648, 1) == 2147483647
    assert values.mul(65536, 65536) == 0
    assert values.neg(-2147483648) == -2147483648
    assert (values.neg(5), values.neg("-7")) == (-5, 7)
    assert values.shl(1, 31) == -2147483648
    assert values.shl(1, 33) == 2
    assert values.shr(-8, 1) == -4
    assert values.div(-2147483648, -1) == -2147483648


@pytest.mark.parametrize("operation", [values.div, values.mod])
def test_nothing_is_divided_by_zero(operation: Callable[[Value, Value], int]) -> None:
    for zero in (0, None, "", "x", "0"):
        with pytest.raises(EvalError):
            operation(7, zero)


@given(ints32, ints32.filter(bool))
def test_division_truncates_and_the_remainder_completes_it(a: int, b: int) -> None:
    quotient, remainder = values.div(a, b), values.mod(a, b)
    assert values.add_int(values.mul(quotient, b), remainder) == a
    assert abs(remainder) < abs(b)
    assert remainder == 0 or (remainder < 0) == (a < 0)


@given(st.integers())
def test_wrap_keeps_the_low_32_bits(i: int) -> None:
    wrapped = values.wrap(i)
    assert values.INT_MIN <= wrapped <= values.INT_MAX
    assert (wrapped - i) % (1 << 32) == 0


@given(ints32)
def test_an_int_survives_being_a_string(i: int) -> None:
    assert values.to_int(values.to_str(i)) == i


@given(any_value, any_value)
def test_results_are_of_the_promised_types(a: Value, b: Value) -> None:
    for operation in (values.sub, values.mul, values.band, values.bor, values.bxor, values.shl):
        result = operation(a, b)
        assert type(result) is int
        assert values.INT_MIN <= result <= values.INT_MAX
    assert type(values.add(a, b)) is (int if isinstance(a, int) else str)
    assert type(values.eq(a, b)) is bool
    assert values.ne(a, b) is not values.eq(a, b)
    assert values.lt(a, b) is not values.ge(a, b)


def test_equality_goes_by_its_left_side() -> None:
    assert values.eq("05", 5) is False
    assert values.eq("5", 5) is True
    assert values.eq(0, "word") is True
    assert values.eq("word", 0) is False
    assert values.eq(None, 0) is values.eq(None, "") is values.eq(None, None) is True
    assert values.eq(0, None) is values.eq("", None) is True


def test_the_three_tests_of_truth_differ() -> None:
    assert [values.truth_if(v) for v in (1, -1, 0, "2", "no", None)] == [
        *(True, False, False),
        *(True, False, False),
    ]
    assert [values.truth(v) for v in (1, -1, 0, "no")] == [True, True, False, False]
    assert [values.not_(v) for v in (1, -1, 0, None)] == [False, False, True, True]


def test_lengths_are_in_bytes_of_the_string_form() -> None:
    assert values.strlen("z\u00e9") == 3
    assert values.strlen(-42) == 3
    assert values.strlen(None) == 0
    assert values.strempty(None) is values.strempty("") is True
    assert values.strempty(0) is False
    assert values.defined("") is True
    assert values.defined(None) is False


# What a real Kamailio made of two operands (the expression goldens that are no longer than that).

OPERANDS: dict[str, Value] = {
    "3": 3,
    '"abc"': "abc",
    '"5"': "5",
    "$var(i)": 3,
    "$var(s)": "abc",
    "$avp(d)": "5",
    "$avp(unset)": None,
    "$avp(e)": "",
}
OPERATORS: dict[str, Callable[[Value, Value], Value]] = {
    "+": values.add,
    "-": values.sub,
    "*": values.mul,
    "/": values.div,
    "mod": values.mod,
    "|": values.bor,
    "&": values.band,
    "^": values.bxor,
    "<<": values.shl,
    ">>": values.shr,
    "==": values.eq,
    "!=": values.ne,
    "<": values.lt,
    ">": values.gt,
    "<=": values.le,
    ">=": values.ge,
    "eq": values.str_eq,
    "ne": values.str_ne,
    "ieq": values.int_eq,
    "ine": values.int_ne,
}
PAIRS = [
    (*words, row[1])
    for row in GOLDEN["rows"]
    if len(words := row[0].split(" ")) == 3
    and words[0] in OPERANDS
    and words[1] in OPERATORS
    and words[2] in OPERANDS
    and row[1][:1] in "isf"
]


def test_there_are_recorded_pairs() -> None:
    assert len(PAIRS) > 700


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_do_what_kamailio_did(operator: str) -> None:
    for left, _, right, answer in (pair for pair in PAIRS if pair[1] == operator):
        try:
            value = OPERATORS[operator](OPERANDS[left], OPERANDS[right])
        except EvalError:
            got = "fail"
        else:
            got = f"s:{value}" if isinstance(value, str) else f"i:{int(value or 0)}"
        assert got == answer, f"{left} {operator} {right}"
