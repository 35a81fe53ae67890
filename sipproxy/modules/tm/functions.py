"""The functions of tm that look at transactions and answer them (Kamailio modules/tm/tm.c)."""

from typing import Any

from sipproxy.core import regex
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import function
from sipproxy.core.params import Parsed, Plain, VarOrText
from sipproxy.errors import MessageError
from sipproxy.modules.tm.relay import EXISTS, RELEASED, REPLIED, Relaying
from sipproxy.modules.tm.selection import pick
from sipproxy.modules.tm.transaction import Transaction

_ARMED = ("REQUEST", "FAILURE", "ONREPLY", "BRANCH")
_WITHOUT = "cannot check a message for which no T-state has been established"
_KINDS = {
    "branch_route": "on_branch",
    "failure_route": "on_failure",
    "onreply_route": "on_reply",
    "branch_failure_route": "on_branch_failure",
}


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


class RouteKind(Parsed):
    """The kind of route that t_is_set asks about."""

    __slots__ = ("attribute",)

    def __init__(self, attribute: str) -> None:
        self.attribute = attribute

    @classmethod
    def parse(cls, text: str) -> "RouteKind":
        """Read the name of the kind."""
        if text not in _KINDS:
            raise ValueError(f"{text!r} is none of {', '.join(_KINDS)}")
        return cls(_KINDS[text])


class BlockName(Parsed):
    """The name of a route that is armed; "0" arms none."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = "" if name == "0" else name

    @classmethod
    def parse(cls, text: str) -> "BlockName":
        """Take the name as it is."""
        return cls(text)


class Functions(Relaying):
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
        t.outcome |= REPLIED
        return self.answer(t, code, reason, ctx if ctx.msg.is_request else None)

    def reply(self, ctx: Context, code: int, reason: str) -> int | None:
        """For sl's send_reply: answer in the message's transaction; None if it has none."""
        t = self.found(ctx)
        return None if t is None else self.reply_in(t, ctx, code, reason)

    # -- arming routes

    @function(*_ARMED)
    def t_on_failure(self, ctx: Context, route: BlockName) -> None:
        """Run this failure_route when all branches failed; "0" for none."""
        self.plan_of(ctx).on_failure = self._armed("failure_route", route.name)

    @function(*_ARMED)
    def t_on_branch_failure(self, ctx: Context, route: BlockName) -> None:
        """Run event_route[tm:branch-failure:NAME] when a branch failed; "0" for none."""
        self.plan_of(ctx).on_branch_failure = route.name

    @function(*_ARMED)
    def t_on_reply(self, ctx: Context, route: BlockName) -> None:
        """Run this onreply_route for replies; "0" for none."""
        self.plan_of(ctx).on_reply = self._armed("onreply_route", route.name)

    @function("REQUEST", "FAILURE")
    def t_on_branch(self, ctx: Context, route: BlockName) -> None:
        """Run this branch_route for each branch; "0" for none."""
        self.plan_of(ctx).on_branch = self._armed("branch_route", route.name)

    def _armed(self, kind: str, name: str) -> str:
        return name if self.host.has_block(f"{kind}[{name}]") else ""

    @function()
    def t_is_set(self, ctx: Context, kind: RouteKind) -> bool:
        """Whether a route of this kind is armed."""
        return bool(getattr(self.plan_of(ctx), kind.attribute))

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

    @function(*_ARMED)
    def t_set_fr(self, ctx: Context, fr_inv: int, fr: int = 0) -> bool:
        """Other fr_inv_timer and fr_timer for this transaction, in ms; 0 leaves one as it is."""
        if 0 < fr_inv < 63 or 0 < fr < 63:
            return False
        plan = self.plan_of(ctx)
        plan.fr_inv_timer = fr_inv / 1000 or plan.fr_inv_timer
        plan.fr_timer = fr / 1000 or plan.fr_timer
        self._retime(ctx)
        return True

    @function(*_ARMED)
    def t_reset_fr(self, ctx: Context) -> None:
        """The timers of the cfg again."""
        plan = self.plan_of(ctx)
        plan.fr_inv_timer = plan.fr_timer = 0.0
        self._retime(ctx)

    def _retime(self, ctx: Context) -> None:
        """Running waits for final replies start anew (change_fr)."""
        t = ctx.transaction
        if t is None:
            return
        for b in t.branches:
            if b.give_up is None:
                continue
            rings = t.invite and b.last_received >= 100
            wait = t.fr_inv_timer if rings else t.fr_timer
            common = self.fr_inv_timer if rings else self.fr_timer
            self.start_b(t, b, wait or common / 1000)

    @function(*_ARMED)
    def t_set_retr(self, ctx: Context, t1: int, t2: int) -> bool:
        """Other retr_timer1 and retr_timer2, in ms; 0 leaves one as it is."""
        plan = self.plan_of(ctx)
        plan.retr_timer1 = t1 / 1000 or plan.retr_timer1
        plan.retr_timer2 = t2 / 1000 or plan.retr_timer2
        return True

    @function(*_ARMED)
    def t_reset_retr(self, ctx: Context) -> None:
        """The retransmission timers of the cfg again."""
        plan = self.plan_of(ctx)
        plan.retr_timer1 = plan.retr_timer2 = 0.0

    @function(*_ARMED)
    def t_set_max_lifetime(self, ctx: Context, invite: int, other: int) -> bool:
        """Other max_inv_lifetime and max_noninv_lifetime, in ms."""
        plan = self.plan_of(ctx)
        plan.max_inv_lifetime, plan.max_noninv_lifetime = invite / 1000, other / 1000
        self._relive(ctx)
        return True

    @function(*_ARMED)
    def t_reset_max_lifetime(self, ctx: Context) -> None:
        """The lifetimes of the cfg again."""
        plan = self.plan_of(ctx)
        plan.max_inv_lifetime = plan.max_noninv_lifetime = 0.0
        self._relive(ctx)

    def _relive(self, ctx: Context) -> None:
        t = ctx.transaction
        if t is not None:
            t.end_of_life = t.created + self.lifetime(t)

    @function("REQUEST")
    def t_set_auto_inv_100(self, ctx: Context, on: int) -> None:
        """Whether a relayed INVITE is answered 100 at once."""
        self.plan_of(ctx).auto_inv_100 = bool(on)

    @function(*_ARMED)
    def t_set_disable_6xx(self, ctx: Context, on: int) -> None:
        """Whether a 6xx ends the other branches: 1 no."""
        self.plan_of(ctx).disable_6xx = bool(on)

    @function(*_ARMED)
    def t_set_disable_failover(self, ctx: Context, on: int) -> None:
        """Whether DNS fail-over is tried: 1 no."""
        self.plan_of(ctx).disable_failover = bool(on)

    @function(*_ARMED)
    def t_set_no_e2e_cancel_reason(self, ctx: Context, on: int) -> None:
        """Whether the Reason of a CANCEL is copied: 1 no."""
        self.plan_of(ctx).take_reason = not on

    @function(*_ARMED)
    def t_disable_e2e_cancel_reason(self, ctx: Context, on: int) -> None:
        """The same as t_set_no_e2e_cancel_reason."""
        self.plan_of(ctx).take_reason = not on

    @function(*_ARMED)
    def t_set_disable_internal_reply(self, ctx: Context, on: int) -> None:
        """Whether a relay that fails is answered by us: 1 no."""
        self.plan_of(ctx).internal_reply = not on

    @function()
    def t_clean(self, ctx: Context) -> None:
        """Nothing is left over that would have to be cleaned."""
