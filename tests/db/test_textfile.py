"""Lines of text files as rows, and rows as lines; tests/db/test_text_kamailio.py asks Kamailio."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy import text
from sipproxy.db.statement import Row
from sipproxy.db.textfile import TextColumn, TextFormat, columns_of, whole
from sipproxy.errors import DatabaseError

FORM = TextFormat()
HEADING = b"id(int,auto) k(string) v(str,null) n(int,null) d(double,null)\n"


def read(rows: bytes, heading: bytes = HEADING, form: TextFormat = FORM) -> list[Row]:
    return form.read(heading + rows, "f")[1]


def test_a_heading() -> None:
    assert columns_of("id(int,auto) k(string)  v ( STR , null )b(blob) t(time) d(Double) \r") == [
        TextColumn("id", "int", auto=True),
        TextColumn("k", "string"),
        TextColumn("v", "str", null=True),
        TextColumn("b", "blob"),
        TextColumn("t", "time"),
        TextColumn("d", "double"),
    ]


@pytest.mark.parametrize(
    ("heading", "says"),
    [
        ("", "no columns"),
        ("id", "not a column, name.type.: 'id'"),
        ("id(int) k(text", "not a column, name.type.: 'k.text'"),
        ("k(varchar)", "the type varchar: int, double, string, blob, time"),
        ("k(int,primary)", "may be null or auto"),
        ("k(string,auto)", "cannot be auto"),
        ("a(int,auto) b(int,auto)", "the column b cannot be auto"),
    ],
)
def test_a_heading_that_cannot_be_read(heading: str, says: str) -> None:
    with pytest.raises(DatabaseError, match=f"^f:1: .*{says}"):
        FORM.read(heading.encode() + b"\n1:2\n", "f")


def test_rows() -> None:
    assert read(b"1:a:b:-5:1.25\n\n\n2:a\\:b\\\\c\\n\\r\\t\\0d:::\n3::\\\\:7:-2\n:x::\n") == [
        (1, "a", "b", -5, 1.25),
        (2, "a:b\\c\n\r\t\0d", None, None, None),
        (3, "", "\\", 7, -2.0),
        (None, "x", None, None, None),
    ]
    assert read(b"1:\xff\xc3\xa9:x:1:1") == [(1, "\udcffé", "x", 1, 1.0)]
    assert read(b"1:a:b:2:3:\n") == [(1, "a", "b", 2, 3.0)]
    assert read(b"1:a:b:4294967297:\n")[0][3] == 1


def test_texts_that_are_missing_are_empty() -> None:
    assert read(b"1\n2:\n3:a\n", b"id(int) k(string) v(string,null)\n") == [
        (1, "", None),
        (2, "", None),
        (3, "a", None),
    ]
    assert read(b"1:\n", b"id(int) v(string,null)\n", TextFormat(empty_texts=True)) == [(1, "")]


def test_another_delimiter() -> None:
    form = TextFormat("|")
    assert read(b"1|a:b\\|c\n", b"id(int) k(string)\n", form) == [(1, "a:b|c")]
    columns = columns_of("id(int) k(string)")
    assert list(form.lines(columns, [(1, "a:b|c")])) == [b"id(int) k(string)\n", b"1|a:b\\|c\n"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (b"1:a:b:c:", "the column n has no number: 'c'"),
        (b"1:a:b:1.5:", "the column n has no number"),
        (b"1:a:b:1:x", "the column d has no number: 'x'"),
        (b"1:a:b", "the column n is missing"),
        (b"1:a:b:1:1:x", "it has 6 fields, the table 5 columns"),
        (b"1:a\\x:b:1:1", r"\\x stands for nothing"),
        (b"1:a:b:1:1\\", "it ends in a backslash"),
    ],
)
def test_rows_that_cannot_be_read(row: bytes, says: str) -> None:
    with pytest.raises(DatabaseError, match=f"^f:3: {says}"):
        read(b"1:a:b:1:1\n" + row + b"\n")


def test_a_number_that_may_not_be_null() -> None:
    with pytest.raises(DatabaseError, match="f:2: the column n has no value, it may not be NULL"):
        read(b"a:\n", b"k(string) n(int)\n")


def test_what_is_written() -> None:
    columns = columns_of("id(int,auto) k(string) b(blob,null) d(double) t(time,null)")
    rows = [(1, "a:b\n", b"\xff:", 1.0, "2001-09-09 01:46:40"), (2, "", None, 0.125, None)]
    lines = list(FORM.lines(columns, rows))
    assert lines[0] == b"id(int,auto) k(string) b(blob,null) d(double) t(time,null)\n"
    instant = whole("2001-09-09 01:46:40")
    assert lines[1] == b"1:a\\:b\\n:\xff\\::1.00:%d\n" % instant
    assert lines[2] == b"2:::0.125:\n"
    with pytest.raises(ValueError, match="soon"):
        list(FORM.lines(columns, [(1, "a", None, 1.0, "soon")]))


TEXTS = st.binary(max_size=20).map(text.decode)


@given(st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1), TEXTS, TEXTS.filter(bool))))
def test_what_is_written_is_read_again(rows: list[tuple[int, str, str]]) -> None:
    columns = columns_of("id(int) k(string) v(string,null)")
    assert FORM.read(b"".join(FORM.lines(columns, rows)), "f") == (columns, rows)
