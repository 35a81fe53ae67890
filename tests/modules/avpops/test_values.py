"""Values of AVPs, beside the recorded cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.values import EvalError
from sipproxy.modules.avpops import values
from sipproxy.modules.avpops.arguments import Comparison


@given(st.text("abAB", max_size=3), st.text("abAB", max_size=3))
def test_the_order_of_texts_is_one(one: str, other: str) -> None:
    """Without regard to case, each of lt, le, gt, ge says what the others say."""
    found = {
        name: values.fits(one, other, Comparison(name, "", "")) for name in ("lt", "le", "gt", "ge")
    }
    assert found["lt"] is (one.lower() < other.lower())
    assert found["ge"] is not found["lt"]
    assert found["gt"] is not found["le"]


@given(st.integers(-9, 9), st.integers(-9, 9))
def test_numbers(one: int, other: int) -> None:
    assert values.fits(one, other, Comparison("and", "", "")) is bool(one & other)
    assert values.fits(one, other, Comparison("ne", "", "")) is (one != other)
    assert values.fits(one, str(other), Comparison("ne", "", "")) is None
    assert values.fits(one, other, Comparison("re", "", "")) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [("", 0), ("+5", 5), ("007", 7), ("4294967295", -1), ("2147483648", -(2**31))],
)
def test_unsigned(text: str, number: int) -> None:
    assert values.to_unsigned(text) == number


@pytest.mark.parametrize("text", ["-5", "5 ", "x", "4294967296", "9" * 30])
def test_no_unsigned(text: str) -> None:
    with pytest.raises(ValueError, match="cannot convert"):
        values.to_unsigned(text)


def test_division() -> None:
    assert values.computed("div", -7, 2) == -3
    assert values.computed("not", 0, 5) == -6
    with pytest.raises(EvalError):
        values.computed("mod", 1, 0)


def test_as_text() -> None:
    assert values.as_text(-1) == "18446744073709551615"
    assert values.as_text("x") == "x"
