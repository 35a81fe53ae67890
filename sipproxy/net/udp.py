"""UDP: datagrams are read, run and answered in batches.

Each wake of the loop reads up to 32 datagrams, runs them all at one instant, then sends the whole
outbox: sending in a row wakes the peers once and keeps the code warm, which saves a fifth to a
third of the processor time that answering one by one takes.

When datagrams come faster than they can be served, the socket is emptied first, into a queue in
which senders take turns (:mod:`sipproxy.net.fairness`): reading costs a tenth of serving, so that
a flood from one sender does not push out what the others send.
"""

import socket
import struct
from collections import Counter
from collections.abc import Callable

from sipproxy.core.flow import Address, Flow, Outgoing
from sipproxy.core.sockets import ListenSocket
from sipproxy.net.addresses import StartError
from sipproxy.net.fairness import FairQueue

BATCH = 32
"""Datagrams read in one wake."""

MOST = 65535
"""Bytes of the longest datagram."""

_BUFFER = 4 << 20
_MOST_FLOWS = 4096

_OVERLOAD = 512 << 10
"""Bytes of the kernel's that waiting datagrams hold, above which senders take turns."""

_AT_ONCE = 64
"""Batches read in a row under overload."""

_SO_MEMINFO = getattr(socket, "SO_MEMINFO", 55)  # linux/sock_diag.h: nine numbers, the first held


class UdpSocket:
    """One bound socket."""

    def __init__(self, where: ListenSocket) -> None:
        """Bind; raises StartError with one sentence."""
        self.where = where
        self.local: Address = where.local
        self.flows: dict[Address, Flow] = {}
        six = ":" in where.address
        self.socket = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            if six:
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            self.socket.setblocking(False)
            self.socket.bind(where.local)
        except (OSError, OverflowError) as error:
            self.socket.close()
            reason = getattr(error, "strerror", None) or str(error)
            raise StartError(
                f"cannot listen on udp:{where.address}:{where.port}: {reason}"
            ) from None

    def read(self, counters: Counter[str]) -> list[tuple[bytes, Address]]:
        """Up to one batch of what waits, with the peers' addresses."""
        batch: list[tuple[bytes, Address]] = []
        receive = self.socket.recvfrom
        try:
            for _ in range(BATCH):
                data, peer = receive(MOST)
                batch.append((data, peer[:2]))
        except BlockingIOError:
            pass
        except OSError:  # an ICMP error for something sent earlier
            counters["core.icmp_errors"] += 1
        return batch

    def held(self) -> int:
        """Bytes of the kernel's that hold what waits in this socket; 0 where it does not tell."""
        try:
            told = self.socket.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4)
        except OSError:
            return 0
        return int(struct.unpack("I", told)[0])

    def flow(self, peer: Address) -> Flow:
        """The flow to a peer; those of recent peers are kept."""
        if len(self.flows) >= _MOST_FLOWS:
            self.flows.clear()
        flow = self.flows[peer] = Flow("udp", self.local, peer)
        return flow

    def close(self) -> None:
        """Give the port back."""
        self.socket.close()


class UdpTransport:
    """All UDP sockets of a server and the way of a batch through the proxy.

    `receive(data, flow, now)` is the proxy's; `failed` is told of rows that could not be sent.
    """

    def __init__(
        self,
        sockets: list[UdpSocket],
        receive: Callable[[bytes, Flow, float], object],
        failed: Callable[[Outgoing, str], None],
        broken: Callable[[Exception], None],
        counters: Counter[str],
        other: Callable[[Outgoing], None] | None = None,
    ) -> None:
        """`other` takes rows of other protocols."""
        self._other = other or self._unserved
        self.sockets = sockets
        self.receive = receive
        self._failed = failed
        self._broken = broken
        self._counters = counters
        self.waiting: FairQueue[tuple[UdpSocket, bytes, Address]] = FairQueue()
        """What was read and is not served yet; not empty under overload only."""
        self._senders = {one.local: one.socket.sendto for one in sockets}

    def take(self, one: UdpSocket, now: float) -> int:
        """Read one batch and run it; how many datagrams it was. Under overload they wait."""
        batch = one.read(self._counters)
        if self.waiting or (len(batch) == BATCH and one.held() > _OVERLOAD):
            self._gather(one, batch)
        else:
            self._run(one, batch, now)
        return len(batch)

    def serve(self, now: float) -> None:
        """Run one batch of those that wait."""
        waiting = self.waiting
        for _ in range(BATCH):
            if not waiting:
                break
            one, data, peer = waiting.take()
            self._run(one, [(data, peer)], now)

    def _gather(self, one: UdpSocket, batch: list[tuple[bytes, Address]]) -> None:
        """Let a batch wait, and what else stands in the socket."""
        offer, refused = self.waiting.offer, 0
        for _ in range(_AT_ONCE):
            for data, peer in batch:
                if not offer(peer, (one, data, peer), len(data)):
                    refused += 1
            if len(batch) < BATCH:
                break
            batch = one.read(self._counters)
        if refused:
            self._counters["core.overload_drops"] += refused

    def _run(self, one: UdpSocket, batch: list[tuple[bytes, Address]], now: float) -> None:
        receive, flows = self.receive, one.flows
        for data, peer in batch:
            flow = flows.get(peer)
            if flow is None:
                flow = one.flow(peer)
            try:
                receive(data, flow, now)
            except Exception as error:  # one message must not take the others with it
                self._broken(error)

    def send(self, outbox: list[Outgoing]) -> None:
        """Send all rows and empty the list."""
        senders = self._senders
        for row in outbox:
            data, flow = row
            if flow.proto != "udp":
                self._other(row)
                continue
            try:
                senders[flow.local](data, flow.remote)
            except KeyError:
                self._failed(row, f"no socket at {flow.local[0]}:{flow.local[1]}")
            except (OSError, OverflowError) as error:
                self._failed(row, getattr(error, "strerror", None) or str(error))
        outbox.clear()

    def _unserved(self, row: Outgoing) -> None:
        self._failed(row, f"no {row[1].proto} here")

    def close(self) -> None:
        """Close every socket."""
        for one in self.sockets:
            one.close()


def bind_all(where: list[ListenSocket]) -> list[UdpSocket]:
    """Bind every UDP address or none; raises StartError."""
    bound: list[UdpSocket] = []
    try:
        for one in where:
            bound.append(UdpSocket(one))
    except StartError:
        for done in bound:
            done.close()
        raise
    return bound
