"""tmx: variables and functions about transactions (Kamailio modules/tmx)."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, modparam, pvar
from sipproxy.core.params import Parsed, Plain
from sipproxy.core.statistics import Statistic
from sipproxy.core.values import Value
from sipproxy.sip.message import Message
from sipproxy.sip.names import REASONS
from sipproxy.text import lower

_LOST = frozenset(["failure", "branch_failure"])
_OF_T = frozenset(
    [
        *("id_label", "id_index", "id_label_n", "id_index_n"),
        *("reply_code", "reply_type", "reply_reason", "branch_index"),
    ]
)


class Which(Parsed):
    """Which branches t_cancel_branches is about: `all`, `others` or `this`."""

    __slots__ = ("word",)

    def __init__(self, word: str) -> None:
        self.word = word

    @classmethod
    def parse(cls, text: str) -> "Which":
        """Read the word, in any case."""
        word = lower(text)
        if word not in ("all", "others", "this"):
            raise ValueError(f'"{text}" is none of all, others, this')
        return cls(word)


class Tmx(Module, name="tmx"):
    """What a cfg sees of transactions."""

    precheck_trans = modparam(1, "Keep account of requests at work for t_precheck_trans.")

    @property
    def tm(self) -> Any:
        """The module tm; raises ModuleError without it."""
        return self.host.bind("tm")

    def start(self) -> None:
        tm: Any = self.host.bind("tm")
        for name, reading in _readings(tm).items():
            self.host.statistics.add(Statistic("tmx", name, reading=reading))

    # -- variables

    @pvar("T_branch_idx")
    def branch_idx(self, ctx: Context) -> int:
        """The branch a reply came by or a branch route is for; else how many there are so far."""
        added = len(ctx.branches) if ctx.touched("branches") else 0
        if ctx.kind == "request":
            return added
        if ctx.kind == "failure" and ctx.transaction is not None:
            return len(ctx.transaction.branches) + added
        return ctx.branch_index

    @pvar("T_reply_code")
    def reply_code(self, ctx: Context) -> int:
        """Status of the reply in hand, of the best one, or of the last one sent; 0 for none."""
        if ctx.kind == "onsend":
            return 0
        if not ctx.msg.is_request:
            return ctx.msg.status
        t = self.tm.found(ctx)
        if t is None:
            return 0
        if ctx.kind in ("request", "branch"):
            status: int = t.status
            return status
        if ctx.kind in _LOST and ctx.branch_index >= 0:
            status = t.branches[ctx.branch_index].last_received
            return status
        return 0

    @pvar("T_reply_reason")
    def reply_reason(self, ctx: Context) -> str:
        """Reason phrase of the reply in hand, or of the best one; empty for none."""
        if not ctx.msg.is_request:
            return ctx.msg.reason if self.tm.found(ctx) is not None else ""
        t = self.tm.found(ctx)
        if t is None or ctx.kind != "failure" or ctx.branch_index < 0:
            return ""
        branch = t.branches[ctx.branch_index]
        if isinstance(branch.reply, Message):
            return branch.reply.reason
        return REASONS.get(branch.last_received, "Unspecified")

    @pvar("T_reply_last")
    def reply_last(self, ctx: Context) -> int | str:
        """The highest status so far of the branch whose reply this is; empty elsewhere."""
        if ctx.kind != "onreply" or ctx.transaction is None:
            return ""
        status: int = ctx.transaction.branches[ctx.branch_index].last_received
        return status

    @pvar("T_reply_ruid")
    def reply_ruid(self, ctx: Context) -> str:
        """The location record that the branch of this reply goes to; empty for none."""
        if ctx.kind not in (*_LOST, "onreply") or not ctx.transaction or ctx.branch_index < 0:
            return ""
        ruid: str = ctx.transaction.branches[ctx.branch_index].ruid
        return ruid

    @pvar("T_req", bind=True)
    def of_request(self, inner: str | None, index: str | None) -> PvAccess:
        """A variable of the request, in a reply's route."""
        return self._elsewhere(inner, lambda ctx: self._request_of(ctx))

    @pvar("T_rpl", bind=True)
    def of_reply(self, inner: str | None, index: str | None) -> PvAccess:
        """A variable of the best reply, in a failure route."""
        return self._elsewhere(inner, lambda ctx: self._reply_of(ctx))

    @pvar("T_inv", bind=True)
    def of_invite(self, inner: str | None, index: str | None) -> PvAccess:
        """A variable of the INVITE that a CANCEL is about."""
        return self._elsewhere(inner, lambda ctx: self._invite_of(ctx))

    def _elsewhere(self, inner: str | None, find: Any) -> PvAccess:
        if not inner:
            raise ValueError("it is written with a pseudo-variable inside")
        access = self.host.pv(inner)

        def get(ctx: Context) -> Value:
            other = find(ctx)
            if other is None:
                return None
            found: Value = access.read(other)
            return found

        return PvAccess(get, type="any")

    def _request_of(self, ctx: Context) -> Context | None:
        if ctx.msg.is_request or self.tm.found(ctx) is None:
            return None
        other: Context = self.tm.faked_request(ctx.transaction, "request")
        other.transaction = ctx.transaction
        return other

    def _reply_of(self, ctx: Context) -> Context | None:
        if ctx.kind not in _LOST or ctx.branch_index < 0:
            return None
        reply = ctx.transaction.branches[ctx.branch_index].reply
        if not isinstance(reply, Message):
            return None
        other = Context(reply, ctx.transaction.flow, ctx.now, self.host, "reply")
        other.transaction, other.branch_index = ctx.transaction, ctx.branch_index
        return other

    def _invite_of(self, ctx: Context) -> Context | None:
        if ctx.kind != "request" or ctx.msg.method != "CANCEL":
            return None
        invite = self.tm.known.canceled_by(ctx.msg)
        return None if invite is None else self.tm.faked_request(invite, "request")

    @pvar("T")
    def of_transaction(self, ctx: Context, inner: Plain) -> Value:
        """A part of the transaction: id_index, id_label, reply_code, reply_type, branch_index."""
        match inner:
            case "reply_code":
                return self.reply_code(ctx)
            case "reply_reason":
                return self.reply_reason(ctx)
            case "branch_index":
                return self.branch_idx(ctx)
        if inner not in _OF_T:
            return None
        t = ctx.transaction
        if t is None and inner.endswith("_n") and self.tm.new_transaction(ctx) > 0:
            t = ctx.transaction
        if t is None:
            return None
        if inner == "reply_type":
            lost = (
                ctx.kind == "failure"
                and ctx.branch_index >= 0
                and self.tm.is_faked(t.branches[ctx.branch_index])
            )
            return int(lost)
        number: int = t.hash_index if inner.startswith("id_index") else t.label
        return number

    @pvar("T_branch")
    def of_branch(self, ctx: Context, inner: Plain) -> Value:
        """A part of the branch: its flags, its uri, its ruid."""
        t = ctx.transaction
        if t is None or not 0 <= ctx.branch_index < len(t.branches):
            return None
        branch = t.branches[ctx.branch_index]
        value: Value = None
        if inner == "flags" and ctx.kind in (*_LOST, "onreply"):
            value = branch.bflags
        elif inner == "uri" and ctx.kind == "onreply":
            value = branch.uri
        elif inner == "ruid":
            value = branch.ruid
        return value

    # -- functions

    @function("REQUEST")
    def t_precheck_trans(self, ctx: Context) -> bool:
        """Whether the same request is at work elsewhere: such copies never get here."""
        return False

    @function()
    def t_is_failure_route(self, ctx: Context) -> bool:
        """Whether this runs in a failure_route."""
        return ctx.kind == "failure"

    @function()
    def t_is_branch_route(self, ctx: Context) -> bool:
        """Whether this runs in a branch_route."""
        return ctx.kind == "branch"

    @function()
    def t_is_reply_route(self, ctx: Context) -> bool:
        """Whether this runs in an onreply_route of a transaction."""
        return ctx.kind == "onreply"

    @function()
    def t_is_request_route(self, ctx: Context) -> bool:
        """Whether this runs in request_route."""
        return ctx.kind == "request"

    @function()
    def t_flush_flags(self, ctx: Context) -> bool:
        """Give the message's flags to the transaction now."""
        t = self.tm.found(ctx)
        if t is None:
            return False
        t.flags = ctx.flags
        return True

    @function()
    def t_flush_xflags(self, ctx: Context) -> bool:
        """Give the message's extended flags to the transaction now: there are none here."""
        return self.tm.found(ctx) is not None

    # -- what is put aside, dropped, canceled

    @function()
    def t_suspend(self, ctx: Context) -> int:
        """Put the request, or the reply of an onreply_route, aside until t_continue.

        0, which ends the script, for a repetition of a request that waits.
        """
        code: int = self.tm.suspend(ctx)
        return code

    @function()
    def t_continue(self, ctx: Context, index: int, label: int, route: str) -> int:
        """Go on with route[ROUTE] for what was put aside; by `$T(id_index)` and `$T(id_label)`."""
        key = f"route[{route}]"
        if not self.host.has_block(key):
            report(self.host.log, ERROR, "tmx", f"unable to find route block [{route}]")
            return -1
        code: int = self.tm.resume(index, label, key)
        return code

    @function("EVENT")
    def t_reuse_branch(self, ctx: Context) -> int:
        """Make the failed branch's request URI, path and flags the request's again."""
        if ctx.kind != "branch_failure" or ctx.transaction is None:
            report(self.host.log, ERROR, "tmx", "t_reuse_branch: unsupported route")
            return -1
        branch = ctx.transaction.branches[ctx.branch_index]
        ctx.new_ruri, ctx.path, ctx.bflags = branch.uri, branch.path, branch.bflags
        return 1

    @function()
    def t_drop(self, ctx: Context, code: int = 500) -> int:
        """Let the transaction end unanswered, as if this status had been sent; ends the script."""
        t = ctx.transaction
        if t is None:
            report(self.host.log, ERROR, "tmx", "no transaction")
            return -1
        self.tm.drop(t, code)
        return 0

    @function("ONREPLY")
    def t_cancel_branches(self, ctx: Context, which: Which) -> int:
        """Cancel all branches, all but this reply's, or this one."""
        t = self.tm.found(ctx)
        if t is None or not t.invite:
            return -1
        branches = self.tm.to_cancel(t)
        if which.word != "all":
            this = which.word == "this"
            branches = [b for b in branches if (b.index == ctx.branch_index) == this]
        self.tm.cancel_branches(t, branches, "", 1)
        return 1

    @function()
    def t_cancel_callid(
        self, ctx: Context, call_id: str, cseq: str, flag: int, reason: int = 0
    ) -> int:
        """Cancel the branches of the transaction with this Call-ID and CSeq; sets its flag."""
        t = self.tm.known.of_call(call_id, cseq)
        if t is None:
            return -1
        if 0 < flag < 32:
            t.flags |= 1 << flag
        row = self.tm.reason_row(reason if 100 <= reason <= 699 else 0)
        self.tm.cancel_branches(t, self.tm.to_cancel(t), row, 1)
        return 1

    @function()
    def t_reply_callid(self, ctx: Context, call_id: str, cseq: str, code: int, reason: str) -> int:
        """Answer the transaction with this Call-ID and CSeq."""
        t = self.tm.known.of_call(call_id, cseq)
        if t is None:
            return -1
        answered: int = self.tm.answer(t, code, reason)
        return answered


def _readings(tm: Any) -> dict[str, Callable[[], int]]:
    """The statistics of the group `tmx`."""
    return {
        "UAS_transactions": lambda: tm.tallies.created - tm.tallies.own_created,
        "UAC_transactions": lambda: tm.tallies.own_created,
        **{f"{kind}xx_transactions": partial(_replied, tm, kind) for kind in range(2, 7)},
        "inuse_transactions": lambda: len(tm.known),
        "active_transactions": lambda: tm.stats()["current"] - tm.stats()["waiting"],
        "rpl_received": lambda: tm.tallies.received,
        "rpl_absorbed": lambda: max(
            0, tm.tallies.received - tm.tallies.sent + tm.tallies.generated
        ),
        "rpl_generated": lambda: tm.tallies.generated,
        "rpl_relayed": lambda: tm.tallies.sent - tm.tallies.generated,
        "rpl_sent": lambda: tm.tallies.sent,
    }


def _replied(tm: Any, kind: int) -> int:
    count: int = tm.tallies.replied[kind]
    return count
