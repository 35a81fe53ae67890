"""What a module asks the server to serve for control: it declares, the shell opens the sockets."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class RpcEndpoint:
    """One control socket.

    `transport` is `unix` (stream), `unixd`, `tcp` or `udp`; `place` is a path (a relative one
    stands in the run directory) or, for the latter two, `host:port`. `mode`, `user` and `group`
    are those of a socket file; an empty user or group leaves the process's own.
    """

    protocol: Literal["binrpc", "jsonrpc"]
    transport: Literal["unix", "unixd", "tcp", "udp"]
    place: str
    mode: int = 0o600
    user: str = ""
    group: str = ""
    pretty: bool = True
