"""The functions of tm that send a request on."""

import re
from typing import Self

from sipproxy.core.context import Context
from sipproxy.core.module import function
from sipproxy.core.params import Parsed
from sipproxy.errors import MessageError
from sipproxy.modules.tm.functions import Functions
from sipproxy.modules.tm.relay import Target, target_of
from sipproxy.modules.tm.transaction import Transaction
from sipproxy.text import lower

_RELAY = ("REQUEST", "FAILURE")
PROTOS = ("udp", "tcp", "tls", "sctp", "ws", "wss")
_HOST_PORT = re.compile(
    rf"(?:({'|'.join(PROTOS)}):)?(\[[^\]]+\]|[^:\[\]]+)(?::([0-9]{{1,5}}))?", re.IGNORECASE
)


class HostPort(Parsed):
    """`host:port`, or `proto:host:port`, as the cfg writes a next hop."""

    __slots__ = ("target",)

    def __init__(self, target: Target) -> None:
        self.target = target

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text; an IPv6 address stands in brackets."""
        found = _HOST_PORT.fullmatch(text)
        if found is None:
            raise ValueError(f'"{text}" is no [proto:]host[:port]')
        return cls(Target(found[2].strip("[]"), int(found[3] or 0), lower(found[1] or "")))

    def by(self, proto: "Proto") -> Target:
        """The place, reached by another protocol."""
        return Target(self.target.host, self.target.port, proto.name)


class Proto(Parsed):
    """The name of a transport protocol."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the name, in any case."""
        if lower(text) not in PROTOS:
            raise ValueError(f'"{text}" is none of {", ".join(PROTOS)}')
        return cls(lower(text))


class RelayFlags(Parsed):
    """The flags of t_relay_to, as a decimal or hexadecimal number."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the number."""
        return cls(int(text, 16) if text.startswith("0x") else int(text))


class ProxyOrFlags(Parsed):
    """The first argument of t_relay_to: a place, or flags where it is a number."""

    __slots__ = ("target",)

    def __init__(self, target: Target | None) -> None:
        self.target = target

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text."""
        if text.startswith("0x") or text.isdecimal():
            RelayFlags.parse(text)
            return cls(None)
        return cls(HostPort.parse(text).target)


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

    @function(*_RELAY)
    async def t_relay_to_tls(self, ctx: Context) -> int:
        """Relay with state by TLS."""
        return await self._relay(ctx, self._by(ctx, "tls"))

    @function(*_RELAY, name="t_relay_to_tls")
    async def t_relay_to_tls_address(self, ctx: Context, host: str, port: int) -> int:
        """Relay with state by TLS to this host and port."""
        return await self._relay(ctx, Target(host, port, "tls"))

    @function(*_RELAY)
    async def t_relay_to_sctp(self, ctx: Context) -> int:
        """Relay with state by SCTP."""
        return await self._relay(ctx, self._by(ctx, "sctp"))

    @function(*_RELAY, name="t_relay_to_sctp")
    async def t_relay_to_sctp_address(self, ctx: Context, host: str, port: int) -> int:
        """Relay with state by SCTP to this host and port."""
        return await self._relay(ctx, Target(host, port, "sctp"))

    @function(*_RELAY)
    async def t_relay_to(
        self, ctx: Context, proxy: ProxyOrFlags | None = None, flags: RelayFlags | None = None
    ) -> int:
        """Relay with state to `proto:host:port`; flags: 1 no 100, 2 no reply to a failure,
        4 no DNS fail-over. Flags alone are read and have no effect, as in Kamailio.
        """
        wanted = flags.number if flags is not None else 0
        plan = self.plan_of(ctx)
        if wanted & 1:
            plan.auto_inv_100 = False
        if wanted & 2:
            plan.internal_reply = False
        if wanted & 4:
            plan.disable_failover = True
        return await self._relay(ctx, proxy.target if proxy is not None else None)

    @function("REQUEST")
    async def t_relay_to_avp(self, ctx: Context, proto: Proto, address: HostPort) -> int:
        """Relay with state to `host:port` by a protocol."""
        return await self._relay(ctx, address.by(proto))

    # -- in a transaction that is there

    @function("REQUEST")
    async def t_forward_nonack(self, ctx: Context, host: str, port: int) -> int:
        """Relay with state to this host and port, which an ACK is not."""
        return await self._nonack(ctx, Target(host, port))

    @function("REQUEST")
    async def t_forward_nonack_uri(self, ctx: Context) -> int:
        """Relay with state to the request URI, which an ACK is not."""
        return await self._nonack(ctx, None)

    @function("REQUEST")
    async def t_forward_nonack_udp(self, ctx: Context, host: str, port: int) -> int:
        """Relay with state by UDP to this host and port, which an ACK is not."""
        return await self._nonack(ctx, Target(host, port, "udp"))

    @function("REQUEST")
    async def t_forward_nonack_tcp(self, ctx: Context, host: str, port: int) -> int:
        """Relay with state by TCP to this host and port, which an ACK is not."""
        return await self._nonack(ctx, Target(host, port, "tcp"))

    @function("REQUEST")
    async def t_forward_nonack_tls(self, ctx: Context, host: str, port: int) -> int:
        """Relay with state by TLS to this host and port, which an ACK is not."""
        return await self._nonack(ctx, Target(host, port, "tls"))

    @function("REQUEST")
    async def t_forward_nonack_sctp(self, ctx: Context, host: str, port: int) -> int:
        """Relay with state by SCTP to this host and port, which an ACK is not."""
        return await self._nonack(ctx, Target(host, port, "sctp"))

    @function("REQUEST")
    async def t_forward_nonack_to(self, ctx: Context, proto: Proto, address: HostPort) -> int:
        """Relay with state to `host:port` by a protocol, which an ACK is not."""
        return await self._nonack(ctx, address.by(proto))

    async def _nonack(self, ctx: Context, target: Target | None) -> int:
        t = ctx.transaction
        if t is None or ctx.msg.method == "ACK":
            return -1
        return 1 if await self.forward(t, ctx, target) > 0 else -1

    # -- copies

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
    async def t_replicate_udp(self, ctx: Context, host: str, port: int) -> int:
        """Send a copy with state by UDP to this host and port; its replies go nowhere."""
        return await self.relay(ctx, Target(host, port, "udp"), replicate=True)

    @function("REQUEST")
    async def t_replicate_tcp(self, ctx: Context, host: str, port: int) -> int:
        """Send a copy with state by TCP to this host and port; its replies go nowhere."""
        return await self.relay(ctx, Target(host, port, "tcp"), replicate=True)

    @function("REQUEST")
    async def t_replicate_tls(self, ctx: Context, host: str, port: int) -> int:
        """Send a copy with state by TLS to this host and port; its replies go nowhere."""
        return await self.relay(ctx, Target(host, port, "tls"), replicate=True)

    @function("REQUEST")
    async def t_replicate_sctp(self, ctx: Context, host: str, port: int) -> int:
        """Send a copy with state by SCTP to this host and port; its replies go nowhere."""
        return await self.relay(ctx, Target(host, port, "sctp"), replicate=True)

    @function("REQUEST")
    async def t_replicate_to(self, ctx: Context, proto: Proto, address: HostPort) -> int:
        """Send a copy with state to `host:port` by a protocol; its replies go nowhere."""
        return await self.relay(ctx, address.by(proto), replicate=True)

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
