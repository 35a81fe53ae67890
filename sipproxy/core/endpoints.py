"""What a module asks the server to serve for control: it declares, the shell opens the sockets."""

from dataclasses import dataclass
from typing import Literal

Transport = Literal["unix", "unixd", "tcp", "udp", "fifo"]


@dataclass(frozen=True, slots=True)
class RpcEndpoint:
    """One control socket, or one FIFO.

    `transport` is `unix` (stream), `unixd`, `tcp`, `udp` or `fifo`; `place` is a path (a relative
    one stands in the run directory) or, for `tcp` and `udp`, `host:port`. `mode`, `user` and
    `group` are those of a file; an empty user or group leaves the process's own. One that is
    `optional` may fail to open, which is told.
    """

    protocol: Literal["binrpc", "jsonrpc", "mi"]
    transport: Transport
    place: str
    mode: int = 0o600
    user: str = ""
    group: str = ""
    pretty: bool = True
    """Of JSON: answers over several lines."""
    reply_dir: str = "/tmp/"
    """Of a FIFO: what stands before the names of the FIFOs that answers are written to."""
    indent: str = "\t"
    """Of MI: what a level of an answer is indented by."""
    optional: bool = False
