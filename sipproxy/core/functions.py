"""The core's own functions, which need no module (Kamailio core/cfg.y, core/action.c)."""

from dataclasses import replace
from typing import Self

from sipproxy.core import ruri
from sipproxy.core.context import Context
from sipproxy.core.dns.commands import DnsCommands
from sipproxy.core.flow import CLOSE, NO_CONNECT, STREAMS
from sipproxy.core.forward import (
    BAD_PROTO,
    UNSPECIFIED,
    asked_transport,
    forward_request,
    forward_request_by_name,
    next_hop,
    numeric,
)
from sipproxy.core.log import ERROR, NOTICE, report
from sipproxy.core.module import Constant, event, function
from sipproxy.core.params import FlagNumber, Parsed, Plain
from sipproxy.core.sockets import DEFAULT_PORT
from sipproxy.core.variables import CoreVariables
from sipproxy.errors import MessageError

_SCRIPT_LEVEL = 4
"""log("text") writes one level beyond DBG."""


class Number(int, Parsed):
    """A number that the cfg writes as a constant."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a decimal number."""
        return cls(text)


class Socket(Parsed):
    """`[proto:]ip[:port]`; without a port any socket of that address is meant."""

    __slots__ = ("address", "port", "proto")

    def __init__(self, proto: str, address: str, port: int) -> None:
        self.proto = proto
        self.address = address
        self.port = port

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text; IPv6 stands in brackets."""
        proto, rest = "udp", text
        first, colon, behind = text.partition(":")
        if colon and first.lower() in DEFAULT_PORT:
            proto, rest = first.lower(), behind
        host, bracket, port = rest.rpartition("]") if "]" in rest else ("", "", "")
        if not bracket:
            host, _, port = rest.partition(":")
        port = port.lstrip(":")
        if port and not port.isdigit():
            raise ValueError(f"{text!r} is no [proto:]address[:port]")
        return cls(proto, host.lstrip("["), int(port or 0))


def to_address(arguments: tuple[Constant, ...]) -> bool:
    """Whether a forward() goes to an IP address that the cfg writes: no name is looked up."""
    host = arguments[0] if arguments else None
    return isinstance(host, str) and numeric(host) is not None


class Core(DnsCommands, CoreVariables, name="core"):
    """Flags, the R-URI, forwarding, and how messages are sent."""

    msg_received = event(
        "core:msg-received",
        "Something came in, with received_route_mode=1; $rcv has it. drop and a negative code"
        " drop it.",
    )

    pre_routing = event(
        "core:pre-routing",
        "A message was read, before anything else is done with it; drop drops it.",
    )
    worker_one_init = event(
        "core:worker-one-init", "The server is ready to serve; drop forbids the start."
    )

    @function()
    def setflag(self, ctx: Context, flag: FlagNumber) -> None:
        """Set a flag of the message."""
        ctx.flags |= 1 << flag

    @function()
    def resetflag(self, ctx: Context, flag: FlagNumber) -> None:
        """Clear a flag of the message."""
        ctx.flags &= ~(1 << flag)

    @function()
    def isflagset(self, ctx: Context, flag: FlagNumber) -> bool:
        """Whether a flag of the message is set."""
        return bool(ctx.flags >> flag & 1)

    @function(name="force_rport")
    @function(name="add_rport")
    def force_rport(self, ctx: Context) -> None:
        """Reply to the port the request came from, whether it asked for that or not."""
        ctx.force_rport = True

    @function()
    def add_local_rport(self, ctx: Context) -> None:
        """Ask for rport in the Via we add."""
        ctx.add_local_rport = True

    @function(name="rewritehost")
    @function(name="sethost")
    @function(name="seth")
    def rewritehost(self, ctx: Context, host: Plain) -> int:
        """Replace the host of the R-URI."""
        return ruri.rewrite(ctx, lambda uri: ruri.with_host(uri, host))

    @function(name="rewritehostport")
    @function(name="sethostport")
    @function(name="sethp")
    def rewritehostport(self, ctx: Context, host: Plain) -> int:
        """Replace host and port of the R-URI."""
        return ruri.rewrite(ctx, lambda uri: ruri.with_host(uri, host, port=True))

    @function(name="rewritehostporttrans")
    @function(name="sethostporttrans")
    @function(name="sethpt")
    def rewritehostporttrans(self, ctx: Context, host: Plain) -> int:
        """Replace host and port of the R-URI, and drop its transport."""
        return ruri.rewrite(
            ctx, lambda uri: ruri.with_host(ruri.without_transport(uri), host, port=True)
        )

    @function(name="rewriteuser")
    @function(name="setuser")
    @function(name="setu")
    def rewriteuser(self, ctx: Context, user: Plain) -> int:
        """Replace the user of the R-URI; an empty one takes the password along."""
        return ruri.set_user(ctx, user)

    @function(name="rewriteuserpass")
    @function(name="setuserpass")
    @function(name="setup")
    def rewriteuserpass(self, ctx: Context, user: Plain) -> int:
        """Replace user and password of the R-URI."""
        return ruri.rewrite(ctx, lambda uri: replace(uri, user=user, password=""))

    @function(name="rewriteport")
    @function(name="setport")
    @function(name="setp")
    def rewriteport(self, ctx: Context, port: Plain) -> int:
        """Replace the port of the R-URI; -1 for a tel URI."""
        if ctx.ruri[:4].lower() == "tel:":
            report(ctx.host.log, ERROR, "core", "port number of a tel: URI cannot be set")
            return -1
        return ruri.rewrite(ctx, lambda uri: replace(uri, port=port))

    @function(name="rewriteuri")
    @function(name="seturi")
    def rewriteuri(self, ctx: Context, uri: Plain) -> None:
        """Replace the R-URI."""
        ctx.new_ruri = uri

    @function()
    def revert_uri(self, ctx: Context) -> None:
        """Take back all changes of the R-URI."""
        ctx.new_ruri = None

    @function()
    def prefix(self, ctx: Context, text: Plain) -> int:
        """Put a text before the user of the R-URI."""
        return ruri.rewrite(ctx, lambda uri: replace(uri, user=text + uri.user))

    @function()
    def strip(self, ctx: Context, count: Number) -> int:
        """Take the first `count` bytes off the user of the R-URI."""
        return ruri.rewrite(
            ctx, lambda uri: replace(uri, user=ruri.stripped(ctx, uri.user, count, tail=False))
        )

    @function()
    def strip_tail(self, ctx: Context, count: Number) -> int:
        """Take the last `count` bytes off the user of the R-URI."""
        return ruri.rewrite(
            ctx, lambda uri: replace(uri, user=ruri.stripped(ctx, uri.user, count, tail=True))
        )

    @function()
    def userphone(self, ctx: Context) -> int:
        """Mark the R-URI as a telephone number."""
        return ruri.rewrite(ctx, ruri.with_phone)

    @function()
    def remove_branch(self, ctx: Context, index: Number | None = None) -> None:
        """Remove a branch that append_branch made: the first, or by number (-1: the last)."""
        place = index or 0
        if ctx.touched("branches") and -len(ctx.branches) <= place < len(ctx.branches):
            del ctx.branches[place]

    @function()
    def clear_branches(self, ctx: Context) -> None:
        """Remove all branches that append_branch made."""
        if ctx.touched("branches"):
            ctx.branches.clear()

    @function()
    def force_send_socket(self, ctx: Context, socket: Socket) -> None:
        """Send by this socket of ours."""
        if self.host.own.socket_at(socket.address, socket.port, socket.proto) is None:
            text = f"force_send_socket: no socket {socket.proto}:{socket.address}:{socket.port}"
            report(ctx.host.log, ERROR, "core", text)
        ctx.force_socket = (socket.proto, socket.address, socket.port)

    @function()
    def set_advertised_address(self, ctx: Context, address: Plain) -> None:
        """Show this address in the Via we add."""
        ctx.advertised = (address, (ctx.advertised or ("", 0))[1])

    @function()
    def set_advertised_port(self, ctx: Context, port: Number) -> None:
        """Show this port in the Via we add."""
        ctx.advertised = ((ctx.advertised or ("", 0))[0], int(port))

    @function()
    def set_forward_close(self, ctx: Context) -> None:
        """Close the connection by which the message is sent on, when it is sent."""
        ctx.forward_hints |= CLOSE

    @function()
    def set_forward_no_connect(self, ctx: Context) -> None:
        """Send the message on only by a connection that stands already."""
        ctx.forward_hints |= NO_CONNECT

    @function()
    def set_reply_close(self, ctx: Context) -> None:
        """Close the connection by which a reply leaves, when it is sent."""
        ctx.reply_hints |= CLOSE

    @function()
    def set_reply_no_connect(self, ctx: Context) -> None:
        """Send replies only by a connection that stands already."""
        ctx.reply_hints |= NO_CONNECT

    @function(name="force_tcp_alias")
    @function(name="add_tcp_alias")
    def force_tcp_alias(self, ctx: Context, port: Number | None = None) -> int:
        """Send what is for the Via's port, or this one, by the connection the request came on."""
        if ctx.flow.proto not in STREAMS:
            return 1
        wanted = port or ctx.msg.via.port or DEFAULT_PORT.get(ctx.flow.proto, 5060)
        if self.host.streams.alias(ctx.flow, wanted):
            return 1
        report(ctx.host.log, ERROR, "core", "tcp alias failed")
        return -1

    @function()
    def udp_mtu_try_proto(self, ctx: Context, proto: Plain) -> None:
        """Which transport takes what is too big for UDP: counts where `udp_mtu` is set."""
        ctx.mtu_proto = proto.lower()

    @function(name="log")
    def log(self, ctx: Context, text: Plain) -> None:
        """Write a text beyond level DBG."""
        report(ctx.host.log, _SCRIPT_LEVEL, "<script>", text)

    @function(name="log")
    def log_level(self, ctx: Context, level: Number, text: Plain) -> None:
        """Write a text at a level."""
        report(ctx.host.log, level, "<script>", text)

    @function()
    def error(self, ctx: Context, first: Plain, second: Plain) -> None:
        """Does nothing but say so in the log, as in Kamailio."""
        text = f'error("{first}", "{second}") not implemented yet'
        report(ctx.host.log, NOTICE, "core", text)

    @function(name="forward", only=to_address)
    def forward_to_address(self, ctx: Context, host: Plain, port: Plain | None = None) -> int:
        """Send the request on statelessly to an address: nothing is waited for."""
        return forward_request(ctx, host, _port(port), ctx.flow.proto)

    @function()
    async def forward(
        self, ctx: Context, host: Plain | None = None, port: Plain | None = None
    ) -> int:
        """Send the request on statelessly: to `$du` or the R-URI, or to a host."""
        if host is None:
            return await self._forward(ctx, "uri:host", "uri:port", "")
        return await self._forward(ctx, host, port or "0", "")

    @function(name="forward_udp", only=to_address)
    def forward_udp_to_address(self, ctx: Context, host: Plain, port: Plain | None = None) -> int:
        """Send the request on statelessly by UDP to an address: nothing is waited for."""
        return forward_request(ctx, host, _port(port), "udp")

    @function()
    async def forward_udp(self, ctx: Context, host: Plain, port: Plain | None = None) -> int:
        """Send the request on statelessly by UDP."""
        return await self._forward(ctx, host, port or "0", "udp")

    @function(name="forward_tcp", only=to_address)
    def forward_tcp_to_address(self, ctx: Context, host: Plain, port: Plain | None = None) -> int:
        """Send the request on statelessly by TCP to an address: nothing is waited for."""
        return forward_request(ctx, host, _port(port), "tcp")

    @function()
    async def forward_tcp(self, ctx: Context, host: Plain, port: Plain | None = None) -> int:
        """Send the request on statelessly by TCP."""
        return await self._forward(ctx, host, port or "0", "tcp")

    @function()
    async def forward_tls(self, ctx: Context, host: Plain, port: Plain | None = None) -> int:
        """Send the request on statelessly by TLS."""
        return await self._forward(ctx, host, port or "0", "tls")

    @function()
    async def forward_sctp(self, ctx: Context, host: Plain, port: Plain | None = None) -> int:
        """Send the request on statelessly by SCTP."""
        return await self._forward(ctx, host, port or "0", "sctp")

    async def _forward(self, ctx: Context, host: str, port: str, proto: str) -> int:
        if host != "uri:host":
            return await forward_request_by_name(ctx, host, int(port), proto or ctx.flow.proto)
        try:
            uri = next_hop(ctx)
        except MessageError:
            report(ctx.host.log, ERROR, "core", "forward: bad_uri dropping packet")
            return UNSPECIFIED
        try:
            proto = proto or asked_transport(uri)
        except MessageError as error:
            report(ctx.host.log, ERROR, "core", f"forward: {error}")
            return BAD_PROTO
        number = (uri.port or 0) if port == "uri:port" else int(port)
        return await forward_request_by_name(ctx, uri.host, number, proto)


def _port(port: str | None) -> int:
    return int(port or "0")
