"""Tables in a database, on SQLite; other databases are in test_databases.py."""

import sqlite3
from pathlib import Path

import pytest

from sipproxy.errors import DatabaseError
from sipproxy.modules.htable.spec import TableSpec
from sipproxy.modules.htable.stored import Columns, StoredTable
from sipproxy.testing import load_cfg_text

COLUMNS = Columns("key_name", "key_type", "value_type", "key_value", "expires")
NOW = 1000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE kept (key_name VARCHAR(6), key_type INT, value_type INT,"
            " key_value VARCHAR(8), expires INT)"
        )
        connection.executemany(
            "INSERT INTO kept VALUES (?, 0, ?, ?, ?)",
            [("a", 1, "7", 1100), ("b", 0, "text", 900), ("c", 0, "x", 0)],
        )
    return path


def stored(path: Path, definition: str, *, expires: bool = True) -> StoredTable:
    proxy = load_cfg_text('loadmodule "db_sqlite.so"\nrequest_route { exit; }\n').proxy
    database = proxy.host.database(f"sqlite:///{path}")
    spec = TableSpec.parse(definition)
    return StoredTable(
        database, spec, COLUMNS, suffix="", fetch_rows=2, expires=expires, newer=False
    )


def rows(path: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT * FROM kept ORDER BY key_name").fetchall()


def test_rows_become_cells(path: Path) -> None:
    timed = stored(path, "t=>size=4;autoexpire=60;dbtable=kept")
    found = {key: cell[0] for key, cell in timed.cells(NOW)}
    assert found["a"] == 7
    assert "b" not in found
    assert {key for key, _ in stored(path, "t=>size=4;dbtable=kept").cells(NOW)} == {"a", "b", "c"}


def test_a_store_that_is_too_full_is_refused(path: Path) -> None:
    assert len(stored(path, "t=>size=4;dbtable=kept;maxitems=3").load(NOW)) == 3
    with pytest.raises(DatabaseError, match="it has 3 keys, maxitems=2"):
        stored(path, "t=>size=4;dbtable=kept;maxitems=2").load(NOW)


def test_everything_is_replaced_in_one_transaction(path: Path) -> None:
    table = stored(path, "t=>size=4;dbtable=kept")
    written = table.replace([("n", (5, 0)), ("s", ("text", 0))], NOW)
    assert (written.left_out, written.altered) == (0, 0)
    assert [row[:4] for row in rows(path)] == [("n", 0, 1, "5"), ("s", 0, 0, "text")]


def test_expiries_are_written_where_the_table_has_them(path: Path) -> None:
    table = stored(path, "t=>size=4;autoexpire=60;dbtable=kept")
    table.replace([("n", (5, 1100))], NOW)
    assert rows(path) == [("n", 0, 1, "5", 1100)]


def test_a_failure_leaves_the_rows(path: Path) -> None:
    before = rows(path)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE UNIQUE INDEX one ON kept (key_value)")
    table = stored(path, "t=>size=4;dbtable=kept")
    with pytest.raises(DatabaseError):
        table.replace([("n", (5, 0)), ("m", (5, 0))], NOW)
    assert rows(path) == before


def test_a_table_that_is_not_there(path: Path) -> None:
    with pytest.raises(DatabaseError, match="nothing"):
        stored(path, "t=>size=4;dbtable=nothing").load(NOW)
