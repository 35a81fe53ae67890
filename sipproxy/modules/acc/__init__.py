"""acc: accounting, one line of the log for each request that counts (Kamailio modules/acc)."""

from typing import cast

from sipproxy.core.bindings import RecordRouting
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import function
from sipproxy.core.params import Filled
from sipproxy.core.transactions import Reply, Transactions, Watch
from sipproxy.errors import MessageError, ModuleError
from sipproxy.modules.acc.base import Base
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


class Acc(Base, name="acc"):
    """Writes records of the transactions that carry a flag, and of what the script says."""

    _routing: RecordRouting | None = None

    def start(self) -> None:
        self.read_parameters()
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
        missable = prepared or self.has_flag(ctx, self.log_missed_flag)
        if not missable and not self.has_flag(ctx, self.log_flag):
            return None
        upstream = self._routing is not None and self._routing.goes_upstream(ctx)
        reports_ack = bool(self.report_ack) and self.has_flag(ctx, self.log_flag)
        return _Account(self, ctx.msg.method == "INVITE" and bool(missable), upstream, reports_ack)

    def has_flag(self, ctx: Context, number: int) -> bool:
        """Whether a flag is set; -1 is none."""
        return number >= 0 and bool(ctx.flags >> number & 1)

    def counts(self, ctx: Context, reply: Reply) -> bool:
        """Whether a reply that was sent makes a record (should_acc_reply)."""
        if reply.status >= 300:
            failing = self.has_flag(ctx, self.failed_transaction_flag)
            return failing and reply.status not in self.filtered
        if not self.has_flag(ctx, self.log_flag):
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
        try:
            outcome = Outcome.said(comment, ctx.msg.to.tag or "")
        except MessageError as error:
            report(self.host.log, ERROR, "acc", f"failed to preparse request: {error}")
            return False
        return self.write(ctx, ASKED, outcome)

    @function()
    def acc_db_request(self, ctx: Context, comment: Filled, table: Filled) -> bool:
        """Write a record to a table; false without db_url."""
        report(self.host.log, ERROR, "acc", "db support not configured")
        return False

    @function()
    def acc_request(self, ctx: Context, comment: str, table: str) -> bool:
        """Write a record of the request in hand to the log, and to a table if there is db_url."""
        if not comment or "$" in comment:
            report(self.host.log, ERROR, "acc", f"the comment {comment!r} cannot be used")
            return False
        return self.acc_log_request(ctx, Filled(comment))


class _Account:
    """The records of one transaction."""

    __slots__ = ("_acc", "_missable", "_reports_ack", "_upstream")

    def __init__(self, acc: Acc, missable: bool, upstream: bool, reports_ack: bool) -> None:
        self._acc = acc
        self._missable = missable
        self._upstream = upstream
        self._reports_ack = reports_ack

    def replied(self, ctx: Context, reply: Reply) -> None:
        """A reply was sent: it may tell of a missed call first, and of an answer."""
        if reply.status >= 300:
            self._missed(ctx, reply)
        if self._acc.counts(ctx, reply) and self._acc.has_flag(ctx, self._acc.log_flag):
            self._write(ctx, ANSWERED, reply)

    def failed(self, ctx: Context, reply: Reply) -> None:
        """All branches failed."""
        if self._missable:
            self._missed(ctx, reply)

    def acked(self, ctx: Context, reply: Reply) -> None:
        """The caller has the 2xx."""
        if self._reports_ack:
            outcome = Outcome(str(reply.status), reply.reason, reply.tag)
            self._acc.write(ctx, ACKED, outcome)

    def _missed(self, ctx: Context, reply: Reply) -> None:
        """A call that nobody took: written once, for the first attempt that failed."""
        number = self._acc.log_missed_flag
        if ctx.msg.method != "INVITE" or not self._acc.has_flag(ctx, number):
            return
        self._write(ctx, MISSED, reply)
        ctx.flags &= ~(1 << number)

    def _write(self, ctx: Context, title: str, reply: Reply) -> None:
        headed = bool(self._acc.reason_from_hf)
        try:
            outcome = Outcome.of(reply, reason_header=headed)
        except MessageError as error:
            report(self._acc.host.log, ERROR, "acc", f"failed to read the reply: {error}")
            return
        self._acc.write(ctx, title, outcome, upstream=self._upstream)
