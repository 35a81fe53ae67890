"""Transport protocols as Kamailio numbers and names them (core/ip_addr.h)."""

from sipproxy.core.sockets import PROTO_NUMBER
from sipproxy.core.values import Value
from sipproxy.text import lower

NAMES = {number: name for name, number in PROTO_NUMBER.items()}
"""Name of each protocol, by its number."""


def proto_number(name: Value) -> int:
    """Number of a protocol named in any case, 0 for no known one."""
    return PROTO_NUMBER.get(lower(name), 0) if isinstance(name, str) else 0


def in_uri(proto: str) -> str:
    """The protocol as a URI names it (`wss` is `ws` there); empty for an unknown one."""
    return "ws" if proto == "wss" else proto if proto in PROTO_NUMBER else ""
