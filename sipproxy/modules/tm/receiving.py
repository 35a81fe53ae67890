"""What comes from the branches: replies and time-outs, and what becomes of them."""

from abc import abstractmethod

from sipproxy.core.context import DROP, Context
from sipproxy.core.forward import forward_reply
from sipproxy.core.log import WARN, report
from sipproxy.modules.tm.cancel import Cancels
from sipproxy.modules.tm.selection import NOBODY, OPEN, pick
from sipproxy.modules.tm.states import received_as
from sipproxy.modules.tm.transaction import FAKED, Branch, Transaction
from sipproxy.modules.tm.watching import SHARED


class Receiving(Cancels):
    """Takes replies, runs onreply, failure and branch-failure routes, and answers the client."""

    def take_reply(self, ctx: Context) -> bool:
        """Take a reply that belongs to a transaction; False leaves it to stateless forwarding."""
        found = self.known.of_reply(ctx.msg)
        if found is None:
            return self._stray(ctx)
        t, b = found
        self.tallies.received += 1
        if not ctx.end & DROP:
            self.enqueue(t, self._reply(t, b, ctx))
        return True

    def _stray(self, ctx: Context) -> bool:
        """A reply without a transaction goes through the route of on_sl_reply, if there is one."""
        if not self.on_sl_reply or ctx.end & DROP:
            return False
        self.host.begin(self._run_stray(ctx), lambda: None)
        return True

    async def _run_stray(self, ctx: Context) -> None:
        ctx.kind = "onreply"
        ctx.end = ctx.rc = ctx.depth = 0
        code = await self.host.run_block(f"onreply_route[{self.on_sl_reply}]", ctx)
        if code and not ctx.end & DROP:
            forward_reply(ctx)

    async def _reply(self, t: Transaction, b: Branch, ctx: Context) -> None:
        msg = ctx.msg
        status = msg.status
        if msg.method == "CANCEL" and t.invite:
            self.stop_cancel(b)
            return
        if status < 200 and b.canceled:
            self.canceled_late(t, b)
            return
        before = b.last_received
        if not self.drive_branch(t, b, received_as(status, invite=t.invite), msg):
            return
        if b.on_reply and await self._onreply(t, b, ctx) and status < 200:
            return
        if t.held is not None:
            await self.hold_back(t, b, ctx)
        status = ctx.msg.status
        if status == 503:
            self.fail_over(t, b)
        await self.consider(t, b, status, ctx)
        b.replied = True
        if t.invite and b.pending and status < 200 and self._restarts(before, status):
            self.start_b(t, b, t.fr_inv_timer or self.fr_inv_timer / 1000)

    def _restarts(self, before: int, status: int) -> bool:
        """Whether a provisional reply starts fr_inv_timer anew."""
        if self.restart_fr_on_each_reply:
            return True
        return before < status and (status >= 180 or before == 0)

    async def _onreply(self, t: Transaction, b: Branch, ctx: Context) -> bool:
        """Run the branch's onreply_route on the reply; whether it dropped it."""
        ctx.kind = "onreply"
        ctx.flags = t.flags
        ctx.bflags = b.bflags
        before = b.last_received
        b.last_received = max(before, ctx.msg.status)
        await self.run_block(t, f"onreply_route[{b.on_reply}]", ctx, b.index)
        b.last_received = before
        b.bflags = ctx.bflags
        return bool(ctx.end & DROP)

    async def run_block(self, t: Transaction, key: str, ctx: Context, index: int) -> None:
        """Run a route of the transaction on a context, with what its routes share."""
        ctx.transaction = t
        ctx.branch_index = index
        ctx.end = ctx.rc = ctx.depth = 0
        for name, shared in t.adopted.items():
            setattr(ctx, name, shared)
        await self.host.run_block(key, ctx)
        self.adopt(t, ctx)
        ctx.finish()

    def adopt(self, t: Transaction, ctx: Context) -> None:
        """Keep what a route changed for the transaction's other routes."""
        t.flags = ctx.flags
        made = vars(ctx)
        for name in SHARED:
            if name in made:
                t.adopted = {**t.adopted, name: getattr(ctx, name)}

    def time_out(self, t: Transaction, b: Branch, msg: object = None) -> None:
        """fr_timer or fr_inv_timer is over: the branch counts as answered by 408."""
        b.timed_out = True
        if b.last_received == 0:
            self.fail_over(t, b)
        silent = (
            not self.noisy_ctimer
            and not t.noisy
            and not t.local
            and t.invite
            and len(t.branches) == 1
            and not t.on_failure
            and b.last_received == 0
        )
        if silent:
            self.drive(t, "release")
        else:
            self.fake(t, b, 408)

    @abstractmethod
    def fail_over(self, t: Transaction, b: Branch) -> bool:
        """Send a branch's request to its next place, if there is one."""

    def fake(self, t: Transaction, b: Branch, status: int) -> None:
        """Take a final reply of our own for the branch's."""
        self.enqueue(t, self.faked(t, b, status))

    async def faked(self, t: Transaction, b: Branch, status: int) -> None:
        """A branch ends with a status of our own."""
        if not b.pending:
            return
        rings = t.invite and b.last_received >= 100 and not b.cancel
        b.canceled = True
        await self.consider(t, b, status, None)
        if rings and not b.cancel:
            self.send_cancel(t, b, "")

    async def consider(self, t: Transaction, b: Branch, status: int, ctx: Context | None) -> None:
        """Relay, keep or drop a branch's reply (t_should_relay_response); no context: faked."""
        through = t.invite and 200 <= status < 300
        if t.status >= 200:
            if through:
                b.last_received = status
                self._up(t, b, status, ctx)
        elif b.last_received >= 200 and not (through and b.last_received < 300):
            self._tell_of_rewrite(b, status)
        elif status >= 300:
            await self._failed(t, b, status, ctx)
        else:
            b.last_received = status
            if status != 100 or self.relay_100:
                self._up(t, b, status, ctx)
            if status >= 200:
                self._completed(t, status)

    def _tell_of_rewrite(self, b: Branch, status: int) -> None:
        if status != b.last_received and b.last_received != 487 and status != 487:
            text = f"status rewrite by UAS: stored: {b.last_received}, received: {status}"
            report(self.host.log, WARN, "tm", text)

    def _completed(self, t: Transaction, cause: int) -> None:
        """The client has its final reply: nothing is to come from the branches."""
        if t.invite:
            self.kill(t, cause)
        for b in t.branches:
            self.stop_a(t, b)
            self.stop_b(t, b)

    def _up(
        self,
        t: Transaction,
        b: Branch,
        status: int,
        ctx: Context | None,
        seen: Context | None = None,
    ) -> None:
        if t.local:
            self.local_reply(t, b, status, ctx)
        else:
            self.relay_answer(t, b, status, ctx, seen or ctx)

    @abstractmethod
    def local_reply(self, t: Transaction, b: Branch, status: int, ctx: Context | None) -> None:
        """A reply to a request of our own: whoever sent it is told."""

    async def _failed(self, t: Transaction, b: Branch, status: int, ctx: Context | None) -> None:
        """A branch failed: if it was the last, the failure route may try others."""
        b.last_received = status
        if b.on_branch_failure:
            await self._branch_failed(t, b, ctx)
        index, code = pick(t, b.index, status, self.faked_reply_prio)
        if index == OPEN:
            self._store(b, ctx)
            blocks = t.invite and self.disable_6xx_block if t.disable_6xx is None else t.disable_6xx
            if status >= 600 and not t.killed_6xx and not blocks:
                t.killed_6xx = True
                others = [one for one in self.to_cancel(t) if one is not b]
                for one in self.cancel_branches(t, others, self.reason_row(status)):
                    self.fake(t, one, 487)
            return
        if index == NOBODY:
            return
        self._store(b, ctx)
        t.killed_6xx = False
        count = len(t.branches)
        t.picked = index
        flags = self.tell_failed(t, code, t.branches[index].reply)
        dropped = await self._run_failure(t, t.branches[index], count, flags)
        if t.status >= 200:
            self._completed(t, t.status)
            return
        if count < len(t.branches):
            index, code = self._after_new(t, b, status, index, code, dropped)
            if index == OPEN:
                if dropped:
                    b.reply = b.reply_lumps = None
                return
        elif dropped:
            index = NOBODY
        if index == NOBODY:
            self.kill_with(t, t.error or -1)
            return
        winner = t.branches[index]
        stored = winner is not b
        if stored:
            self._up(t, winner, winner.last_received, None, ctx)
        else:
            self._up(t, winner, status, ctx)
        self._completed(t, 0)

    def _after_new(
        self, t: Transaction, b: Branch, status: int, index: int, code: int, dropped: bool
    ) -> tuple[int, int]:
        """The choice after a failure route that added branches, which may all have ended."""
        new, new_code = pick(t, -1 if dropped else b.index, status, self.faked_reply_prio)
        if new >= 0 or new == OPEN:
            return new, new_code
        return (NOBODY, 0) if dropped else (index, code)

    def _store(self, b: Branch, ctx: Context | None) -> None:
        """Keep a final reply for the choice among the branches and for `$T_rpl`."""
        b.reply = FAKED if ctx is None else ctx.msg
        b.reply_lumps = ctx.lumps if ctx is not None and ctx.touched("lumps") else None

    async def _run_failure(self, t: Transaction, winner: Branch, count: int, flags: int) -> bool:
        """Run the winner's failure route; whether the replies so far are forgotten.

        `flags` are those the route begins with; the transaction has them when it is over.
        """
        if not winner.on_failure or (t.local and not self._fails_own):
            t.flags = flags
            return False
        key = f"failure_route[{winner.on_failure}]"
        t.on_failure = ""
        t.suspended = False
        t.drop_replies = self.failure_reply_mode
        t.error = 0
        ctx = self.faked_request(t, "failure")
        ctx.flags = flags
        await self.run_block(t, key, ctx, winner.index)
        mode = t.drop_replies
        if mode == 0 or (mode == 3 and len(t.branches) == count):
            return False
        start = 0
        if mode == 2:
            firsts = [b.index for b in t.branches[:count] if b.first_of_step]
            start = firsts[-1] if firsts else 0
        for b in t.branches[start:count]:
            b.reply = b.reply_lumps = None
        return True

    @property
    def _fails_own(self) -> bool:
        """Whether requests of our own have failure routes (uac.c t_uac_prepare)."""
        return bool(self.enable_uac_fr or getattr(self.host.settings, "use_dns_failover", 0))

    async def _branch_failed(self, t: Transaction, b: Branch, ctx: Context | None) -> None:
        """Run event_route[tm:branch-failure:NAME] on the request."""
        key = f"event_route[tm:branch-failure:{b.on_branch_failure}]"
        self._store(b, ctx)
        t.on_branch_failure = ""
        await self.run_block(t, key, self.faked_request(t, "branch_failure"), b.index)
        b.reply = b.reply_lumps = None

    def faked_request(self, t: Transaction, kind: str) -> Context:
        """A context of the transaction's request, as the script left it when it was relayed."""
        ctx = Context(t.request, t.flow, self.host.now(), self.host, kind)
        ctx.flags = t.flags
        ctx.bflags = t.bflags
        ctx.force_socket = t.force_socket
        ctx.force_rport = t.force_rport
        ctx.consume(t.new_ruri, t.dst_uri)
        if t.lumps is not None:
            ctx.lumps = t.lumps.copy()
        return ctx

    @abstractmethod
    async def hold_back(self, t: Transaction, b: Branch, ctx: Context) -> None:
        """Wait as long as the route put this reply aside."""

    @abstractmethod
    def kill_with(self, t: Transaction, error: int) -> None:
        """Answer with what an internal error means (kill_transaction)."""
