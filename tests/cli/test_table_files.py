"""Rows of tables as CSV and JSON: whatever they hold comes back, and bad rows are named."""

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.cli.table_files import Unreadable, form_of, read, seconds_of, typed, write
from sipproxy.cli.table_sources import NEVER, OWN, Row, Wish

# What a table may hold: any text, bytes that are no UTF-8 as lone surrogates, but no NUL.
texts = st.text(
    st.one_of(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
        st.integers(0xDC80, 0xDCFF).map(chr),
    ),
    max_size=8,
)
values = st.one_of(texts, st.integers(-(2**31), 2**31 - 1))
rows = st.lists(st.builds(Row, texts, values, st.one_of(st.none(), st.integers(1, 2**31 - 1))))


@given(rows, st.sampled_from(["csv", "json"]))
def test_there_and_back(written: list[Row], form: str) -> None:
    file = io.StringIO()
    assert write(written, form, file) == len(written)
    wishes: list[Any] = list(read(file.getvalue(), form, "f"))
    assert [(w.key, w.value, w.seconds) for w in wishes] == [
        (row.key, row.value, NEVER if row.left is None else row.left) for row in written
    ]


def test_the_forms_themselves() -> None:
    some = [Row("a", 5, 9), Row('b,"', "x\ny", None), Row("c", "5", 0)]
    file = io.StringIO()
    write(some, "csv", file)
    assert file.getvalue() == (
        'key,type,value,expires\na,int,5,9\n"b,""",str,"x\ny",never\nc,str,5,1\n'
    )
    file = io.StringIO()
    write(some, "json", file)
    assert file.getvalue() == (
        '[\n {"key": "a", "value": 5, "expires": 9},\n'
        ' {"key": "b,\\"", "value": "x\\ny", "expires": null},\n'
        ' {"key": "c", "value": "5", "expires": 1}\n]\n'
    )
    file = io.StringIO()
    assert write([], "json", file) == 0
    assert file.getvalue() == "[]\n"


@pytest.mark.parametrize(
    ("text", "form", "wishes"),
    [
        ("key,value\na,5\n", "csv", [Wish("a", "5", OWN, "f:2")]),
        ("value,key,type\r\n5,a,int\r\n\r\n", "csv", [Wish("a", 5, OWN, "f:2")]),
        (
            "key,value,expires\na,b,\nc,d,7\n",
            "csv",
            [Wish("a", "b", OWN, "f:2"), Wish("c", "d", 7, "f:3")],
        ),
        ('[{"key":"a","value":5}]', "json", [Wish("a", 5, OWN, "f:1")]),
        ('[{"key":"a","value":"5","expires":3}]', "json", [Wish("a", "5", 3, "f:1")]),
        ('[{"key":"a","value":"5","type":"int"}]', "json", [Wish("a", 5, OWN, "f:1")]),
        ("key,value\n", "csv", []),
        ("[]", "json", []),
    ],
)
def test_what_is_left_out_has_a_meaning(text: str, form: str, wishes: list[Wish]) -> None:
    assert list(read(text, form, "f")) == wishes


@pytest.mark.parametrize(
    ("text", "form", "complaint"),
    [
        ("key,value,type\na,x,int\n", "csv", "f:2: 'x' is no integer of 32 bits"),
        ("key,value,type\na,1.5,float\n", "csv", "f:2: the type is int or str, not 'float'"),
        ("key,value,expires\na,x,0\n", "csv", "f:2: '0' is no number of seconds, nor never"),
        ("key,value\na\n", "csv", "f:2: 1 fields, and 2 columns"),
        ("key,value\na,b,c\n", "csv", "f:2: 3 fields, and 2 columns"),
        ("key,value,colour\na,b,c\n", "csv", "f:2: no column is called 'colour': there are key,"),
        ("key,value\na,x\0y\n", "csv", "f:2: a NUL byte cannot be kept"),
        (f"key,value\na,{'x' * 60_000}\n", "csv", "f:2: key and value have more than 60000 bytes"),
        ("[5]", "json", "f:1: it is no object"),
        ('[{"key":5,"value":1}]', "json", "f:1: a row has a key, a text, and a value"),
        ('[{"key":"a"}]', "json", "f:1: a row has a key, a text, and a value"),
        ('[{"key":"a","value":1.5}]', "json", "f:1: 1.5 is no int"),
        ('[{"key":"a","value":true}]', "json", "f:1: True is no int"),
        ('[{"key":"a","value":null}]', "json", "f:1: None is no integer of 32 bits"),
        ('[{"key":"a","value":1,"type":"str"}]', "json", "f:1: 1 is no str"),
        ('[{"key":"a","value":1,"expires":true}]', "json", "f:1: True is no number of seconds"),
    ],
)
def test_bad_rows_are_named(text: str, form: str, complaint: str) -> None:
    (found,) = read(text, form, "f")
    assert isinstance(found, str)
    assert found.startswith(complaint)


@pytest.mark.parametrize(
    ("text", "form", "reason"),
    [
        ("", "csv", "the first line names the columns"),
        ("a,b\n", "csv", "the first line names the columns: key,type,value,expires"),
        ('key,value\n"a,b\n', "csv", "line 2"),
        ("{}", "json", "no array"),
        ("[", "json", "Expecting"),
    ],
)
def test_files_that_cannot_be_read(text: str, form: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        list(read(text, form, "f"))


def test_the_form_of_a_file() -> None:
    assert [form_of(*row) for row in (("a.JSON", None), ("a.csv", None), ("-", None))] == [
        "json",
        "csv",
        "csv",
    ]
    assert form_of("a.json", "csv") == "csv"


def test_words() -> None:
    assert (typed("5", "int"), typed("5", "str"), typed("-5", "int")) == (5, "5", -5)
    assert [seconds_of(text) for text in ("", "default", "never", "7", 7)] == [
        OWN,
        OWN,
        NEVER,
        7,
        7,
    ]
