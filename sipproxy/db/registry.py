"""The databases of one proxy: one for each URL, whoever asks for it.

SQLAlchemy is imported here when the first database is asked for, not before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sipproxy.core.offload import Offload
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError, ModuleError

if TYPE_CHECKING:
    from sipproxy.db.database import Database

THREADS = 4
"""Statements that a database server has to do at the same time, at most."""

Patience = Callable[[Callable[[], None]], None]
"""Given what connects, it tries that until it succeeds, or raises what it raises in the end."""

SCHEMES = ("sqlite", "mysql", "postgres", "text")


@dataclass(frozen=True, slots=True)
class SqliteOptions:
    """How an SQLite file is opened (module db_sqlite)."""

    read_only: bool = False
    journal_mode: str = ""
    """DELETE, TRUNCATE, PERSIST, MEMORY, WAL or OFF; empty leaves the file's."""


@dataclass(frozen=True, slots=True)
class TextOptions:
    """How the files of a folder are read (module db_text)."""

    delimiter: str = ":"
    """What is between two fields, one character."""
    empty_texts: bool = False
    """A field without a character is an empty text, not NULL."""
    follows: bool = False
    """Files that other programs change are read again."""


class Databases:
    """Gives out databases by Kamailio's URLs."""

    def __init__(self, offload: Offload, modules: Container[str], *, overlay: bool = False) -> None:
        """`modules` are the names of the cfg's modules: db_mysql brings the URLs mysql://.

        With `overlay` nothing outside is written: SQLite keeps changes in memory, database
        servers refuse them.
        """
        self.timeouts = {"sqlite": 2.0, "mysql": 2.0, "postgres": 5.0, "text": 10.0}
        """Seconds until a database that does not answer counts as failed, by scheme."""
        self.arguments: dict[str, dict[str, object]] = {"mysql": {}, "postgres": {}}
        """What the drivers of database servers are told besides, by scheme."""
        self.sqlite: dict[str, SqliteOptions] = {}
        """What module db_sqlite was told of a database, by the name in its URL."""
        self.text = TextOptions()
        """What module db_text was told."""
        self.version_table = "version"
        """The table that holds the versions of the others (core parameter version_table)."""
        self.overlay = overlay
        """Whether nothing outside is written: a replay."""
        self.stands_in: Callable[[str], Callable[[], None]] | None = None
        """Where given: asked with a URL whose scheme is not served, for who is told of its uses."""
        self._offload = offload
        self._modules = modules
        self._known: dict[str, Database] = {}
        self._before: Callable[[], Awaitable[object]] | None = None
        self._patience: Patience | None = None

    def get(self, url: str) -> Database:
        """The database of this URL, not connected yet.

        Raises ModuleError for a bad URL, and for one whose module is not loaded.
        """
        known = self._known.get(url)
        if known is None:
            known = self._known[url] = self._make(url)
            known.before = self._before
            self._set_patience(known)
            known.version_table = self.version_table
        return known

    def __iter__(self) -> Iterator[Database]:
        """Those that were given out."""
        return iter(self._known.values())

    def be_patient(self, patience: Patience) -> None:
        """Have the start wait for databases that are not there yet."""
        self._patience = patience
        for database in self._known.values():
            self._set_patience(database)

    def _set_patience(self, database: Database) -> None:
        if self._patience is not None:
            database.open = partial(self._patience, database.open)  # type: ignore[method-assign]

    def put(self, url: str, database: Database) -> None:
        """Let a database stand in for the one of a URL."""
        self._known[url] = database

    def delay(self, before: Callable[[], Awaitable[object]] | None) -> None:
        """Have every database answer a route only after what `before` gives was awaited."""
        self._before = before
        for database in self._known.values():
            database.before = before

    def _make(self, text: str) -> Database:
        scheme = text.partition(":")[0]
        if self.stands_in is not None and scheme not in SCHEMES:
            from sipproxy.db.absent import AbsentDatabase

            return AbsentDatabase(scheme, self.stands_in(f"{scheme}:"))
        try:
            url = DatabaseUrl.parse(text)
        except DatabaseError as error:
            raise ModuleError(str(error)) from None
        module = f"db_{url.scheme}"
        if url.scheme not in SCHEMES:
            known = ", ".join(SCHEMES)
            raise ModuleError(f"{url}: databases of that scheme are not served: {known} are")
        if module not in self._modules:
            raise ModuleError(
                f'{url}: the module {module} is not loaded (loadmodule "{module}.so")'
            )
        if url.scheme == "sqlite":
            return self._file(url)
        if url.scheme == "text":
            return self._folder(url)
        return self._server(url)

    def _file(self, url: DatabaseUrl) -> Database:
        from sipproxy.db.memory import SqliteCopy
        from sipproxy.db.sqlite import SqliteDatabase

        options = self.sqlite.get(url.database, SqliteOptions())
        if self.overlay:
            options = replace(options, read_only=True)
        file = SqliteDatabase(url, self._offload, self.timeouts["sqlite"], options=options)
        return SqliteCopy(url, lambda: file.connect(0.0)) if self.overlay else file

    def _folder(self, url: DatabaseUrl) -> Database:
        from sipproxy.db.textdb import TextDatabase

        timeout = self.timeouts["text"]
        return TextDatabase(url, self._offload, timeout, options=self.text, overlay=self.overlay)

    def _server(self, url: DatabaseUrl) -> Database:
        from sipproxy.db.engines import SERVERS, server_dialect, server_engine
        from sipproxy.db.pooled import PooledDatabase

        return PooledDatabase(
            url,
            self._offload,
            self.timeouts[url.scheme],
            dialect=server_dialect(url),
            make_engine=lambda seconds, connections, pings: server_engine(
                url, seconds, connections, self.arguments[url.scheme], pings=pings
            ),
            threads=THREADS,
            read_only=self.overlay,
            holds_nul=SERVERS[url.scheme].holds_nul,
        )

    def close(self) -> None:
        """Give back what all of them hold."""
        for database in self._known.values():
            database.close()
