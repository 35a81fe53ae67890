"""Parameter lists as Kamailio reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.pv.paramlist import last, number, parse_list


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a", (("a", ""),)),
        ("a=1;b", (("a", "1"), ("b", ""))),
        ("a=1;", (("a", "1"),)),
        ("a='x;y';b", (("a", "x;y"), ("b", ""))),
        ("a=1,b=2", (("a", "1"),)),
        ("a=1>b", (("a", "1>b"),)),
        ("a=1; ", None),
        ("a=;b", None),
        ('a="x', None),
        ("a b", None),
    ],
)
def test_lists(text: str, items: tuple[tuple[str, str], ...] | None) -> None:
    assert parse_list(text) == items


def test_the_last_one_counts() -> None:
    assert last((("a", "1"), ("A", "2")), "a") == "2"
    assert last((), "a") is None


@given(
    st.lists(
        st.tuples(st.from_regex("[a-z]+", fullmatch=True), st.from_regex("[0-9]+", fullmatch=True)),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_written_is_read(items: list[tuple[str, str]]) -> None:
    assert parse_list("&".join(f"{n}={v}" for n, v in items), "&") == tuple(items)


@given(st.text(alphabet="a=;,\"' >", max_size=10))
def test_anything_is_read_or_refused(text: str) -> None:
    found = parse_list(text)
    assert found is None or all(len(pair) == 2 for pair in found)


def test_numbers() -> None:
    assert (number(" 60 "), number("x"), number("")) == (60, None, None)
