"""What a script wishes for a transaction, before it is there and later: routes, times, manners."""

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import function
from sipproxy.core.params import Parsed
from sipproxy.modules.tm.relay import Relaying
from sipproxy.modules.tm.transaction import Branch, Transaction

_ARMED = ("REQUEST", "FAILURE", "ONREPLY", "BRANCH")
_LONGEST = 65_535
"""Milliseconds that Kamailio keeps for T1 and T2."""
_KINDS = {
    "branch_route": "on_branch",
    "failure_route": "on_failure",
    "onreply_route": "on_reply",
    "branch_failure_route": "on_branch_failure",
}


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


class Wishes(Relaying):
    """The functions that arm routes and set times."""

    def start(self) -> None:
        super().start()
        named = ((self.fr_timer_avp, "fr_timer"), (self.fr_inv_timer_avp, "fr_inv_timer"))
        self.timer_avps = tuple((self.host.pv(avp), name) for avp, name in named if avp)

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

    @function(*_ARMED)
    def t_set_fr(self, ctx: Context, fr_inv: int, fr: int = 0) -> bool:
        """Other fr_inv_timer and fr_timer for this transaction, in ms.

        0 is the cfg's; of a transaction that exists it leaves the value as it is.
        """
        plan, anew = self.plan_of(ctx), ctx.transaction is None
        if fr_inv or anew:
            plan.fr_inv_timer = fr_inv / 1000
        if fr or anew:
            plan.fr_timer = fr / 1000
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
            if b.give_up is not None:
                self.start_b(t, b, self.patience(t, b))

    def patience(self, t: Transaction, b: Branch) -> float:
        """Seconds that a branch has for its final reply, from now on."""
        if t.invite and b.last_received >= 100:
            return t.fr_inv_timer or self.fr_inv_timer / 1000
        return t.fr_timer or self.fr_timer / 1000

    @function(*_ARMED)
    def t_set_retr(self, ctx: Context, t1: int, t2: int) -> bool:
        """Other retr_timer1 and retr_timer2, in ms, 65535 at most; 0 as in t_set_fr."""
        for what, value in (("t1", t1), ("t2", t2)):
            if not 0 <= value <= _LONGEST:
                text = f"retr. {what} interval too big: {value} (max {_LONGEST})"
                report(self.host.log, ERROR, "tm", text)
                return False
        plan, anew = self.plan_of(ctx), ctx.transaction is None
        if t1 or anew:
            plan.retr_timer1 = t1 / 1000
        if t2 or anew:
            plan.retr_timer2 = t2 / 1000
        return True

    @function(*_ARMED)
    def t_reset_retr(self, ctx: Context) -> None:
        """The retransmission timers of the cfg again."""
        plan = self.plan_of(ctx)
        plan.retr_timer1 = plan.retr_timer2 = 0.0

    @function(*_ARMED)
    def t_set_max_lifetime(self, ctx: Context, invite: int, other: int) -> bool:
        """Other max_inv_lifetime and max_noninv_lifetime, in ms; of a transaction, from now on."""
        t = ctx.transaction
        if t is not None:
            self._live(t, (invite if t.invite else other) / 1000)
        else:
            plan = self.plan_of(ctx)
            plan.max_inv_lifetime, plan.max_noninv_lifetime = invite / 1000, other / 1000
        return True

    @function(*_ARMED)
    def t_reset_max_lifetime(self, ctx: Context) -> None:
        """The lifetimes of the cfg again."""
        plan, t = self.plan_of(ctx), ctx.transaction
        plan.max_inv_lifetime = plan.max_noninv_lifetime = 0.0
        if t is not None:
            self._live(t, self.lifetime(t))

    def _live(self, t: Transaction, seconds: float) -> None:
        """The transaction lives so long from now on; running waits end by then."""
        now = self.host.now()
        t.end_of_life = now + seconds
        for b in t.branches:
            if b.give_up is not None and b.give_up.deadline > t.end_of_life:
                self.start_b(t, b, seconds)

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
