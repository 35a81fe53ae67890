"""A client of the control sockets: one command, one answer."""

import os
import socket
import tempfile
from collections.abc import Sequence
from contextlib import closing

from sipproxy.errors import SipproxyError
from sipproxy.rpc.binrpc import MOST_ANSWER, BadPacket, decode_answer, encode_call, read_packet
from sipproxy.rpc.values import Value

_COOKIE = 0x51AA
_DEFAULT_PORT = 2049


class NoServer(SipproxyError):
    """No server answers at that address."""


def call(
    address: str, method: str, arguments: Sequence[int | float | str], timeout: float = 10.0
) -> Sequence[Value]:
    """The records a command answers with.

    `address` is `unix:/path` (or a bare path), `unixd:/path`, `tcp:host:port` or `udp:host:port`.
    Raises RpcError for a fault and NoServer when nothing answers.
    """
    scheme, colon, place = address.partition(":")
    if not colon:
        scheme, place = "unix", address
    request = encode_call(method, arguments, _COOKIE)
    try:
        match scheme:
            case "unix" | "unixs":
                return _stream(socket.AF_UNIX, place, request, timeout)
            case "tcp":
                return _stream(socket.AF_INET, _host_port(place), request, timeout)
            case "unixd":
                return _unix_datagram(place, request, timeout)
            case "udp":
                return _datagram(socket.AF_INET, _host_port(place), request, timeout)
            case _:
                raise NoServer(f"{address}: unknown protocol {scheme!r}")
    except TimeoutError:
        raise NoServer(f"no answer from {address} within {timeout:g} s") from None
    except (OSError, OverflowError) as error:
        raise NoServer(f"no server at {address}: {getattr(error, 'strerror', error)}") from None
    except BadPacket as bad:
        raise NoServer(f"{address} does not speak BINRPC: {bad}") from None


class Link:
    """A server to which many commands go, one after the other: over one connection if it has any.

    To be used in a `with`. Calls raise as :func:`call` does.
    """

    def __init__(self, address: str, timeout: float = 10.0) -> None:
        self._address = address
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def call(self, method: str, *arguments: int | float | str) -> Sequence[Value]:
        """The records a command answers with."""
        scheme, colon, place = self._address.partition(":")
        family: socket.AddressFamily
        target: str | tuple[str, int]
        if not colon or scheme in ("unix", "unixs"):
            family, target = socket.AF_UNIX, place if colon else self._address
        elif scheme == "tcp":
            family, target = socket.AF_INET, _host_port(place)
        else:
            return call(self._address, method, arguments, self._timeout)
        request = encode_call(method, arguments, _COOKIE)
        try:
            if self._socket is None:
                self._socket = socket.socket(family, socket.SOCK_STREAM)
                self._socket.settimeout(self._timeout)
                self._socket.connect(target)
            return _exchange(self._socket, request)
        except TimeoutError:
            reason = f"no answer from {self._address} within {self._timeout:g} s"
        except (OSError, OverflowError) as error:
            reason = f"no server at {self._address}: {getattr(error, 'strerror', error)}"
        except BadPacket as bad:
            reason = f"{self._address} does not speak BINRPC: {bad}"
        self.__exit__()
        raise NoServer(reason)


def _host_port(place: str) -> tuple[str, int]:
    host, _, port = place.rpartition(":")
    return (host, int(port)) if host and port.isdigit() else (place, _DEFAULT_PORT)


def _stream(family: int, place: object, request: bytes, timeout: float) -> Sequence[Value]:
    with closing(socket.socket(family, socket.SOCK_STREAM)) as link:
        link.settimeout(timeout)
        link.connect(place)  # type: ignore[arg-type]
        return _exchange(link, request)


def _exchange(link: socket.socket, request: bytes) -> Sequence[Value]:
    """Send a request and read its answer."""
    link.sendall(request)
    data = bytearray()
    while (found := read_packet(bytes(data), most=MOST_ANSWER)) is None:
        piece = link.recv(1 << 20)
        if not piece:
            raise ConnectionResetError(104, "the connection was closed without an answer")
        data += piece
    return decode_answer(found[0])


def _unix_datagram(place: str, request: bytes, timeout: float) -> Sequence[Value]:
    """A datagram client has an address of its own, or the server cannot answer."""
    with tempfile.TemporaryDirectory(prefix="sipproxy-rpc-") as folder:
        own = os.path.join(folder, "answer")
        return _datagram(socket.AF_UNIX, place, request, timeout, own)


def _datagram(
    family: int, place: object, request: bytes, timeout: float, own: str = ""
) -> Sequence[Value]:
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as link:
        link.settimeout(timeout)
        if own:
            link.bind(own)
            os.chmod(own, 0o666)
        link.connect(place)  # type: ignore[arg-type]
        link.send(request)
        found = read_packet(link.recv(1 << 20), most=MOST_ANSWER)
        if found is None:
            raise BadPacket("a packet that is cut off")
        return decode_answer(found[0])
