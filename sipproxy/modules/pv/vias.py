"""What Via headers say of where replies go."""

import re

from sipproxy.core.sockets import PROTO_NUMBER
from sipproxy.core.values import Value
from sipproxy.modules.pv.protocols import in_uri
from sipproxy.sip.message import Message
from sipproxy.sip.via import Via
from sipproxy.text import lower

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}\Z", re.ASCII)


def is_ipv4(text: str) -> bool:
    """Whether a text is an IPv4 address."""
    return _IPV4.match(text) is not None


def second(msg: Message) -> Via | None:
    """The second Via: where the sender of the request stood, before us."""
    vias = msg.vias
    return vias[1] if len(vias) > 1 else None


def port_of(via: Via) -> int:
    """Port that a reply goes to: rport, the written one, or the default."""
    rport = via.rport
    if rport and rport.isdigit() and int(rport):
        return int(rport)
    return via.port or (5061 if lower(via.transport) in ("tls", "wss") else 5060)


def reply_part(msg: Message, part: str) -> Value:
    """Of the URI a reply goes to by its second Via: `u` all, `U d p P i` its parts."""
    via = second(msg)
    if via is None or part == "U":
        return None
    host = via.received or via.host
    proto = lower(via.transport)
    match part:
        case "u":
            return f"sip:{host}:{port_of(via)};transport={in_uri(proto) or 'udp'}"
        case "d":
            return host
        case "p":
            return port_of(via)
        case "P":
            return proto if proto in PROTO_NUMBER else "udp"
        case _:
            return 4 if is_ipv4(host) else 6 if ":" in host else 0


def attribute(via: Via | None, name: str) -> Value:
    """`host port proto protoid branch rport received i` of a Via."""
    if via is None:
        return None
    match name:
        case "host":
            return via.host
        case "port":
            return via.port or 5060
        case "proto":
            return via.transport
        case "protoid":
            return PROTO_NUMBER.get(lower(via.transport), 0)
        case _:
            return via.param(name) or None
