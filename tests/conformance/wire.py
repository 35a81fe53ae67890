"""Our end of the wire: the sockets of a case and what arrived on them."""

import contextlib
import select
import socket
import time
from dataclasses import dataclass, field

from .case import CaseError
from .siptext import decode, encode, header_values

QUIET = 0.3
"""Seconds to listen after a step when recording."""
GRACE = 0.06
"""Seconds to listen on, after the last expected message, for messages nobody expected."""
PATIENCE = 2.5
"""Further seconds to wait for messages the golden promises."""


@dataclass(slots=True)
class Peer:
    """One of our sockets with what later steps may refer to."""

    socket: socket.socket
    last: str | None = None
    requests: list[str] = field(default_factory=list)
    record_routes: list[str] = field(default_factory=list)
    last_invite: str = ""
    challenge: tuple[str, str] | None = None
    nonce_counts: dict[tuple[str, str], int] = field(default_factory=dict)
    sent: int = 0

    @property
    def address(self) -> tuple[str, int]:
        """Host and port the socket is bound to."""
        host, port = self.socket.getsockname()[:2]
        return str(host), int(port)

    def last_header(self, name: str) -> str:
        """The values of a header of the last message received here; CaseError if none came."""
        if self.last is None:
            raise CaseError(f"nothing was received on port {self.address[1]} yet")
        return ", ".join(header_values(self.last, name))

    def note(self, text: str) -> None:
        """Remember a message that arrived."""
        self.last = text
        if not text.startswith("SIP/2.0"):
            self.requests.append(text)
        self.record_routes = header_values(text, "record-route") or self.record_routes
        for kind in ("www-authenticate", "proxy-authenticate"):
            for value in header_values(text, kind)[:1]:
                self.challenge = (kind, value)


class Wire:
    """All sockets of one play, by name."""

    def __init__(self, addresses: dict[str, tuple[str, int]], server_port: int) -> None:
        self._server_port = server_port
        self.peers: dict[str, Peer] = {}
        for name, (host, port) in addresses.items():
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_DGRAM)
            self.peers[name] = Peer(sock)
            sock.bind((host, port))

    def close(self) -> None:
        """Close every socket."""
        for peer in self.peers.values():
            peer.socket.close()

    def transmit(self, name: str, text: str, target: tuple[str, int] | None = None) -> None:
        """Send from the named socket, to the server if no other target is given."""
        peer = self.peers[name]
        local = "::1" if peer.socket.family == socket.AF_INET6 else "127.0.0.1"
        with contextlib.suppress(ConnectionRefusedError):  # an ICMP error for an earlier datagram
            peer.socket.sendto(encode(text), target or (local, self._server_port))

    def receive(self, listen: float, expected: int | None) -> dict[str, list[str]]:
        """Messages that arrive, per socket.

        With `expected` it stops shortly after that many; without, it listens for `listen` seconds.
        """
        deadline = time.monotonic() + listen + (PATIENCE if expected else 0)
        got: dict[str, list[str]] = {}
        names = {peer.socket: name for name, peer in self.peers.items()}
        count = 0
        while (left := deadline - time.monotonic()) > 0:
            for sock in select.select(list(names), [], [], left)[0]:
                try:
                    text = decode(sock.recv(65535))
                except ConnectionRefusedError:
                    continue
                count += 1
                self.peers[names[sock]].note(text)
                got.setdefault(names[sock], []).append(text)
            if expected and count >= expected:
                deadline, expected = time.monotonic() + GRACE, None
        return got
