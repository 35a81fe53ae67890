"""acc: accounting, a line of the log or a row of a database for each request that counts (Kamailio
modules/acc)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sipproxy.core.access import Format
from sipproxy.core.bindings import RecordRouting
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import function
from sipproxy.core.params import Filled
from sipproxy.core.resolve import ResolveError
from sipproxy.core.transactions import Reply, Transactions, Watch
from sipproxy.core.waiting import Wait
from sipproxy.errors import DatabaseError, MessageError, ModuleError
from sipproxy.modules.acc.base import Base
from sipproxy.modules.acc.extras import leg_fields, read_extras
from sipproxy.modules.acc.records import (
    ACKED,
    ANSWERED,
    ASKED,
    MISSED,
    Outcome,
    core_fields,
    line_of,
    time_of,
)

if TYPE_CHECKING:
    from sipproxy.db.writer import Writer
    from sipproxy.modules.acc.rows import Rows


class Acc(Base, name="acc"):
    """Writes records of the transactions that carry a flag, and of what the script says."""

    _routing: RecordRouting | None = None
    _rows: Rows | None = None
    _writer: Writer

    def start(self) -> None:
        self.read_parameters()
        if self.db_url:
            self._find_database()
        transactions = cast(Transactions, self.host.bind("tm"))
        transactions.on_request.append(self.watch)
        if self.detect_direction:
            self._routing = cast(RecordRouting, self.host.bind("rr"))
            if not self._routing.append_fromtag:
                raise ModuleError('detect_direction needs the parameter "append_fromtag" of rr')

    def _find_database(self) -> None:
        """What SQL needs is imported where a cfg wants a database. Raises ModuleError."""
        from sipproxy.db.writer import Writer
        from sipproxy.modules.acc.rows import Rows

        extras = read_extras("db_extra", self.db_extra, self.host, self.acc_extra_size)
        database = self.host.database(self.db_url)
        self._rows = Rows(self, database, extras)
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
        if self._rows is not None:
            try:
                self.host.database(self.db_url).open()
            except DatabaseError as error:
                raise ModuleError(str(error)) from None

    def take_over(self, previous: Any) -> None:
        """Rows of the cfg before come first."""
        if self._rows is not None and previous._rows is not None:
            self._writer.go_on_from(previous._writer)

    # -- transactions

    def watch(self, ctx: Context) -> Watch | None:
        """Follow the transaction of this request, if it counts or may come to count."""
        if ctx.msg.method == "CANCEL" and not self.report_cancels:
            return None
        prepared = self.acc_prepare_always or self.has_flag(ctx, self.acc_prepare_flag)
        missable = prepared or self._may_be_missed(ctx)
        if not missable and not self._is_on(ctx):
            return None
        upstream = self._routing is not None and self._routing.goes_upstream(ctx)
        acks = bool(self.report_ack)
        return _Account(
            self,
            ctx.msg.method == "INVITE" and bool(missable),
            upstream,
            (acks and self.has_flag(ctx, self.log_flag), acks and self.to_rows(ctx, self.db_flag)),
        )

    def has_flag(self, ctx: Context, number: int) -> bool:
        """Whether a flag is set; -1 is none."""
        return number >= 0 and bool(ctx.flags >> number & 1)

    def to_rows(self, ctx: Context, number: int) -> bool:
        """Whether a flag is set that asks for a row, and there is a database."""
        return self._rows is not None and self.has_flag(ctx, number)

    def _is_on(self, ctx: Context) -> bool:
        return self.has_flag(ctx, self.log_flag) or self.to_rows(ctx, self.db_flag)

    def _may_be_missed(self, ctx: Context) -> bool:
        missed = self.has_flag(ctx, self.log_missed_flag)
        return missed or self.to_rows(ctx, self.db_missed_flag)

    def counts(self, ctx: Context, reply: Reply) -> bool:
        """Whether a reply that was sent makes a record (should_acc_reply)."""
        if reply.status >= 300:
            failing = self.has_flag(ctx, self.failed_transaction_flag)
            return failing and reply.status not in self.filtered
        if not self._is_on(ctx):
            return False
        if reply.status >= 200:
            return True
        return bool(self.early_media and reply.message and reply.message.content_length)

    def write(self, ctx: Context, title: str, outcome: Outcome, *, upstream: bool = False) -> bool:
        """Write a record of the request in this context; False where it cannot be read."""
        log = self.host.log
        try:
            fields = core_fields(ctx, outcome, upstream=upstream)
        except MessageError as error:
            report(log, ERROR, "acc", f"failed to preparse request: {error}")
            return False
        if log.threshold < self.log_level:
            return True
        fields += [extra.field(ctx) for extra in self.extras]
        if self.legs:
            for leg in leg_fields(self.legs, ctx):
                fields += leg
        names = self.time_exten, self.time_attr
        time = time_of(self.host.now(), self.time_mode, names, self.time_format)
        log.write(
            self.log_level, "acc", f"{title}{time}{line_of(fields)}", facility=self.log_facility
        )
        return True

    def store(self, ctx: Context, title: str, outcome: Outcome, *, upstream: bool = False) -> None:
        """Add a row for a record of the request in this context; nobody waits for it."""
        table = self._tables[title](ctx)
        self.host.begin(self._stored(self._put(ctx, table, outcome, upstream=upstream)), _no_more)

    def _put(
        self, ctx: Context, table: str, outcome: Outcome, *, upstream: bool = False
    ) -> Wait | None:
        """Have a row added; None where the request cannot be read, which is logged."""
        assert self._rows is not None
        try:
            fields = core_fields(ctx, outcome, upstream=upstream)
            steps = self._rows.steps(ctx, table, fields, self.host.now())
        except MessageError as error:
            report(self.host.log, ERROR, "acc", f"failed to preparse request: {error}")
            return None
        except (ValueError, DatabaseError) as error:
            report(self.host.log, ERROR, "acc", str(error))
            return None
        return self._writer.put(steps)

    async def _stored(self, wait: Wait | None) -> None:
        await self._is_stored(wait)

    async def _is_stored(self, wait: Wait | None) -> bool:
        """Wait for a row to be added; False, and an error in the log, where it was not."""
        if wait is None:
            return False
        try:
            await wait
        except DatabaseError as error:
            text = f"failed to insert into database: {error}"
            self.host.report_limited(ERROR, "acc", text, "insert")
            return False
        return True

    # -- functions

    @function()
    def acc_log_request(self, ctx: Context, comment: Filled) -> bool:
        """Write a record of the request in hand: `404 not found` is code and reason."""
        outcome = self._said(ctx, comment)
        return outcome is not None and self.write(ctx, ASKED, outcome)

    @function()
    async def acc_db_request(self, ctx: Context, comment: Filled, table: Filled) -> bool:
        """Add a row to a table, and wait for it; false without db_url, and where it fails."""
        if self._rows is None:
            report(self.host.log, ERROR, "acc", "db support not configured")
            return False
        outcome = self._said(ctx, comment)
        return outcome is not None and await self._is_stored(self._put(ctx, table, outcome))

    @function()
    async def acc_request(self, ctx: Context, comment: str, table: str) -> bool:
        """Write a record of the request in hand to the log, and to a table if there is db_url."""
        if not comment or "$" in comment:
            report(self.host.log, ERROR, "acc", f"the comment {comment!r} cannot be used")
            return False
        logged = self.acc_log_request(ctx, Filled(comment))
        if self._rows is None:
            return logged
        return await self.acc_db_request(ctx, Filled(comment), Filled(table))

    def _said(self, ctx: Context, comment: str) -> Outcome | None:
        """What the script says of the request in hand; None where that cannot be read."""
        try:
            return Outcome.said(comment, ctx.msg.to.tag or "")
        except MessageError as error:
            report(self.host.log, ERROR, "acc", f"failed to preparse request: {error}")
            return None


def _no_more() -> None:
    """Nothing is to be done when a row was added."""


class _Account:
    """The records of one transaction."""

    __slots__ = ("_acc", "_acks", "_missable", "_upstream")

    def __init__(self, acc: Acc, missable: bool, upstream: bool, acks: tuple[bool, bool]) -> None:
        """`acks`: whether the ACK is told of in the log, and in the database."""
        self._acc = acc
        self._missable = missable
        self._upstream = upstream
        self._acks = acks

    def replied(self, ctx: Context, reply: Reply) -> None:
        """A reply was sent: it may tell of a missed call first, and of an answer."""
        if reply.status >= 300:
            self._missed(ctx, reply)
        acc = self._acc
        if acc.counts(ctx, reply):
            in_log, in_rows = acc.has_flag(ctx, acc.log_flag), acc.to_rows(ctx, acc.db_flag)
            self._write(ctx, ANSWERED, reply, in_log=in_log, in_rows=in_rows)

    def failed(self, ctx: Context, reply: Reply) -> None:
        """All branches failed."""
        if self._missable:
            self._missed(ctx, reply)

    def acked(self, ctx: Context, reply: Reply) -> None:
        """The caller has the 2xx."""
        outcome = Outcome(str(reply.status), reply.reason, reply.tag)
        in_log, in_rows = self._acks
        if in_log:
            self._acc.write(ctx, ACKED, outcome)
        if in_rows:
            self._acc.store(ctx, ACKED, outcome)

    def _missed(self, ctx: Context, reply: Reply) -> None:
        """A call that nobody took: written once, for the first attempt that failed."""
        acc = self._acc
        if ctx.msg.method != "INVITE":
            return
        in_log = acc.has_flag(ctx, acc.log_missed_flag)
        in_rows = acc.to_rows(ctx, acc.db_missed_flag)
        self._write(ctx, MISSED, reply, in_log=in_log, in_rows=in_rows)
        if in_log:
            ctx.flags &= ~(1 << acc.log_missed_flag)
        if in_rows:
            ctx.flags &= ~(1 << acc.db_missed_flag)

    def _write(
        self, ctx: Context, title: str, reply: Reply, *, in_log: bool, in_rows: bool
    ) -> None:
        if not (in_log or in_rows):
            return
        acc = self._acc
        try:
            outcome = Outcome.of(reply, reason_header=bool(acc.reason_from_hf))
        except MessageError as error:
            report(acc.host.log, ERROR, "acc", f"failed to read the reply: {error}")
            return
        if in_log:
            acc.write(ctx, title, outcome, upstream=self._upstream)
        if in_rows:
            acc.store(ctx, title, outcome, upstream=self._upstream)
