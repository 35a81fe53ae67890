"""What the core may ask of the connections that a shell keeps."""

from typing import NamedTuple, Protocol

from sipproxy.core.flow import Address, Flow


class ConnectionRow(NamedTuple):
    """A connection as `core.tcp_list` shows it; times in seconds."""

    number: int
    proto: str
    state: str
    """`CONN_OK`, `CONN_ACCEPT` (nothing was received yet) or `CONN_CONNECT`."""
    timeout: int
    lifetime: int
    remote: Address
    local: Address


class Streams(Protocol):
    """The connections of a server. `queued` is what waits to be written, in bytes."""

    @property
    def queued(self) -> int: ...

    def alias(self, flow: Flow, port: int) -> bool:
        """Let the flow's connection also serve that port of its peer; False if there is none."""
        ...

    def peer(self, connection: int) -> Address | None:
        """Who is at the other end of a connection; None when it is gone."""
        ...

    def reach(self, flow: Flow) -> bool:
        """Whether a connection stands for what goes by this flow, or one could be begun."""
        ...

    def rows(self) -> list[ConnectionRow]:
        """Every connection, the oldest first."""
        ...


class NoStreams:
    """Without a server there are no connections."""

    queued = 0

    def alias(self, flow: Flow, port: int) -> bool:
        """There is no connection."""
        return False

    def peer(self, connection: int) -> Address | None:
        """There is no connection."""
        return None

    def reach(self, flow: Flow) -> bool:
        """Where nothing is really sent, all can be reached."""
        return True

    def rows(self) -> list[ConnectionRow]:
        """There is no connection."""
        return []
