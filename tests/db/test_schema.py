"""Kamailio's tables: as its own scripts make them, where those are installed."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from sipproxy.db.schema import kamailio_tables, versions

SCRIPTS = Path("/usr/share/kamailio/db_sqlite")
NAMES = ("standard", "auth_db", "permissions", "usrloc", "acc", "secfilter", "pipelimit", "htable")

Shape = tuple[list[tuple[object, ...]], list[object]]


def shape(base: sqlite3.Connection, table: str) -> Shape:
    """Columns with types, defaults and keys; indexes with their columns."""
    columns = base.execute(f"PRAGMA table_info({table})").fetchall()
    named = base.execute(f"PRAGMA index_list({table})").fetchall()
    indexes = [
        (unique, [row[2] for row in base.execute(f"PRAGMA index_info({name})")])
        for _, name, unique, *_ in named
    ]
    return columns, sorted(indexes, key=str)


@pytest.mark.skipif(not SCRIPTS.exists(), reason="needs Kamailio's scripts (db_sqlite)")
def test_as_kamailio_makes_them(tmp_path: Path) -> None:
    tables = kamailio_tables()
    engine = create_engine(f"sqlite:///{tmp_path}/ours.db")
    tables.create_all(engine)
    engine.dispose()
    with (
        closing(sqlite3.connect(tmp_path / "theirs.db")) as theirs,
        closing(sqlite3.connect(tmp_path / "ours.db")) as ours,
    ):
        for name in NAMES:
            theirs.executescript((SCRIPTS / f"{name}-create.sql").read_text())
        for name in tables.tables:
            assert shape(ours, name) == shape(theirs, name), name
        rows = dict(theirs.execute("SELECT table_name, table_version FROM version"))
        assert versions(tables.tables.values()) == rows


def test_names_of_indexes() -> None:
    """They are what a person sees in an error."""
    tables = kamailio_tables().tables
    assert {str(i.name) for i in tables["subscriber"].indexes} == {"subscriber_username_idx"}
    assert {str(i.name) for i in tables["secfilter"].indexes} == {"secfilter_secfilter_idx"}


def test_two_callers_do_not_share_tables() -> None:
    assert kamailio_tables().tables["address"] is not kamailio_tables().tables["address"]
