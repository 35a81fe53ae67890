"""Control sockets: kamcmd's BINRPC, JSON-RPC and FIFOs, served by the proxy's own loop."""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sipproxy.core.endpoints import RpcEndpoint
from sipproxy.net.addresses import StartError, addresses_of
from sipproxy.net.fifo import Tell
from sipproxy.net.rpc_fifo import JsonFifo, MiFifo
from sipproxy.rpc.dispatch import Registry
from sipproxy.rpc.serve import BinrpcStream, begin_binrpc_datagram, begin_json

_MOST_WAITING = 1 << 26
"""Bytes of answers kept for a client that does not read them; then it is cut off."""

Done = Callable[[], None]
"""Called after each command: what it put into the outbox and the log wants to go out."""


class RpcServer:
    """The control sockets of one server.

    `after` is called when a command ran, `tell` is given complaints for the log.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, run_dir: str, after: Done, tell: Tell
    ) -> None:
        self._loop = loop
        self._run_dir = Path(run_dir)
        self._after = after
        self._tell = tell
        self._fifos: list[JsonFifo | MiFifo] = []
        self._sockets: list[socket.socket] = []
        self._files: list[Path] = []
        self._clients: set[_Client] = set()

    @property
    def places(self) -> list[Path]:
        """The socket files that were made."""
        return list(self._files)

    def open(self, endpoint: RpcEndpoint, registry: Registry) -> None:
        """Bind one endpoint and serve it; raises StartError with one sentence.

        One that is optional is told of instead.
        """
        try:
            self._open(endpoint, registry)
        except StartError as error:
            if not endpoint.optional:
                raise
            self._tell(f"{error}: it is not served")

    def _open(self, endpoint: RpcEndpoint, registry: Registry) -> None:
        if endpoint.transport == "fifo":
            self._open_fifo(endpoint, registry)
            return
        if endpoint.transport in ("unix", "unixd"):
            bound = self._bind_file(endpoint)
        else:
            bound = _bind_port(endpoint)
        bound.setblocking(False)
        self._sockets.append(bound)
        if endpoint.transport in ("unix", "tcp"):
            bound.listen(64)
            self._loop.add_reader(bound, self._accept, bound, registry)
        else:
            self._loop.add_reader(bound, self._datagrams, bound, endpoint, registry)

    def close(self) -> None:
        """Close all sockets and remove their files."""
        for client in tuple(self._clients):
            client.close()
        for bound in self._sockets:
            self._loop.remove_reader(bound)
            bound.close()
        for path in self._files:
            path.unlink(missing_ok=True)
        for fifo in self._fifos:
            fifo.close()

    def _open_fifo(self, endpoint: RpcEndpoint, registry: Registry) -> None:
        path = self._run_dir / endpoint.place
        kind = MiFifo if endpoint.protocol == "mi" else JsonFifo
        fifo = kind(self._loop, endpoint, registry, self._tell, self._after)
        try:
            if not os.path.isdir(endpoint.reply_dir):
                raise NotADirectoryError(20, f"{endpoint.reply_dir}, for answers, is no directory")
            if path.parent == self._run_dir:
                path.parent.mkdir(parents=True, exist_ok=True)
            fifo.open(path, endpoint.mode, _owner(endpoint))
        except (OSError, KeyError) as error:
            reason = getattr(error, "strerror", None) or error.args[0]
            raise StartError(f"cannot open the FIFO {path}: {reason}") from None
        self._fifos.append(fifo)

    def _bind_file(self, endpoint: RpcEndpoint) -> socket.socket:
        path = self._run_dir / endpoint.place
        kind = socket.SOCK_STREAM if endpoint.transport == "unix" else socket.SOCK_DGRAM
        bound = socket.socket(socket.AF_UNIX, kind)
        try:
            if path.parent == self._run_dir:  # ours to make; any other folder is the operator's
                path.parent.mkdir(parents=True, exist_ok=True)
            _remove_stale(path, kind)
            bound.bind(str(path))
            self._files.append(path)
            path.chmod(endpoint.mode)
            owner = _owner(endpoint)
            if owner != (-1, -1):
                os.chown(path, *owner)
        except (OSError, KeyError) as error:
            bound.close()
            reason = getattr(error, "strerror", None) or error.args[0]
            raise StartError(f"cannot open the control socket {path}: {reason}") from None
        return bound

    # -- serving

    def _accept(self, bound: socket.socket, registry: Registry) -> None:
        try:
            connection, _ = bound.accept()
        except OSError:
            return
        connection.setblocking(False)
        client = _Client(connection, self._loop, registry, self._after, self._gone)
        self._clients.add(client)

    def _gone(self, client: _Client) -> None:
        self._clients.discard(client)

    def _datagrams(self, bound: socket.socket, endpoint: RpcEndpoint, registry: Registry) -> None:
        try:
            data, peer = bound.recvfrom(65535)
        except OSError:
            return

        def send(answer: bytes) -> None:
            self._after()
            if answer and peer:
                with suppress(OSError):  # the client went away, or the answer is too long
                    bound.sendto(answer, peer)

        if endpoint.protocol == "binrpc":
            begin_binrpc_datagram(registry, data, send)
        else:
            begin_json(
                registry,
                data,
                endpoint.pretty,
                lambda reply: send(b"" if reply is None else reply.body),
            )
        self._after()


class _Client:
    """One connection of a stream socket."""

    def __init__(
        self,
        connection: socket.socket,
        loop: asyncio.AbstractEventLoop,
        registry: Registry,
        after: Done,
        gone: Callable[[_Client], None],
    ) -> None:
        self._connection = connection
        self._loop = loop
        self._stream = BinrpcStream(registry, self._late)
        self._after = after
        self._gone = gone
        self._waiting = bytearray()
        loop.add_reader(connection, self._read)

    def _read(self) -> None:
        try:
            data = self._connection.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self._waiting += self._stream.receive(data)
        self._after()
        self._write()

    def _late(self, answer: bytes) -> None:
        if self._connection.fileno() >= 0:
            self._waiting += answer
            self._write()

    def _write(self) -> None:
        self._loop.remove_writer(self._connection)
        try:
            while self._waiting:
                del self._waiting[: self._connection.send(self._waiting)]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        if len(self._waiting) > _MOST_WAITING or (self._stream.closed and not self._waiting):
            self.close()
        elif self._waiting:
            self._loop.add_writer(self._connection, self._write)

    def close(self) -> None:
        """End the connection."""
        self._loop.remove_reader(self._connection)
        self._loop.remove_writer(self._connection)
        self._connection.close()
        self._gone(self)


def _remove_stale(path: Path, kind: socket.SocketKind) -> None:
    """Remove a socket file that nobody serves; raises OSError when somebody does."""
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise FileExistsError(17, "it exists and is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, kind) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise FileExistsError(17, "another server answers there")


def _bind_port(endpoint: RpcEndpoint) -> socket.socket:
    host, _, port = endpoint.place.rpartition(":")
    address = addresses_of(host)[0]
    kind = socket.SOCK_STREAM if endpoint.transport == "tcp" else socket.SOCK_DGRAM
    bound = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
        bound.bind((address, int(port)))
    except (OSError, ValueError, OverflowError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise StartError(
            f"cannot open the control socket {endpoint.transport}:{endpoint.place}: {reason}"
        ) from None
    return bound


def _owner(endpoint: RpcEndpoint) -> tuple[int, int]:
    """The numbers of user and group, -1 for none; raises KeyError."""
    return user_number(endpoint.user), group_number(endpoint.group)


def user_number(name: str) -> int:
    """The number of a user given by name or number, -1 for none; raises KeyError."""
    if not name:
        return -1
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError:
        raise KeyError(f"there is no user {name}") from None


def group_number(name: str) -> int:
    """The number of a group given by name or number, -1 for none; raises KeyError."""
    if not name:
        return -1
    try:
        return int(name) if name.isdigit() else grp.getgrnam(name).gr_gid
    except KeyError:
        raise KeyError(f"there is no group {name}") from None
