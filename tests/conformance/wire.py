"""Our end of the wire: the sockets of a case and what arrived on them."""

import contextlib
import re
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

Socket = socket.socket


@dataclass(slots=True)
class Peer:
    """One of our sockets with what later steps may refer to."""

    socket: Socket
    last: str | None = None
    requests: list[str] = field(default_factory=list)
    record_routes: list[str] = field(default_factory=list)
    last_invite: str = ""
    challenge: tuple[str, str] | None = None
    nonce_counts: dict[tuple[str, str], int] = field(default_factory=dict)
    sent: int = 0
    streams: list[Socket] = field(default_factory=list)
    """The connections of a peer by TCP, the one used last at the end."""
    halves: dict[Socket, bytes] = field(default_factory=dict)

    @property
    def proto(self) -> str:
        """`UDP` or `TCP`, as a Via says it."""
        return "TCP" if self.socket.type == socket.SOCK_STREAM else "UDP"

    def transmit(self, data: bytes, target: tuple[str, int]) -> None:
        """Send a datagram, or by the connection used last, which is made if there is none."""
        if self.proto == "UDP":
            with contextlib.suppress(ConnectionRefusedError):  # an error for an earlier datagram
                self.socket.sendto(data, target)
            return
        if not self.streams:
            self.streams.append(socket.create_connection(target, 5))
        self.streams[-1].sendall(data)

    def arrived(self, sock: Socket) -> list[str]:
        """What came on one of its sockets."""
        if self.proto == "UDP":
            with contextlib.suppress(ConnectionRefusedError):
                return [decode(sock.recv(65535))]
            return []
        if sock is self.socket:
            self.streams.append(sock.accept()[0])
            return []
        self.streams.remove(sock)
        with contextlib.suppress(ConnectionResetError):
            data = sock.recv(65535)
            if data:
                self.streams.append(sock)
                return self._framed(sock, data)
        sock.close()
        return ["<closed>\n\n"]

    def _framed(self, sock: Socket, data: bytes) -> list[str]:
        """The whole messages of a stream so far; a lone CRLF is one too."""
        data = self.halves.pop(sock, b"") + data
        found = []
        while data:
            head, end, rest = data.partition(b"\r\n\r\n")
            if data.startswith(b"\r\n"):
                found.append("<CRLF>\n\n")
                data = data[2:]
                continue
            length = re.search(rb"(?mi)^content-length: *(\d+)", head)
            size = int(length[1]) if length else 0
            if not end or len(rest) < size:
                self.halves[sock] = data
                break
            found.append(decode(head + end + rest[:size]))
            data = rest[size:]
        return found

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
            stream = host.startswith("tcp:")
            host = host.removeprefix("tcp:")
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
            self.peers[name] = Peer(sock)
            if stream:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, port))
            if stream:
                sock.listen()

    def close(self) -> None:
        """Close every socket."""
        for peer in self.peers.values():
            for sock in (peer.socket, *peer.streams):
                sock.close()

    def transmit(self, name: str, text: str, target: tuple[str, int] | None = None) -> None:
        """Send from the named socket, to the server if no other target is given."""
        peer = self.peers[name]
        local = "::1" if peer.socket.family == socket.AF_INET6 else "127.0.0.1"
        peer.transmit(encode(text), target or (local, self._server_port))

    def receive(self, listen: float, expected: int | None) -> dict[str, list[str]]:
        """Messages that arrive, per socket.

        With `expected` it stops shortly after that many; without, it listens for `listen` seconds.
        """
        deadline = time.monotonic() + listen + (PATIENCE if expected else 0)
        got: dict[str, list[str]] = {}
        count = 0
        while (left := deadline - time.monotonic()) > 0:
            names = {
                sock: name
                for name, peer in self.peers.items()
                for sock in (peer.socket, *peer.streams)
            }
            for sock in select.select(list(names), [], [], left)[0]:
                for text in self.peers[names[sock]].arrived(sock):
                    count += 1
                    self.peers[names[sock]].note(text)
                    got.setdefault(names[sock], []).append(text)
            if expected and count >= expected:
                deadline, expected = time.monotonic() + GRACE, None
        return got
