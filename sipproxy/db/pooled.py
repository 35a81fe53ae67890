"""Databases behind a connection: every statement runs in a small pool of threads."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar, cast

from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sipproxy import text as wire
from sipproxy.core.offload import Offload, Workers
from sipproxy.db.database import BULK_SECONDS, Change, Database, Result, Step, only_reads
from sipproxy.db.engines import reason_of
from sipproxy.db.statement import Parameters, Row, presentable
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError

T = TypeVar("T")

_AT_ONCE = 1000
"""Rows that a server is given at a time."""


class PooledDatabase(Database):
    """One database server. A statement without an answer after `timeout` seconds fails.

    `make_engine` gives an engine in autocommit mode; it is called when there is something to do.
    """

    def __init__(
        self,
        url: DatabaseUrl,
        offload: Offload,
        timeout: float,
        *,
        dialect: Dialect,
        make_engine: Callable[[], Engine],
        threads: int,
        backlog: int = 1000,
        read_only: bool = False,
        transaction: str = "READ COMMITTED",
    ) -> None:
        """`transaction` is how isolated :meth:`write` is from others, in SQLAlchemy's words."""
        super().__init__(url, dialect)
        self.timeout = timeout
        self.read_only = read_only
        self._transaction = transaction
        self._make_engine = make_engine
        self._engine: Engine | None = None
        self._workers = Workers(offload, url.scheme, threads=threads, backlog=backlog)

    def open(self) -> None:
        self._guarded(lambda connection: None)

    async def fetch(self, sql: str, parameters: Parameters) -> list[Row]:
        return await self._in_thread(lambda c: _fetched(c, sql, parameters))

    async def change(self, sql: str, parameters: Parameters) -> int:
        if self.read_only:
            raise DatabaseError(f"{self.url}: a replay changes no database server")
        return await self._in_thread(lambda c: _changed(c, sql, parameters))

    async def apply(self, steps: Sequence[Step]) -> list[int]:
        if self.read_only:
            raise DatabaseError(f"{self.url}: a replay changes no database server")
        return await self._in_thread(lambda c: _applied(c, steps, self._transaction))

    async def ask(self, sql: str) -> Result:
        if self.read_only and not only_reads(sql):
            raise DatabaseError(f"{self.url}: a replay changes no database server")
        # Drivers with % for parameters want those of a plain text doubled.
        clean = wire.presentable(sql).replace("%", "%%")
        return await self._in_thread(lambda connection: _asked(connection, clean))

    def read(self, sql: str, parameters: Parameters) -> list[Row]:
        return self._guarded(lambda c: _fetched(c, sql, parameters))

    def stream(self, sql: str, parameters: Parameters, size: int) -> Iterator[list[Row]]:
        self._engine = engine = self._engine or self._make_engine()
        try:
            # Without stream_results a driver takes all rows in before it gives the first; with it
            # PostgreSQL wants a transaction.
            level = self._transaction
            with (
                engine.connect().execution_options(isolation_level=level) as connection,
                connection.begin(),
            ):
                asked = connection.execution_options(stream_results=True)
                result = asked.exec_driver_sql(sql, presentable(parameters))
                while rows := result.fetchmany(size):
                    yield [tuple(row) for row in rows]
        except (SQLAlchemyError, OSError, ValueError) as error:
            raise DatabaseError(f"{self.url}: {reason_of(error)}") from None

    def write(self, changes: Iterable[Change]) -> None:
        if self.read_only:
            raise DatabaseError(f"{self.url}: a replay changes no database server")
        self._engine = engine = self._engine or self._make_engine()
        try:
            # Instead of the engine's autocommit, with which begin() means nothing.
            level = self._transaction
            with (
                engine.connect().execution_options(isolation_level=level) as connection,
                connection.begin(),
            ):
                for sql, rows in changes:
                    _write(connection, sql, iter(rows))
        except (SQLAlchemyError, OSError, ValueError) as error:
            raise DatabaseError(f"{self.url}: {reason_of(error)}") from None

    async def aside(self, work: Callable[[], T]) -> T:
        if self._engine is None:
            self._engine = self._make_engine()
        try:
            return cast(T, await self._workers.submit(work, BULK_SECONDS))
        except TimeoutError as error:
            raise DatabaseError(f"{self.url}: {error}") from None

    def close(self) -> None:
        self._workers.close()
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    async def _in_thread(self, work: Callable[[Connection], T]) -> T:
        if self._engine is None:  # made here, once: the threads only use it
            self._engine = self._make_engine()
        wait = self._workers.submit(lambda: self._guarded(work), self.timeout)
        try:
            return cast(T, await wait)
        except TimeoutError as error:
            raise DatabaseError(f"{self.url}: {error}") from None

    def _guarded(self, work: Callable[[Connection], T]) -> T:
        """Do it; a second time when the connection turned out to be gone before it began."""
        engine = self._engine = self._engine or self._make_engine()
        try:
            with engine.connect() as connection:
                try:
                    return work(connection)
                except DBAPIError as error:
                    if not error.connection_invalidated:
                        raise
            with engine.connect() as connection:
                return work(connection)
        except (SQLAlchemyError, OSError, ValueError) as error:
            raise DatabaseError(f"{self.url}: {reason_of(error)}") from None


def _fetched(connection: Connection, sql: str, parameters: Parameters) -> list[Row]:
    return [tuple(row) for row in connection.exec_driver_sql(sql, presentable(parameters))]


def _asked(connection: Connection, sql: str) -> Result:
    result = connection.exec_driver_sql(sql, ())
    if not result.returns_rows:
        return Result((), [], result.rowcount)
    return Result(tuple(result.keys()), [tuple(row) for row in result], result.rowcount)


def _changed(connection: Connection, sql: str, parameters: Parameters) -> int:
    return connection.exec_driver_sql(sql, presentable(parameters)).rowcount


def _applied(connection: Connection, steps: Sequence[Step], level: str) -> list[int]:
    if len(steps) == 1:
        return [_changed(connection, *steps[0])]
    connection.execution_options(isolation_level=level)
    with connection.begin():
        return [_changed(connection, *step) for step in steps]


def _write(connection: Connection, sql: str, rows: Iterator[Parameters]) -> None:
    """Run a statement for all rows, many at a time."""
    while piece := list(islice(rows, _AT_ONCE)):
        clean = [presentable(row) for row in piece]
        if len(clean) == 1:
            connection.exec_driver_sql(sql, clean[0])
        else:
            connection.exec_driver_sql(sql, cast(list[tuple[object, ...]], clean))
