"""Tables made and checked by a tool."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from sipproxy.db.upkeep import check, connected, create, known_tables, show
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError


@pytest.fixture
def url(tmp_path: Path) -> DatabaseUrl:
    return DatabaseUrl.parse(f"sqlite:///{tmp_path}/new.db")


def test_tables_are_made_once(url: DatabaseUrl) -> None:
    with connected(url, create=True) as connection:
        tables = known_tables()
        assert create(connection, tables) == [table.name for table in tables]
        connection.execute(text("INSERT INTO address (ip_addr) VALUES ('10.0.0.1')"))
        assert create(connection, tables) == []
        assert check(connection, tables) == []
    with connected(url) as connection:
        assert connection.execute(text("SELECT ip_addr, grp, mask FROM address")).all() == [
            ("10.0.0.1", 1, 32)
        ]


def test_some_tables_only(url: DatabaseUrl) -> None:
    with connected(url, create=True) as connection:
        assert create(connection, known_tables(["address"])) == ["version", "address"]
        assert check(connection, known_tables(["address"])) == []
        assert check(connection, known_tables(["trusted", "address"])) == [
            "trusted: the table is missing"
        ]
        assert create(connection, known_tables(["trusted"])) == ["trusted"]
        assert check(connection, known_tables(["trusted"])) == []


def test_what_is_missing_is_named(url: DatabaseUrl) -> None:
    with connected(url, create=True) as connection:
        create(connection, known_tables(["subscriber", "address", "trusted"]))
        for change in (
            "ALTER TABLE subscriber DROP COLUMN ha1b",
            "UPDATE version SET table_version = 5 WHERE table_name = 'address'",
            "DELETE FROM version WHERE table_name = 'trusted'",
        ):
            connection.execute(text(change))
        assert check(connection, known_tables(["subscriber", "address", "trusted"])) == [
            "subscriber: the column ha1b is missing",
            "address: it has version 5, Kamailio 5.6 wants 6",
            "trusted: it has no version, Kamailio 5.6 wants 6",
        ]


def test_an_empty_database(url: DatabaseUrl) -> None:
    with connected(url, create=True) as connection:
        findings = check(connection, known_tables(["address"]))
    assert findings == ["version: the table is missing", "address: the table is missing"]


def test_a_new_file_is_not_for_everybody(url: DatabaseUrl) -> None:
    with connected(url, create=True):
        assert not stat.S_IMODE(Path(url.path).stat().st_mode) & (stat.S_IRWXO | stat.S_IWGRP)


def test_what_cannot_be_opened(tmp_path: Path, url: DatabaseUrl) -> None:
    with pytest.raises(DatabaseError, match="there is no such file"), connected(url):
        pass
    nowhere = DatabaseUrl.parse(f"sqlite:///{tmp_path}/none/new.db")
    with (
        pytest.raises(DatabaseError, match="No such file or directory"),
        connected(nowhere, create=True),
    ):
        pass
    with closing(sqlite3.connect(url.path)) as base:
        base.execute("CREATE TABLE version (x)")
    with pytest.raises(DatabaseError, match="no such column"), connected(url) as connection:
        check(connection, known_tables())


def test_an_unknown_table() -> None:
    with pytest.raises(ValueError, match="adress is not a table that is known here: version, sub"):
        known_tables(["adress"])


def test_a_folder_with_other_files(tmp_path: Path) -> None:
    url = DatabaseUrl.parse(f"text://{tmp_path}")
    (tmp_path / "README").write_text("not a table\n")
    (tmp_path / "mine").write_text("id(int,auto) a(string)\n1:x\n")
    with connected(url) as connection:
        assert create(connection, known_tables(["address"])) == ["version", "address"]
        assert [one.name for one in show(connection)] == ["address", "mine", "version"]
    assert (tmp_path / "mine").read_text() == "id(int,auto) a(string)\n1:x\n"
    (tmp_path / "address").write_text("not a table\n")
    bad = rf"^text://{tmp_path}: .*/address:1: not a column"
    with pytest.raises(DatabaseError, match=bad), connected(url):
        pass


def test_a_tool_that_fails_writes_no_file(tmp_path: Path) -> None:
    url = DatabaseUrl.parse(f"text://{tmp_path}")
    (tmp_path / "mine").write_text("id(int,auto) a(string)\n1:x\n")
    with pytest.raises(DatabaseError, match="no such table: none"), connected(url) as connection:
        connection.execute(text("DELETE FROM mine"))
        connection.execute(text("DELETE FROM none"))
    assert (tmp_path / "mine").read_text() == "id(int,auto) a(string)\n1:x\n"
