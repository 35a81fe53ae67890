"""Selects: `@from.uri.user`, also written `$sel(from.uri.user)` (Kamailio core/select_core.c).

What is offered is the part of Kamailio's tree that configurations use; any other is unknown.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sipproxy import text as wire
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import Module, pvar
from sipproxy.core.values import Value
from sipproxy.errors import MessageError
from sipproxy.modules.pv.variables.headers import via_texts
from sipproxy.sip.message import Message
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.uri import Uri
from sipproxy.sip.via import Via

_STEP = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?:\[(?P<index>[^\]]*)\])?(?:\.|\Z)")
_CREDENTIALS = ("username", "realm", "nonce", "uri", "cnonce", "nc", "response", "opaque")
Read = Callable[[Context], Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a select with its index, None where none is written."""

    name: str
    index: str | None

    def number(self) -> int:
        """The index as a number, 0 where none is written; raises ValueError."""
        return int(self.index) if self.index is not None else 0


def steps_of(text: str) -> tuple[Step, ...]:
    """The names of a select; raises ValueError."""
    found: list[Step] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            raise ValueError("it is not of the form name.name[index]")
        index = step["index"]
        found.append(Step(step["name"], None if index is None else index.strip("\"'")))
        at = step.end()
    if not found or text.endswith("."):
        raise ValueError("a name is missing")
    return tuple(found)


class Selects(Module):
    """Values addressed by a path."""

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        host.select_access = self.select_access

    @pvar("sel", bind=True)
    def sel(self, inner: str | None, index: str | None) -> PvAccess:
        """The value of a select; always text."""
        return self.select_access(inner or "")

    def select_access(self, text: str) -> PvAccess:
        """Access to `@text`. Raises ValueError for an unknown one."""
        first, *rest = steps_of(text)
        if first.name == "cfg_get":
            read = self._setting(rest)
        else:
            make = _ROOTS.get(first.name)
            if make is None:
                raise ValueError("unknown select")
            read = make(first, rest)

        def shown(ctx: Context) -> Value:
            try:
                value = read(ctx)
            except MessageError:
                return None
            return None if value is None else str(value)

        return PvAccess(shown)

    def _setting(self, steps: list[Step]) -> Read:
        if len(steps) != 2:
            raise ValueError("it is written cfg_get.group.name")
        group, name = steps[0].name, steps[1].name
        host = self.host
        if group == "core":
            if not hasattr(host.settings, name):
                raise ValueError(f"there is no core parameter {name}")
            return lambda ctx: getattr(host.settings, name)
        return lambda ctx: host.settings.custom.get((group, name))


def _leaf(rest: list[Step]) -> None:
    if rest:
        raise ValueError(f"nothing is known below it: {rest[0].name}")


def _plain(read: Read) -> Callable[[Step, list[Step]], Read]:
    def make(step: Step, rest: list[Step]) -> Read:
        _leaf(rest)
        return read

    return make


def _header(name: str) -> Callable[[Step, list[Step]], Read]:
    return _plain(lambda ctx: ctx.msg.header(name))


def _uri(of: Callable[[Context], str], rest: list[Step]) -> Read:
    """Part of a URI: `user pwd host port hostport params headers type transport...`."""
    if not rest:
        return lambda ctx: of(ctx) or None
    step, *below = rest
    if step.name == "params" and below:
        name = below[0].name
        _leaf(below[1:])
        return lambda ctx: Uri.parse(of(ctx)).param(name)
    part = _URI_PARTS.get(step.name)
    if part is None:
        raise ValueError(f"a URI has no {step.name}")
    _leaf(below)
    return lambda ctx: part(Uri.parse(of(ctx)))


_URI_PARTS: dict[str, Callable[[Uri], Any]] = {
    "user": lambda uri: _dialled(uri.user or "") if uri.scheme == "tel" else uri.user,
    "pwd": lambda uri: uri.password,
    "host": lambda uri: uri.host,
    "port": lambda uri: uri.port,
    "hostport": lambda uri: _host_and_port(uri) if uri.host else None,
    "params": lambda uri: uri.params or None,
    "headers": lambda uri: uri.headers or None,
    "type": lambda uri: uri.scheme,
    "transport": lambda uri: uri.transport or "udp",
}


def _dialled(number: str) -> str:
    """A telephone number without what only makes it readable (RFC 3966 section 3)."""
    return number.translate(dict.fromkeys(map(ord, "-.()")))


def _host_and_port(uri: Uri) -> str:
    return f"{uri.host}:{uri.port or (5061 if uri.scheme == 'sips' else 5060)}"


def _address(of: Callable[[Context], NameAddr | None], rest: list[Step]) -> Read:
    """Part of an address: `uri name tag params.x q expires`."""
    step, *below = rest
    if step.name == "uri":

        def uri_text(ctx: Context) -> str:
            address = of(ctx)
            if address is None:
                raise MessageError("no address")
            return address.uri

        return _uri(uri_text, below)
    if step.name == "name":
        _leaf(below)
        return lambda ctx: (found.display or None) if (found := of(ctx)) else None
    name = step.name
    if name == "params" and below:
        name, below = below[0].name, below[1:]
    elif name not in ("tag", "q", "expires", "methods", "received"):
        raise ValueError(f"an address has no {name}")
    _leaf(below)
    return lambda ctx: found.param(name) if (found := of(ctx)) else None


def _from(step: Step, rest: list[Step]) -> Read:
    return _address(lambda ctx: ctx.msg.from_, rest) if rest else _header("From")(step, rest)


def _to(step: Step, rest: list[Step]) -> Read:
    return _address(lambda ctx: ctx.msg.to, rest) if rest else _header("To")(step, rest)


def _contact(step: Step, rest: list[Step]) -> Read:
    if step.index is not None:
        raise ValueError("a contact has no index")
    if not rest:
        return _header("Contact")(step, rest)
    read = _address(lambda ctx: first_contact(ctx.msg), rest)
    if rest[0].name != "name":
        return read
    # A contact without a display name has an empty one, other addresses have none.
    return lambda ctx: None if first_contact(ctx.msg) is None else read(ctx) or ""


def first_contact(msg: Message) -> NameAddr | None:
    """The contact that Kamailio has first: the last one of the first Contact header."""
    value = msg.header("Contact")
    if not value or value.strip(" \t\r\n") == "*":
        return None
    return NameAddr.parse_list(value)[-1]


def _via(step: Step, rest: list[Step]) -> Read:
    at = step.number()
    # @via[1] is the topmost one, @via the same.
    at = at - 1 if at > 0 else at

    def found(ctx: Context) -> Via | None:
        vias = ctx.msg.vias
        return vias[at] if -len(vias) <= at < len(vias) else None

    if not rest:
        return lambda ctx: via_texts(ctx.msg)[at] if found(ctx) else None
    part, *below = rest
    if part.name == "params" and below:
        name = below[0].name
        _leaf(below[1:])
    else:
        _leaf(below)
        name = part.name
        attribute = {"protoname": "protocol"}.get(name, name)
        if attribute in ("host", "port", "transport", "protocol", "comment"):
            return lambda ctx: getattr(via, attribute) if (via := found(ctx)) else None
        if name not in ("branch", "received", "rport", "alias", "i"):
            raise ValueError(f"a Via has no {name}")
    return lambda ctx: (via.param(name) or None) if (via := found(ctx)) else None


def _cseq(step: Step, rest: list[Step]) -> Read:
    if not rest:
        return _header("CSeq")(step, rest)
    _leaf(rest[1:])
    part = {"num": "number", "method": "method"}.get(rest[0].name)
    if part is None:
        raise ValueError(f"a CSeq has no {rest[0].name}")
    return lambda ctx: getattr(ctx.msg.cseq, part)


def _valid_ruri(ctx: Context) -> str:
    Uri.parse(ctx.ruri)
    return ctx.ruri


def _ruri(step: Step, rest: list[Step]) -> Read:
    return _uri(_valid_ruri, rest)


def _next_hop(of: Callable[[Context], str | None]) -> Callable[[Step, list[Step]], Read]:
    """A URI that only requests have."""

    def uri(ctx: Context) -> str:
        found = of(ctx) if ctx.msg.is_request else None
        if not found:
            raise MessageError("no uri")
        return found

    return lambda step, rest: _uri(uri, rest)


def _single(header: str) -> Callable[[Step, list[Step]], Read]:
    """A header with one address, and its parts."""

    def address(ctx: Context) -> NameAddr | None:
        value = ctx.msg.header(header)
        return NameAddr.parse(value) if value else None

    def make(step: Step, rest: list[Step]) -> Read:
        return _address(address, rest) if rest else _header(header)(step, rest)

    return make


def _of_request(read: Read) -> Read:
    return lambda ctx: read(ctx) if ctx.msg.is_request else None


def _of_reply(read: Read) -> Read:
    return lambda ctx: None if ctx.msg.is_request else read(ctx)


def _version(ctx: Context) -> str:
    return ctx.msg.version


_STATUS = _of_reply(lambda ctx: ctx.msg.status)
_REASON = _of_reply(lambda ctx: ctx.msg.reason)
_FIRST_LINES: dict[str, dict[str, Read]] = {
    "request": {
        "method": _of_request(lambda ctx: ctx.msg.method),
        "uri": _of_request(lambda ctx: ctx.msg.ruri),
        "version": _of_request(_version),
    },
    "response": {
        "version": _of_reply(_version),
        "status": _STATUS,
        "code": _STATUS,
        "reason": _REASON,
    },
}


def _message(step: Step, rest: list[Step]) -> Read:
    if not rest:
        return lambda ctx: wire.decode(ctx.msg.raw)
    if rest[0].name in _FIRST_LINES and len(rest) > 1:
        _leaf(rest[2:])
        part = _FIRST_LINES[rest[0].name].get(rest[1].name)
        if part is None:
            raise ValueError(f"a {rest[0].name} has no {rest[1].name}")
        return part
    _leaf(rest[1:])
    parts: dict[str, Read] = {
        "first_line": lambda ctx: ctx.msg.first_line.strip(),
        "body": lambda ctx: wire.decode(ctx.msg.body),
        "len": lambda ctx: len(ctx.msg.raw),
        "type": lambda ctx: 1 if ctx.msg.is_request else 2,
    }
    found = parts.get(rest[0].name)
    if found is None:
        raise ValueError(f"a message has no {rest[0].name}")
    return found


def _peer(of: Callable[[Context], tuple[str, int]]) -> Callable[[Step, list[Step]], Read]:
    parts: dict[str, Read] = {
        "ip": lambda ctx: of(ctx)[0],
        "port": lambda ctx: of(ctx)[1],
        "ip_port": lambda ctx: "{}:{}".format(*of(ctx)),
    }

    def make(step: Step, rest: list[Step]) -> Read:
        if not rest or rest[0].name not in parts:
            raise ValueError("ip, port and ip_port exist below it")
        _leaf(rest[1:])
        return parts[rest[0].name]

    return make


def _received(step: Step, rest: list[Step]) -> Read:
    if rest and rest[0].name == "proto":
        _leaf(rest[1:])
        return lambda ctx: ctx.msg.proto
    return _peer(lambda ctx: ctx.msg.dest)(step, rest)


def _authorization(header: str) -> Callable[[Step, list[Step]], Read]:
    """Fields of the credentials for a realm: `authorization["realm"].username`."""

    def make(step: Step, rest: list[Step]) -> Read:
        if not rest or rest[0].name not in _CREDENTIALS:
            raise ValueError(f"{', '.join(_CREDENTIALS)} exist below it")
        _leaf(rest[1:])
        name, realm = rest[0].name, step.index

        def read(ctx: Context) -> Any:
            for found in ctx.msg.credentials(header):
                if found.realm == realm:
                    return getattr(found, name)
            return None

        return read

    return make


_ROOTS: dict[str, Callable[[Step, list[Step]], Read]] = {
    "authorization": _authorization("Authorization"),
    "call_id": _header("Call-ID"),
    "code": _plain(_STATUS),
    "contact": _contact,
    "content_length": _header("Content-Length"),
    "content_type": _header("Content-Type"),
    "cseq": _cseq,
    "date": _header("Date"),
    "dst": _peer(lambda ctx: ctx.msg.dest),
    "dst_uri": _next_hop(lambda ctx: ctx.dst_uri),
    "event": _header("Event"),
    "expires": _header("Expires"),
    "f": _from,
    "from": _from,
    "identity": _header("Identity"),
    "identity_info": _header("Identity-Info"),
    "m": _contact,
    "max_forwards": _header("Max-Forwards"),
    "method": _plain(lambda ctx: ctx.msg.method if ctx.msg.is_request else None),
    "message": _message,
    "min_se": _header("Min-SE"),
    "msg": _message,
    "next_hop": _next_hop(lambda ctx: ctx.dst_uri or ctx.ruri),
    "organization": _header("Organization"),
    "priority": _header("Priority"),
    "proxy_authorization": _authorization("Proxy-Authorization"),
    "reason": _plain(_REASON),
    "received": _received,
    "refer_to": _single("Refer-To"),
    "remote_party_id": _single("Remote-Party-ID"),
    "request_uri": _next_hop(_valid_ruri),
    "rpid": _single("Remote-Party-ID"),
    "ruri": _ruri,
    "session_expires": _header("Session-Expires"),
    "sip_if_match": _header("SIP-If-Match"),
    "src": _peer(lambda ctx: ctx.msg.source),
    "status": _plain(_STATUS),
    "subject": _header("Subject"),
    "t": _to,
    "to": _to,
    "user_agent": _header("User-Agent"),
    "v": _via,
    "version": _plain(_version),
    "via": _via,
}
