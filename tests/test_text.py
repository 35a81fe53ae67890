"""The border between bytes and text loses nothing and folds ASCII only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy import text


@given(st.binary())
def test_decoding_loses_nothing(data: bytes) -> None:
    decoded = text.decode(data)
    assert text.encode(decoded) == data
    assert text.byte_length(decoded) == len(data)


@given(st.binary())
def test_what_is_shown_is_always_utf_8(data: bytes) -> None:
    decoded = text.decode(data)
    text.presentable(decoded).encode("utf-8")
    shown = text.latin(decoded)
    shown.encode("utf-8")
    assert len(shown) == len(decoded)


@pytest.mark.parametrize(
    ("given_text", "lower", "upper"),
    [("AbC", "abc", "ABC"), ("ÄbÇ", "ÄbÇ", "ÄBÇ"), ("İK", "İk", "İK"), ("", "", "")],
)
def test_only_ascii_letters_have_a_case(given_text: str, lower: str, upper: str) -> None:
    assert (text.lower(given_text), text.upper(given_text)) == (lower, upper)


def test_bytes_that_are_no_utf_8() -> None:
    decoded = text.decode(b"gr\xfc\xdfe")
    assert text.presentable(decoded) == "gr��e"
    assert text.latin(decoded) == "grüße"
    assert text.presentable("grüße") == text.latin("grüße") == "grüße"
