"""`$si $sp $su...`, `$Ri $Rp $Ru...`, `$proto`, `$fs`, `$snd(...)`: addresses and protocols."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from types import MappingProxyType

from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.flow import Flow, Received
from sipproxy.core.module import Module, pvar, setter
from sipproxy.core.sockets import PROTO_NUMBER, ListenSocket
from sipproxy.core.values import EvalError, Value, to_str
from sipproxy.modules.pv.protocols import in_uri, proto_number
from sipproxy.text import decode, encode, lower

_AF_INET, _AF_INET6 = 2, 10
_SENT = ("ip", "af", "port", "proto", "buf", "len", "sproto")
_LONGEST = 65533
"""Bytes that may take the place of what came in."""
_CONSTANTS = {
    "IPv4": _AF_INET,
    "INET": _AF_INET,
    "IPv6": _AF_INET6,
    "INET6": _AF_INET6,
    **{name.upper(): number for name, number in PROTO_NUMBER.items()},
}


def bracketed(address: str) -> str:
    """An address as URIs hold it: IPv6 in brackets."""
    return f"[{address}]" if ":" in address and not address.startswith("[") else address


def uri_of(proto: str, address: str, port: int, *, full: bool) -> str:
    """`sip:address:port`, with the transport unless that is UDP and `full` is not asked for."""
    name = in_uri(proto)
    transport = f";transport={name}" if full or name != "udp" else ""
    return f"sip:{bracketed(address)}:{port}{transport}"


class SocketVariables(Module):
    """Where messages come from, arrive, and leave."""

    @pvar("si", fixed=True)
    @pvar("src_ip")
    def si(self, ctx: Context) -> str:
        """Address the message came from."""
        return ctx.msg.source[0]

    @pvar("siz")
    def siz(self, ctx: Context) -> str:
        """Address the message came from, IPv6 in brackets."""
        return bracketed(ctx.msg.source[0])

    @pvar("sp", fixed=True)
    def sp(self, ctx: Context) -> int:
        """Port the message came from."""
        return ctx.msg.source[1]

    @pvar("su")
    def su(self, ctx: Context) -> str:
        """URI of the sender."""
        return uri_of(ctx.msg.proto, *ctx.msg.source, full=False)

    @pvar("sut")
    def sut(self, ctx: Context) -> str:
        """URI of the sender with its transport."""
        return uri_of(ctx.msg.proto, *ctx.msg.source, full=True)

    @pvar("sas")
    def sas(self, ctx: Context) -> str:
        """`proto:address:port` of the sender."""
        address, port = ctx.msg.source
        return f"{in_uri(ctx.msg.proto)}:{bracketed(address)}:{port}"

    @pvar("Ri")
    def received_ip(self, ctx: Context) -> str:
        """Our address the message came to, an IPv6 one without brackets."""
        return ctx.msg.dest[0]

    @pvar("Rp")
    def received_port(self, ctx: Context) -> int:
        """Our port the message came to."""
        return ctx.msg.dest[1]

    @pvar("Ru")
    def received_uri(self, ctx: Context) -> str:
        """URI of our socket."""
        return uri_of(ctx.msg.proto, *ctx.msg.dest, full=False)

    @pvar("Rut")
    def received_uri_transport(self, ctx: Context) -> str:
        """URI of our socket with its transport."""
        return uri_of(ctx.msg.proto, *ctx.msg.dest, full=True)

    @pvar("Ras")
    def received_socket(self, ctx: Context) -> str:
        """`proto:address:port` of our socket."""
        address, port = ctx.msg.dest
        return f"{ctx.msg.proto}:{bracketed(address)}:{port}"

    @pvar("Rn")
    def received_name(self, ctx: Context) -> Value:
        """Name of our socket."""
        socket = self._socket(ctx)
        return (socket.name or None) if socket else None

    @pvar("RAi")
    def advertised_ip(self, ctx: Context) -> str:
        """Address our socket advertises, an IPv6 one without brackets."""
        return self._advertised(ctx)[0].strip("[]")

    @pvar("RAp")
    def advertised_port(self, ctx: Context) -> int:
        """Port our socket advertises."""
        return self._advertised(ctx)[1]

    @pvar("RAu")
    def advertised_uri(self, ctx: Context) -> str:
        """URI our socket advertises."""
        return uri_of(ctx.msg.proto, *self._advertised(ctx), full=False)

    @pvar("RAut")
    def advertised_uri_transport(self, ctx: Context) -> str:
        """URI our socket advertises, with its transport."""
        return uri_of(ctx.msg.proto, *self._advertised(ctx), full=True)

    def _socket(self, ctx: Context) -> ListenSocket | None:
        found: ListenSocket | None = self.host.own.socket_at(*ctx.msg.dest, ctx.msg.proto)
        return found

    def _advertised(self, ctx: Context) -> tuple[str, int]:
        address, port = ctx.msg.dest
        socket = self._socket(ctx)
        if socket is None or socket.advertise is None:
            return address, port
        return socket.advertise[0] or address, socket.advertise[1] or port

    @pvar("pr", number=proto_number)
    @pvar("proto", number=proto_number)
    def proto(self, ctx: Context) -> str:
        """Protocol the message came by, in lower case."""
        return ctx.msg.proto

    @pvar("prid")
    def prid(self, ctx: Context) -> int:
        """Number of the protocol the message came by."""
        return PROTO_NUMBER.get(ctx.msg.proto, 0)

    @pvar("conid")
    def conid(self, ctx: Context) -> Value:
        """Number of the connection the message came by, undefined for UDP."""
        return ctx.flow.connection or None

    @pvar("af", bind=True)
    def af(self, inner: str | None, index: str | None) -> PvAccess:
        """Address family of our socket: `id` or `name`."""
        if inner == "id":
            return PvAccess(lambda ctx: _family(ctx.msg.dest[0]), type="int")
        if inner == "name":
            return PvAccess(lambda ctx: "IPv6" if ":" in ctx.msg.dest[0] else "IPv4", type="str")
        raise ValueError("id and name exist")

    @pvar("K", bind=True)
    def constant(self, inner: str | None, index: str | None) -> PvAccess:
        """Number of a protocol or address family: `$K(UDP)`, `$K(IPv6)`."""
        value = _CONSTANTS.get(inner or "")
        if value is None:
            raise ValueError(f"{', '.join(_CONSTANTS)} exist")
        return PvAccess(lambda ctx: value, type="int")

    @pvar("fs")
    def fs(self, ctx: Context) -> Value:
        """`proto:address:port` of the socket that was chosen for sending."""
        if ctx.force_socket is None:
            return None
        proto, address, port = ctx.force_socket
        return f"{proto}:{bracketed(address)}:{port}"

    @setter(fs)
    def set_fs(self, ctx: Context, value: Value) -> None:
        """Choose the socket for sending, `[proto:]address[:port]`; undefined lets it be chosen."""
        if value is None:
            ctx.force_socket = None
            return
        socket = find_socket(self.host.own.sockets, to_str(value))
        if socket is not None:
            ctx.force_socket = (socket.proto, socket.address, socket.port)

    @pvar("fsp")
    def fsp(self, ctx: Context) -> int:
        """Port of the socket that was chosen for sending, 0 for none."""
        return ctx.force_socket[2] if ctx.force_socket else 0

    @pvar("fsn")
    def fsn(self, ctx: Context) -> Value:
        """Name of the socket that was chosen for sending."""
        for socket in self.host.own.sockets:
            if ctx.force_socket == (socket.proto, socket.address, socket.port):
                return socket.name or None
        return None

    @setter(fsn)
    def set_fsn(self, ctx: Context, value: Value) -> None:
        """Choose the socket for sending by its name; undefined lets it be chosen."""
        if value is None:
            ctx.force_socket = None
        for socket in self.host.own.sockets:
            if value and socket.name == value:
                ctx.force_socket = (socket.proto, socket.address, socket.port)

    @pvar("snd", bind=True)
    @pvar("sndto", bind=True)
    def sndto(self, inner: str | None, index: str | None) -> PvAccess:
        """Where the message goes, in onsend_route: `ip af port proto sproto buf len`."""
        return _sent(inner, "remote")

    @pvar("sndfrom", bind=True)
    def sndfrom(self, inner: str | None, index: str | None) -> PvAccess:
        """Our socket the message leaves by, in onsend_route."""
        return _sent(inner, "local")

    @pvar("rcv", bind=True)
    def rcv(self, inner: str | None, index: str | None) -> PvAccess:
        """What came in, in event_route[core:msg-received]: `buf`, which may be written, `len af
        proto sproto srcip srcport rcvip rcvport`. Outside of texts it is written `$(rcv(buf))`.
        """
        read = _RECEIVED.get(inner or "")
        if read is None:
            raise ValueError(f"{', '.join(_RECEIVED)} exist")

        def get(ctx: Context) -> Value:
            return read(ctx.record) if isinstance(ctx.record, Received) else None

        def write(ctx: Context, value: Value) -> None:
            if not isinstance(ctx.record, Received):
                raise EvalError("received info not set")
            if inner == "buf":
                ctx.record.data = _replacement(value)

        return PvAccess(get, write)


_RECEIVED: Mapping[str, Callable[[Received], Value]] = MappingProxyType(
    {
        "af": lambda received: _family(received.flow.local[0]),
        "buf": lambda received: decode(received.data),
        "len": lambda received: len(received.data),
        "proto": lambda received: PROTO_NUMBER.get(received.flow.proto, 0),
        "srcip": lambda received: received.flow.remote[0],
        "rcvip": lambda received: received.flow.local[0],
        "sproto": lambda received: received.flow.proto,
        "srcport": lambda received: received.flow.remote[1],
        "rcvport": lambda received: received.flow.local[1],
    }
)


def _replacement(value: Value) -> bytes:
    """What is to be read in place of what came in; raises EvalError."""
    if value is None:
        return b""
    if not isinstance(value, str):
        raise EvalError("str value required to set received data")
    data = encode(value)
    if len(data) > _LONGEST:
        raise EvalError("new data is too long")
    return data


def _family(address: str) -> int:
    return _AF_INET6 if ":" in address else _AF_INET


def _sent(inner: str | None, side: str) -> PvAccess:
    """Access to what is being sent: the record of an onsend_route is (bytes, Flow)."""
    if inner not in _SENT:
        raise ValueError(f"{', '.join(_SENT)} exist")

    def read(ctx: Context) -> Value:
        if ctx.kind != "onsend" or not isinstance(ctx.record, tuple):
            return None
        data, flow = ctx.record
        assert isinstance(flow, Flow)
        address, port = getattr(flow, side)
        values: dict[str, Value] = {
            "ip": address,
            "af": _family(address),
            "port": port,
            "proto": PROTO_NUMBER.get(flow.proto, 0),
            "buf": decode(data),
            "len": len(data),
            "sproto": flow.proto,
        }
        return values[inner]

    return PvAccess(read)


def find_socket(sockets: list[ListenSocket], text: str) -> ListenSocket | None:
    """The listen socket `[proto:]address[:port]`; raises EvalError for what cannot be read."""
    proto, colon, rest = text.partition(":")
    if not colon or lower(proto) not in PROTO_NUMBER:
        proto, rest = "", text
    host, _, port = rest.rpartition(":") if _has_port(rest) else (rest, "", "")
    host = host.strip("[]")
    if not host or (port and not port.isdigit()):
        raise EvalError(f"{text!r} is no socket")
    for socket in sockets:
        same = socket.address.strip("[]") == _canonical(host)
        fits = not proto or socket.proto == lower(proto)
        if same and fits and (not port or socket.port == int(port)):
            return socket
    return None


def _has_port(text: str) -> bool:
    return text.count(":") == 1 or "]:" in text


def _canonical(host: str) -> str:
    try:
        return str(ip_address(host))
    except ValueError:
        return host
