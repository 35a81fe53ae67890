"""Databases in the proxy's own memory: SQLite without a file. All that is asked is done inline."""

import re
import sqlite3
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TypeVar

from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from sipproxy import text
from sipproxy.db.database import Change, Database, Result, Step
from sipproxy.db.statement import Parameters, Row, SqlValue, presentable
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError

T = TypeVar("T")

_EPOCH = 2440587.5
"""The Julian day on which Unix time begins."""
_NUMBER = re.compile(r"\s*[+-]?\d+(?:\.\d*)?")


class InSqlite(Database):
    """What is the same for all that speak SQLite: how texts and times are stored."""

    def __init__(self, url: DatabaseUrl) -> None:
        super().__init__(url, sqlite_dialect())

    def storable(self, value: str) -> SqlValue:
        """Bytes that are not UTF-8 go into a text column as they are, as Kamailio's would."""
        return storable(value)

    def moment(self, second: int) -> SqlValue:
        """A Julian day, half a second early: so Kamailio's db_sqlite writes times."""
        return (second - 0.5) / 86400 + _EPOCH

    def second(self, moment: object) -> int:
        if isinstance(moment, str):
            # SQLite itself makes of a text the number that it begins with.
            digits = _NUMBER.match(moment)
            moment = float(digits[0]) if digits else 0.0
        if not isinstance(moment, int | float):
            raise ValueError(f"{moment!r} is no time")
        return round(86400 * (moment - _EPOCH) + 0.5)


class MemoryDatabase(InSqlite):
    """One connection to a database in memory. `changes` counts the rows that were touched."""

    def __init__(self, url: DatabaseUrl) -> None:
        super().__init__(url)
        self.changes = 0
        self._connection: sqlite3.Connection | None = None

    @abstractmethod
    def _filled(self) -> sqlite3.Connection:
        """A connection, made once, with what the database begins with; raises DatabaseError."""

    def open(self) -> None:
        self._do(lambda connection: connection.execute("SELECT 1 FROM sqlite_master").close())

    async def fetch(self, sql: str, parameters: Parameters) -> list[Row]:
        return self.read(sql, parameters)

    async def change(self, sql: str, parameters: Parameters) -> int:
        return self._change(sql, parameters)

    async def apply(self, steps: Sequence[Step]) -> list[int]:
        return self._apply(steps)

    async def ask(self, sql: str) -> Result:
        return self._ask(sql)

    def read(self, sql: str, parameters: Parameters) -> list[Row]:
        clean = presentable(parameters)
        return self._do(lambda connection: connection.execute(sql, clean).fetchall())

    def stream(self, sql: str, parameters: Parameters, size: int) -> Iterator[list[Row]]:
        clean = presentable(parameters)
        cursor = self._do(lambda connection: connection.execute(sql, clean))
        while rows := cursor.fetchmany(size):
            yield rows

    def write(self, changes: Iterable[Change]) -> None:
        self._do(lambda connection: self._write(connection, changes))

    async def aside(self, work: Callable[[], T]) -> T:
        return work()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        self.close()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._filled()
        return self._connection

    def _change(self, sql: str, parameters: Parameters) -> int:
        clean = presentable(parameters)
        count: int = self._do(lambda connection: connection.execute(sql, clean).rowcount)
        self.changes += max(count, 0)
        return count

    def _apply(self, steps: Sequence[Step]) -> list[int]:
        counts = self._do(lambda connection: applied(connection, steps))
        self.changes += sum(counts)
        return counts

    def _ask(self, sql: str) -> Result:
        result = self._do(lambda connection: asked(connection, text.presentable(sql)))
        self.changes += max(result.changed, 0)
        return result

    def _write(self, connection: sqlite3.Connection, changes: Iterable[Change]) -> None:
        self.changes += written(connection, changes)

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._connected())
        except (sqlite3.Error, OverflowError, ValueError) as error:
            raise DatabaseError(f"{self.url}: {error}") from None


class SqliteCopy(MemoryDatabase):
    """An SQLite file for a replay: it is copied, and the copy is changed.

    `open_file` opens the file for reading.
    """

    overlay = True

    def __init__(self, url: DatabaseUrl, open_file: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(url)
        self._open_file = open_file

    def _filled(self) -> sqlite3.Connection:
        copy = in_memory()
        with closing(self._open_file()) as source:
            source.backup(copy)
        return copy


def in_memory(*, cached_statements: int = 128) -> sqlite3.Connection:
    """A connection to a new database in memory, in autocommit mode, any bytes as text."""
    made = sqlite3.connect(
        ":memory:",
        isolation_level=None,
        check_same_thread=False,
        cached_statements=cached_statements,
    )
    made.text_factory = text.decode
    return made


def storable(value: str) -> SqlValue:
    """What SQLite is given for a text of any bytes: bytes where it is not UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return text.encode(value)
    return value


def asked(connection: sqlite3.Connection, sql: str) -> Result:
    """What a statement that a person wrote gives."""
    with closing(connection.execute(sql)) as cursor:
        columns = tuple(column[0] for column in cursor.description or ())
        rows = cursor.fetchall()
        return Result(columns, rows, cursor.rowcount)


def written(connection: sqlite3.Connection, changes: Iterable[Change]) -> int:
    """Make all changes in one transaction, or none; how many rows they touched."""
    count = 0
    with _transaction(connection):
        for sql, rows in changes:
            count += max(connection.executemany(sql, map(presentable, rows)).rowcount, 0)
    return count


def applied(connection: sqlite3.Connection, steps: Sequence[Step]) -> list[int]:
    """Take all steps in one transaction, or none; how many rows each touched."""
    if len(steps) == 1:
        return [_step(connection, *steps[0])]
    with _transaction(connection):
        return [_step(connection, *step) for step in steps]


def _step(connection: sqlite3.Connection, sql: str, parameters: Parameters) -> int:
    return max(connection.execute(sql, presentable(parameters)).rowcount, 0)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is done within, or nothing."""
    connection.execute("BEGIN IMMEDIATE").close()
    try:
        yield
        connection.execute("COMMIT").close()
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK").close()
        raise
