"""Rows as cells and back; tests/conformance/cases/htable-db-*.toml show the same on Kamailio."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.db.statement import Row
from sipproxy.errors import DatabaseError
from sipproxy.modules.htable.rows import cells, joined, rows
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.store import Cell

NOW = 1000.5
PLAIN = TableSpec.parse("t=>size=4")
EXPIRING = TableSpec.parse("t=>size=4;autoexpire=60")


def read(*found: Row, spec: TableSpec = PLAIN) -> dict[str, Cell]:
    return dict(cells(found, spec, "::size", NOW))


def test_types_and_arrays() -> None:
    assert read(
        ("a", 1, 0, "x"), ("a", 1, 1, "7"), ("b", 0, 1, 2**32 + 3), (b"c\xff", None, None, b"y")
    ) == {
        "a[0]": ("x", 0),
        "a[1]": (7, 0),
        "a::size": (2, 0),
        "b": (3, 0),
        "c\udcff": ("y", 0),
    }


@pytest.mark.parametrize(
    ("text", "number"),
    [("12abc", 12), ("-7", -7), ("+7", 7), (" 7", 0), ("", 0), ("9" * 5000, 2**31 - 1)],
)
def test_numbers_in_texts(text: str, number: int) -> None:
    assert read(("n", 0, 1, text)) == {"n": (number, 0)}


def test_expiries() -> None:
    found = read(
        ("past", 0, 0, "x", 999),
        ("now", 0, 0, "x", 1000),
        ("later", 0, 0, "x", 5000),
        ("zero", 0, 0, "x", 0),
        ("null", 0, 0, "x", None),
        spec=EXPIRING,
    )
    assert {key: last for key, (_, last) in found.items()} == {
        "now": 1000,
        "later": 5000,
        "zero": 1060,
        "null": 1060,
    }


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ((None, 0, 0, "x"), "row 1 has no key: it is NULL"),
        ((5, 0, 0, "x"), "row 1 has a key that is no text: 5"),
        (("k", "0", 0, "x"), "a key type that is no number: '0'"),
        (("k", 0, 0.5, "x"), "a value type that is no number"),
        (("k", 0, 0, None), "row 1 has no value"),
        (("k", 0, 1, None), "row 1 has no value"),
        (("k", 0, 0, 1.5), "a value that is no text: 1.5"),
    ],
)
def test_rows_that_cannot_be_read(row: Row, says: str) -> None:
    with pytest.raises(DatabaseError, match=says):
        read(row)


def test_columns_of_ones_own() -> None:
    spec = TableSpec.parse("t=>cols='k,a,b';autoexpire=60")
    found = joined([("k", None, 5), ("l", b"x", "")], spec, NOW, newer=False)
    assert dict(found) == {"k": ("*,5", 1060), "l": ("x,", 1060)}
    newer = TableSpec.parse("t=>cols='k,a,b';coldelim=:;colnull=''", newer=True)
    assert dict(joined([(7, None, "x")], newer, NOW, newer=True)) == {"7": (":x", 0)}
    with pytest.raises(DatabaseError, match="no text: 7"):
        dict(joined([(7, None, "x")], newer, NOW, newer=False))


def test_what_is_written() -> None:
    items: list[tuple[str, Cell]] = [("a", ("x", 0)), ("b", (5, 2000)), ("c", ("y", 1000))]
    assert list(rows(items, PLAIN, NOW, expires=False)) == [
        ("a", 0, 0, "x"),
        ("b", 0, 1, "5"),
        ("c", 0, 0, "y"),
    ]
    assert list(rows(items, EXPIRING, NOW, expires=True)) == [("b", 0, 1, "5", 2000)]


@given(
    st.dictionaries(st.text(), st.tuples(st.text() | st.integers(-(2**31), 2**31 - 1), st.just(0)))
)
def test_what_is_written_is_read_again(items: dict[str, Cell]) -> None:
    written = sorted(rows(items.items(), PLAIN, NOW, expires=False))
    assert dict(cells(written, PLAIN, "::size", NOW)) == items
