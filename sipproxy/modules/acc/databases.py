"""Records in a database: written in order, behind the messages they are of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sipproxy.core.access import Format
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.resolve import ResolveError
from sipproxy.core.waiting import Wait
from sipproxy.errors import DatabaseError, MessageError, ModuleError
from sipproxy.modules.acc.base import Base
from sipproxy.modules.acc.extras import read_extras
from sipproxy.modules.acc.records import ACKED, ANSWERED, MISSED, Outcome, core_fields

if TYPE_CHECKING:
    from sipproxy.db.writer import Writer
    from sipproxy.modules.acc.rows import Rows


class Databases(Base):
    """The tables that db_url leads to. `rows` is None where there are none."""

    rows: Rows | None = None
    _writer: Writer

    def find_database(self) -> None:
        """What SQL needs is imported where a cfg wants a database. Raises ModuleError."""
        from sipproxy.db.writer import Writer
        from sipproxy.modules.acc.rows import Rows

        extras = read_extras("db_extra", self.db_extra, self.host, self.acc_extra_size)
        database = self.host.database(self.db_url)
        self.rows = Rows(self, database, extras)
        self._writer = Writer(self.host, database)
        self._tables = {
            title: self._format(name, getattr(self, name))
            for title, name in (
                *((ANSWERED, "db_table_acc"), (ACKED, "db_table_acc")),
                (MISSED, "db_table_missed_calls"),
            )
        }

    def _format(self, name: str, text: str) -> Format:
        try:
            found: Format = self.host.format(text)
        except ResolveError as error:
            raise ModuleError(f"{name}: {error}") from None
        return found

    def open(self) -> None:
        """Connect to the database; raises ModuleError."""
        if self.rows is not None:
            try:
                self.host.database(self.db_url).open()
            except DatabaseError as error:
                raise ModuleError(str(error)) from None

    def take_over(self, previous: Any) -> None:
        """Rows of the cfg before come first."""
        if self.rows is not None and previous.rows is not None:
            self._writer.go_on_from(previous._writer)

    def has_flag(self, ctx: Context, number: int) -> bool:
        """Whether a flag is set; -1 is none."""
        return number >= 0 and bool(ctx.flags >> number & 1)

    def to_rows(self, ctx: Context, number: int) -> bool:
        """Whether a flag is set that asks for a row, and there is a database."""
        return self.rows is not None and self.has_flag(ctx, number)

    def store(self, ctx: Context, title: str, outcome: Outcome, *, upstream: bool = False) -> None:
        """Add a row for a record of the request in this context; nobody waits for it."""
        table = self._tables[title](ctx)
        self.host.begin(self._stored(self.put(ctx, table, outcome, upstream=upstream)), _no_more)

    def put(
        self, ctx: Context, table: str, outcome: Outcome, *, upstream: bool = False
    ) -> Wait | None:
        """Have a row added; None where the request cannot be read, which is logged."""
        assert self.rows is not None
        try:
            fields = core_fields(ctx, outcome, upstream=upstream)
            steps = self.rows.steps(ctx, table, fields, self.host.now())
        except MessageError as error:
            report(self.host.log, ERROR, "acc", f"failed to preparse request: {error}")
            return None
        except (ValueError, DatabaseError) as error:
            report(self.host.log, ERROR, "acc", str(error))
            return None
        return self._writer.put(steps)

    async def _stored(self, wait: Wait | None) -> None:
        await self.is_stored(wait)

    async def is_stored(self, wait: Wait | None) -> bool:
        """Wait for a row to be added; False, and an error in the log, where it was not.

        A replay writes nothing outside: there a row counts as added.
        """
        if wait is None:
            return False
        try:
            await wait
        except DatabaseError as error:
            if self.host.databases.overlay:
                return True
            text = f"failed to insert into database: {error}"
            self.host.report_limited(ERROR, "acc", text, "insert")
            return False
        return True


def _no_more() -> None:
    """Nothing is to be done when a row was added."""
