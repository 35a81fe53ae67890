"""Parameters of secfilter, its lists, and how they come from the table."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, modparam
from sipproxy.errors import DatabaseError, ModuleError
from sipproxy.modules.secfilter.lists import Lists

if TYPE_CHECKING:
    from sipproxy.db.database import Database

_TABLE_VERSION = 1
_AT_ONCE = 1000
"""Rows that are fetched together."""


class SecfilterBase(Module):
    """What functions and commands share."""

    db_url = modparam("mysql://kamailioro:kamailioro@localhost/kamailio", "Database of the table.")
    table_name = modparam("secfilter", "The table.")
    action_col = modparam("action", "Its column: 0 black, 1 white, 2 destination.")
    type_col = modparam("type", "Its column: 0 agent, 1 country, 2 domain, 3 address, 4 user.")
    data_col = modparam("data", "Its column: the text.")
    dst_exact_match = modparam(1, "0: secf_check_dst looks at how a number begins.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.stats: Counter[str] = Counter()
        """How often a list had an entry: `black ua`, `white from domain`..."""
        self._lists: Lists | None = None

    def open(self) -> None:
        from sipproxy.db.version import check_version

        database = self._database()
        try:
            database.open()
            check_version(database, self.table_name, _TABLE_VERSION)
            self._lists = self.read()
        except DatabaseError as error:
            raise ModuleError(f"secfilter: unable to connect database: {error}") from None
        except ModuleError as error:
            raise ModuleError(f"secfilter: {error}") from None

    @property
    def lists(self) -> Lists:
        """What was read last; a proxy that was not opened reads it when it is first needed."""
        if self._lists is None:
            try:
                self._lists = self.read()
            except ModuleError as error:
                self.error(str(error))
                self._lists = Lists()
        return self._lists

    async def reload(self) -> None:
        """Read the table again, where no message waits for it, and take its lists.

        Raises ModuleError and keeps the old ones.
        """
        try:
            self._lists = await self._database().aside(partial(self.read, aside=True))
        except DatabaseError as error:
            raise ModuleError(f"error loading data from database: {error}") from None

    def read(self, *, aside: bool = False) -> Lists:
        """The table as lists; raises ModuleError. `aside`: in a thread of the database."""
        from sqlalchemy import column, select
        from sqlalchemy.sql import table

        columns: list[Any] = [
            column(name) for name in (self.action_col, self.type_col, self.data_col)
        ]
        lists = Lists()
        try:
            query = self._database().prepare(select(*columns).select_from(table(self.table_name)))
            rows = chain.from_iterable(query.stream(size=_AT_ONCE)) if aside else query.read()
            for action, kind, text in rows:
                lists.add(action, kind, text)
        except (DatabaseError, ValueError) as error:
            raise ModuleError(f"error loading data from database: {error}") from None
        return lists

    def error(self, text: str) -> None:
        """Write an error to the log."""
        report(self.host.log, ERROR, "secfilter", text)

    def _database(self) -> Database:
        return cast("Database", self.host.database(self.db_url))
