"""Where a message came in or goes out."""

from typing import NamedTuple

Address = tuple[str, int]
"""IP address without brackets, and port."""


class Flow(NamedTuple):
    """One path between us and a peer: protocol, our socket, the peer's, the connection's number.

    An answer to what came in on a flow goes out on the same flow. `connection` is 0 for UDP.
    """

    proto: str
    local: Address
    remote: Address
    connection: int = 0


Outgoing = tuple[bytes, Flow]
"""A row of the outbox."""
