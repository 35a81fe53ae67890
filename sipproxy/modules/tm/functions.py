"""The functions of tm that look at transactions and answer them (Kamailio modules/tm/tm.c)."""

from collections.abc import Iterable
from typing import Any

from sipproxy.core import regex
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import Constant, Remark, function, modparam_method
from sipproxy.core.params import Parsed, Plain, VarOrText
from sipproxy.core.redirection import add_contacts
from sipproxy.errors import MessageError
from sipproxy.modules.tm.relay import EXISTS, RELEASED, REPLIED
from sipproxy.modules.tm.selection import pick
from sipproxy.modules.tm.transaction import Transaction
from sipproxy.modules.tm.wishes import Wishes

_ARMED = ("REQUEST", "FAILURE", "ONREPLY", "BRANCH")
_WITHOUT = "cannot check a message for which no T-state has been established"


class StatusPattern(Parsed):
    """A regular expression for a status code; it ignores case."""

    __slots__ = ("regex",)

    def __init__(self, compiled: regex.Regex) -> None:
        self.regex = compiled

    @classmethod
    def parse(cls, text: str) -> "StatusPattern":
        """Compile the pattern."""
        try:
            return cls(regex.compile(text, ignore_case=True, newline=True))
        except regex.RegexError as error:
            raise ValueError(str(error)) from None


class Functions(Wishes):
    """What routes may ask and say."""

    def found(self, ctx: Context, *, tell: bool = False) -> Transaction | None:
        """The transaction of the message in hand, looked up once (t_check)."""
        if ctx.transaction is None and ctx.kind != "event":
            try:
                if ctx.msg.is_request:
                    ctx.transaction = self.known.of_request(ctx.msg)
                else:
                    pair = self.known.of_reply(ctx.msg)
                    if pair is not None:
                        ctx.transaction, ctx.branch_index = pair[0], pair[1].index
            except MessageError:
                return None
        if ctx.transaction is None and tell:
            report(self.host.log, ERROR, "tm", _WITHOUT)
        transaction: Transaction | None = ctx.transaction
        return transaction

    # -- making, finding, ending

    @function("REQUEST")
    def t_newtran(self, ctx: Context) -> int:
        """Make the request's transaction; 0 ends the script for a repetition."""
        made = self.new_transaction(ctx)
        if made == EXISTS:
            report(self.host.log, ERROR, "tm", "transaction already in process")
        return made if made >= 0 else -1

    @function("REQUEST")
    def t_lookup_request(self, ctx: Context) -> bool:
        """Whether the request's transaction is known."""
        return self.found(ctx) is not None

    @function("REQUEST")
    def t_lookup_cancel(self, ctx: Context, flags: int = 0) -> bool:
        """Whether the INVITE of this CANCEL is known; 1 takes over its flags."""
        if ctx.msg.method != "CANCEL":
            text = "script error - t_lookup_cancel() called for non-CANCEL request"
            report(self.host.log, WARN, "tm", text)
            return False
        try:
            invite = self.known.canceled_by(ctx.msg)
        except MessageError:
            return False
        if invite is not None and flags:
            ctx.flags = invite.flags
        return invite is not None

    @function("REQUEST", "REPLY", "ONREPLY", "BRANCH")
    def t_check_trans(self, ctx: Context) -> int:
        """Deal with repetitions and ACKs: 0 ends the script, 1 belongs to one, -1 to none."""
        if ctx.kind in ("failure", "branch", "branch_failure", "onreply"):
            return 1
        msg = ctx.msg
        if msg.is_request and msg.method == "CANCEL":
            return 1 if self.t_lookup_cancel(ctx) else -1
        t = self.found(ctx)
        if t is None:
            return -1
        if not msg.is_request:
            return 1
        self.drive(t, "ack" if msg.method == "ACK" else "request")
        return 0

    @function("REQUEST")
    def t_release(self, ctx: Context) -> bool:
        """Let the transaction end without an answer."""
        t = self.found(ctx)
        if t is None:
            return False
        t.outcome |= RELEASED
        self.drive(t, "release")
        return True

    def drop(self, t: Transaction, code: int) -> None:
        """Let a transaction end as if it had been answered with this status."""
        t.outcome |= RELEASED
        t.status = code
        self.drive(t, "release")

    @function("REQUEST")
    def t_retransmit_reply(self, ctx: Context) -> bool:
        """Send the transaction's last reply again."""
        t = self.found(ctx)
        if t is None:
            return True
        if not t.reply:
            return False
        self.repeat_reply(t)
        return True

    # -- answering

    @function("REQUEST", "REPLY", "ONREPLY", "FAILURE")
    def t_reply(self, ctx: Context, code: int | None, reason: VarOrText) -> int:
        """Answer in the transaction; -1 where there is none."""
        if ctx.msg.method == "ACK" and ctx.msg.is_request:
            return -1
        t = self.found(ctx)
        if t is None:
            text = "cannot send a t_reply to a message for which no T-state has been established"
            report(self.host.log, ERROR, "tm", text)
            return -1
        return self.reply_in(t, ctx, code or self.default_code, reason)

    @function("REQUEST", "REPLY", "ONREPLY", "FAILURE")
    def t_send_reply(self, ctx: Context, code: int | None, reason: VarOrText) -> int:
        """Answer in the transaction, which is made if it is not there."""
        if ctx.msg.method == "ACK" and ctx.msg.is_request:
            return -1
        t = self.found(ctx)
        if t is None:
            if ctx.kind != "request" or self.new_transaction(ctx) <= 0:
                return -1
            t = ctx.transaction
            assert t is not None
        return self.reply_in(t, ctx, code or self.default_code, reason)

    def reply_in(self, t: Transaction, ctx: Context, code: int, reason: str) -> int:
        """Answer in a transaction with what the script put into the reply."""
        if code >= 200:
            t.outcome |= REPLIED
        if 300 <= code < 400 and ctx.msg.is_request:
            add_contacts(ctx, self.rich_redirect)
        return self.answer(t, code, reason, ctx if ctx.msg.is_request else None)

    def reply(self, ctx: Context, code: int, reason: str) -> int | None:
        """For sl's send_reply: answer in the message's transaction; None if it has none."""
        t = self.found(ctx)
        return None if t is None else self.reply_in(t, ctx, code, reason)

    # -- asking

    @function("REQUEST", "FAILURE", "REPLY", "ONREPLY")
    def t_check_status(self, ctx: Context, pattern: StatusPattern) -> bool:
        """Whether the status fits: of the last reply sent, the one in hand, or the best one."""
        t = self.found(ctx)
        if t is None:
            return False
        if ctx.kind == "request":
            status = t.status
        elif ctx.kind == "failure":
            status = pick(t, -1, 0, self.faked_reply_prio)[1]
        elif ctx.kind == "branch_failure":
            status = t.branches[ctx.branch_index].last_received
        else:
            status = ctx.msg.status
        return pattern.regex.search(str(status)) is not None

    @function(*_ARMED)
    def t_is_canceled(self, ctx: Context) -> bool:
        """Whether the client canceled the request."""
        t = self.found(ctx, tell=True)
        return t is not None and t.canceled

    @function(*_ARMED)
    def t_is_expired(self, ctx: Context) -> bool:
        """Whether the transaction's life is over."""
        t = self.found(ctx, tell=True)
        return t is not None and t.end_of_life <= ctx.now

    @function("FAILURE", "EVENT")
    def t_branch_timeout(self, ctx: Context) -> bool:
        """Whether the branch that brought us here timed out."""
        t = ctx.transaction
        return t is not None and t.branches[ctx.branch_index].timed_out

    @function("FAILURE", "EVENT")
    def t_branch_replied(self, ctx: Context) -> bool:
        """Whether the branch that brought us here gave any reply before."""
        t = ctx.transaction
        return t is not None and t.branches[ctx.branch_index].replied

    @function(*_ARMED)
    def t_any_timeout(self, ctx: Context) -> bool:
        """Whether any branch timed out."""
        t = self.found(ctx, tell=True)
        return t is not None and any(b.timed_out for b in t.branches)

    @function(*_ARMED)
    def t_any_replied(self, ctx: Context) -> bool:
        """Whether any branch gave a reply."""
        t = self.found(ctx, tell=True)
        return t is not None and any(b.replied for b in t.branches)

    @function(*_ARMED)
    def t_grep_status(self, ctx: Context, code: int) -> bool:
        """Whether a branch answered with this status."""
        t = self.found(ctx, tell=True)
        return t is not None and any(b.last_received == code and b.replied for b in t.branches)

    @function("REQUEST", "REPLY", "ONREPLY", "FAILURE", "BRANCH")
    def t_get_status_code(self, ctx: Context) -> int:
        """The status t_check_status would look at; -1 for none."""
        t = self.found(ctx)
        if t is None:
            return -1
        if ctx.kind == "request":
            return t.status or -1
        if ctx.kind == "failure":
            return pick(t, -1, 0, self.faked_reply_prio)[1] or -1
        return ctx.msg.status or -1

    @function("ONREPLY")
    def t_is_retr_async_reply(self, ctx: Context) -> bool:
        """Whether this repeats a reply whose route was suspended: such never arrive twice here."""
        return False

    # -- changing

    @function("FAILURE")
    def t_drop_replies(self, ctx: Context) -> None:
        """Forget all replies so far."""
        self._drop(ctx, 1)

    @function("FAILURE", name="t_drop_replies")
    def t_drop_some_replies(self, ctx: Context, which: Plain) -> None:
        """Forget replies so far: `a` all, `l` of the last relay, `n` none."""
        self._drop(ctx, {"n": 0, "l": 2}.get(which, 1))

    def _drop(self, ctx: Context, mode: int) -> None:
        t: Any = ctx.transaction
        if t is not None:
            t.drop_replies = mode

    @function("REQUEST")
    def t_save_lumps(self, ctx: Context) -> bool:
        """Keep the edits so far for the failure routes."""
        t = self.found(ctx)
        if t is None:
            return False
        if not t.branches and ctx.touched("lumps"):
            t.lumps = ctx.lumps.copy()
        return True

    @function()
    def t_clean(self, ctx: Context) -> None:
        """Nothing is left over that would have to be cleaned."""

    @function("REQUEST", "FAILURE", outside=True)
    def t_write_req(self, ctx: Context, address: Plain, name: Plain) -> bool:
        """Write the request to a named pipe: refused at load."""
        return False

    @function("REQUEST", "FAILURE", outside=True)
    def t_write_unix(self, ctx: Context, address: Plain, name: Plain) -> bool:
        """Write the request to a unix socket: refused at load."""
        return False

    def remarks_on(self, function: str, arguments: tuple[Constant, ...]) -> Iterable[Remark]:
        """The functions that are here only to be refused."""
        if function in ("t_write_req", "t_write_unix"):
            text = f"{function}: the text protocol of external programs is not written"
            yield Remark(text, "send an event by mqueue, or relay the request", "error")

    @modparam_method("tw_append")
    def tw_append(self, value: str) -> None:
        """What t_write_req would add; it is refused where it is called."""
