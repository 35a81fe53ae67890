"""SQLite in memory: transactions, steps, texts of any bytes, and the copy of a file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from sipproxy.db.memory import SqliteCopy, applied, asked, in_memory, storable, written
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError

URL = DatabaseUrl.parse("sqlite:////k.db")


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(in_memory()) as made:
        made.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        yield made


def test_any_bytes_are_text(connection: sqlite3.Connection) -> None:
    assert storable("é") == "é" and storable("\udcff") == b"\xff"
    connection.execute("INSERT INTO t VALUES (1, CAST(? AS TEXT))", (storable("é\udcff"),))
    assert connection.execute("SELECT b FROM t").fetchall() == [("é\udcff",)]


def test_all_changes_or_none(connection: sqlite3.Connection) -> None:
    add = "INSERT INTO t VALUES (?, ?)"
    assert written(connection, ((add, [(1, "a"), (2, "b")]), ("UPDATE t SET b = 'c'", [()]))) == 4
    with pytest.raises(sqlite3.IntegrityError):
        written(connection, ((add, [(3, "c"), (1, "a")]),))
    assert asked(connection, "SELECT a FROM t") == (("a",), [(1,), (2,)], -1)
    assert not connection.in_transaction


def test_steps_tell_what_each_touched(connection: sqlite3.Connection) -> None:
    add = "INSERT INTO t VALUES (?, ?)"
    assert applied(connection, [(add, (1, "\udcff")), ("DELETE FROM t WHERE a = 5", ())]) == [1, 0]
    assert applied(connection, [("UPDATE t SET b = 'x'", ())]) == [1]
    with pytest.raises(sqlite3.IntegrityError):
        applied(connection, [(add, (2, "b")), (add, (1, "a"))])
    assert asked(connection, "SELECT a, b FROM t").rows == [(1, "x")]


def test_a_copy_is_made_once_and_only_when_it_is_needed() -> None:
    opened = []

    def file() -> sqlite3.Connection:
        opened.append(made := in_memory())
        made.execute("CREATE TABLE t (a)")
        return made

    base = SqliteCopy(URL, file)
    assert opened == []
    base.open()
    base.write((("INSERT INTO t VALUES (?)", [(1,), (2,)]),))
    assert base.read("SELECT a FROM t", ()) == [(1,), (2,)]
    assert len(opened) == 1 and base.changes == 2
    with pytest.raises(DatabaseError, match=r"^sqlite:////k.db: no such column: b"):
        base.read("SELECT b FROM t", ())
    base.close()
    assert base.read("SELECT a FROM t", ()) == []
    base.close()
