"""The TCP connections of a capture, as the proxy of a replay has them.

A connection has a number from its first message to us on, as in a server, and lasts until one of
its ends closed it in the capture. What our proxy sends goes by the connection it names, else by one
to the same peer or alias, else it is taken to be begun (core/tcp_main.c).
"""

from collections.abc import Sequence

from sipproxy.core.flow import NO_CONNECT, Address, Flow
from sipproxy.core.streams import ConnectionRow
from sipproxy.replay.capture import Datagram
from sipproxy.replay.glance import is_request, sent_by

_MOST_DIALLED = 10_000
_LIFETIME = 1 << 30

Ends = tuple[str, Address, Address]
"""Transport, our end, the other end, as the capture has them."""
Peer = tuple[str, Address]


class _Open:
    """A connection that stands."""

    __slots__ = ("ends", "flow", "peers")

    def __init__(self, ends: Ends, flow: Flow) -> None:
        self.ends = ends
        self.flow = flow
        self.peers: list[Peer] = []
        """What finds it beside its number."""


class Connections:
    """The connections of one replay; the :class:`core.streams.Streams` of its host."""

    queued = 0

    def __init__(self, me: Sequence[Address], *, begins: bool = True) -> None:
        """`begins`: whether our proxy begins connections (core parameter tcp_no_connect)."""
        self._me = frozenset(me)
        self._hosts = frozenset(host for host, _ in me)
        self._begins = begins
        self._dialled: dict[Address, Address] = {}
        """Ports from which the old server began connections: the socket each stands for."""
        self._by_ends: dict[Ends, _Open] = {}
        self._by_number: dict[int, _Open] = {}
        self._by_peer: dict[Peer, _Open] = {}
        self._last = 0

    # -- what the capture shows

    def is_ours(self, end: Address, data: bytes) -> bool:
        """Whether the old server is the one who sends from an address."""
        if end in self._me or end in self._dialled:
            return True
        if end[0] not in self._hosts or not is_request(data):
            return False
        via = sent_by(data)
        if via not in self._me or via is None or len(self._dialled) >= _MOST_DIALLED:
            return False
        self._dialled[end] = via
        return True

    def comes_to_us(self, end: Address) -> bool:
        """Whether what is sent to an address comes to us."""
        return end in self._me or end in self._dialled

    def arrive(self, datagram: Datagram) -> Flow:
        """The flow of a message that comes to us."""
        source, dest, _, proto = datagram
        ends = proto, dest, source
        known = self._by_ends.get(ends)
        if known is None:
            self._last += 1
            flow = Flow(proto, self._dialled.get(dest, dest), source, self._last)
            known = self._by_ends[ends] = self._by_number[self._last] = _Open(ends, flow)
            self._know(known, (proto, source))
        return known.flow

    def end(self, datagram: Datagram) -> Flow | None:
        """One end closes a connection; the flow it had, None when it never carried anything."""
        source, dest, _, proto = datagram
        known = self._by_ends.get((proto, dest, source)) or self._by_ends.get((proto, source, dest))
        if known is None:
            return None
        self._dialled.pop(known.ends[1], None)
        self._forget(known)
        return known.flow

    def drop(self, flow: Flow) -> None:
        """We close a connection ourselves."""
        known = self._by_number.get(flow.connection)
        if known is not None:
            self._forget(known)

    def _forget(self, known: _Open) -> None:
        del self._by_ends[known.ends], self._by_number[known.flow.connection]
        for peer in known.peers:
            del self._by_peer[peer]

    def _know(self, known: _Open, peer: Peer) -> None:
        if self._by_peer.setdefault(peer, known) is known and peer not in known.peers:
            known.peers.append(peer)

    def remote(self, flow: Flow) -> Address | None:
        """The peer that a row goes to; None when it cannot: its connection is gone."""
        known = self._for(flow)
        if known is not None:
            return known.flow.remote
        # Nobody listens on the port from which a peer had begun its connection.
        return None if flow.connection or not self.reach(flow) else flow.remote

    def _for(self, flow: Flow) -> _Open | None:
        return self._by_number.get(flow.connection) or self._by_peer.get((flow.proto, flow.remote))

    # -- what the core asks

    def alias(self, flow: Flow, port: int) -> bool:
        """Let the flow's connection also serve that port of its peer; False if there is none."""
        known = self._by_number.get(flow.connection)
        if known is None:
            return False
        self._know(known, (flow.proto, (known.flow.remote[0], port)))
        return True

    def peer(self, connection: int) -> Address | None:
        """Who is at the other end of a connection; None when it is gone."""
        known = self._by_number.get(connection)
        return None if known is None else known.flow.remote

    def reach(self, flow: Flow) -> bool:
        """Whether a connection stands for what goes by this flow, or one could be begun."""
        return self._for(flow) is not None or (self._begins and not flow.hints & NO_CONNECT)

    def rows(self) -> list[ConnectionRow]:
        """Every connection, the oldest first."""
        return [
            ConnectionRow(n, f.proto, "CONN_OK", _LIFETIME, _LIFETIME, f.remote, f.local)
            for n, f in ((number, known.flow) for number, known in self._by_number.items())
        ]
