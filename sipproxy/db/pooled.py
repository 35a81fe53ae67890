"""Databases behind a connection: every statement runs in a small pool of threads."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from threading import Lock
from typing import Any, TypeVar, cast

from sqlalchemy import inspect
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.types import TypeEngine

from sipproxy import text as wire
from sipproxy.core.offload import Offload, Workers
from sipproxy.db.database import BULK_SECONDS, Change, Database, Limit, Result, Step, only_reads
from sipproxy.db.engines import reason_of
from sipproxy.db.statement import Parameters, Row, presentable
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError

T = TypeVar("T")

_AT_ONCE = 1000
"""Rows that a server is given at a time."""

TABLE_SECONDS = 60.0
"""How long a server may take for one step of the work on a whole table: to sort it, to empty it."""
BULK_THREADS = 2

_ERRORS = (SQLAlchemyError, OSError, ValueError)


class PooledDatabase(Database):
    """One database server. A statement without an answer after `timeout` seconds fails.

    `make_engine` gives an engine in autocommit mode whose statements take so many seconds at most,
    which has so many connections, and tries them before they are used or not; it is called when
    there is something to do. Whole tables are read and written on an engine of their own, with
    more patience: what they do is not begun a second time when a connection is lost.
    """

    def __init__(
        self,
        url: DatabaseUrl,
        offload: Offload,
        timeout: float,
        *,
        dialect: Dialect,
        make_engine: Callable[[float, int, bool], Engine],
        threads: int,
        backlog: int = 1000,
        read_only: bool = False,
        transaction: str = "READ COMMITTED",
        holds_nul: bool = True,
    ) -> None:
        """`transaction` is how isolated :meth:`write` is from others, in SQLAlchemy's words.

        `holds_nul`: whether a text may have a NUL in it.
        """
        super().__init__(url, dialect)
        self.timeout = timeout
        self.read_only = read_only
        self._isolation = transaction
        self._holds_nul = holds_nul
        self._statements = _Lazy(lambda: make_engine(timeout, threads, False))
        self._tables = _Lazy(lambda: make_engine(TABLE_SECONDS, BULK_THREADS, True))
        self._workers = Workers(offload, url.scheme, threads=threads, backlog=backlog)
        self._bulk = Workers(offload, f"{url.scheme}-bulk", threads=BULK_THREADS, backlog=1000)

    def open(self) -> None:
        self._guarded(lambda connection: connection.exec_driver_sql("SELECT 1").close())

    async def fetch(self, sql: str, parameters: Parameters) -> list[Row]:
        return await self._in_thread(lambda c: _fetched(c, sql, parameters))

    async def change(self, sql: str, parameters: Parameters) -> int:
        if self.read_only:
            raise DatabaseError(f"{self.url}: a replay changes no database server")
        return await self._in_thread(lambda c: _changed(c, sql, parameters))

    async def apply(self, steps: Sequence[Step]) -> list[int]:
        if self.read_only:
            raise DatabaseError(f"{self.url}: a replay changes no database server")
        return await self._in_thread(lambda c: _applied(c, steps, self._isolation))

    async def ask(self, sql: str) -> Result:
        if self.read_only and not only_reads(sql):
            raise DatabaseError(f"{self.url}: a replay changes no database server")
        # Drivers with % for parameters want those of a plain text doubled.
        clean = wire.presentable(sql).replace("%", "%%")
        return await self._in_thread(lambda connection: _asked(connection, clean))

    def read(self, sql: str, parameters: Parameters) -> list[Row]:
        return self._guarded(lambda c: _fetched(c, sql, parameters))

    def stream(self, sql: str, parameters: Parameters, size: int) -> Iterator[list[Row]]:
        try:
            # Without stream_results a driver takes all rows in before it gives the first; with it
            # PostgreSQL wants a transaction.
            with self._transaction() as connection:
                asked = connection.execution_options(stream_results=True)
                result = asked.exec_driver_sql(sql, presentable(parameters))
                while rows := result.fetchmany(size):
                    yield [tuple(row) for row in rows]
        except _ERRORS as error:
            raise self._error(error) from None

    def write(self, changes: Iterable[Change]) -> None:
        if self.read_only:
            raise DatabaseError(f"{self.url}: a replay changes no database server")
        try:
            with self._transaction() as connection:
                for sql, rows in changes:
                    _write(connection, sql, iter(rows))
        except _ERRORS as error:
            raise self._error(error) from None

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A connection for whole tables with a transaction, instead of the engine's autocommit."""
        with self._tables.connection() as connection:
            connection.execution_options(isolation_level=self._isolation)
            with connection.begin():
                yield connection

    async def aside(self, work: Callable[[], T]) -> T:
        try:
            return cast(T, await self._bulk.submit(work, BULK_SECONDS))
        except TimeoutError as error:
            raise self._error(error) from None

    def limits(self, table: str) -> dict[str, Limit]:
        def look(connection: Connection) -> dict[str, Limit]:
            try:
                columns = inspect(connection).get_columns(table)
            except NoSuchTableError:
                raise DatabaseError(f"{self.url}: there is no table {table}") from None
            return {one["name"]: self._limit(one["type"]) for one in columns}

        return self._guarded(look)

    def _limit(self, kind: TypeEngine[Any]) -> Limit:
        try:
            binary = kind.python_type is bytes
        except NotImplementedError:  # a type that SQLAlchemy does not know
            binary = False
        return Limit(binary, getattr(kind, "length", None), binary or self._holds_nul)

    def close(self) -> None:
        self._workers.close()
        self._bulk.close()
        self._statements.close()
        self._tables.close()

    async def _in_thread(self, work: Callable[[Connection], T]) -> T:
        wait = self._workers.submit(lambda: self._guarded(work), self.timeout)
        try:
            return cast(T, await wait)
        except TimeoutError as error:
            raise self._error(error) from None

    def _guarded(self, work: Callable[[Connection], T]) -> T:
        """Do it; a second time when the connection turned out to be gone before it began."""
        try:
            with self._statements.connection() as connection:
                try:
                    return work(connection)
                except DBAPIError as error:
                    if not error.connection_invalidated:
                        raise
            with self._statements.connection() as connection:
                return work(connection)
        except _ERRORS as error:
            raise self._error(error) from None

    def _error(self, error: Exception) -> DatabaseError:
        return DatabaseError(f"{self.url}: {reason_of(error)}")


class _Lazy:
    """An engine that is made, once, when it is first wanted, by whichever thread."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._made: Engine | None = None
        self._lock = Lock()

    @property
    def engine(self) -> Engine:
        """Raises DatabaseError when its driver is not installed."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """One of its connections; it is not kept when the engine was closed meanwhile."""
        engine = self.engine
        with engine.connect() as connection:
            yield connection
            if engine is not self._made:
                connection.invalidate()

    def close(self) -> None:
        """Close its connections; it may be wanted again."""
        with self._lock:
            if self._made is not None:
                self._made.dispose()
                self._made = None


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
