"""Tables on a terminal: columns, types, and nothing that a terminal would obey."""

import json

from sipproxy.cli.table_sources import Row
from sipproxy.cli.table_text import change, rows, shown, tables
from sipproxy.cli.table_watch import Change


def test_rows() -> None:
    found = [Row("a", 5, 9), Row("a long key", "x y", None), Row("e", "", 0)]
    assert list(rows(found)) == [
        "KEY         TYPE     EXPIRES  VALUE",
        "a           int          9 s  5",
        "a long key  str        never  x y",
        "e           str          0 s",
    ]
    assert list(rows([])) == ["KEY  TYPE     EXPIRES  VALUE"]


def test_a_long_key_does_not_widen_the_columns_without_end() -> None:
    lines = list(rows([Row("x" * 200, 1, None), Row("a", 1, None)]))
    assert len(lines[2]) < 100


def test_rows_come_as_they_are_given() -> None:
    given = iter([Row(f"k{n}", n, None) for n in range(5000)])
    lines = rows(given)
    for _ in range(1001):
        next(lines)
    assert next(given).key == "k1000"


def test_tables() -> None:
    found = [
        {"name": "t", "items": 12, "autoexpire": 60, "maxitems": 0, "dbtable": "htable"},
        {"name": "long name", "items": 0},
    ]
    assert list(tables(found, as_json=False)) == [
        "TABLE      KEYS  AUTOEXPIRE  MAXITEMS  DBTABLE",
        "t          12    60          -         htable",
        "long name  0     -           -         -",
    ]
    assert json.loads("".join(tables(found, as_json=True))) == found


def test_control_characters_are_written_as_escapes() -> None:
    assert shown("a\x1b[31m\r\n\tb\\c\x7f\x9b") == r"a\x1b[31m\r\n\tb\\c\x7f\x9b"
    assert shown("café \udcff") == "café �"


def test_changes() -> None:
    added, removed = Change(0.0, "added", "k\n", "v", None), Change(0.0, "removed", "k", None, 5)
    assert change(added, as_json=False)[8:] == r' + k\n = "v"'
    assert change(removed, as_json=False)[8:] == " - k, was 5"
    assert change(Change(0.0, "changed", "k", 6, "5"), as_json=False)[8:] == ' ~ k = 6, was "5"'
    assert json.loads(change(removed, as_json=True)) == {
        "at": 0.0,
        "change": "removed",
        "key": "k",
        "value": None,
        "before": 5,
    }
