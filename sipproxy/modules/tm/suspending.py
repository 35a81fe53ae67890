"""Routes of a transaction that are put aside and go on elsewhere (Kamailio modules/tm/t_suspend.c).

A request that is put aside has a branch without a destination, whose fr_timer ends the wait: the
failure route runs, or 408 goes out. A reply that is put aside goes on its way after the same time;
what else comes for its transaction waits behind it, as behind any route that waits.
"""

from dataclasses import dataclass

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.timers import Timer
from sipproxy.core.waiting import Wait
from sipproxy.modules.tm.relay import RELAYED
from sipproxy.modules.tm.relaying import RelayFunctions
from sipproxy.modules.tm.transaction import FAKED, Branch, Transaction

_NEVER_PICKED = 500
"""What the branch of a wait that is over counts as; it is none to choose a reply from."""


@dataclass(slots=True)
class Held:
    """What was put aside: a request with its stand-in branch, or a branch's reply.

    `wait` is answered with the key of the block that the reply goes on with, empty for none.
    """

    branch: Branch
    reply: Context | None = None
    wait: Wait | None = None
    timer: Timer | None = None
    fresh: bool = False
    """Whether the request URI was not used by a relay yet."""


class Suspending(RelayFunctions):
    """Puts routes aside, and goes on with them."""

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._held: dict[tuple[int, int], Transaction] = {}

    def suspend(self, ctx: Context) -> int:
        """Put aside what the route is about: 1, -1 where that cannot be; an INVITE is told 100.

        Its transaction is made if it is not there; 0 for a repetition, which is dealt with.
        """
        if ctx.kind == "event":
            report(self.host.log, ERROR, "tmx", "suspending a faked request is not allowed")
            return -1
        if ctx.kind == "request" and ctx.transaction is None:
            made = self.new_transaction(ctx)
            if made <= 0:
                return made
        t = self.found(ctx)
        if t is None or t.held is not None:
            return -1
        t.held = self._hold_reply(t, ctx) if ctx.kind == "onreply" else self._hold(t, ctx)
        t.suspended = True
        t.outcome |= RELAYED
        self._held[t.hash_index, t.label] = t
        return 1

    def _hold(self, t: Transaction, ctx: Context) -> Held:
        """A request waits with a branch that goes nowhere."""
        if not t.branches:
            self.keep_edits(t, ctx)
        t.flags = ctx.flags
        if self.says_trying(t):
            self.answer(t, 100, self.auto_inv_100_reason)
        b = Branch(len(t.branches), ctx.ruri, t.invite)
        b.on_failure = t.on_failure
        t.branches.append(b)
        self.start_b(t, b, self.patience(t, b))
        return Held(b, fresh=not ctx.consumed)

    def _hold_reply(self, t: Transaction, ctx: Context) -> Held:
        """A reply waits, at most as long as its branch would for one."""
        b = t.branches[ctx.branch_index]
        timer = self._timer(self.patience(t, b), self._let_go, t)
        return Held(b, ctx, Wait(), timer)

    async def hold_back(self, t: Transaction, b: Branch, ctx: Context) -> None:
        """Wait as long as the route put this reply aside, then do what follows."""
        while t.held is not None and t.held.reply is ctx:
            key = await t.held.wait
            if key:
                await self.run_block(t, key, ctx, b.index)

    def resume(self, index: int, label: int, key: str) -> int:
        """Go on with a block of this key: 1, -1 if there is nothing put aside."""
        t = self._held.pop((index, label), None)
        if t is None or t.held is None or not t.suspended or t.wait is not None:
            report(self.host.log, WARN, "tm", f"no suspended transaction [{index}:{label}]")
            return -1
        held, t.held, t.suspended = t.held, None, False
        if held.wait is not None:
            self.stop(held.timer)
            held.wait.finish(key)
        elif not t.canceled and not held.branch.last_received:
            b = held.branch
            self.drive_branch(t, b, "kill")
            b.last_received, b.reply = _NEVER_PICKED, FAKED
            self.enqueue(t, self._resume_request(t, held, key))
        return 1

    async def _resume_request(self, t: Transaction, held: Held, key: str) -> None:
        ctx = self.faked_request(t, "failure")
        if held.fresh:
            ctx.new_ruri, ctx.dst_uri = t.new_ruri, t.dst_uri
        await self.run_block(t, key, ctx, -1)
        if t.status < 200 and not any(b.pending for b in t.branches):
            self.kill_with(t, t.error or -1)

    def _let_go(self, t: Transaction, due: float) -> None:
        """Nobody went on with a reply in time."""
        self.resume(t.hash_index, t.label, "")

    def run_later(self, ctx: Context, key: str, seconds: float) -> int:
        """Put what the route is about aside, as `suspend` does, for so many seconds."""
        code = self.suspend(ctx)
        if code > 0:
            t: Transaction = ctx.transaction
            self._timer(seconds, self._resume_at, t.hash_index, t.label, key)
        return code

    def _resume_at(self, index: int, label: int, key: str, due: float) -> None:
        if (index, label) in self._held:
            self.resume(index, label, key)

    def ended(self, t: Transaction) -> None:
        """Nothing waits for a transaction that is gone."""
        super().ended(t)
        held, t.held = t.held, None
        self._held.pop((t.hash_index, t.label), None)
        if held is not None and held.wait is not None:
            self.stop(held.timer)
            held.wait.finish("")
