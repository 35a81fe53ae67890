"""Bytes to send: replies, forwarded requests, forwarded replies.

The bytes are those Kamailio 5.6 sends (core/msg_translator.c); what no edit touches leaves as it
came, byte for byte.
"""

from functools import lru_cache

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.sip.lumps import Edit, Lumps, apply
from sipproxy.sip.message import Address, Message
from sipproxy.sip.via import Via

_COPIED = frozenset({"Via", "From", "To", "Call-ID", "CSeq"})


def build_reply(
    msg: Message,
    status: int,
    reason: str,
    to_tag: str,
    extra_headers: str = "",
    body: bytes = b"",
    server: str | None = None,
    *,
    force_rport: bool = False,
) -> bytes:
    """The reply to a request, in the order in which the request has its headers.

    `to_tag` is added where the request has none, except to a status below 180. `extra_headers` are
    whole lines. `server` is the value of the Server header, None for none. `force_rport` fills
    rport in even if the client did not ask for it.
    """
    tag = f";tag={to_tag}" if status >= 180 and to_tag and not msg.is_tagged else ""
    routes = 180 <= status < 300 and "Record-Route" in msg.table
    if msg.is_plain and not (msg.repeats or force_rport or routes):
        copied = _copied_plain(msg, tag)
    else:
        copied = _copied(msg, status, tag, force_rport)
    server_line = f"Server: {server}\r\n" if server else ""
    head = (
        f"{msg.version} {status} {reason}\r\n{copied}{extra_headers}{server_line}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("utf-8", "surrogateescape") + body


def _copied_plain(msg: Message, tag: str) -> str:
    """The copied headers where each stands once on one line."""
    table = msg.table
    a, b, c, d, e = _order(tuple(table))
    own = {
        "Via": _plain_via_with_source(msg),
        "From": table["From"],
        "To": table["To"] + tag,
        "Call-ID": table["Call-ID"],
        "CSeq": table["CSeq"],
    }
    return f"{a}:{own[a]}\r\n{b}:{own[b]}\r\n{c}:{own[c]}\r\n{d}:{own[d]}\r\n{e}:{own[e]}\r\n"


@lru_cache(maxsize=1024)
def _order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the copied headers in the order of a table that was filled from the last row."""
    return tuple(name for name in reversed(names) if name in _COPIED)


def _copied(msg: Message, status: int, tag: str, force_rport: bool) -> str:
    head = msg.head
    with_routes = 180 <= status < 300
    lines = []
    top = True
    for kind, _, value, start, end, value_at in msg.headers:
        if kind == "via":
            # The line end of a Via is always made anew, that of the others is kept.
            if top:
                value = _via_with_source(msg, value, force_rport)
                top = False
            name = head[start:value_at]
            # Our Via in an answer to HTTP gets a name that HTTP has no other meaning for.
            lines.append(f"{'S' + name[1:] if msg.is_http else name}{value}\r\n")
        elif kind == "to":
            behind = value_at + len(value)
            lines.append(head[start:behind] + tag + head[behind:end])
        elif kind in ("from", "call-id", "cseq") or (with_routes and kind == "record-route"):
            lines.append(head[start:end])
    return "".join(lines)


def _plain_via_with_source(msg: Message) -> str:
    """Value of the only Via as a reply carries it, where a look at its text is enough."""
    value = msg.table["Via"]
    found = msg.hops[0]
    host, params = found.group(2, 4)
    ip, port = msg.source
    if ";r" not in params:
        return value if _same_host(host, ip) else f"{value};received={ip}"
    if not _asks_for_rport(params):
        bare = value.lstrip(" ")
        return value[: len(value) - len(bare)] + _via_with_source(msg, bare, False)
    at = found.start(4) - found.start() - len("\r\nVia:") + f"{params};".index(";rport;")
    return f"{value[:at]};rport={port}{value[at + 6 :]};received={ip}"


def _asks_for_rport(params: str) -> bool:
    """Whether parameters of a plain Via have an rport without a value, and no received."""
    return ";rport;" in f"{params};" and params.count(";r") == 1


def _via_with_source(msg: Message, value: str, force_rport: bool) -> str:
    """Value of the top Via row as a reply carries it: rport filled in, received at the end."""
    spans = msg.top.spans
    received = f";received={msg.source[0]}" if needs_received(msg) else ""
    port = f";rport={msg.source[1]}"
    if "rport" in spans:
        start, end = spans["rport"]
        return f"{value[:start]}{port}{value[end:]}{received}"
    return f"{value}{port}{received}" if force_rport else f"{value}{received}"


def needs_received(msg: Message) -> bool:
    """Whether the top Via gets a received parameter: it has one, asks for rport, or is not true."""
    hops = msg.hops
    if hops and ";r" not in hops[0][4]:
        return not _same_host(hops[0][2], msg.source[0])
    place = msg.top
    return bool(place.spans) or not _same_host(place.via.host, msg.source[0])


def _same_host(host: str, address: str) -> bool:
    if host == address:
        return True
    return ":" in address and wire.lower(host.strip("[]")) == wire.lower(address)


def build_forwarded(
    msg: Message,
    lumps: Lumps | None,
    *,
    via: str,
    new_ruri: str | None = None,
    force_rport: bool = False,
    proto: str = "udp",
    path: str = "",
) -> bytes:
    """The request as it is sent on: our Via on top, the top Via received completed, edits applied.

    `via` is the value of our Via. `new_ruri` takes the place of the Request-URI. `proto` is the
    transport it leaves by: over a stream a missing or wrong Content-Length is set right.
    """
    if lumps is None and new_ruri is None and not path and proto == "udp" and msg.is_plain:
        done = _forwarded_plain(msg, via, force_rport)
        if done is not None:
            return done
    edits = _via_edits(msg, force_rport)
    first = msg.via_row.start
    edits.append(Edit(first, first, f"Via: {via}\r\n"))
    if path:
        rows = msg.rows("route")
        at = rows[0].start if rows else first
        edits.append(Edit(at, at, f"Route: {path}\r\n"))
    return _finish(msg, lumps, edits, new_ruri, proto)


def _forwarded_plain(msg: Message, via: str, force_rport: bool) -> bytes | None:
    """The plain request with our Via on top; None where its own Via is not the usual one."""
    found = msg.hops[0]
    host, params = found.group(2, 4)
    ip, port = msg.source
    if ";r" in params:
        if not _asks_for_rport(params):
            return None
        params = f";received={ip}{params};".replace(";rport;", f";rport={port};")[:-1]
    elif force_rport:
        return None
    elif not _same_host(host, ip):
        params = f";received={ip}{params}"
    head, row = msg.head, found.start() + 2
    before, after = head[row : found.start(4)], head[found.end() :]
    text = f"{head[:row]}Via: {via}\r\n{before}{params}{after}"
    return wire.encode(text) + msg.body


def build_forwarded_reply(msg: Message, lumps: Lumps | None, *, proto: str = "udp") -> bytes:
    """The reply as it is sent back: the top Via taken away, edits applied."""
    if lumps is None and proto == "udp" and msg.is_plain:
        raw = msg.raw
        at = raw.index(b"\r\nVia:")
        return raw[:at] + raw[raw.index(b"\r\n", at + 2) :]
    row = msg.via_row
    if msg.is_plain:  # one Via in its row
        return _finish(msg, lumps, [Edit(row.start, row.end, "")], None, proto)
    top = msg.top
    if top.end < len(row.value):
        edit = Edit(row.value_at + top.start, row.value_at + top.end, "")
    else:
        edit = Edit(row.start, row.end, "")
    return _finish(msg, lumps, [edit], None, proto)


def rebuild(msg: Message, lumps: Lumps, *, new_ruri: str | None = None) -> bytes:
    """The message with its edits applied and nothing else: what msg_apply_changes reads anew."""
    return _finish(msg, lumps, [], new_ruri, msg.proto)


def _via_edits(msg: Message, force_rport: bool) -> list[Edit]:
    """Edits that write source address and port into the top Via of a forwarded request."""
    received_too = needs_received(msg)
    if not received_too and not force_rport:
        return []
    place = msg.top
    at = msg.via_row.value_at
    spans = place.spans
    received = spans.get("received", (place.params_at, place.params_at))
    # A new rport stands before received, one that was asked for stays where it is.
    rport = spans.get("rport", (received[0], received[0]) if force_rport else None)
    edits = []
    if received_too:
        edits.append(Edit(at + received[0], at + received[1], f";received={msg.source[0]}"))
    if rport:
        edit = Edit(at + rport[0], at + rport[1], f";rport={msg.source[1]}")
        edits.insert(1 if "rport" in spans else 0, edit)
    return edits


def _finish(
    msg: Message, lumps: Lumps | None, edits: list[Edit], new_ruri: str | None, proto: str
) -> bytes:
    body = msg.body
    if lumps is not None:
        edits = lumps.edits + edits
        if lumps.body is not None:
            body = lumps.body
    if len(body) != len(msg.body) or proto not in ("udp", "sctp"):
        edits = edits + _length_edits(msg, len(body), proto)
    if new_ruri is not None:
        at = msg.head.index(msg.first_line) + len(msg.method) + 1
        edits = [*edits, Edit(at, at + len(msg.ruri), new_ruri)]
    if not edits:
        return wire.encode(msg.head) + body
    return wire.encode(apply(msg.head, edits)) + body


def _length_edits(msg: Message, length: int, proto: str) -> list[Edit]:
    rows = msg.rows("content-length")
    if rows:
        if msg.content_length == length:
            return []
        row = rows[0]
        return [Edit(row.value_at, row.value_at + len(row.value), str(length))]
    if proto == "udp":
        return []
    return [Edit(msg.headers_end, msg.headers_end, f"Content-Length: {length}\r\n")]


def reply_destination(msg: Message, *, force_rport: bool = False) -> Address:
    """Where a reply of our own to this request goes: its source address, and port by RFC 3581."""
    if force_rport:
        return msg.source
    if msg.hops:
        # The usual Via needs no parsing.
        port, params = msg.hops[0].group(3, 4)
        return msg.source if ";rport" in params else (msg.source[0], int(port or 5060))
    via = msg.via
    return msg.source if via.rport is not None else (msg.source[0], via.port or 5060)


def via_destination(via: Via) -> tuple[str, int | None]:
    """Where a reply is relayed to whose next Via this is; the port is None if none is written.

    As in Kamailio (core/forward.c) maddr has no say. Raises MessageError for a bad rport.
    """
    port = via.port
    rport = via.rport
    if rport:
        if not rport.isascii() or not rport.isdigit() or int(rport) > 65535:
            raise MessageError(f"bad rport {rport!r}")
        port = int(rport)
    return (via.received or via.host).strip("[]"), port
