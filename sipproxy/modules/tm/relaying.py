"""The functions of tm that send a request on."""

from sipproxy.core.context import Context
from sipproxy.core.module import function
from sipproxy.errors import MessageError
from sipproxy.modules.tm.functions import Functions
from sipproxy.modules.tm.relay import Target, target_of
from sipproxy.modules.tm.transaction import Transaction

_RELAY = ("REQUEST", "FAILURE")


class RelayFunctions(Functions):
    """t_relay and its kin; what they may have to wait for is the name of a host."""

    async def _relay(self, ctx: Context, target: Target | None) -> int:
        if ctx.kind in ("failure", "branch_failure"):
            t: Transaction = ctx.transaction
            return 1 if await self.forward(t, ctx, target) > 0 else -1
        return await self.relay(ctx, target)

    def _by(self, ctx: Context, proto: str) -> Target | None:
        """The request's own destination by another protocol; None if it cannot be read."""
        try:
            where = target_of(ctx.dst_uri or ctx.ruri)
        except MessageError:
            return None
        return Target(where.host, where.port, proto)

    @function(*_RELAY)
    async def t_relay(self, ctx: Context) -> int:
        """Relay with state to `$du`, else the request URI, and to all branches; -1 or less: no."""
        return await self._relay(ctx, None)

    @function(*_RELAY, name="t_relay")
    async def t_relay_by_address(self, ctx: Context, host: str, port: int) -> int:
        """Relay with state to this host and port."""
        return await self._relay(ctx, Target(host, port))

    @function(*_RELAY)
    async def t_relay_to_udp(self, ctx: Context) -> int:
        """Relay with state by UDP."""
        return await self._relay(ctx, self._by(ctx, "udp"))

    @function(*_RELAY, name="t_relay_to_udp")
    async def t_relay_to_udp_address(self, ctx: Context, host: str, port: int) -> int:
        """Relay with state by UDP to this host and port."""
        return await self._relay(ctx, Target(host, port, "udp"))

    @function(*_RELAY)
    async def t_relay_to_tcp(self, ctx: Context) -> int:
        """Relay with state by TCP."""
        return await self._relay(ctx, self._by(ctx, "tcp"))

    @function(*_RELAY, name="t_relay_to_tcp")
    async def t_relay_to_tcp_address(self, ctx: Context, host: str, port: int) -> int:
        """Relay with state by TCP to this host and port."""
        return await self._relay(ctx, Target(host, port, "tcp"))

    @function("REQUEST")
    async def t_forward_nonack(self, ctx: Context, host: str, port: int) -> int:
        """Relay with state to this host and port, which an ACK is not."""
        if ctx.msg.method == "ACK":
            return -1
        return await self._relay(ctx, Target(host, port))

    @function("REQUEST")
    async def t_forward_nonack_uri(self, ctx: Context) -> int:
        """Relay with state to the request URI, which an ACK is not."""
        if ctx.msg.method == "ACK":
            return -1
        return await self._relay(ctx, None)

    @function("REQUEST")
    async def t_replicate(self, ctx: Context, uri: str = "") -> int:
        """Send a copy with state whose replies go nowhere, to `$du` or this URI."""
        try:
            target = target_of(uri) if uri else None
        except MessageError:
            return -1
        return await self.relay(ctx, target, replicate=True)

    @function("REQUEST", name="t_replicate")
    async def t_replicate_by_address(self, ctx: Context, host: str, port: int) -> int:
        """Send a copy with state to this host and port; its replies go nowhere."""
        return await self.relay(ctx, Target(host, port), replicate=True)

    @function("REQUEST")
    async def t_relay_cancel(self, ctx: Context) -> int:
        """Relay a CANCEL whose INVITE is known, 0; 1 for any other request."""
        if ctx.msg.method != "CANCEL":
            return 1
        try:
            known = self.known.canceled_by(ctx.msg) is not None
        except MessageError:
            return -1
        if not known:
            return 1
        return 0 if await self.relay(ctx) > 0 else -1
