"""The strict reader and the writer of JSON, against the standard library."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.modules.jansson.jsontext import JsonError, is_unicode, parse, written

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text('abc"\\/\n', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(values, st.booleans())
def test_what_is_right_is_read_and_written(value: object, ascii: bool) -> None:
    found = parse(json.dumps([value], ensure_ascii=ascii, indent=1))
    assert found == [value]
    assert json.loads(written(found)) == json.loads(written(found, ", ", ": ")) == [value]


@given(st.text("[]{}\"':,\\u0123d8eE+-.ntrue", max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        found = parse(text)
    except JsonError:
        return
    assert parse(written(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        '"a"',
        "[1] x",
        "[1,]",
        "[01]",
        "[NaN]",
        '{"a":1,"a":1}',
        '["\\u0000"]',
        '["\\ud800"]',
        '["\\udc00\\ud800"]',
        "[9223372036854775808]",
        "[" + "9" * 5000 + "]",
        "[1e999]",
        '["\udcff"]',
        "[" * 60_000,
        '["\n"]',
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(JsonError):
        parse(text)


def test_backslashes_are_counted() -> None:
    assert parse(r'["\\u0000","\\ud800"]') == [r"\u0000", r"\ud800"]
    assert parse(r'["\ud83d\ude00"]') == ["😀"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1.0"),
        (1e20, "1e20"),
        (1.5e-7, "1.4999999999999999e-7"),
        (0.1, "0.10000000000000001"),
        ("\x0b/\x7f\b", '"\\u000B/\x7f\\b"'),
        ({}, "{}"),
    ],
)
def test_written(value: object, text: str) -> None:
    assert written(value) == text  # type: ignore[arg-type]


def test_unicode() -> None:
    assert is_unicode("é")
    assert not is_unicode("\udce9")
