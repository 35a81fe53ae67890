"""acc: accounting, a line of the log or a row of a database for each request that counts (Kamailio
modules/acc)."""

from __future__ import annotations

from typing import cast

from sipproxy.core.bindings import RecordRouting
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import function
from sipproxy.core.params import Filled
from sipproxy.core.transactions import Reply, Transactions, Watch
from sipproxy.errors import MessageError, ModuleError
from sipproxy.modules.acc.databases import Databases
from sipproxy.modules.acc.extras import leg_fields
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


class Acc(Databases, name="acc"):
    """Writes records of the transactions that carry a flag, and of what the script says."""

    _routing: RecordRouting | None = None

    def start(self) -> None:
        self.read_parameters()
        if self.db_url:
            self.find_database()
        transactions = cast(Transactions, self.host.bind("tm"))
        transactions.on_request.append(self.watch)
        if self.detect_direction:
            self._routing = cast(RecordRouting, self.host.bind("rr"))
            if not self._routing.append_fromtag:
                raise ModuleError('detect_direction needs the parameter "append_fromtag" of rr')

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

    # -- functions

    @function()
    def acc_log_request(self, ctx: Context, comment: Filled) -> bool:
        """Write a record of the request in hand: `404 not found` is code and reason."""
        outcome = self._said(ctx, comment)
        return outcome is not None and self.write(ctx, ASKED, outcome)

    @function()
    async def acc_db_request(self, ctx: Context, comment: Filled, table: Filled) -> bool:
        """Add a row to a table, and wait for it; false without db_url, and where it fails."""
        if self.rows is None:
            report(self.host.log, ERROR, "acc", "db support not configured")
            return False
        outcome = self._said(ctx, comment)
        return outcome is not None and await self.is_stored(self.put(ctx, table, outcome))

    @function()
    async def acc_request(self, ctx: Context, comment: str, table: str) -> bool:
        """Write a record of the request in hand to the log, and to a table if there is db_url."""
        if not comment or "$" in comment:
            report(self.host.log, ERROR, "acc", f"the comment {comment!r} cannot be used")
            return False
        logged = self.acc_log_request(ctx, Filled(comment))
        if self.rows is None:
            return logged
        return await self.acc_db_request(ctx, Filled(comment), Filled(table))

    def _said(self, ctx: Context, comment: str) -> Outcome | None:
        """What the script says of the request in hand; None where that cannot be read."""
        try:
            return Outcome.said(comment, ctx.msg.to.tag or "")
        except MessageError as error:
            report(self.host.log, ERROR, "acc", f"failed to preparse request: {error}")
            return None


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
