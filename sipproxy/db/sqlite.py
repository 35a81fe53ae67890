"""SQLite: reads run inline, writes in a thread.

A read that meets a lock (another connection commits) does not wait inline: it is done again in the
thread, which may wait, and the route awaits it.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import TypeVar, cast
from urllib.parse import quote

from sipproxy import text
from sipproxy.core.offload import Offload, Workers
from sipproxy.db.database import BULK_SECONDS, Change, Result, Step, only_reads
from sipproxy.db.memory import InSqlite, applied, asked, written
from sipproxy.db.registry import SqliteOptions
from sipproxy.db.statement import Parameters, Row, presentable
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError

T = TypeVar("T")

DEFAULT = SqliteOptions()
_LOCKED = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))


class SqliteDatabase(InSqlite):
    """One SQLite file; `timeout` is how long, in seconds, a lock may be in the way.

    `changes` counts the rows that were touched.
    """

    def __init__(
        self,
        url: DatabaseUrl,
        offload: Offload,
        timeout: float,
        *,
        options: SqliteOptions = DEFAULT,
    ) -> None:
        super().__init__(url)
        self.timeout = timeout
        self.options = options
        self.changes = 0
        self._path = url.path
        self._reader: sqlite3.Connection | None = None
        self._waiter: sqlite3.Connection | None = None
        self._workers = Workers(offload, "sqlite", threads=1, backlog=10_000)
        self._bulk = Workers(offload, "sqlite-bulk", threads=1, backlog=1000)

    def open(self) -> None:
        self._guarded(lambda: self._connected().execute("SELECT 1 FROM sqlite_master").close())

    async def fetch(self, sql: str, parameters: Parameters) -> list[Row]:
        reader = self._reader or self._connected()
        try:
            return reader.execute(sql, parameters).fetchall()
        except UnicodeEncodeError:
            return await self.fetch(sql, presentable(parameters))
        except (OverflowError, ValueError) as error:
            raise DatabaseError(self._sentence(error)) from None
        except sqlite3.Error as error:
            if not _is_lock(error):
                raise DatabaseError(self._sentence(error)) from None
        return await self._in_thread(lambda: self._wait_and_fetch(sql, parameters))

    async def change(self, sql: str, parameters: Parameters) -> int:
        clean = presentable(parameters)
        return await self._in_thread(lambda: self._changed(self._patient(), sql, clean))

    async def apply(self, steps: Sequence[Step]) -> list[int]:
        return await self._in_thread(lambda: self._applied(self._patient(), steps))

    async def ask(self, sql: str) -> Result:
        sql = text.presentable(sql)
        if only_reads(sql):
            try:
                return self._asked(self._connected(), sql)
            except sqlite3.Error as error:
                if not _is_lock(error):
                    raise DatabaseError(self._sentence(error)) from None
        return await self._in_thread(lambda: self._asked(self._patient(), sql))

    def read(self, sql: str, parameters: Parameters) -> list[Row]:
        return self._guarded(lambda: self._read(sql, presentable(parameters)))

    def stream(self, sql: str, parameters: Parameters, size: int) -> Iterator[list[Row]]:
        try:
            with (
                closing(self.connect(self.timeout)) as connection,
                closing(connection.execute(sql, presentable(parameters))) as cursor,
            ):
                while rows := cursor.fetchmany(size):
                    yield rows
        except sqlite3.Error as error:
            raise DatabaseError(self._sentence(error)) from None

    def write(self, changes: Iterable[Change]) -> None:
        with closing(self.connect(self.timeout)) as connection:
            self._guarded(lambda: self._write(connection, changes))

    async def aside(self, work: Callable[[], T]) -> T:
        try:
            return cast(T, await self._bulk.submit(work, BULK_SECONDS))
        except TimeoutError as error:
            raise DatabaseError(f"{self.url}: {error}") from None

    def close(self) -> None:
        self._bulk.close()
        self._workers.close(self._close_waiter)
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def __del__(self) -> None:
        if self._reader is not None:
            self._reader.close()

    # -- inline

    def _connected(self) -> sqlite3.Connection:
        """The connection of the proxy's own thread."""
        if self._reader is None:
            self._reader = self.connect(0.0)
        return self._reader

    def connect(self, patience: float) -> sqlite3.Connection:
        """A connection that waits so many seconds for a lock; it does not create the file.

        Raises DatabaseError.
        """
        if not os.path.exists(self._path):
            raise DatabaseError(f"{self.url}: there is no such file ({self._path})")
        mode = "ro" if self.options.read_only else "rw"
        try:
            connection = sqlite3.connect(
                f"file:{quote(self._path)}?mode={mode}",
                uri=True,
                timeout=patience,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=256,
            )
            if self.options.journal_mode and mode == "rw":
                connection.execute(f"PRAGMA journal_mode={self.options.journal_mode}").close()
        except sqlite3.Error as error:
            raise DatabaseError(self._sentence(error)) from None
        connection.text_factory = text.decode
        return connection

    def _read(self, sql: str, parameters: Parameters) -> list[Row]:
        """Blocks while there is a lock, as the start of the server may."""
        try:
            return self._connected().execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            if not _is_lock(error):
                raise
        connection = self.connect(self.timeout)
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()

    # -- in the thread

    def _patient(self) -> sqlite3.Connection:
        """The connection of the thread, which waits for locks."""
        if self._waiter is None:
            self._waiter = self.connect(self.timeout)
        return self._waiter

    def _close_waiter(self) -> None:
        if self._waiter is not None:
            self._waiter.close()
            self._waiter = None

    def _wait_and_fetch(self, sql: str, parameters: Parameters) -> list[Row]:
        return self._patient().execute(sql, parameters).fetchall()

    def _changed(self, connection: sqlite3.Connection, sql: str, parameters: Parameters) -> int:
        count = connection.execute(sql, parameters).rowcount
        self.changes += max(count, 0)
        return count

    def _write(self, connection: sqlite3.Connection, changes: Iterable[Change]) -> None:
        self.changes += written(connection, changes)

    def _applied(self, connection: sqlite3.Connection, steps: Sequence[Step]) -> list[int]:
        counts = applied(connection, steps)
        self.changes += sum(counts)
        return counts

    def _asked(self, connection: sqlite3.Connection, sql: str) -> Result:
        result = asked(connection, sql)
        self.changes += max(result.changed, 0)
        return result

    async def _in_thread(self, work: Callable[[], T]) -> T:
        # Half a second more than the lock may last: SQLite's own answer is the better one.
        wait = self._workers.submit(lambda: self._guarded(work), self.timeout + 0.5)
        try:
            return cast(T, await wait)
        except TimeoutError as error:
            raise DatabaseError(f"{self.url}: {error}") from None

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except (sqlite3.Error, OverflowError, ValueError) as error:
            raise DatabaseError(self._sentence(error)) from None

    def _sentence(self, error: Exception) -> str:
        return f"{self.url}: {error}"


def _is_lock(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _LOCKED
