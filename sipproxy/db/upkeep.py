"""Making Kamailio's tables, and finding what is missing in them: `sipproxy db`."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import StaticPool, Table, create_engine, func, inspect, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql import table as named_table

from sipproxy.db.engines import engine, reason_of
from sipproxy.db.schema import kamailio_tables, name_as_in_mysql, versions
from sipproxy.db.subscribers import HOLDS_EMPTY_TEXTS
from sipproxy.db.textfile import TextFormat
from sipproxy.db.textfolder import TextFolder
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError


@contextmanager
def connected(url: DatabaseUrl, *, create: bool = False) -> Iterator[Connection]:
    """A connection for a tool, given back at the end; raises DatabaseError, also for its user.

    With `create` an SQLite file or a folder is made where there is none: others may not read it.
    """
    if url.scheme == "text":
        with _folder(url, create) as connection:
            yield connection
        return
    if url.scheme == "sqlite" and not os.path.exists(url.path):
        if not create:
            raise DatabaseError(f"{url}: there is no such file ({url.path})")
        _make_file(url)
    with _connection(url, engine(url)) as connection:
        yield connection


@contextmanager
def _connection(url: DatabaseUrl, made: Engine) -> Iterator[Connection]:
    try:
        with made.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise DatabaseError(f"{url}: {reason_of(error)}") from None
    finally:
        made.dispose()


@contextmanager
def _folder(url: DatabaseUrl, create: bool) -> Iterator[Connection]:
    """A connection to what the files of a folder hold; what changed is written at the end."""
    if create:
        _make_folder(url)
    try:
        folder = TextFolder(url.path, TextFormat(), makes_tables=True)
        folder.check()
        _load(folder)
        made = create_engine(
            "sqlite://",
            creator=lambda: folder.connection,
            poolclass=StaticPool,
            isolation_level="AUTOCOMMIT",
            execution_options={HOLDS_EMPTY_TEXTS: False},
        )
        folder.touched.clear()
        with _connection(url, made) as connection:
            yield connection
            folder.save_changes()
    except DatabaseError as error:
        said = str(error)
        raise DatabaseError(said if said.startswith(str(url)) else f"{url}: {said}") from None


def _load(folder: TextFolder) -> None:
    """Read all tables; a file that is none is passed over, unless it has the name of one."""
    known = kamailio_tables().tables
    for name in folder.names():
        try:
            folder.load(name)
        except DatabaseError:
            if name in known:
                raise


def _make_folder(url: DatabaseUrl) -> None:
    try:
        os.makedirs(url.path, 0o750, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"{url}: {url.path}: {error.strerror}") from None


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
        if connection.dialect.name in ("mysql", "mariadb"):
            name_as_in_mysql(table)
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
        columns = (column["name"] for column in looked.get_columns(table.name))
        differences = _differences(table, columns, told.get(table.name))
        findings += [f"{table.name}: {difference}" for difference in differences]
    return findings


@dataclass(frozen=True, slots=True)
class Shown:
    """A table that is there: its version, None when none is told, and how many rows it has."""

    name: str
    version: int | None
    rows: int
    columns: tuple[str, ...]
    findings: tuple[str, ...]
    """What is not as in Kamailio; of a table that is not Kamailio's, nothing is."""
    known: bool
    """Whether it is one of Kamailio's that are known here."""


def show(connection: Connection, names: Iterable[str] = ()) -> list[Shown]:
    """The tables there are, or those of these names, in order."""
    wanted = set(names)
    looked = inspect(connection)
    there = sorted(name for name in looked.get_table_names() if not wanted or name in wanted)
    known = kamailio_tables().tables
    told = _versions(connection, known["version"]) if looked.has_table("version") else {}
    return [_shown(connection, name, known.get(name), told) for name in there]


def _shown(
    connection: Connection, name: str, known: Table | None, told: dict[str, object]
) -> Shown:
    version = told.get(name)
    columns = tuple(column["name"] for column in inspect(connection).get_columns(name))
    count = select(func.count()).select_from(named_table(name))
    return Shown(
        name,
        version if isinstance(version, int) else None,
        connection.execute(count).scalar_one(),
        columns,
        () if known is None else tuple(_differences(known, columns, version)),
        known is not None,
    )


def _differences(table: Table, columns: Iterable[str], version: object) -> Iterator[str]:
    """What a table that is there lacks, and that it has another version."""
    there = set(columns)
    for column in table.columns:
        if column.name not in there:
            yield f"the column {column.name} is missing"
    expected = table.info["version"]
    # Kamailio asks for the versions of the others, never for that of the table of versions.
    if table.name != "version" and version != expected:
        has = "no version" if version is None else f"version {version}"
        yield f"it has {has}, Kamailio 5.6 wants {expected}"


def _versions(connection: Connection, version: Table) -> dict[str, object]:
    rows = connection.execute(select(version.c.table_name, version.c.table_version))
    return {str(name): number for name, number in rows}
