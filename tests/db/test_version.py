"""The version of a table, and what is said when it is another one."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sipproxy.core.offload import Offload
from sipproxy.db.sqlite import SqliteDatabase
from sipproxy.db.url import DatabaseUrl
from sipproxy.db.version import check_version, table_version
from sipproxy.errors import DatabaseError, ModuleError


@pytest.fixture
def base(file: Path, offload: Offload) -> SqliteDatabase:
    with closing(sqlite3.connect(file)) as made:
        made.execute("INSERT INTO version (table_name, table_version) VALUES ('subscriber', 6)")
        made.commit()
    return SqliteDatabase(DatabaseUrl.parse(f"sqlite:///{file}"), offload, 1.0)


def test_versions(base: SqliteDatabase) -> None:
    assert table_version(base, "subscriber") == 6
    assert table_version(base, "address") == 0
    check_version(base, "subscriber", 6)


def test_another_version(base: SqliteDatabase) -> None:
    with pytest.raises(ModuleError) as error:
        check_version(base, "subscriber", 7)
    assert str(error.value) == (
        "invalid version 6 for table subscriber found, expected 7 "
        '(check table structure and table "version")'
    )


def test_a_version_that_is_no_number(base: SqliteDatabase, file: Path) -> None:
    with closing(sqlite3.connect(file)) as made:
        made.execute("UPDATE version SET table_version = 'seven'")
        made.commit()
    with pytest.raises(DatabaseError, match="has no number for subscriber"):
        table_version(base, "subscriber")


def test_without_the_table_of_versions(base: SqliteDatabase, file: Path) -> None:
    with closing(sqlite3.connect(file)) as made:
        made.execute("DROP TABLE version")
    with pytest.raises(ModuleError, match=r"of the table subscriber cannot be told: .*no such"):
        check_version(base, "subscriber", 7)
