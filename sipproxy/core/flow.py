"""Where a message came in or goes out."""

from typing import NamedTuple

Address = tuple[str, int]
"""IP address without brackets, and port."""

NO_CONNECT, CLOSE, BOUND = 1, 2, 4
"""Bits of `Flow.hints`: send only on a connection that stands; close it when all is sent; connect
from the address of `local` (Kamailio core/ip_addr.h SND_F_*)."""

STREAMS = frozenset({"tcp", "tls", "ws", "wss"})
"""Transports with connections."""


class Flow(NamedTuple):
    """One path between us and a peer: protocol, our socket, the peer's, the connection's number.

    An answer to what came in on a flow goes out on the same flow. `connection` is 0 for UDP and
    for a stream whose connection is to be found or made. `hints` says how to send.
    """

    proto: str
    local: Address
    remote: Address
    connection: int = 0
    hints: int = 0


Outgoing = tuple[bytes, Flow]
"""A row of the outbox."""


class Received:
    """What came in and was not read yet: the record of event_route[core:msg-received]."""

    __slots__ = ("data", "flow")

    def __init__(self, data: bytes, flow: Flow) -> None:
        self.data = data
        self.flow = flow
