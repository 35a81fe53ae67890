"""Routing by the Route rows (RFC 3261 sections 16.4 and 16.6; Kamailio modules/rr/loose.c)."""

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.core.forward import numeric
from sipproxy.core.log import WARN, report
from sipproxy.core.module import function
from sipproxy.core.ruri import parts_of
from sipproxy.core.sockets import ListenSocket, OwnAddresses, bare_host
from sipproxy.errors import MessageError
from sipproxy.modules.rr.base import Base
from sipproxy.modules.rr.routes import Cursor, Entry, is_double, is_loose
from sipproxy.sip.params import Params
from sipproxy.sip.uri import Uri

ROUTED, NOT_ROUTED, PRELOADED = 1, -1, -3
"""What loose_route gives: the next hop is known, it is not, our Route alone without a dialog."""

_LONGEST_MADDR = 117


class Loose(Base):
    """Functions that follow the Route rows."""

    @function("REQUEST")
    def loose_route(self, ctx: Context) -> int:
        """Take our own Routes away and go where the next one says; 1, -1 or -3 (preloaded)."""
        return self._follow(ctx, strictly=True)

    @function("REQUEST")
    def loose_route_mode(self, ctx: Context, mode: int) -> int:
        """As loose_route; with a mode other than 0 the R-URI is never taken for a Route."""
        return self._follow(ctx, strictly=mode == 0)

    @function("REQUEST")
    def loose_route_preloaded(self, ctx: Context) -> bool:
        """As loose_route, true only for our own Route alone in a request outside of a dialog."""
        return self._follow(ctx, strictly=True) == PRELOADED

    @function()
    def rr_next_hop_route(self, ctx: Context) -> bool:
        """Whether loose_route found another Route behind our own."""
        return self.state(ctx).next_is_route

    def _follow(self, ctx: Context, *, strictly: bool) -> int:
        if "Route" not in ctx.msg.table:
            return NOT_ROUTED
        try:
            cursor = Cursor(ctx.msg)
            ruri = ctx.ruri_parsed
            if not ctx.msg.is_tagged:
                code = self._after_loose(ctx, cursor, PRELOADED)
            elif strictly and self.is_me(ruri):
                code = self._after_strict(ctx, cursor, ruri)
            else:
                code = self._after_loose(ctx, cursor, ROUTED)
        except MessageError as error:
            self.complain(str(error))
            return NOT_ROUTED
        params = self.state(ctx).params if self.told and code != NOT_ROUTED else ""
        if params:
            for told in self.told:
                told(ctx, params)
        return code

    def _after_loose(self, ctx: Context, cursor: Cursor, alone: int) -> int:
        """The previous hop left the R-URI as it was; `alone` is given for no Route but ours."""
        state = self.state(ctx)
        state.params = ""
        uri = cursor.entry.parsed
        if self.is_me(uri):
            state.params, state.led = uri.params, ";"
            double = bool(self.enable_double_rr) and is_double(uri)
            if self.force_send_socket and not double:
                self._force_socket(ctx, cursor.entry)
            if not cursor.advance(ctx.lumps):
                return alone
            if double:
                self._force_socket(ctx, cursor.entry, second=True)
                if not cursor.advance(ctx.lumps):
                    return alone
            uri = cursor.entry.parsed
            state.next_is_route = True
        if is_loose(uri):
            ctx.dst_uri = _target(cursor.entry)
            cursor.drop_before(ctx.lumps)
        else:
            ctx.lumps.append(f"Route: <{ctx.msg.ruri}>\r\n")
            ctx.new_ruri = _target(cursor.entry)
            cursor.drop(ctx.lumps)
        return ROUTED

    def _after_strict(self, ctx: Context, cursor: Cursor, ruri: Uri) -> int:
        """The previous hop put our Route into the R-URI."""
        state = self.state(ctx)
        state.params = ""
        uri = cursor.entry.parsed
        if self.enable_double_rr and is_double(uri) and self.is_me(uri):
            socket = own_socket(self.host.own, uri.host, uri.port or 0, uri.transport or "")
            if socket is not None:
                ctx.force_socket = (socket.proto, socket.address, socket.port)
            elif self.enable_socket_mismatch_warning:
                report(self.host.log, WARN, "rr", "no socket found for match second RR")
            if not cursor.advance(ctx.lumps):
                return NOT_ROUTED
            uri = cursor.entry.parsed
        if ctx.new_ruri is None:
            state.params, state.led = ruri.params, ""
        if not is_loose(uri):
            # The last Route is the endpoint: it goes into the R-URI, strict router or not.
            ctx.new_ruri = _target(cursor.entry)
            cursor.drop(ctx.lumps)
            return ROUTED
        ctx.dst_uri = _target(cursor.entry)
        cursor.drop_before(ctx.lumps)
        cursor.to_last()
        ctx.new_ruri = _target(cursor.entry)
        cursor.drop_last(ctx.lumps)
        return ROUTED

    def _force_socket(self, ctx: Context, entry: Entry, *, second: bool = False) -> None:
        """Send by the socket that our own Route names."""
        uri = entry.parsed
        try:
            socket = self._named_socket(uri) if self.sockname_mode else None
        except MessageError as error:
            self.complain(str(error))
            return
        if socket is None:
            proto = uri.transport or ""
            port = uri.port or (5061 if proto == "tls" else 5060)
            own = self.host.own
            socket = own_socket(own, uri.host, port, proto)
            socket = socket or own_socket(own, uri.host, uri.port or 0, proto)
        if socket is not None:
            ctx.force_socket = (socket.proto, socket.address, socket.port)
        elif second and self.enable_socket_mismatch_warning:
            report(self.host.log, WARN, "rr", f"no socket found to match second RR ({entry.uri})")

    def _named_socket(self, uri: Uri) -> ListenSocket | None:
        """The socket whose name the parameter sn gives. Raises MessageError."""
        params = Params.parse(uri.params.removesuffix(";")).items
        if any(value == "" for _, value in params):
            raise MessageError(f"bad sip uri parameters: {uri.params}")
        names = [value for name, value in params if wire.lower(name) == "sn"]
        return next((s for s in self.host.own.sockets if s.name and s.name in names), None)


def own_socket(own: OwnAddresses, host: str, port: int, proto: str) -> ListenSocket | None:
    """Our socket that listens on or shows a host and port (0 for any); UDP first."""
    wanted = bare_host(host)
    address = numeric(wanted) or wanted
    for kind in (proto,) if proto else ("udp", "tcp", "tls", "sctp"):
        for socket in own.sockets:
            shown, shown_port = socket.advertise or ("", 0)
            if socket.proto != kind or (port and port not in (socket.port, shown_port)):
                continue
            if address == socket.address or (shown and wanted == bare_host(shown)):
                return socket
    return None


def _target(entry: Entry) -> str:
    """Where a Route says to go: its address, or its maddr. Raises MessageError."""
    maddr = entry.parsed.param("maddr")
    if not maddr:
        return entry.uri
    if wire.byte_length(maddr) > _LONGEST_MADDR:
        raise MessageError("Too long maddr parameter")
    port = parts_of(entry.uri).port
    return f"sip:{maddr}:{port}" if port else f"sip:{maddr}"
