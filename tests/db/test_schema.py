"""Kamailio's tables: as its own scripts make them, where those are installed."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine

from sipproxy.db.schema import kamailio_tables, versions
from sipproxy.db.upkeep import connected, create, known_tables
from sipproxy.db.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.servers import MariaDb, Postgres

SCRIPTS = Path("/usr/share/kamailio")
NAMES = (
    *("standard", "auth_db", "permissions", "usrloc", "acc", "secfilter", "pipelimit", "htable"),
    *("registrar", "alias_db", "avpops"),
)

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


def scripts(kind: str) -> list[str]:
    """Kamailio's statements for a kind of database, one by one."""
    folder = SCRIPTS / kind
    if not folder.exists():
        pytest.skip(f"needs Kamailio's scripts ({folder})")
    texts = [(folder / f"{name}-create.sql").read_text() for name in NAMES]
    return [part.strip() for text in texts for part in text.split(";") if part.strip()]


def made_by_us(url: str) -> None:
    with connected(DatabaseUrl.parse(url), create=True) as connection:
        create(connection, known_tables())


def test_as_kamailio_makes_them_in_mariadb(mariadb: "MariaDb") -> None:
    theirs, ours = mariadb.database(), mariadb.database()
    mariadb.run(*scripts("mysql"), database=theirs)
    made_by_us(mariadb.url(ours))
    for name in kamailio_tables().tables:
        asked = f"SHOW CREATE TABLE `{name}`"
        one, other = (mariadb.run(asked, database=base)[0][1] for base in (theirs, ours))
        assert _lines(one) == _lines(other)
    rows = "SELECT table_name, table_version FROM version ORDER BY table_name"
    assert mariadb.run(rows, database=ours) == mariadb.run(rows, database=theirs)


def _lines(made: str) -> list[str]:
    """Of a statement, but for the order of indexes and how many rows there were."""
    return sorted(re.sub(r" AUTO_INCREMENT=\d+", "", made).replace(",\n", "\n").split("\n"))


def test_as_kamailio_makes_them_in_postgresql(postgres: "Postgres") -> None:
    theirs, ours = postgres.database(), postgres.database()
    postgres.run(*scripts("postgres"), database=theirs)
    made_by_us(postgres.url(ours))
    columns = (
        "SELECT table_name, column_name, data_type, character_maximum_length, column_default,"
        " is_nullable FROM information_schema.columns WHERE table_schema = 'public'"
        " ORDER BY table_name, ordinal_position"
    )
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname"
    rows = "SELECT table_name, table_version FROM version ORDER BY table_name"
    for question in (columns, indexes, rows):
        assert postgres.run(question, database=ours) == postgres.run(question, database=theirs)


def test_as_kamailio_has_them_in_text_files(tmp_path: Path) -> None:
    made_by_us(f"text://{tmp_path}/made")
    theirs = SCRIPTS / "dbtext" / "kamailio"
    if not theirs.exists():
        pytest.skip(f"needs Kamailio's files ({theirs})")
    for name in kamailio_tables().tables:
        heading = (tmp_path / "made" / name).read_text().splitlines()[0]
        assert heading == (theirs / name).read_text().splitlines()[0].rstrip(), name


@pytest.mark.skipif(
    not (SCRIPTS / "db_sqlite").exists(), reason="needs Kamailio's scripts (db_sqlite)"
)
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
            theirs.executescript((SCRIPTS / "db_sqlite" / f"{name}-create.sql").read_text())
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
