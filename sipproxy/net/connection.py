"""One connection of a stream: what waits to be written, what came half, and how long it may last.

It holds a socket but never an event loop: :mod:`sipproxy.net.tcp` calls it when the socket is
ready.
"""

import os
import socket

from sipproxy.core.flow import Address, Flow, Outgoing
from sipproxy.core.timers import Timer
from sipproxy.sip.framing import Framer

READ_SIZE = 1 << 16
"""Bytes read in one wake: one peer cannot keep the others waiting for long."""

HALF_SECONDS = 20.0
"""How long a message may take from its first byte to its last."""


class Connection:
    """A connection with a peer, accepted or made by us."""

    __slots__ = (
        "accepted",
        "aliases",
        "closing",
        "connecting",
        "flow",
        "framer",
        "half_since",
        "heard",
        "progress",
        "queue",
        "socket",
        "timer",
        "used",
        "waiting",
        "watched",
    )

    def __init__(
        self, sock: socket.socket, flow: Flow, framer: Framer, now: float, *, accepted: bool
    ) -> None:
        self.socket = sock
        self.flow = flow
        self.framer = framer
        self.accepted = accepted
        self.connecting = not accepted
        self.heard = False
        """Whether anything was received."""
        self.queue = bytearray()
        self.closing = False
        """To be closed when the queue is empty."""
        self.used = self.progress = now
        """When it last carried a message, and when its peer last took something."""
        self.half_since = 0.0
        """When the message that is not whole began; 0 for none."""
        self.aliases: list[tuple[str, Address]] = []
        self.waiting: list[Outgoing] = []
        """Rows in the queue of a connection that does not stand yet."""
        self.timer: Timer | None = None
        self.watched = False
        """Whether the loop looks for the socket becoming writable."""

    @property
    def state(self) -> str:
        """As Kamailio names it (core/tcp_conn.h)."""
        if self.connecting:
            return "CONN_CONNECT"
        return "CONN_OK" if self.heard or not self.accepted else "CONN_ACCEPT"

    def deadline(self, lifetime: float, connect: float, send: float) -> tuple[float, str]:
        """When its patience ends, and for what reason."""
        ends = [(self.used + lifetime, "idle")]
        if self.connecting:
            ends.append((self.used + connect, "no connection"))
        elif self.queue:
            ends.append((self.progress + send, "the peer takes nothing"))
        if self.half_since:
            ends.append((self.half_since + HALF_SECONDS, "a message stayed half sent"))
        return min(ends)

    def read(self, now: float) -> tuple[list[bytes], bool]:
        """Messages that are whole now, and whether the stream goes on: see `framer.fault`.

        Raises MessageError for what cannot be framed, OSError for a connection that broke.
        """
        try:
            data = self.socket.recv(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return [], True
        if not data:
            return [], False
        self.heard = True
        messages = self.framer.feed(data)
        if messages:
            self.used = now
            self.half_since = 0.0
        if not self.framer.half:
            self.half_since = 0.0
        elif not self.half_since:
            self.half_since = now
        return messages, True

    def flush(self, now: float) -> bool:
        """Write what the peer takes; whether all is written. Raises OSError."""
        queue = self.queue
        while queue:
            try:
                count = self.socket.send(queue)
            except (BlockingIOError, InterruptedError):
                return False
            del queue[:count]
            self.progress = now
        return True

    def connected(self) -> None:
        """The socket became writable for the first time. Raises OSError when connecting failed."""
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        self.connecting = False
