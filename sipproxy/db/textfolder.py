"""A folder of text files as tables of an SQLite connection in memory, and back.

A table is read when it is first asked for. What is written goes to a new file that takes the place
of the old one, so that a file is always whole.
"""

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

from sipproxy.db.memory import in_memory, storable
from sipproxy.db.statement import Row, SqlValue
from sipproxy.db.textfile import TextColumn, TextFormat
from sipproxy.errors import DatabaseError

_TYPES = {"int": "INTEGER", "time": "INTEGER", "double": "REAL", "blob": "BLOB"}
_DEFAULTS = {"INTEGER": "0", "REAL": "0", "BLOB": "''", "TEXT": "''"}
_MISSING = re.compile(r"no such table: (?:main\.)?(.+)")
_CHANGES = frozenset((sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE))
_DATA = _CHANGES | {
    *(sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION),
    *(sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT, sqlite3.SQLITE_RECURSIVE),
}
"""What statements may do here: tables are files, they are made by who makes the files."""

Signature = tuple[int, int, int]
"""Tells one state of a file from another: its number, its size, when it was written."""


class _Loaded(NamedTuple):
    columns: list[TextColumn]
    signature: Signature


class TextFolder:
    """The tables of a folder. Methods raise DatabaseError with the file and its line."""

    def __init__(self, path: str, form: TextFormat, *, makes_tables: bool = False) -> None:
        """With `makes_tables` statements may make tables, too: each becomes a file."""
        self.path = path
        self.connection = in_memory(cached_statements=0)
        self.touched: set[str] = set()
        """Tables that statements have changed."""
        self._format = form
        self._makes_tables = makes_tables
        self._loaded: dict[str, _Loaded] = {}
        self._watch()

    def _watch(self) -> None:
        # Statements are asked about when they are prepared, so none may be kept ready.
        self.connection.set_authorizer(self._authorize)

    def _authorize(
        self, action: int, table: str | None, column: str | None, base: str | None, by: str | None
    ) -> int:
        if action in _CHANGES or action == sqlite3.SQLITE_CREATE_TABLE:
            self.touched.add(table or "")
        allowed = action in _DATA or self._makes_tables
        return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY

    @contextmanager
    def _unwatched(self) -> Iterator[sqlite3.Connection]:
        self.connection.set_authorizer(None)
        try:
            yield self.connection
        finally:
            self._watch()

    def check(self) -> None:
        """See that there is such a folder."""
        if not os.path.isdir(self.path):
            raise DatabaseError(f"there is no such folder ({self.path})")

    def names(self) -> list[str]:
        """The tables there are, by name."""
        try:
            found = sorted(os.listdir(self.path))
        except OSError as error:
            raise DatabaseError(f"{self.path}: {error.strerror}") from None
        return [
            name
            for name in found
            if "." not in name and "~" not in name and os.path.isfile(self._file(name))
        ]

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)

    # -- from files

    def load(self, name: str) -> None:
        """Read a table, again if it was read."""
        if os.sep in name or name.startswith("."):
            raise DatabaseError(f"{name} is no name of a table")
        path = self._file(name)
        try:
            with open(path, "rb") as file:
                signature = _signature(os.fstat(file.fileno()))
                data = file.read()
        except FileNotFoundError:
            raise DatabaseError(f"there is no table {name} ({path})") from None
        except OSError as error:
            raise DatabaseError(f"{path}: {error.strerror}") from None
        columns, rows = self._format.read(data, path)
        with self._unwatched() as connection:
            connection.execute("BEGIN").close()
            try:
                connection.execute(f"DROP TABLE IF EXISTS {_quoted(name)}").close()
                for statement in _made(name, columns):
                    connection.execute(statement).close()
                places = ", ".join("?" * len(columns))
                into = f"INSERT INTO {_quoted(name)} VALUES ({places})"
                connection.executemany(into, map(_stored, rows)).close()
                connection.execute("COMMIT").close()
            except sqlite3.Error as error:
                connection.execute("ROLLBACK").close()
                raise DatabaseError(f"{path}: {error}") from None
        self._loaded[name] = _Loaded(columns, signature)

    def load_missing(self, error: sqlite3.Error) -> bool:
        """Read the table that a statement did not find; False when that was not what it lacked."""
        found = _MISSING.fullmatch(str(error))
        if found is None or found[1] in self._loaded:
            return False
        self.load(found[1])
        return True

    def reload(self) -> None:
        """Read those tables again whose files have changed since."""
        for name in [name for name in self._loaded if self._is_stale(name)]:
            self.load(name)

    def _is_stale(self, name: str) -> bool:
        loaded = self._loaded.get(name)
        try:
            return loaded is not None and _signature(os.stat(self._file(name))) != loaded.signature
        except OSError:
            return False  # gone for a moment, while another program writes it

    def forget(self, names: Iterable[str]) -> None:
        """Let what memory has of these tables go: the next use reads the files."""
        with self._unwatched() as connection:
            for name in names:
                if self._loaded.pop(name, None):
                    connection.execute(f"DROP TABLE IF EXISTS {_quoted(name)}").close()

    # -- to files

    def save(self, source: sqlite3.Connection, names: Iterable[str]) -> None:
        """Write tables as they are in a connection to a copy of this one."""
        for name in names:
            loaded = self._loaded.get(name)
            if loaded is None:
                raise DatabaseError(f"{self._file(name)}: an earlier change was not written")
            written = self._write(source, name, loaded.columns)
            self._loaded[name] = loaded._replace(signature=written)

    def save_changes(self) -> None:
        """Write the tables that statements have touched; new ones get the types they have here."""
        with self._unwatched() as connection:
            for name in sorted(self.touched):
                made = connection.execute(f"PRAGMA table_info({_quoted(name)})").fetchall()
                if made and not name.startswith("sqlite_"):
                    columns = [_column(*row) for row in made]
                    known = self._loaded.get(name)
                    self._write(connection, name, known.columns if known else columns)

    def _write(self, source: sqlite3.Connection, name: str, columns: list[TextColumn]) -> Signature:
        path = self._file(name)
        fresh = f"{path}.new"
        try:
            mode = _mode(path)
            with open(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, mode), "wb") as file:
                with closing(source.execute(f"SELECT * FROM {_quoted(name)}")) as rows:
                    file.writelines(self._format.lines(columns, rows))
                file.flush()
                os.fsync(file.fileno())
                signature = _signature(os.fstat(file.fileno()))
            _keep_owner(path, fresh)
            os.replace(fresh, path)
        except OSError as error:
            raise DatabaseError(f"{path}: {error.strerror}") from None
        except (sqlite3.Error, ValueError) as error:
            raise DatabaseError(f"{path}: {error}") from None
        return signature


def _column(
    number: int, name: str, kind: str, required: int, default: object, key: int
) -> TextColumn:
    """What a row of SQLite's table_info means: times are whole seconds, as in Kamailio's files."""
    short = kind.upper()
    named = "string" if "CHAR" in short else "double" if "REAL" in short else "int"
    return TextColumn(name, named, null=not required and not key, auto=bool(key))


def _made(name: str, columns: list[TextColumn]) -> Iterator[str]:
    """The statements that make a table: texts compare without regard to case, as in db_text."""
    parts = []
    for column in columns:
        kind = _TYPES.get(column.kind, "TEXT")
        words = [_quoted(column.name), kind]
        if not column.null and not column.auto:
            words.append(f"NOT NULL DEFAULT {_DEFAULTS[kind]}")
        if column.is_text:
            words.append("COLLATE NOCASE")
        parts.append(" ".join(words))
    table = _quoted(name)
    yield f"CREATE TABLE {table} ({', '.join(parts)})"
    for column in columns:
        if column.auto:
            key = _quoted(column.name)
            yield f"CREATE INDEX {_quoted(f'{name} {column.name}')} ON {table} ({key})"
            yield (
                f"CREATE TRIGGER {_quoted(f'number {name}')} AFTER INSERT ON {table} "
                f"WHEN NEW.{key} IS NULL BEGIN UPDATE {table} SET {key} = "
                f"(SELECT COALESCE(MAX({key}), 0) + 1 FROM {table}) WHERE rowid = NEW.rowid; END"
            )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _stored(row: Row) -> list[SqlValue]:
    return [storable(value) if isinstance(value, str) else value for value in row]


def _signature(status: os.stat_result) -> Signature:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _mode(path: str) -> int:
    try:
        return os.stat(path).st_mode & 0o777
    except FileNotFoundError:
        return 0o640


def _keep_owner(old: str, fresh: str) -> None:
    """The new file belongs to whom the old one did, where we may give it away."""
    try:
        status = os.stat(old)
        os.chmod(fresh, status.st_mode & 0o777)
        os.chown(fresh, status.st_uid, status.st_gid)
    except FileNotFoundError:
        return
    except PermissionError:
        return
