"""TCP: connections accepted and made, found again by number, peer or alias, and bounded in all.

Facts from Kamailio core/tcp_main.c: what is sent goes by the connection it names, else by one to
the same peer, else by a new one.
"""

from __future__ import annotations

import errno
import math
import os
import socket
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress
from math import inf

from sipproxy.core.flow import BOUND, CLOSE, NO_CONNECT, Address, Flow, Outgoing
from sipproxy.core.host import Host
from sipproxy.core.log import DEBUG, ERROR, WARN, report
from sipproxy.core.sockets import ListenSocket
from sipproxy.core.streams import ConnectionRow
from sipproxy.errors import MessageError
from sipproxy.net.addresses import StartError
from sipproxy.net.connection import Connection
from sipproxy.net.tcplimits import Limits
from sipproxy.sip.framing import Framer

_BACKLOG = 1024
_ACCEPTS = 32
"""Connections accepted in one wake."""
_PAUSE = 0.5
"""Seconds without accepting when the process has no descriptor left."""
_PONG = b"\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n"
_BIND_ADDRESS_NO_PORT = 24
"""Linux: the port is chosen when the socket connects, so that many may come from one address."""
_TOO_SLOW = "the peer does not take what waits for it"


class TcpListener:
    """One bound and listening socket."""

    def __init__(self, where: ListenSocket) -> None:
        """Bind; raises StartError with one sentence."""
        self.where = where
        self.socket = socket.socket(_family(where.address), socket.SOCK_STREAM)
        try:
            if self.socket.family == socket.AF_INET6:
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.setblocking(False)
            self.socket.bind(where.local)
            self.socket.listen(_BACKLOG)
        except (OSError, OverflowError) as error:
            self.socket.close()
            reason = getattr(error, "strerror", None) or str(error)
            raise StartError(
                f"cannot listen on tcp:{where.address}:{where.port}: {reason}"
            ) from None


class TcpTransport:
    """All connections of a server.

    `receive(data, flow, now)` is the proxy's, False for what was no message; `closed(flow)` is
    told of a connection that is gone, `failed` of rows that could not be sent, `after` that
    something was done outside of :meth:`send`.
    """

    def __init__(
        self,
        loop: AbstractEventLoop,
        listeners: list[TcpListener],
        limits: Limits,
        host: Host,
        *,
        receive: Callable[[bytes, Flow, float], bool],
        closed: Callable[[Flow], None],
        failed: Callable[[Outgoing, str], None],
        broken: Callable[[Exception], None],
        after: Callable[[], None],
    ) -> None:
        self.listeners = listeners
        self._loop = loop
        self._limits = limits
        self._host = host
        self.receive = receive
        self._closed = closed
        self._failed = failed
        self._broken = broken
        self._after = after
        self._connections: dict[int, Connection] = {}
        self._touched: dict[Connection, None] = {}
        """Connections with something to write since the last wake."""
        self._by_peer: dict[tuple[str, Address], Connection] = {}
        # Numbers are seen in our Vias: those of an earlier run must not meet those of this one.
        self._last = host.chance.below(1 << 28)

    # -- what the core and the operator see

    @property
    def queued(self) -> int:
        """Bytes that wait for slow peers."""
        return sum(len(one.queue) for one in self._connections.values())

    def alias(self, flow: Flow, port: int) -> bool:
        """Let the connection of a flow also serve another port of its peer."""
        one = self._connections.get(flow.connection)
        if one is None:
            return False
        self._know(one, (one.flow.remote[0], port))
        return True

    def peer(self, connection: int) -> Address | None:
        """Who is at the other end of a connection; None when it is gone."""
        one = self._connections.get(connection)
        return None if one is None else one.flow.remote

    def reach(self, flow: Flow) -> bool:
        """Whether a connection stands for a flow; else one is begun, unless that fails at once."""
        return flow.proto != "tcp" or not isinstance(self._for(flow), OSError)

    def rows(self) -> list[ConnectionRow]:
        """Every connection, the oldest first."""
        now = self._host.now()
        return [
            ConnectionRow(
                number,
                one.flow.proto,
                one.state,
                int(min(self._deadline(one)[0] - now, 1 << 30)),
                int(min(self._limits.lifetime, 1 << 30)),
                one.flow.remote,
                one.socket.getsockname()[:2],
            )
            for number, one in self._connections.items()
        ]

    # -- life

    def start(self) -> None:
        """Accept from now on."""
        for listener in self.listeners:
            self._loop.add_reader(listener.socket, self._accept, listener)

    def close(self) -> None:
        """Close everything; what still waits for slow peers is lost."""
        self.flush()
        for listener in self.listeners:
            self._loop.remove_reader(listener.socket)
            listener.socket.close()
        for one in list(self._connections.values()):
            self._drop(one)

    def go_on_with(self, host: Host, limits: Limits) -> None:
        """Serve another host, whose timers the connections have from now on."""
        for one in self._connections.values():
            if one.timer is not None:
                self._host.timers.cancel(one.timer)
                one.timer = None
        self._host, self._limits = host, limits
        for one in self._connections.values():
            self._watch(one)

    # -- connections

    def _accept(self, listener: TcpListener) -> None:
        for _ in range(_ACCEPTS):
            try:
                sock, peer = listener.socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._cannot_accept(listener, error)
                return
            if len(self._connections) >= self._limits.connections:
                sock.close()
                self._tell(ERROR, "maximum number of connections exceeded", "full")
                continue
            flow = Flow("tcp", listener.where.local, peer[:2], self._number())
            self._add(sock, flow, accepted=True)

    def _cannot_accept(self, listener: TcpListener, error: OSError) -> None:
        """No descriptor or memory: the listener rests, lest the loop does nothing else."""
        self._tell(ERROR, f"cannot accept: {error.strerror}", "accept")
        self._loop.remove_reader(listener.socket)

        def resume() -> None:
            if listener.socket.fileno() >= 0:
                self._loop.add_reader(listener.socket, self._accept, listener)

        self._loop.call_later(_PAUSE, resume)

    def _number(self) -> int:
        self._last = self._last % 0x7FFF_FFFF + 1
        while self._last in self._connections:
            self._last = self._last % 0x7FFF_FFFF + 1
        return self._last

    def _add(self, sock: socket.socket, flow: Flow, *, accepted: bool) -> Connection:
        limits = self._limits
        sock.setblocking(False)
        _tune(sock, limits.keepalive)
        framer = Framer(limits.message, needs_length=limits.needs_length)
        one = Connection(sock, flow, framer, self._host.now(), accepted=accepted)
        self._connections[flow.connection] = one
        self._know(one, flow.remote)
        self._loop.add_reader(sock, self._readable, one)
        self._watch(one)
        return one

    def _know(self, one: Connection, peer: Address) -> None:
        """What goes to this address goes by this connection, unless it has another already."""
        key = one.flow.proto, peer
        if self._by_peer.setdefault(key, one) is one and key not in one.aliases:
            one.aliases.append(key)

    def _for(self, flow: Flow) -> Connection | OSError:
        """The connection that a flow names, one to its peer, or one that is begun now."""
        one = self._connections.get(flow.connection) or self._by_peer.get((flow.proto, flow.remote))
        if one is not None and not one.closing:
            return one
        try:
            return self._connect(flow)
        except OverflowError:
            return OSError(errno.EINVAL, "no such port")
        except OSError as error:
            return error

    def _connect(self, flow: Flow) -> Connection:
        """Begin a connection for a row; raises OSError."""
        if flow.hints & NO_CONNECT or self._limits.no_connect:
            raise OSError(errno.ENOTCONN, "no connection stands and none may be made")
        if len(self._connections) >= self._limits.connections:
            raise OSError(errno.EMFILE, "maximum number of connections exceeded")
        family = _family(flow.remote[0])
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)  # connecting must not wait
            source = (
                flow.local[0]
                if flow.hints & BOUND
                else self._limits.source[family == socket.AF_INET6]
            )
            if source:
                sock.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
                sock.bind((source, 0))
            code = sock.connect_ex(flow.remote)
            if code == errno.EINPROGRESS:  # a near peer may have refused already
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
        except (OSError, OverflowError):
            sock.close()
            raise
        flow = flow._replace(connection=self._number(), hints=0)
        one = self._add(sock, flow, accepted=False)
        self._await_writable(one)
        return one

    def _drop(self, one: Connection, reason: str = "", level: int = DEBUG) -> None:
        """A connection is over: what waited in it is lost, and nothing finds it any more."""
        number = one.flow.connection
        if self._connections.pop(number, None) is None:
            return
        for key in one.aliases:
            if self._by_peer.get(key) is one:
                del self._by_peer[key]
        if one.timer is not None:
            self._host.timers.cancel(one.timer)
            one.timer = None
        self._loop.remove_reader(one.socket)
        if one.watched:
            self._loop.remove_writer(one.socket)
        one.socket.close()
        if reason:
            host, port = one.flow.remote
            self._tell(level, f"connection with {host}:{port} closed: {reason}", reason)
        self._closed(one.flow)
        for row in one.waiting:
            self._failed(row, reason)

    def _tell(self, level: int, text: str, kind: str) -> None:
        if level > WARN:
            report(self._host.log, level, "core", text)
        else:
            self._host.report_limited(level, "core", text, f"tcp {kind}")

    # -- time

    def _deadline(self, one: Connection) -> tuple[float, str]:
        limits = self._limits
        return one.deadline(limits.lifetime, limits.connect, limits.send)

    def _watch(self, one: Connection) -> None:
        """See that its timer stands no later than its patience ends."""
        end = self._deadline(one)[0]
        timers = self._host.timers
        if one.timer is not None:
            if one.timer.deadline <= end:
                return  # when that comes too early, it is set anew
            timers.cancel(one.timer)
            one.timer = None
        if end < inf:
            now = self._host.now()
            one.timer = timers.after(now, _rounded(end - now), lambda due: self._due(one, due))

    def _due(self, one: Connection, due: float) -> None:
        one.timer = None
        end, reason = self._deadline(one)
        if end > due:
            self._watch(one)
            return
        self._drop(one, reason, DEBUG if reason == "idle" else WARN)
        self._after()

    # -- reading

    def _readable(self, one: Connection) -> None:
        now = self._host.now()
        if one.connecting:
            return  # it becomes writable too: that tells whether it stands
        pings, expecting = one.framer.pings, one.framer.expecting
        try:
            messages, goes_on = one.read(now)
        except MessageError as error:
            self._drop(one, error.reason, ERROR)
        except OSError as error:
            self._drop(one, error.strerror or str(error))
        else:
            if one.framer.expecting > expecting:
                self._write(one, _CONTINUE)
            for data in messages:
                if not self._take(one, data, now):
                    break
            if one.framer.fault is not None:
                self._after()  # what was whole before it gets its answers
                self._drop(one, one.framer.fault.reason, ERROR)
            elif not goes_on:
                self._drop(one)
            else:
                if self._limits.pong and one.framer.pings > pings:
                    self._write(one, _PONG)
                if one.half_since and one.flow.connection in self._connections:
                    self._watch(one)
        self._after()

    def _take(self, one: Connection, data: bytes, now: float) -> bool:
        """Run one message; False when it ended the connection."""
        try:
            good = self.receive(data, one.flow, now)
        except Exception as error:  # one message must not take the others with it
            self._broken(error)
            return True
        if not good:
            self._drop(one, "what came is no message", WARN)
        return good

    # -- writing

    def send(self, row: Outgoing) -> None:
        """Send a row by the connection it names, one to the same peer, or a new one.

        Rows of one wake leave together, at its end.
        """
        data, flow = row
        one = self._for(flow)
        if isinstance(one, OSError):
            self._failed(row, one.strerror or str(one))
            return
        if flow.hints & CLOSE:
            one.closing = True
        if one.connecting:
            one.waiting.append(row)
        self._write(one, data)

    def flush(self) -> None:
        """Write what waits since the last wake."""
        touched = list(self._touched)
        self._touched.clear()
        for one in touched:
            self._push(one)

    def _write(self, one: Connection, data: bytes) -> None:
        """Put bytes into the queue of a connection; they leave soon."""
        one.used = self._host.now()
        if not one.queue:
            one.progress = one.used
        one.queue += data
        if not self._touched:
            self._loop.call_soon(self.flush)
        self._touched[one] = None
        if len(one.queue) > self._limits.queue:
            self._push(one)

    def _push(self, one: Connection) -> None:
        """Write what the peer takes; one that leaves too much is given up."""
        if one.flow.connection not in self._connections:
            return
        limits = self._limits
        if not one.connecting:
            self._flush(one, self._host.now())
        if len(one.queue) > limits.queue or (one.queue and self.queued > limits.queues):
            self._drop(one, _TOO_SLOW, ERROR)
            if not one.waiting:
                self._failed((bytes(one.queue), one.flow), _TOO_SLOW)

    def _flush(self, one: Connection, now: float) -> None:
        try:
            done = one.flush(now)
        except OSError as error:
            self._drop(one, error.strerror or str(error))
            return
        if done and one.closing:
            self._drop(one)
        elif done and one.watched:
            self._loop.remove_writer(one.socket)
            one.watched = False
        elif not done and not one.watched:
            self._await_writable(one)

    def _await_writable(self, one: Connection) -> None:
        self._loop.add_writer(one.socket, self._writable, one)
        one.watched = True
        self._watch(one)

    def _writable(self, one: Connection) -> None:
        if one.connecting:
            try:
                one.connected()
            except OSError as error:
                self._drop(one, error.strerror or str(error))
                self._after()
                return
            one.waiting.clear()
        self._flush(one, self._host.now())


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _tune(sock: socket.socket, keepalive: tuple[int, int, int, int]) -> None:
    """Messages leave at once; a peer that vanished is noticed by TCP."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wanted, idle, interval, count = keepalive
    if not wanted:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, idle),
        (socket.TCP_KEEPINTVL, interval),
        (socket.TCP_KEEPCNT, count),
    ):
        if value:
            with suppress(OSError):  # beyond what the system takes
                sock.setsockopt(socket.IPPROTO_TCP, option, value)


def _rounded(seconds: float) -> float:
    """Timers of one duration stand together, so there must be few durations."""
    left = max(0.0, seconds)
    return math.ceil(left * 4) / 4 if left < 5 else float(math.ceil(left))


def listen_all(where: list[ListenSocket]) -> list[TcpListener]:
    """Listen on every TCP address or on none; raises StartError."""
    made: list[TcpListener] = []
    try:
        for one in where:
            made.append(TcpListener(one))
    except StartError:
        for done in made:
            done.socket.close()
        raise
    return made
