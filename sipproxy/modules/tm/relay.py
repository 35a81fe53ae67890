"""Sending a request on with state, a branch for each destination (Kamailio modules/tm/t_fwd.c)."""

from dataclasses import dataclass
from functools import lru_cache

from sipproxy.core.access import PvAccess
from sipproxy.core.context import DROP, Context
from sipproxy.core.context import Branch as Destination
from sipproxy.core.flow import STREAMS
from sipproxy.core.forward import (
    BAD_ADDRESS,
    NO_SOCKET,
    SEND_FAILED,
    UNSPECIFIED,
    asked_transport,
    departing,
    first_served,
    forward_request_by_name,
    places_of,
    setting,
)
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.errors import MessageError
from sipproxy.modules.tm.failover import Failover
from sipproxy.modules.tm.matching import Key, request_key
from sipproxy.modules.tm.transaction import Branch, Plan, Transaction
from sipproxy.sip.uri import Uri

EXISTS = -10
"""The transaction was made by the script before (E_SCRIPT)."""
NO_BRANCHES = -6
DROPPED = -6
"""A branch route dropped its branch, or there was none (E_CFG)."""
BAD_TUPLE = -9
TOO_MANY_BRANCHES = -12
CANCELED = -487

TAKEN, RELAYED, REPLIED, RELEASED, FAILED = 0, 1, 2, 4, 8
"""What a request route did with the transaction it made."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a function's arguments send a request: host, port (0: default) and protocol."""

    host: str
    port: int
    proto: str = ""


class Relaying(Failover):
    """Makes transactions and their branches."""

    timer_avps: tuple[tuple[PvAccess, str], ...] = ()
    """What fr_timer_avp and fr_inv_timer_avp name, with the plan's attribute (seconds)."""

    def plan_of(self, ctx: Context) -> Plan:
        """What the script may still say about the transaction, present or future."""
        if ctx.transaction is not None:
            plan: Plan = ctx.transaction
            return plan
        found = ctx.scratch.get("tm")
        if not isinstance(found, Plan):
            found = ctx.scratch["tm"] = Plan()
        return found

    def new_transaction(self, ctx: Context) -> int:
        """Make the request's transaction: 1; 0 for a repetition, dealt with here; else an error.

        EXISTS when the message has its transaction already; 1 and none for an ACK to a 2xx.
        """
        if ctx.transaction is not None:
            return EXISTS
        msg = ctx.msg
        try:
            key = request_key(msg, msg.method)
            found = self.known.of_request(msg, key)
            if found is not None:
                ctx.transaction = found
                self.drive(found, "ack" if msg.method == "ACK" else "request")
                return 0
            if msg.method == "ACK":
                self.tell_acked(ctx)
                return 1
            early = msg.method == "INVITE" and self.known.has_cancel(msg)
        except MessageError as error:
            report(self.host.log, ERROR, "tm", f"too few headers: {error}")
            return BAD_TUPLE
        plan = ctx.scratch.get("tm") if ctx.touched("scratch") else None
        flow = ctx.flow._replace(hints=ctx.reply_hints) if ctx.reply_hints else ctx.flow
        t = Transaction(msg, flow, ctx.now, plan if isinstance(plan, Plan) else None)
        if not t.invite:
            # These count for an INVITE only, unless said of the transaction (init_new_t).
            t.internal_reply, t.disable_6xx = True, None
        for access, name in self.timer_avps:
            seconds = access.read(ctx)
            if isinstance(seconds, int | str) and not getattr(t, name):
                setattr(t, name, float(seconds) if str(seconds).isdecimal() else 0.0)
        t.canceled = early
        self.enter(t, key)
        ctx.transaction = t
        t.new_ruri, t.dst_uri = ctx.new_ruri, ctx.dst_uri
        t.flags, t.bflags, t.force_socket = ctx.flags, ctx.bflags, ctx.force_socket
        if ctx.force_rport:
            t.force_rport = True
        t.busy = True
        if self.on_request:
            self.look_at(t, ctx)
        ctx.at_end.append(self._route_over)
        return 1

    def enter(self, t: Transaction, key: Key | None = None) -> None:
        """Give a transaction its identity and its life; `key` is its request's if it came in."""
        self.tallies.created += 1
        t.label = self.tallies.created
        t.token = self.host.chance.token(32)
        t.hash_index = int(t.token[:4], 16)
        t.end_of_life = t.created + self.lifetime(t)
        self.known.add(t, key)

    def lifetime(self, t: Transaction) -> float:
        """Seconds that a transaction may take in all."""
        own = t.max_inv_lifetime if t.invite else t.max_noninv_lifetime
        common = self.max_inv_lifetime if t.invite else self.max_noninv_lifetime
        return own or common / 1000

    def _route_over(self, ctx: Context) -> None:
        """The route that made the transaction is over: what it left undone is done (t_unref)."""
        t: Transaction = ctx.transaction
        self.adopt(t, ctx)
        if t.outcome & FAILED and t.status < 200:
            self.kill_with(t, t.error)
        elif t.outcome == TAKEN and not t.suspended:
            report(self.host.log, WARN, "tm", "script writer didn't release transaction")
            self.drive(t, "release")
        self.put_to_rest(t)
        self.release(t)

    async def relay(
        self, ctx: Context, target: Target | None = None, *, replicate: bool = False
    ) -> int:
        """Relay the request in hand; 1, or a negative code (Kamailio t_funcs.c t_relay_to)."""
        msg = ctx.msg
        if msg.method == "CANCEL":
            return await self._relay_cancel(ctx, target)
        made = self.new_transaction(ctx)
        if made != EXISTS:
            if made <= 0:
                return made or 1
            if msg.method == "ACK":
                return await self.forward_statelessly(ctx, target)
        t: Transaction = ctx.transaction
        if msg.method == "ACK":
            self.drive(t, "ack")
            return 1
        t.local = t.local or replicate
        if self.says_trying(t):
            self.answer(t, 100, self.auto_inv_100_reason)
        code = await self.forward(t, ctx, target)
        if code <= 0:
            return self._could_not(t, code, replicate)
        return code

    def says_trying(self, t: Transaction) -> bool:
        """Whether an INVITE is to be answered 100 before it is relayed, or waits."""
        wanted = self.auto_inv_100 if t.auto_inv_100 is None else t.auto_inv_100
        return t.invite and bool(wanted) and t.status < 100

    def _could_not(self, t: Transaction, code: int, replicate: bool) -> int:
        if replicate:
            self.drive(t, "release")
            t.outcome |= RELEASED
        elif not t.internal_reply:
            t.outcome |= RELEASED
            return -4
        else:
            t.outcome |= FAILED
        return code

    async def _relay_cancel(self, ctx: Context, target: Target | None) -> int:
        """A CANCEL ends its INVITE; one without goes on by unmatched_cancel."""
        try:
            invite = self.known.canceled_by(ctx.msg)
        except MessageError:
            return BAD_TUPLE
        if invite is None and self.unmatched_cancel:
            if self.unmatched_cancel == 2:
                return 1
            # Kamailio hands on what its forwarding gave: 0 for success, which ends the script.
            return min(0, await self.forward_statelessly(ctx, target))
        made = self.new_transaction(ctx)
        if made != EXISTS and made <= 0:
            return made or 1
        t: Transaction = ctx.transaction
        if invite is not None:
            t.outcome |= RELAYED
            self.cancel_request(invite, t)
            return 1
        code = await self.forward(t, ctx, target)
        return code if code > 0 else self._could_not(t, code, False)

    async def forward_statelessly(self, ctx: Context, target: Target | None) -> int:
        """Send the request on without a transaction: 1, or an error code."""
        try:
            where = target or target_of(ctx.dst_uri or ctx.ruri)
        except MessageError:
            return BAD_ADDRESS
        return await forward_request_by_name(ctx, where.host, where.port, where.proto)

    async def forward(self, t: Transaction, ctx: Context, target: Target | None) -> int:
        """Make and send the branches that the script wants: 1, or a code (t_forward_nonack)."""
        if self._is_canceled(t, ctx):
            return -1
        first = len(t.branches)
        route, t.on_branch = t.on_branch, ""
        if first == 0 and ctx.kind == "request":
            self.keep_edits(t, ctx)
        lowest, tried, added = UNSPECIFIED, 0, []
        for place in self._destinations(ctx):
            tried += 1
            made = await self._add_branch(t, ctx, place, target, route)
            if self._is_canceled(t, ctx):
                return -1
            if isinstance(made, Branch):
                added.append(made)
            else:
                lowest = min(lowest, made)
        if ctx.touched("branches"):
            ctx.branches.clear()
        if not added:
            return self._none_added(t, tried, lowest)
        t.flags = ctx.flags
        added[0].first_of_step = True
        sent = sum([self._lets_out(ctx, b) and self._send(t, b) for b in added])
        if not sent:
            t.error = SEND_FAILED
            return -1
        t.outcome |= RELAYED
        return 1

    def _is_canceled(self, t: Transaction, ctx: Context) -> bool:
        """Whether the client canceled, perhaps while a name was looked up: no branch is sent."""
        if t.canceled:
            ctx.branches.clear()
            t.error = CANCELED
        return t.canceled

    def _none_added(self, t: Transaction, tried: int, lowest: int) -> int:
        if not tried:
            report(self.host.log, ERROR, "tm", "no branches for forwarding")
            t.error = min(lowest, NO_BRANCHES)
            return -1
        if lowest != DROPPED:
            report(self.host.log, ERROR, "tm", "failure to add branches")
        t.error = lowest
        return lowest

    def keep_edits(self, t: Transaction, ctx: Context) -> None:
        """Keep the script's edits: later branches and failure routes start from them."""
        if ctx.touched("lumps"):
            t.lumps = ctx.lumps.copy()

    def _destinations(self, ctx: Context) -> list[Destination | None]:
        """What append_branch added, before it None for the request URI if no relay used it yet."""
        added = ctx.branches if ctx.touched("branches") else ()
        return [*added] if ctx.consumed else [None, *added]

    async def _add_branch(
        self,
        t: Transaction,
        ctx: Context,
        place: Destination | None,
        target: Target | None,
        route: str,
    ) -> Branch | int:
        """A branch to one place, its request built and not yet sent; or an error code."""
        if len(t.branches) >= int(setting(ctx, "max_branches") or 12):
            report(self.host.log, ERROR, "tm", "maximum number of branches exceeded")
            return TOO_MANY_BRANCHES
        b = Branch(len(t.branches), ctx.ruri if place is None else place.uri, t.invite)
        if place is None and not route:
            code = await self._build(t, ctx, b, target)
        else:
            code = await self._build_apart(t, ctx, b, place, target, route)
        if code < 0:
            return code
        b.on_failure, b.on_reply = t.on_failure, t.on_reply
        b.on_branch_failure = t.on_branch_failure
        t.branches.append(b)
        return b

    async def _build_apart(
        self,
        t: Transaction,
        ctx: Context,
        b: Branch,
        place: Destination | None,
        target: Target | None,
        route: str,
    ) -> int:
        """Build a branch that leaves the context as it was: another place, or a branch route."""
        kept = _Kept(ctx)
        if place is not None:
            ctx.new_ruri, ctx.dst_uri, ctx.path = place.uri, place.dst_uri, place.path
            ctx.bflags, ctx.force_socket = place.bflags, place.force_socket
            ctx.ruid, ctx.instance, ctx.reg_id = place.ruid, place.instance, place.reg_id
            ctx.location_ua = place.location_ua
        try:
            if route and await self._run_branch_route(t, ctx, route, b.index):
                return DROPPED
            return await self._build(t, ctx, b, target)
        finally:
            kept.give_back(ctx)

    async def _run_branch_route(self, t: Transaction, ctx: Context, route: str, index: int) -> bool:
        """Run the branch route on what will leave by the branch; whether it dropped it."""
        if ctx.touched("lumps"):
            ctx.lumps = ctx.lumps.copy()
        ctx.kind = "branch"
        ctx.branch_index = index
        ctx.end = ctx.rc = ctx.depth = 0
        await self.host.run_block(f"branch_route[{route}]", ctx)
        return bool(ctx.end & DROP)

    async def _build(self, t: Transaction, ctx: Context, b: Branch, target: Target | None) -> int:
        """Resolve where the branch goes and write its request: 1, or an error code."""
        try:
            where = target or target_of(ctx.dst_uri or ctx.ruri)
        except MessageError as error:
            report(self.host.log, ERROR, "tm", f"bad destination: {error}")
            return BAD_ADDRESS
        places = await places_of(ctx, where.host, where.port, where.proto)
        if not places:
            text = f'could not resolve hostname: "{where.host}"'
            report(self.host.log, ERROR, "tm", text)
            return BAD_ADDRESS
        served = first_served(ctx, places)
        if served is None:
            proto = places[0].proto
            text = f"can't fwd to {where.host}, proto {proto} (no corresponding listening socket)"
            report(self.host.log, ERROR, "tm", text)
            return NO_SOCKET
        socket, place, b.places = served
        b.uri = ctx.ruri
        b.path, b.bflags, b.ruid = ctx.path, ctx.bflags, ctx.ruid
        if ctx.instance:
            b.instance = ctx.instance
        branch = f"z9hG4bK{t.hash_index:x}.{t.token}.{b.index:x}"
        b.sent, b.flow = departing(ctx, socket, place[:2], branch)
        return 1

    def _lets_out(self, ctx: Context, b: Branch) -> bool:
        """Whether onsend_route lets a branch go; one that it drops counts as timed out."""
        lets_out = self.host.lets_out
        if lets_out is None or b.flow is None or lets_out(ctx, b.sent, b.flow):
            return True
        b.last_received = 408
        return False

    def _send(self, t: Transaction, b: Branch) -> bool:
        """Send a branch's request and start its timers."""
        assert b.flow is not None
        if b.flow.proto in STREAMS and not self.host.streams.reach(b.flow):
            host, port = b.flow.remote
            report(self.host.log, ERROR, "tm", f"sending request to {host}:{port} failed")
            self.start_branch(t, b)
            if self.fail_over(t, b):
                self.fake(t, b, 503)
                return True
            self.stop_b(t, b)
            return False
        self.host.send(b.sent, b.flow)
        self.start_branch(t, b)
        return True


class _Kept:
    """What a branch changes of a context, to be given back."""

    __slots__ = ("_lumps", "_values")

    _NAMES = (
        "new_ruri",
        "dst_uri",
        "path",
        *("ruid", "instance", "reg_id", "location_ua"),
        "bflags",
        "force_socket",
        "kind",
        "branch_index",
        "end",
        "rc",
        "depth",
    )

    def __init__(self, ctx: Context) -> None:
        self._values = [getattr(ctx, name) for name in self._NAMES]
        self._lumps = ctx.lumps if ctx.touched("lumps") else None

    def give_back(self, ctx: Context) -> None:
        """Put the context back."""
        for name, value in zip(self._NAMES, self._values, strict=True):
            setattr(ctx, name, value)
        if self._lumps is not None:
            ctx.lumps = self._lumps
        elif ctx.touched("lumps"):
            del ctx.lumps


@lru_cache(maxsize=4096)
def target_of(text: str) -> Target:
    """Where a URI points. Raises MessageError."""
    uri = Uri.parse(text)
    try:
        proto = asked_transport(uri)
    except MessageError:
        proto = ""  # an unknown transport is none
    return Target(uri.host, uri.port or 0, proto)
