"""Our own addresses: what we listen on, and which names and addresses mean us (`myself`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address

from sipproxy.core.flow import Address
from sipproxy.text import lower

PROTO_NUMBER = {"udp": 1, "tcp": 2, "tls": 3, "sctp": 4, "ws": 5, "wss": 6}
"""Kamailio's numbers of the transports (core/ip_addr.h): `proto==UDP`, `$prid`."""
DEFAULT_PORT = {"udp": 5060, "tcp": 5060, "tls": 5061, "sctp": 5060}


@dataclass(frozen=True, slots=True)
class ListenSocket:
    """A `listen` line after names and interfaces became addresses."""

    proto: str
    address: str
    port: int
    advertise: Address | None = None
    name: str = ""

    @property
    def local(self) -> Address:
        """(address, port) as the transport knows it."""
        return self.address, self.port

    @property
    def sent_by(self) -> str:
        """`host:port` for a Via: the advertised address, IPv6 in brackets."""
        host, port = self.advertise or (self.address, self.port)
        bracketed = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return f"{bracketed}:{port or self.port}"


def bare_host(host: str) -> str:
    """A host for comparison: lower case, an IPv6 address in its short form without brackets."""
    if ":" not in host:
        return lower(host)
    bare = host.strip("[]")
    try:
        return str(IPv6Address(bare))
    except ValueError:
        return lower(bare)


class OwnAddresses:
    """What `myself` is: the listen sockets and the aliases (host, port or 0, proto or empty)."""

    def __init__(
        self,
        sockets: Iterable[ListenSocket] = (),
        aliases: Iterable[tuple[str, int, str]] = (),
    ) -> None:
        self.sockets = list(sockets)
        self._names: dict[str, list[tuple[int, str]]] = {}
        self._domains: list[tuple[str, int, str]] = []
        self._places: dict[tuple[str, str, int], ListenSocket] = {}
        for socket in self.sockets:
            self._places.setdefault((socket.proto, socket.address, socket.port), socket)
            shown, shown_port = socket.advertise or (socket.address, 0)
            # Either address is ours with either port.
            for host in {socket.address, shown}:
                for port in {socket.port, shown_port or socket.port}:
                    self._add(host, port, socket.proto)
        for host, port, proto in aliases:
            self._add(host, port, proto)

    def _add(self, host: str, port: int, proto: str) -> None:
        self._names.setdefault(bare_host(host), []).append((port, proto))

    def is_myself(self, host: str, port: int = 0, proto: str = "") -> bool:
        """Whether host (and port, proto where given: 0 and empty match all) is one of ours."""
        name = bare_host(host)
        own_places = self._names.get(name, ())
        if self._domains:
            domains = [(p, k) for d, p, k in self._domains if f".{name}".endswith(f".{d}")]
            own_places = [*own_places, *domains]
        return any(
            (not port or not own or port == own) and (not proto or not kind or proto == kind)
            for own, kind in own_places
        )

    def add_domain(self, domain: str, port: int = 0, proto: str = "") -> None:
        """Take a domain and all its subdomains for ours."""
        self._domains.append((lower(domain), port, proto))

    def socket_at(self, address: str, port: int, proto: str = "udp") -> ListenSocket | None:
        """The listen socket with exactly this address; port 0 takes the first of the address."""
        known = self._places.get((proto, address, port))
        if known is not None:
            return known
        bare = bare_host(address)
        for socket in self.sockets:
            same_host = socket.proto == proto and bare_host(socket.address) == bare
            if same_host and (not port or socket.port == port):
                return socket
        return None

    def socket_for(self, remote: Address, proto: str = "udp") -> ListenSocket | None:
        """The first socket that can reach `remote`: same protocol and address family."""
        six = ":" in remote[0]
        for socket in self.sockets:
            if socket.proto == proto and (":" in socket.address) == six:
                return socket
        return None
