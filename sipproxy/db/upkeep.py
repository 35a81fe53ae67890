"""Making Kamailio's tables, and finding what is missing in them: `sipproxy db`."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Table, inspect, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from sipproxy.db.engines import engine, reason_of
from sipproxy.db.schema import kamailio_tables, versions
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError


@contextmanager
def connected(url: DatabaseUrl, *, create: bool = False) -> Iterator[Connection]:
    """A connection for a tool, given back at the end; raises DatabaseError, also for its user.

    With `create` an SQLite file is made where there is none: others may not read it.
    """
    if url.scheme == "sqlite" and not os.path.exists(url.path):
        if not create:
            raise DatabaseError(f"{url}: there is no such file ({url.path})")
        _make_file(url)
    made: Engine = engine(url)
    try:
        with made.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise DatabaseError(f"{url}: {reason_of(error)}") from None
    finally:
        made.dispose()


def _make_file(url: DatabaseUrl) -> None:
    """An empty file: it will hold what passwords are checked with."""
    try:
        os.close(os.open(url.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640))
    except OSError as error:
        raise DatabaseError(f"{url}: {url.path}: {error.strerror}") from None


def known_tables(names: Iterable[str] = ()) -> list[Table]:
    """Kamailio's tables of these names, all of them without any; `version` is always there.

    Raises ValueError for a name that is not known.
    """
    known = kamailio_tables().tables
    wanted = list(dict.fromkeys(("version", *(names or known))))
    for name in wanted:
        if name not in known:
            raise ValueError(f"{name} is not a table that is known here: {', '.join(known)}")
    return [known[name] for name in wanted]


def create(connection: Connection, tables: Iterable[Table]) -> list[str]:
    """Make the tables that are missing, with their versions; their names. The others stay."""
    tables = list(tables)
    version = next(table for table in tables if table.name == "version")
    there = set(inspect(connection).get_table_names())
    missing = [table for table in tables if table.name not in there]
    for table in missing:
        table.create(connection)
    told = _versions(connection, version)
    for name, number in versions(missing).items():
        if name not in told:
            row = {"table_name": name, "table_version": number}
            connection.execute(version.insert().values(row))
    return [table.name for table in missing]


def check(connection: Connection, tables: Iterable[Table]) -> list[str]:
    """What is missing or of another version, one sentence each."""
    tables = list(tables)
    version = next(table for table in tables if table.name == "version")
    looked = inspect(connection)
    there = set(looked.get_table_names())
    told = _versions(connection, version) if "version" in there else {}
    findings: list[str] = []
    for table in tables:
        if table.name not in there:
            findings.append(f"{table.name}: the table is missing")
            continue
        columns = {column["name"] for column in looked.get_columns(table.name)}
        findings += [
            f"{table.name}: the column {column.name} is missing"
            for column in table.columns
            if column.name not in columns
        ]
        expected, found = table.info["version"], told.get(table.name)
        # Kamailio asks for the versions of the others, never for that of the table of versions.
        if table is not version and found != expected:
            has = "no version" if found is None else f"version {found}"
            findings.append(f"{table.name}: it has {has}, Kamailio 5.6 wants {expected}")
    return findings


def _versions(connection: Connection, version: Table) -> dict[str, object]:
    rows = connection.execute(select(version.c.table_name, version.c.table_version))
    return {str(name): number for name, number in rows}
