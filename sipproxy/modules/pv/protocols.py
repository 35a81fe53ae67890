"""Transport protocols as Kamailio numbers and names them (core/ip_addr.h)."""

NUMBERS = {"udp": 1, "tcp": 2, "tls": 3, "sctp": 4, "ws": 5, "wss": 6}
"""Number of each protocol, by its name in lower case."""

NAMES = {number: name for name, number in NUMBERS.items()}
"""Name of each protocol, by its number."""


def in_uri(proto: str) -> str:
    """The protocol as a URI names it (`wss` is `ws` there); empty for an unknown one."""
    return "ws" if proto == "wss" else proto if proto in NUMBERS else ""
