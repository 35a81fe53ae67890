"""path: a proxy between phones and their registrar (RFC 3327; Kamailio modules/path)."""

from dataclasses import dataclass

from sipproxy import text as wire
from sipproxy.core.bindings import RecordRouting
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function, modparam
from sipproxy.core.sockets import PROTO_NUMBER
from sipproxy.errors import MessageError
from sipproxy.sip.params import Params
from sipproxy.sip.uri import unescape
from sipproxy.sip.way import Leg, Way

_LONGEST = 1000
"""Bytes of a source address in a Route."""
_PROTO_NAMES = {str(number): name for name, number in PROTO_NUMBER.items()}


@dataclass(frozen=True, slots=True)
class Row:
    """Our Path as it was asked for; the sockets it names are known when the request leaves."""

    user: str
    params: str
    double: bool
    named: bool

    def __call__(self, way: Way) -> str:
        """The lines for this way: the socket it leaves by, and the one it came to."""
        lines = self._line(way.sent)
        return lines + self._line(way.received) if self.double else lines

    def _line(self, leg: Leg) -> str:
        user = f"{self.user}@" if self.user else ""
        transport = "" if leg.proto == "udp" else f";transport={leg.transport}"
        name = f";sn={leg.name}" if self.named and leg.name else ""
        return f"Path: <sip:{user}{leg.shown}{transport}{name}{self.params}>\r\n"


class Path(Module, name="path"):
    """Adds our Path to REGISTER requests, and sends what follows it to the phone."""

    use_received = modparam(0, "1: a request goes where `received` of our own Route says.")
    received_format = modparam(0, "How received is written: 0 a URI, 1 `address~port~number`.")
    received_name = modparam("received", "Name of that parameter.")
    enable_r2 = modparam(0, "1: two Paths, of the socket it leaves by and the one it came to.")
    sockname_mode = modparam(0, "1: the socket's name is added as sn.")

    def start(self) -> None:
        """Hear of our own Routes."""
        if self.use_received:
            routing: RecordRouting = self.host.bind("rr")
            routing.told.append(self.follow)

    @function("REQUEST")
    def add_path(self, ctx: Context, user: str = "", params: str = "") -> None:
        """Add our Path, with a user part and parameters (`a;b=c`)."""
        self._add(ctx, user, "", params)

    @function("REQUEST")
    def add_path_received(self, ctx: Context, user: str = "", params: str = "") -> None:
        """As add_path, with the address that the request came from."""
        self._add(ctx, user, f";{self.received_name}={self._received(ctx)}", params)

    def _add(self, ctx: Context, user: str, received: str, params: str) -> None:
        double = bool(self.enable_r2)
        tail = f";lr{received}{f';{params}' if params else ''}{';r2=on' if double else ''}"
        rows = ctx.msg.rows("path")
        row = Row(user, tail, double, bool(self.sockname_mode))
        ctx.lumps.insert_late(rows[0] if rows else None, row)

    def _received(self, ctx: Context) -> str:
        host, port = ctx.msg.source
        shown = f"[{host}]" if ":" in host else host
        proto = ctx.flow.proto
        if self.received_format:
            return f"{shown}~{port}~{PROTO_NUMBER[proto]}"
        name = "ws" if proto == "wss" else proto
        return f"sip:{shown}:{port}" + ("" if proto == "udp" else f"%3Btransport%3D{name}")

    def follow(self, ctx: Context, params: str) -> None:
        """Make `received` of our own Route the next hop."""
        try:
            received = Params.parse(params.removesuffix(";")).get(wire.lower(self.received_name))
            if not received:
                return
            if wire.byte_length(received) >= _LONGEST:
                raise MessageError(f"received uri is too long: {wire.byte_length(received)}")
            ctx.dst_uri = self._target(received)
        except MessageError as error:
            report(self.host.log, ERROR, "path", str(error))

    def _target(self, received: str) -> str:
        """The URI that a received parameter means. Raises MessageError."""
        if self.received_format == 0:
            return unescape(received)
        host, _, rest = received.partition("~")
        port, tilde, proto = rest.partition("~")
        if not tilde:
            return f"sip:{host}:{port}" if port else f"sip:{host}"
        name = _PROTO_NAMES.get(proto[:1])
        if name is None:
            raise MessageError("unknown proto in received param")
        return f"sip:{host}:{port}" + ("" if name == "udp" else f";transport={name}")
