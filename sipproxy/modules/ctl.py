"""ctl: the control sockets that kamcmd speaks to (Kamailio modules/ctl)."""

from typing import Literal

from sipproxy.core.endpoints import RpcEndpoint
from sipproxy.core.module import Module, modparam, modparam_method
from sipproxy.errors import ModuleError

DEFAULT_SOCKET = "sipproxy_ctl"
"""The socket in the run directory when no `binrpc` parameter is set."""

DEFAULT_PORT = 2049

_TRANSPORTS: dict[str, Literal["unix", "unixd", "tcp", "udp"]] = {
    "unix": "unix",
    "unixs": "unix",
    "unixd": "unixd",
    "tcp": "tcp",
    "udp": "udp",
}


class Ctl(Module, name="ctl"):
    """Declares the BINRPC sockets; the server serves them."""

    mode = modparam(0o600, "Permissions of the socket files.")
    user = modparam("", "User name or number that owns the socket files.", kind=str)
    group = modparam("", "Group name or number that owns the socket files.", kind=str)
    binrpc_buffer_size = modparam(1024, "Accepted; buffers grow as needed.")
    binrpc_max_body_size = modparam(32, "Accepted; an answer may have any size.")
    binrpc_struct_max_body_size = modparam(8, "Accepted; a struct may have any size.")
    autoconversion = modparam(0, "Accepted; each command says itself what it converts.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._places: list[tuple[Literal["unix", "unixd", "tcp", "udp"], str]] = []

    @modparam_method("binrpc")
    def binrpc(self, address: str) -> None:
        """A socket: `unix:/path` or `unixs:` (stream), `unixd:`, `udp:host:port`, `tcp:...`."""
        scheme, colon, rest = address.partition(":")
        if not colon:
            scheme, rest = ("unix" if "/" in address else "udp"), address
        transport = _TRANSPORTS.get(scheme)
        if transport is None:
            raise ModuleError(f"bad binrpc socket {address!r}: unknown protocol {scheme!r}")
        if not rest:
            raise ModuleError(f"bad binrpc socket {address!r}: no address")
        if transport in ("tcp", "udp"):
            rest = _with_port(address, rest)
        self._places.append((transport, rest))

    @modparam_method("fifo")
    def fifo(self, address: str) -> None:
        """The text protocol of old releases, which nothing speaks any more."""
        raise ModuleError("the fifo protocol of ctl is not supported: use binrpc")

    def rpc_endpoints(self) -> list[RpcEndpoint]:
        """The sockets to serve."""
        places = self._places or [("unix", DEFAULT_SOCKET)]
        return [
            RpcEndpoint("binrpc", transport, place, self.mode, self.user, self.group)
            for transport, place in places
        ]


def _with_port(address: str, place: str) -> str:
    """`host:port` with ctl's default port when the parameter names none; raises ModuleError."""
    host, _, port = place.rpartition(":")
    if not host or place.endswith("]"):
        return f"{place}:{DEFAULT_PORT}"
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ModuleError(f"bad binrpc socket {address!r}: {port!r} is no port")
    return place
