"""The reader of JSON, beside the recorded cases, against the standard library."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.json.jsonc import JsonError, Real, parse, written

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text('abc"\\/\n', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(values, st.booleans())
def test_what_is_right_json_is_read_and_written(value: object, ascii: bool) -> None:
    found = parse(json.dumps(value, ensure_ascii=ascii, indent=1))
    assert found == value
    assert json.loads(written(found), strict=False) == value


@given(st.text("[]{}\"':,/* \\u0123d8eE+-.ntrue", max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        found = parse(text)
    except JsonError:
        return
    again = parse(written(found))
    assert again == found or re.search("[0-9][eE.]", text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'a':1,}", {"a": 1}),
        ("[1,/* c */2,] rest", [1, 2]),
        ("// c\n[TRUE,Null]", [True, None]),
        ("[-0,007,99999999999999999999,-99999999999999999999]", [0, 7, 2**64 - 1, -(2**63)]),
        ("[" + "9" * 5000 + "]", [2**64 - 1]),
        ("[1.50,1e5,1.,1e,2E+]", [Real("1.50"), Real("1e5"), Real("1."), Real("1"), Real("2")]),
        ("[nan,-INFINITY,infinity]", [Real("NaN"), Real("-Infinity"), Real("Infinity")]),
        ('"\\ud83d\\ude00\\ud83d\\u0041\\udc00"', "😀\ufffdA\ufffd"),
        ('{"a\\u0000b":1}', {"a": 1}),
    ],
)
def test_more_than_the_standard(text: str, value: object) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1", "{a:1}", '{"a" 1}', "[+1]", "[1 2]", '"\\q"', '"a', "[1x]", "1 /", "[,]"],
)
def test_refused(text: str) -> None:
    with pytest.raises(JsonError):
        parse(text)


def test_nesting() -> None:
    assert parse("[" * 32 + "]" * 32)
    for text in ("[" * 33 + "]" * 33, "[" * 32 + "1" + "]" * 32, "[" * 60_000):
        with pytest.raises(JsonError):
            parse(text)
