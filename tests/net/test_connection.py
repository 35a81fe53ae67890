"""One connection on real sockets: reading, writing, and when its patience ends."""

import errno
import select
import socket
from collections.abc import Iterator

import pytest

from sipproxy.core.flow import Flow
from sipproxy.errors import MessageError
from sipproxy.net.connection import HALF_SECONDS, Connection
from sipproxy.sip.framing import Framer

MESSAGE = b"OPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n"
FLOW = Flow("tcp", ("127.0.0.1", 5060), ("127.0.0.1", 5070), 7)


class Pair:
    """A connection and its peer."""

    def __init__(self, *, accepted: bool = True) -> None:
        ours, self.peer = socket.socketpair()
        ours.setblocking(False)
        self.one = Connection(ours, FLOW, Framer(4096), 100.0, accepted=accepted)

    def end(self, *, lifetime: float = 120, connect: float = 10, send: float = 5) -> object:
        return self.one.deadline(lifetime, connect, send)

    def close(self) -> None:
        self.one.socket.close()
        self.peer.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


def test_states() -> None:
    accepted, ours = Pair(), Pair(accepted=False)
    assert (accepted.one.state, ours.one.state) == ("CONN_ACCEPT", "CONN_CONNECT")
    ours.one.connected()
    accepted.peer.send(b"\r\n")
    accepted.one.read(100.0)
    assert (accepted.one.state, ours.one.state) == ("CONN_OK", "CONN_OK")
    accepted.close()
    ours.close()


def test_reading(pair: Pair) -> None:
    assert pair.one.read(101.0) == ([], True)
    pair.peer.send(MESSAGE + MESSAGE[:5])
    assert pair.one.read(102.0) == ([MESSAGE], True)
    assert (pair.one.used, pair.one.half_since) == (102.0, 102.0)
    pair.peer.send(MESSAGE[5:])
    assert pair.one.read(103.0) == ([MESSAGE], True)
    assert (pair.one.used, pair.one.half_since) == (103.0, 0.0)
    pair.peer.close()
    assert pair.one.read(104.0) == ([], False)


def test_what_cannot_be_framed(pair: Pair) -> None:
    pair.peer.send(b"x\r\n\r\n")
    with pytest.raises(MessageError):
        pair.one.read(101.0)


def test_patience(pair: Pair) -> None:
    assert pair.end() == (220.0, "idle")
    pair.peer.send(MESSAGE[:5])
    pair.one.read(101.0)
    pair.peer.send(MESSAGE[5:7])  # one byte now and then does not help
    pair.one.read(115.0)
    assert pair.end() == (101.0 + HALF_SECONDS, "a message stayed half sent")
    pair.one.queue += b"x"
    assert pair.end() == (105.0, "the peer takes nothing")
    assert pair.end(lifetime=1) == (101.0, "idle")
    ours = Pair(accepted=False)
    ours.one.queue += b"x"
    assert ours.end() == (110.0, "no connection")
    ours.close()


def test_a_slow_peer(pair: Pair) -> None:
    one = pair.one
    one.queue += b"x" * 4_000_000
    assert not one.flush(101.0)
    left = len(one.queue)
    assert 0 < left < 4_000_000 and one.progress == 101.0
    assert not one.flush(102.0)
    assert (len(one.queue), one.progress) == (left, 101.0)  # nothing was taken meanwhile
    taken = 0
    while taken < 4_000_000:
        taken += len(pair.peer.recv(1 << 20))
        done = one.flush(103.0)
    assert done and not one.queue


def test_a_peer_that_is_gone(pair: Pair) -> None:
    pair.peer.close()
    pair.one.queue += b"x"
    with pytest.raises(OSError, match=r"pipe|reset"):
        pair.one.flush(101.0)


def test_a_connection_that_was_refused() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but it does not listen
        sock = socket.socket()
        sock.setblocking(False)
        code = sock.connect_ex(nobody.getsockname())
        if code == errno.EINPROGRESS:  # loopback may tell at once
            one = Connection(sock, FLOW, Framer(), 0.0, accepted=False)
            select.select([], [sock], [], 5)
            with pytest.raises(ConnectionRefusedError):
                one.connected()
            assert one.connecting
        else:
            assert code == errno.ECONNREFUSED
        sock.close()
