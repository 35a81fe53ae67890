"""How a request passes through us: the socket it came to and the one it leaves by."""

from typing import NamedTuple


class Leg(NamedTuple):
    """One of our sockets on a request's way, with what it shows of itself.

    `proto` is the transport of the wire (`udp`, `tcp`, `tls`, `sctp`, `ws`, `wss`); `shown` is
    `host` or `host:port` as a URI holds them, `name` the socket's name in the cfg or "".
    """

    proto: str
    address: str
    port: int
    shown: str
    name: str = ""

    @property
    def transport(self) -> str:
        """The transport as a URI names it."""
        return "ws" if self.proto == "wss" else self.proto

    def same_socket(self, other: "Leg") -> bool:
        """Whether both are one socket and one transport."""
        return self[:3] == other[:3]


class Way(NamedTuple):
    """Where a request came in and where it goes out."""

    received: Leg
    sent: Leg
