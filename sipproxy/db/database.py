"""What modules see of a database: prepared queries that a route awaits."""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement

from sipproxy import text as wire
from sipproxy.db.statement import Parameters, Row, SqlValue, Statement
from sipproxy.db.url import DatabaseUrl

T = TypeVar("T")

BULK_SECONDS = 3600.0
"""How long a whole table may take; a server that stops answering ends it long before."""

Change = tuple[str, Iterable[Parameters]]
"""A statement, and the parameters of each time it is run."""

Step = tuple[str, Parameters]
"""A statement, and the parameters with which it is run once."""

_TIME = "%Y-%m-%d %H:%M:%S"


_READS = re.compile(r"\s*\(?\s*(?:select|values|explain)\b", re.IGNORECASE)


class Limit(NamedTuple):
    """What a column takes of a text."""

    binary: bool = False
    """It takes bytes; else text, which is valid UTF-8."""
    most: int | None = None
    """So many characters, or bytes of a binary one, at most."""
    nul: bool = True
    """Whether there may be a NUL in it."""

    def fit(self, value: str) -> str | bytes | None:
        """The value as the column takes it, None where it does not."""
        held = wire.encode(value) if self.binary else wire.presentable(value)
        too_long = self.most is not None and len(held) > self.most
        return None if too_long or not (self.nul or "\0" not in value) else held


class Result(NamedTuple):
    """What a statement gave. `changed` is the rows it touched, -1 where that is not known."""

    columns: tuple[str, ...]
    rows: list[Row]
    changed: int


def only_reads(sql: str) -> bool:
    """Whether a statement that a person wrote changes nothing; False when in doubt."""
    return _READS.match(sql) is not None


class Database(ABC):
    """One database. Every method raises DatabaseError, and nothing else, when it fails.

    Connections, threads and files are opened on first use, so that a process may fork before.
    """

    def __init__(self, url: DatabaseUrl, dialect: Dialect) -> None:
        self.url = url
        self.dialect = dialect
        self.version_table = "version"
        """The table with the versions of the others."""
        self.before: Callable[[], Awaitable[object]] | None = None
        """Awaited before each statement of a route: how a test has a database answer late."""

    def prepare(self, statement: ClauseElement, names: Sequence[str] = ()) -> "Query":
        """Make a select, insert, update or delete ready, once for many uses.

        Its `bindparam`s are filled in the order of `names`; without it as they stand in the SQL.
        """
        return Query(self, Statement(statement, self.dialect, names))

    async def execute(self, statement: ClauseElement, values: Sequence[SqlValue] = ()) -> int:
        """Change something with a statement used this once; how many rows it touched."""
        return await self.prepare(statement).run(values)

    @abstractmethod
    def open(self) -> None:
        """Connect now and see that the database is there; blocks, so at the start only."""

    @abstractmethod
    async def fetch(self, sql: str, parameters: Parameters) -> list[Row]:
        """The rows of a select."""

    @abstractmethod
    async def change(self, sql: str, parameters: Parameters) -> int:
        """Run and commit a statement; how many rows it touched."""

    async def apply(self, steps: Sequence[Step]) -> list[int]:
        """Run these one after the other, in one transaction where that can be had.

        How many rows each touched.
        """
        return [await self.change(*step) for step in steps]

    @abstractmethod
    async def ask(self, sql: str) -> Result:
        """Run a statement that a person wrote, in the database's own words, and commit it."""

    @abstractmethod
    def read(self, sql: str, parameters: Parameters) -> list[Row]:
        """As :meth:`fetch`, but it blocks."""

    @abstractmethod
    def stream(self, sql: str, parameters: Parameters, size: int) -> Iterator[list[Row]]:
        """The rows of a select, so many at a time, on a connection of its own; it blocks."""

    @abstractmethod
    def write(self, changes: Iterable[Change]) -> None:
        """Make all changes in one transaction, or none; it blocks."""

    @abstractmethod
    async def aside(self, work: Callable[[], T]) -> T:
        """Do what blocks (:meth:`stream`, :meth:`write`) where no message waits for it."""

    def limits(self, table: str) -> dict[str, Limit]:
        """What the text columns of a table take, where the database bounds it; it blocks."""
        return {}

    def storable(self, text: str) -> SqlValue:
        """What to store for a text of any bytes: it is read as the same text, where that can be."""
        return text

    def moment(self, second: int) -> SqlValue:
        """What a column of time holds for a Unix second: local time, as in Kamailio."""
        return time.strftime(_TIME, time.localtime(second))

    def second(self, moment: object) -> int:
        """The Unix second of what a column of time holds. Raises ValueError."""
        if isinstance(moment, str):
            moment = datetime.strptime(moment, _TIME)
        if isinstance(moment, datetime):
            return int(moment.timestamp())
        raise ValueError(f"{moment!r} is no time")

    @abstractmethod
    def close(self) -> None:
        """Give connections and threads back; what is queued for a thread is still done."""


class Query:
    """A prepared statement. Values come in the order of its names."""

    __slots__ = ("_arrange", "_database", "statement")

    def __init__(self, database: Database, statement: Statement) -> None:
        self.statement = statement
        self._database = database
        self._arrange = statement.arrange

    async def rows(self, values: Sequence[SqlValue] = ()) -> list[Row]:
        """All rows of a select."""
        database = self._database
        if database.before is not None:
            await database.before()
        return await database.fetch(self.statement.sql, self._arrange(values))

    async def first(self, values: Sequence[SqlValue] = ()) -> Row | None:
        """The first row of a select, None when there is none."""
        database = self._database
        if database.before is not None:
            await database.before()
        rows = await database.fetch(self.statement.sql, self._arrange(values))
        return rows[0] if rows else None

    async def run(self, values: Sequence[SqlValue] = ()) -> int:
        """Run an insert, update or delete and commit it; how many rows it touched."""
        database = self._database
        if database.before is not None:
            await database.before()
        return await database.change(self.statement.sql, self._arrange(values))

    def read(self, values: Sequence[SqlValue] = ()) -> list[Row]:
        """All rows of a select, now: this blocks, so it is for the start and for RPC commands."""
        return self._database.read(self.statement.sql, self._arrange(values))

    def stream(self, values: Sequence[SqlValue] = (), size: int = 100) -> Iterator[list[Row]]:
        """All rows of a select, so many at a time; this blocks."""
        return self._database.stream(self.statement.sql, self._arrange(values), max(size, 1))

    def step(self, values: Sequence[SqlValue]) -> Step:
        """Run it with these values, as a part of :meth:`Database.apply`."""
        return self.statement.sql, self._arrange(values)

    def change(self, rows: Iterable[Sequence[SqlValue]] = ((),)) -> Change:
        """Run it for each of these rows, as a part of :meth:`Database.write`."""
        return self.statement.sql, map(self._arrange, rows)
