"""Databases that are folders of text files (Kamailio modules/db_text).

Statements run in memory. A change is in its file when the route that made it goes on; several
changes that come while a file is written are written together.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from threading import Lock
from typing import TypeVar

from sipproxy.core.offload import Offload, Workers
from sipproxy.db.database import Change, Result, Step, only_reads
from sipproxy.db.memory import MemoryDatabase, in_memory
from sipproxy.db.registry import TextOptions
from sipproxy.db.statement import Parameters, SqlValue
from sipproxy.db.textfile import TextFormat
from sipproxy.db.textfolder import TextFolder
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError

T = TypeVar("T")


class TextDatabase(MemoryDatabase):
    """One folder; with `overlay` its files are only read, and changes stay in memory."""

    def __init__(
        self,
        url: DatabaseUrl,
        offload: Offload,
        timeout: float,
        *,
        options: TextOptions,
        overlay: bool = False,
    ) -> None:
        super().__init__(url)
        self.timeout = timeout
        self.overlay = overlay
        form = TextFormat(options.delimiter, empty_texts=options.empty_texts)
        self._folder = TextFolder(url.path, form)
        self._follows = options.follows
        self._unsaved: set[str] = set()
        """Tables whose files are older than what memory has."""
        self._changed = self._saved = 0
        """How many changes there were, and up to which of them the files have them."""
        self._failure: str | None = None
        """Why the files could not be written the last time."""
        self._lock = Lock()
        """Held while a change is made, and while memory is copied for a thread."""
        self._saving = Lock()
        self._workers = Workers(offload, "text", threads=1, backlog=10_000)

    def open(self) -> None:
        try:
            self._folder.check()
        except DatabaseError as error:
            raise self._told(error) from None

    def moment(self, second: int) -> SqlValue:
        """The Unix second itself."""
        return second

    def second(self, moment: object) -> int:
        if not isinstance(moment, int):
            raise ValueError(f"{moment!r} is no time")
        return moment

    def _filled(self) -> sqlite3.Connection:
        return self._folder.connection

    async def change(self, sql: str, parameters: Parameters) -> int:
        self._refresh()
        count = self._change(sql, parameters)
        await self._written()
        return count

    async def apply(self, steps: Sequence[Step]) -> list[int]:
        self._refresh()
        counts = self._apply(steps)
        await self._written()
        return counts

    async def ask(self, sql: str) -> Result:
        if not only_reads(sql):
            self._refresh()
        result = self._ask(sql)
        await self._written()
        return result

    def write(self, changes: Iterable[Change]) -> None:
        self._refresh()
        # Statements may be run twice (see _done), what they are run for comes once.
        super().write([(sql, list(rows)) for sql, rows in changes])
        self._save(self._changed)

    def close(self) -> None:
        pending = self._changed > self._saved and not self.overlay
        self._workers.close(super().close)
        if not pending:
            super().close()

    # -- memory

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do it with the tables it needs, as their files have them now."""
        if self._follows:
            self._refresh()
        try:
            with self._lock:
                self._folder.touched.clear()
                return self._done(work)
        except DatabaseError as error:
            raise self._told(error) from None

    def _done(self, work: Callable[[sqlite3.Connection], T]) -> T:
        folder = self._folder
        while True:
            try:
                result = work(self._connected())
            except sqlite3.Error as error:
                if not folder.load_missing(error):
                    raise DatabaseError(str(error)) from None
                continue
            except (OverflowError, ValueError) as error:
                raise DatabaseError(str(error)) from None
            if folder.touched:
                self._changed += 1
                self._unsaved |= folder.touched
            return result

    def _refresh(self) -> None:
        """Read what other programs have written; what waits to be written is newer."""
        try:
            with self._lock:
                if self._changed == self._saved:
                    self._folder.reload()
        except DatabaseError as error:
            raise self._told(error) from None

    def _told(self, error: DatabaseError) -> DatabaseError:
        return DatabaseError(f"{self.url}: {error}")

    # -- files

    async def _written(self) -> None:
        """Wait until all changes there have been are in their files."""
        changed = self._changed
        if self.overlay or changed == self._saved:
            return
        wait = self._workers.submit(lambda: self._save(changed), self.timeout)
        try:
            await wait
        except TimeoutError as error:
            raise DatabaseError(f"{self.url}: {error}") from None

    def _save(self, wanted: int) -> None:
        """Write what has changed, unless that was done already; raises if it could not be."""
        if self.overlay:
            return
        with self._saving:
            if self._saved < wanted:
                self._save_all()
            if self._failure is not None:
                raise DatabaseError(self._failure)

    def _save_all(self) -> None:
        """Write all tables that have changed; what cannot be written is forgotten."""
        with self._lock:
            names, changed = self._unsaved, self._changed
            self._unsaved = set()
            copy = in_memory()
            self._connected().backup(copy)
        self._failure = None
        try:
            with closing(copy):
                self._folder.save(copy, sorted(names))
        except DatabaseError as error:
            self._failure = str(self._told(error))
            with self._lock:
                self._folder.forget(names)
        self._saved = changed
