"""Stateless forwarding of requests and replies (Kamailio core/forward.c)."""

import hashlib
import ipaddress
import zlib
from functools import lru_cache

from sipproxy import text as wire
from sipproxy.core.context import VIA_FIELDS, VIA_PARAMS, VIA_SERVER, Context
from sipproxy.core.dns.locate import Place
from sipproxy.core.flow import BOUND, STREAMS, Address, Flow
from sipproxy.core.log import ERROR, NOTICE, report
from sipproxy.core.sockets import DEFAULT_PORT, ListenSocket
from sipproxy.core.values import to_int
from sipproxy.errors import MessageError
from sipproxy.sip.build import build_forwarded, build_forwarded_reply, via_destination
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message
from sipproxy.sip.uri import Uri
from sipproxy.sip.via import Via
from sipproxy.sip.way import Leg, Way

UNSPECIFIED = -1
NO_SOCKET = -7
SEND_FAILED = -477
BAD_ADDRESS = -478
BAD_PROTO = -480
DROPPED = -510
"""Error codes of the core, as a cfg sees them (Kamailio core/error.h)."""


def next_hop(ctx: Context) -> Uri:
    """Where the request goes: `$du`, else the R-URI. Raises MessageError for a bad URI."""
    return Uri.parse(ctx.dst_uri) if ctx.dst_uri else ctx.ruri_parsed


def transport_of(uri: Uri) -> str:
    """The transport a URI asks for, `udp` if it does not say. Raises MessageError."""
    transport = uri.transport or ("tls" if uri.scheme == "sips" else "udp")
    if transport not in ("udp", "tcp", "tls", "sctp", "ws", "wss"):
        raise MessageError(f"unknown transport {transport!r}")
    return transport


def asked_transport(uri: Uri) -> str:
    """As :func:`transport_of`, but empty where the URI leaves the choice to the DNS."""
    return transport_of(uri) if uri.transport or uri.scheme == "sips" else ""


def forward_request(ctx: Context, host: str, port: int, proto: str) -> int:
    """Send the request on to a numeric address; 1 or an error code.

    Port 0 is the transport's, an empty transport UDP. A host name is not resolved.
    """
    address = numeric(host)
    if address is None:
        return _counted(ctx, _unknown(ctx, host))
    proto = proto or "udp"
    return _counted(ctx, _forward(ctx, address, port or DEFAULT_PORT.get(proto, 5060), proto))


async def forward_request_by_name(ctx: Context, host: str, port: int, proto: str) -> int:
    """As :func:`forward_request`, where the host may be a name: it waits for one not known."""
    if numeric(host) is not None:
        return forward_request(ctx, host, port, proto)
    code = BAD_ADDRESS
    for place in await ctx.host.locator.places(host, port, proto):
        code = _forward(ctx, *place)
        if code not in (NO_SOCKET, SEND_FAILED):
            break
    return _counted(ctx, _unknown(ctx, host) if code == BAD_ADDRESS else code)


def _counted(ctx: Context, code: int) -> int:
    ctx.host.traffic.events["fwd_requests" if code > 0 else "drop_requests"] += 1
    return code


def _unknown(ctx: Context, host: str) -> int:
    text = f'could not resolve hostname: "{host}", dropping packet'
    report(ctx.host.log, ERROR, "core", text)
    return BAD_ADDRESS


def numbered(address: str, port: int, proto: str) -> Place:
    """A numeric address with what was left out."""
    return Place(address, port or DEFAULT_PORT.get(proto or "udp", 5060), proto or "udp")


async def places_of(ctx: Context, host: str, port: int, proto: str) -> list[Place]:
    """Where a host can be reached, the best place first; none for an unknown name."""
    address = numeric(host)
    if address is not None:
        return [numbered(address, port, proto)]
    return await ctx.host.locator.places(host, port, proto)


def first_served(
    ctx: Context, places: list[Place]
) -> tuple[ListenSocket, Place, tuple[Place, ...]] | None:
    """The first place that a socket of ours reaches, that socket, and the places behind it."""
    for number, place in enumerate(places, 1):
        socket = send_socket(ctx, place.address, place.proto)
        if socket is not None:
            return socket, place, tuple(places[number:])
    return None


def _forward(ctx: Context, address: str, port: int, proto: str) -> int:
    log = ctx.host.log
    try:
        branch = stateless_branch(ctx.msg)
    except MessageError as error:
        report(log, ERROR, "core", f"cannot forward: {error}")
        return UNSPECIFIED
    remote = (address, port)
    socket = send_socket(ctx, address, proto)
    if socket is None:
        report(log, ERROR, "core", f"cannot forward to {address} by {proto}: no listening socket")
        return NO_SOCKET
    data, flow = departing(ctx, socket, remote, branch)
    lets_out = ctx.host.lets_out
    if lets_out is not None and not lets_out(ctx, data, flow):
        return DROPPED
    if flow.proto in STREAMS and not ctx.host.streams.reach(flow):
        report(log, ERROR, "core", f"cannot forward to {address} by {flow.proto}: no connection")
        return SEND_FAILED
    ctx.host.send(data, flow)
    return 1


def departing(
    ctx: Context, socket: ListenSocket, remote: Address, branch: str
) -> tuple[bytes, Flow]:
    """The request as it leaves by `socket`, and its flow.

    Where it is too big for UDP (`udp_mtu`) another transport takes it to the same address and
    port, if there is a socket (core/msg_translator.c: only the Via tells of it).
    """
    edits = departing_lumps(ctx, socket)
    data = _departing(ctx, edits, socket, branch)
    mtu = setting(ctx, "udp_mtu") if socket.proto == "udp" else 0
    if isinstance(mtu, int) and 0 < mtu < len(data):
        proto = ctx.mtu_proto or str(setting(ctx, "udp_mtu_try_proto") or "").lower()
        other = send_socket(ctx, remote[0], proto) if proto not in ("", "udp") else None
        if other is not None:
            socket = other
            data = _departing(ctx, edits, socket, branch)
    hints = ctx.forward_hints
    if ctx.force_socket is not None and socket.proto in STREAMS:
        hints |= BOUND
    return data, _way_out(socket.proto, socket.local, remote, hints)


@lru_cache(maxsize=4096)
def _way_out(proto: str, local: Address, remote: Address, hints: int) -> Flow:
    """A flow, the same one for all that take it: transactions keep theirs."""
    return Flow(proto, local, remote, 0, hints)


def _departing(ctx: Context, edits: Lumps | None, socket: ListenSocket, branch: str) -> bytes:
    return build_forwarded(
        ctx.msg,
        edits,
        via=own_via(ctx, socket, branch),
        new_ruri=ctx.new_ruri,
        force_rport=ctx.force_rport or bool(setting(ctx, "force_rport")),
        proto=socket.proto,
        path=ctx.path,
    )


def departing_lumps(ctx: Context, socket: ListenSocket) -> Lumps | None:
    """The edits of a request that leaves by `socket`, None for none."""
    if not ctx.touched("lumps"):
        return None
    lumps = ctx.lumps
    return lumps.settled(way_of(ctx, socket)) if lumps.late else lumps


def way_of(ctx: Context, socket: ListenSocket) -> Way:
    """The way of the request in hand when it leaves by `socket` (core/msg_translator.c)."""
    proto, local, *_ = ctx.flow
    came = ctx.host.own.socket_at(*local, proto) or ListenSocket(proto, *local)
    host, port = came.advertise or ("", 0)
    port = port or came.port
    received = _leg(proto, came, host, 0 if port == 5060 else port)
    host, port = socket.advertise or ("", 0)
    set_host, set_port = ctx.advertised or ("", 0)
    host = host or set_host or str(setting(ctx, "advertised_address") or "")
    port = port or set_port or int(setting(ctx, "advertised_port") or 0)
    own_port = 0 if socket.port == 5060 else socket.port
    return Way(received, _leg(socket.proto, socket, host, port or own_port))


def _leg(proto: str, socket: ListenSocket, host: str, port: int) -> Leg:
    """A socket as it shows itself by `host`, its own address if empty, and `port`, 0 for none."""
    host = host or socket.address
    bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
    shown = f"{bracketed}:{port}" if port else bracketed
    return Leg(proto, socket.address, socket.port, shown, socket.name)


def own_via(ctx: Context, socket: ListenSocket, branch: str) -> str:
    """The value of the Via we put on top of a request that leaves by `socket`."""
    rport = ";rport" if ctx.add_local_rport or setting(ctx, "local_rport") else ""
    sent_by = advertised(ctx, socket)
    extras = _via_extras(ctx) if ctx.via_extras else ""
    number = ctx.flow.connection
    came = f";i={reverse_hex(number)}" if number else ""
    return f"SIP/2.0/{socket.proto.upper()} {sent_by};branch={branch}{came}{rport}{extras}"


def reverse_hex(number: int) -> str:
    """A number in hexadecimal digits, the lowest first (Kamailio's `i=` of a Via)."""
    return f"{number:x}"[::-1]


def _connection(via: Via, remote: Address, ctx: Context) -> int:
    """The connection that our Via of a reply names, if its peer is who the reply is for."""
    text = via.param("i")
    if not text or len(text) > 8:
        return 0
    try:
        number = int(text[::-1], 16)
    except ValueError:
        return 0
    peer = ctx.host.streams.peer(number)
    # The Via comes back from the other side: it must not choose any client it likes.
    return number if peer is not None and peer[0] == remote[0] else 0


def _via_extras(ctx: Context) -> str:
    """Parameters that the script asked for (corex via_add_srvid, via_add_xavp_params)."""
    extras = ""
    server = setting(ctx, "server_id")
    if ctx.via_extras & VIA_SERVER and isinstance(server, int) and server:
        extras = f";srvid={server & 0xFFFF_FFFF}"
    if ctx.via_extras & VIA_PARAMS:
        for name, value in _children(ctx, "xavp_via_params"):
            shown = value & 0xFFFF_FFFF if isinstance(value, int) else value
            extras += f";{name}" if shown in ("", None) else f";{name}={shown}"
    return extras


def _children(ctx: Context, parameter: str) -> list[tuple[str, int | str | None]]:
    """Children of the newest XAVP that a core parameter names, newest first."""
    roots = ctx.xavps.get(str(setting(ctx, parameter) or ""), []) if ctx.touched("xavps") else []
    return roots[0] if roots and isinstance(roots[0], list) else []


def _via_field(ctx: Context, wanted: str) -> str:
    """A text for our Via from the XAVP of xavp_via_fields; empty for none."""
    if not ctx.via_extras & VIA_FIELDS:
        return ""
    found = [v for n, v in _children(ctx, "xavp_via_fields") if n == wanted and isinstance(v, str)]
    return found[0] if found else ""


def advertised(ctx: Context, socket: ListenSocket) -> str:
    """The sent-by of our Via: what the script, the socket or the cfg says; 5060 is left out."""
    host, port = ctx.advertised or ("", 0)
    shown_host, shown_port = socket.advertise or ("", 0)
    if ctx.via_extras:
        host = _via_field(ctx, "address") or host
        port = to_int(_via_field(ctx, "port")) or port
    host = host or shown_host or str(setting(ctx, "advertised_address") or "")
    port = port or shown_port or int(setting(ctx, "advertised_port") or 0)
    host = host or socket.address
    bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
    if not port:
        port = socket.port
        if port == DEFAULT_PORT.get(socket.proto):
            return bracketed
    return f"{bracketed}:{port}"


def stateless_branch(msg: Message) -> str:
    """The branch of a request we keep no state for: the same for its retransmissions.

    It is made of what tells transactions apart, so that a CANCEL or ACK takes the INVITE's.
    Raises MessageError when From cannot be read.
    """
    call_id, number = msg.call_id, msg.cseq.number
    from_tag = msg.from_tag or ""
    to_tag = "" if msg.method in ("INVITE", "ACK", "CANCEL") else msg.to_tag or ""
    key = f"{from_tag}{to_tag}{call_id}{msg.ruri}{number}{msg.hop}{msg.branch}"
    digest = hashlib.md5(wire.encode(key), usedforsecurity=False).hexdigest()
    slot = zlib.crc32(wire.encode(call_id + number)) & 0xFFFF
    return f"z9hG4bK{slot:x}.{digest}.0"


def send_socket(ctx: Context, address: str, proto: str) -> ListenSocket | None:
    """The socket to reach an address by: the forced one, the one of the message, the first."""
    own = ctx.host.own
    if ctx.force_socket is not None and ctx.force_socket[0] == proto:
        forced = own.socket_at(ctx.force_socket[1], ctx.force_socket[2], proto)
        if forced is not None and _same_family(forced.address, address):
            return forced
    flow = ctx.flow
    if flow.proto == proto and _same_family(flow.local[0], address):
        return own.socket_at(*flow.local, proto) or ListenSocket(proto, *flow.local)
    return own.socket_for((address, 0), proto)


def _same_family(one: str, other: str) -> bool:
    return (":" in one) == (":" in other)


def forward_reply(ctx: Context, status: int = 0, reason: str = "") -> bool:
    """Relay a reply to where its second Via points; whether it was sent.

    `status` and `reason` take the place of the received ones where given.
    """
    msg, log = ctx.msg, ctx.host.log
    if setting(ctx, "check_via") and not ctx.host.own.is_myself(msg.via.host, msg.via.port or 5060):
        report(log, ERROR, "core", f"host in first via is not mine: {msg.via.host}:{msg.via.port}")
        return False
    try:
        vias = msg.vias
        if len(vias) < 2:
            return False
        via = vias[1]
        host, port = via_destination(via)
    except MessageError as error:
        report(log, ERROR, "core", f"reply cannot be forwarded: {error}")
        return False
    proto = via.transport.lower()
    lumps = ctx.lumps if ctx.touched("lumps") else None
    if status or reason:
        lumps = ctx.lumps.copy()
        code = msg.head.index(msg.first_line) + len(msg.version) + 1
        if status:
            lumps.replace(code, code + 3, str(status))
        if reason:
            start = msg.head.index(msg.reason, code + 4)
            lumps.replace(start, start + len(msg.reason), reason)
    data = build_forwarded_reply(msg, lumps, proto=proto)
    address = numeric(host)
    if address is not None:
        return _send_reply(ctx, data, numbered(address, port or 0, proto))
    # The reply is whole: the script need not wait for the name of where it goes.
    ctx.host.begin(_send_reply_by_name(ctx, data, host, port or 0, proto), _no_more)
    return True


def _no_more() -> None:
    """Nothing follows."""


async def _send_reply_by_name(ctx: Context, data: bytes, host: str, port: int, proto: str) -> None:
    places = await ctx.host.locator.places(host, port, proto)
    if places:
        _send_reply(ctx, data, places[0])
    else:
        report(ctx.host.log, NOTICE, "core", f"resolve_host({host}) failure")


def _send_reply(ctx: Context, data: bytes, place: Place) -> bool:
    """Put a relayed reply out; False when no socket of ours reaches the place."""
    msg, proto, remote = ctx.msg, place.proto, place[:2]
    socket = send_socket(ctx, place.address, proto)
    if socket is None:
        text = f"cannot forward reply by {proto}: no listening socket"
        report(ctx.host.log, ERROR, "core", text)
        return False
    number = _connection(msg.via, remote, ctx) if proto in STREAMS else 0
    hints = ctx.forward_hints | ctx.reply_hints
    flow = Flow(proto, socket.local, remote, number, hints)
    lets_out = ctx.host.lets_reply_out
    if lets_out is not None and not lets_out(ctx, data, flow):
        return False
    ctx.host.send(data, flow)
    ctx.host.traffic.events["fwd_replies"] += 1
    return True


@lru_cache(maxsize=1024)
def numeric(host: str) -> str | None:
    """An IP address without brackets; None for a host name."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return None


def setting(ctx: Context, name: str) -> int | str | None:
    """A core parameter of the cfg; None where there is no cfg at all, as in a module's test."""
    found: int | str | None = getattr(ctx.host.settings, name, None)
    return found
