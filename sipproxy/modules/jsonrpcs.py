"""jsonrpcs: control by JSON-RPC 2.0 over a datagram socket (Kamailio modules/jsonrpcs)."""

from typing import Literal

from sipproxy.core.endpoints import RpcEndpoint
from sipproxy.core.log import NOTICE, report
from sipproxy.core.module import Module, modparam

_HTTP, _FIFO, _DATAGRAM = 1, 2, 4


class Jsonrpcs(Module, name="jsonrpcs"):
    """Declares the JSON-RPC sockets; the server serves them."""

    transport = modparam(6, "Mask: 1 HTTP, 2 FIFO, 4 datagram; 0 is all that can be served.")
    dgram_socket = modparam("kamailio_rpc.sock", "Path of a unix socket, or udp:host:port.")
    dgram_mode = modparam(0o660, "Permissions of the datagram socket.")
    dgram_user = modparam("", "User name or number that owns the datagram socket.", kind=str)
    dgram_group = modparam("", "Group name or number that owns the datagram socket.", kind=str)
    dgram_workers = modparam(1, "Accepted; the server's own loop answers.")
    dgram_timeout = modparam(2000, "Accepted; an answer that cannot be sent at once is dropped.")
    fifo_name = modparam("kamailio_rpc.fifo", "Path of the FIFO.")
    fifo_mode = modparam(0o660, "Permissions of the FIFO.")
    fifo_user = modparam("", "User name or number that owns the FIFO.", kind=str)
    fifo_group = modparam("", "Group name or number that owns the FIFO.", kind=str)
    fifo_reply_dir = modparam("/tmp/", "Directory of the FIFOs that answers are written to.")
    pretty_format = modparam(1, "0: answers on one line.")

    def start(self) -> None:
        if self.transport & _HTTP:
            report(self.host.log, NOTICE, self.name, "JSON-RPC over HTTP is not served")
        if self.transport & _FIFO:
            report(self.host.log, NOTICE, self.name, "JSON-RPC over a FIFO is not served")

    def rpc_endpoints(self) -> list[RpcEndpoint]:
        """The sockets to serve."""
        if self.transport and not self.transport & _DATAGRAM:
            return []
        place = self.dgram_socket
        transport: Literal["unixd", "udp"] = "unixd"
        if place.startswith("udp:"):
            transport, place = "udp", place.removeprefix("udp:")
        return [
            RpcEndpoint(
                "jsonrpc",
                transport,
                place.removeprefix("unix:"),
                self.dgram_mode,
                self.dgram_user,
                self.dgram_group,
                bool(self.pretty_format),
            )
        ]
