import contextlib
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.rpc.jsontext import dumps, loads
from sipproxy.rpc.values import NamedArray, Struct, Value

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=15)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)


def plain(value: Value) -> Any:
    """What the json module of the standard library would have made of it."""
    if isinstance(value, Struct):
        return {name: plain(item) for name, item in value.members}
    return [plain(item) for item in value] if isinstance(value, list) else value


@given(DOCUMENTS, st.booleans())
def test_reads_what_the_standard_library_writes(document: Any, ascii_only: bool) -> None:
    assert plain(loads(json.dumps(document, ensure_ascii=ascii_only))) == document


@given(DOCUMENTS, st.booleans())
def test_the_standard_library_reads_what_is_written(document: Any, pretty: bool) -> None:
    assert json.loads(dumps(document, pretty)) == document
    assert plain(loads(dumps(document, pretty))) == document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" \n\t5 trailing", 5.0),
        ("01", 1.0),
        ("-", 0.0),
        ("-.5", -0.5),
        ("1.e5", 1.0),
        ("1e", 1.0),
        ("2E+3", 2000.0),
        ("1e999", math.inf),
        ("9" * 5000, math.inf),
        ("truetrue", True),
        ('"unfinished', "unfinished"),
        ('"back\\', "back"),
        (r'"\q\/\u00e9\ud83d\ude00"', "q/é😀"),
        (r'"a\ud800x\udc80y\u0000z\ud800\u0041"', "axyz"),
        (r'"\u41"', "A"),
        ('"line\nbreak"', "line\nbreak"),
        ("[ ]", []),
        ("[1 , null]", [1.0, None]),
        ("{ }", Struct(())),
        ('{"a":1,"a":[]}', Struct((("a", 1.0), ("a", [])))),
        ("[" * 100 + "]" * 100, None),
    ],
)
def test_reads_leniently(text: str, value: Value) -> None:
    if value is None:
        loads(text)
    else:
        assert loads(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "bad",
        "NaN",
        "+1",
        ".5",
        "[1,]",
        "[1 2]",
        "[",
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        "{a:1}",
        "'a'",
        "\ufeff1",
        '{"a":"b',
        "[" * 101 + "]" * 101,
        "\0",
        "tru",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(ValueError):
        loads(text)


@given(st.text(alphabet='{}[]",:\\u0d8e-1. tfn\0', max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(ValueError):
        dumps(loads(text))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (5000000000, "5000000000"),
        (0.0, "0"),
        (-0.0, "0"),
        (3.0, "3"),
        (1.5, "1.500000"),
        (1e-9, "1.000000e-09"),
        (1e-17, "0"),
        (1e30, "1000000000000000019884624838656"),
        (1234567890.5, "1.234568e+09"),
        (math.nan, "null"),
        (math.inf, "null"),
        ('q"b\\\b\f\n\r\t\x01\x7fé', '"q\\"b\\\\\\b\\f\\n\\r\\t\\u0001\x7fé"'),
        ("\udcff", '"\ufffd"'),
        ({}, "{\n}"),
        ([], "[]"),
        (
            {"a": {"b": [1, {"c": 2}]}},
            '{\n\t"a":\t{\n\t\t"b":\t[1, {\n\t\t\t\t"c":\t2\n\t\t\t}]\n\t}\n}',
        ),
        (NamedArray((("x", 1), ("x", 2))), '[{\n\t\t"x":\t1\n\t}, {\n\t\t"x":\t2\n\t}]'),
        (Struct((("x", 1), (None, 2))), '{\n\t"x":\t1,\n\t"":\t2\n}'),
    ],
)
def test_writes(value: Value, text: str) -> None:
    assert dumps(value) == text


def test_writes_compactly() -> None:
    assert dumps({"a": [1, {"b": None}], "c": {}}, pretty=False) == '{"a":[1,{"b":null}],"c":{}}'


@pytest.mark.parametrize("value", [object(), b"bytes"])
def test_writes_values_only(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot hold"):
        dumps([value])
