"""corex: branches, sockets, sending of what is at hand (Kamailio modules/corex)."""

import re
import sys
from types import FrameType
from typing import cast

from sipproxy import text as wire
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Branch, Context
from sipproxy.core.flow import Flow
from sipproxy.core.forward import forward_reply, numeric, setting
from sipproxy.core.functions import Socket
from sipproxy.core.log import WARN, report
from sipproxy.core.module import event, function, modparam_method, pvar
from sipproxy.core.sockets import DEFAULT_PORT, ListenSocket
from sipproxy.errors import ModuleError
from sipproxy.modules.corex.memory import MemoryCommands
from sipproxy.modules.corex.messages import MessageFunctions
from sipproxy.modules.corex.sending import Sending
from sipproxy.modules.corex.sockets import SocketViews
from sipproxy.sip.message import Message

_Q = re.compile(r"[ \t]*(1(?:\.0*)?|0?(?:\.[0-9]*)?)[ \t]*\Z", re.ASCII)
_MAX_XFLAG = 63
_UNNAMED = {
    "request_route": "DEFAULT_ROUTE",
    "reply_route": "DEFAULT_ONREPLY",
    "onsend_route": "DEFAULT_SEND",
}
"""What Kamailio calls the blocks without a name."""
_MAX_BRANCHES = 12


class Corex(Sending, MessageFunctions, SocketViews, MemoryCommands, name="corex"):
    """Extensions of the core around branches, sockets and raw sending."""

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._route_names: dict[str, str] = {}

    reply_out = event("corex:reply-out", "Never runs: Kamailio 5.6.3 calls it without a message.")

    @modparam_method("alias_subdomains")
    def alias_subdomains(self, text: str) -> None:
        """`[proto:]domain[:port]`: the domain and all below it are `myself`."""
        proto, rest = "", text
        first, colon, behind = text.partition(":")
        if colon and len(first) in (3, 4):
            proto, rest = wire.lower(first), behind
            if proto not in DEFAULT_PORT:
                raise ModuleError(f"invalid protocol {first}")
        domain, _, port = rest.partition(":")
        if not domain or (port and not port.isdigit()):
            raise ModuleError(f"error adding alias subdomains: {text}")
        self.host.own.add_domain(domain, int(port or 0), proto)

    # -- branches and replies

    @function("REQUEST", "FAILURE")
    def append_branch(self, ctx: Context, uri: str = "", q: str = "") -> bool:
        """Add a destination: this URI, or the R-URI with all that was set for it."""
        found = _Q.match(q)
        if found is None:
            self._complain("cannot parse the Q parameter")
            return False
        most = int(setting(ctx, "max_branches") or _MAX_BRANCHES) - 1
        if ctx.touched("branches") and len(ctx.branches) >= most:
            self._complain("max nr of branches exceeded")
            return False
        whole, _, fraction = found[1].partition(".")
        weight = int(f"{fraction}000"[:3]) + 1000 * (whole == "1") if q else -1
        branch = Branch(uri or ctx.ruri, ctx.dst_uri, weight, ctx.bflags)
        branch.force_socket = ctx.force_socket
        ctx.branches.append(branch)
        if not uri:
            ctx.force_socket = None
            ctx.bflags = 0
            ctx.dst_uri = ""
        return True

    @function("REPLY")
    def forward_reply(self, ctx: Context) -> None:
        """Relay the reply by its Vias now."""
        forward_reply(ctx)

    # -- sockets and addresses

    @function()
    def set_send_socket(self, ctx: Context, socket: str) -> bool:
        """Send by the socket `[proto:]address[:port]`."""
        return self._set_socket(ctx, self._find(socket), socket, is_send=True)

    @function()
    def set_send_socket_name(self, ctx: Context, name: str) -> bool:
        """Send by the socket of this name."""
        return self._set_socket(ctx, self._named(name), name, is_send=True)

    @function(replaces_message=True)
    def set_recv_socket(self, ctx: Context, socket: str) -> bool:
        """Take the message as received on the socket `[proto:]address[:port]`."""
        return self._set_socket(ctx, self._find(socket), socket, is_send=False)

    @function(replaces_message=True)
    def set_recv_socket_name(self, ctx: Context, name: str) -> bool:
        """Take the message as received on the socket of this name."""
        return self._set_socket(ctx, self._named(name), name, is_send=False)

    @function()
    def is_socket_name(self, ctx: Context, name: str) -> bool:
        """Whether a socket has this name."""
        return self._named(name) is not None

    def _named(self, name: str) -> ListenSocket | None:
        return next((s for s in self.host.own.sockets if name and s.name == name), None)

    def _set_socket(
        self, ctx: Context, socket: ListenSocket | None, text: str, *, is_send: bool
    ) -> bool:
        if not text:
            self._complain("cannot get socket address value")
            return False
        if socket is None:
            report(self.host.log, WARN, "corex", f"no socket found to match [{text}]")
        elif is_send:
            ctx.force_socket = (socket.proto, socket.address, socket.port)
        else:
            ctx.flow = ctx.flow._replace(proto=socket.proto, local=socket.local)
            ctx.msg = _reread(ctx.msg, ctx.flow)
        return True

    @function(replaces_message=True)
    def set_source_address(self, ctx: Context, address: str) -> bool:
        """Take the message as come from `[proto:]address[:port]`."""
        try:
            wanted = Socket.parse(address)
        except ValueError:
            wanted = Socket("", "", 0)
        host = numeric(wanted.address)
        if host is None:
            self._complain(f"failed to resolve address [{address}]")
            return False
        ctx.flow = ctx.flow._replace(remote=(host, wanted.port))
        ctx.msg = _reread(ctx.msg, ctx.flow)
        return True

    # -- the place in the cfg

    @pvar("cfg", bind=True)
    def cfg(self, inner: str | None, index: str | None) -> PvAccess:
        """Where the script is: `line`, `file` (also called `name`), `route` by its name."""
        if inner == "line":
            return PvAccess(lambda ctx: _cfg_frame().f_lineno, type="int")
        if inner in ("file", "name"):
            return PvAccess(lambda ctx: _cfg_frame().f_code.co_filename, type="str")
        if inner == "route":
            return PvAccess(lambda ctx: self._route_name(_cfg_frame()))
        raise ValueError("line, file, name and route exist")

    def _route_name(self, frame: FrameType | None) -> str | None:
        """The name of the block that a frame belongs to, or was called by: texts have their own."""
        if not self._route_names:
            for block in self.host.blocks.values():
                self._route_names[block.call.__name__] = block.name or _UNNAMED.get(block.kind, "")
        while frame is not None and frame.f_code.co_name not in self._route_names:
            frame = frame.f_back
        return None if frame is None else self._route_names[frame.f_code.co_name]

    # -- flags and kinds

    @function()
    def setxflag(self, ctx: Context, flag: int) -> bool:
        """Set one of the message's 64 further flags."""
        if not 0 <= flag <= _MAX_XFLAG:
            return False
        ctx.scratch["xflags"] = self._xflags(ctx) | 1 << flag
        return True

    @function()
    def resetxflag(self, ctx: Context, flag: int) -> bool:
        """Clear one of the message's 64 further flags."""
        if not 0 <= flag <= _MAX_XFLAG:
            return False
        ctx.scratch["xflags"] = self._xflags(ctx) & ~(1 << flag)
        return True

    @function()
    def isxflagset(self, ctx: Context, flag: int) -> bool:
        """Whether one of the message's 64 further flags is set."""
        return 0 <= flag <= _MAX_XFLAG and bool(self._xflags(ctx) >> flag & 1)

    def _xflags(self, ctx: Context) -> int:
        return cast(int, ctx.scratch.get("xflags", 0))

    @function()
    def is_faked_msg(self, ctx: Context) -> bool:
        """Whether the message only stands in for one, in an event route."""
        return ctx.kind == "event"


def _reread(msg: Message, flow: Flow) -> Message:
    """The same bytes as if they had come on another flow."""
    return Message.parse(msg.raw, source=flow.remote, dest=flow.local, proto=flow.proto)


def _cfg_frame() -> FrameType:
    """The innermost frame of a compiled route: it has the cfg's file and line."""
    frame = sys._getframe(2)
    while frame.f_code.co_filename.endswith(".py") and frame.f_back is not None:
        frame = frame.f_back
    return frame
