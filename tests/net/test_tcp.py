"""TCP of a served cfg: real connections on loopback, reused, limited, and given up in time."""

import errno
import socket
import struct
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from sipproxy.core.sockets import ListenSocket
from sipproxy.net import connection
from sipproxy.net.addresses import StartError
from sipproxy.net.tcp import TcpListener, TcpTransport, listen_all
from sipproxy.net.tcplimits import Limits
from sipproxy.testing import load_cfg_text

if TYPE_CHECKING:
    from tests.net.conftest import Running

Serve = Callable[..., "Running"]

HEAD = """
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "xlog.so"
debug=2
"""
ANSWER = HEAD + 'request_route { sl_send_reply("200", "$conid"); }'


def request(number: int = 1, user: str = "bob", headers: str = "", body: str = "") -> bytes:
    return (
        f"OPTIONS sip:{user}@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/TCP 127.0.0.1:5099;branch=z9hG4bK{number}\r\n"
        "From: <sip:a@example.org>;tag=a\r\nTo: <sip:b@example.org>\r\n"
        f"Call-ID: {number}\r\nCSeq: 1 OPTIONS\r\n{headers}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def answer_to(data: bytes, status: str = "200 OK") -> bytes:
    wanted = (b"via", b"from", b"to", b"call-id", b"cseq")
    rows = [r for r in data.split(b"\r\n") if r.partition(b":")[0].lower() in wanted]
    return b"\r\n".join((b"SIP/2.0 " + status.encode(), *rows, b"Content-Length: 0", b"", b""))


class Phone:
    """A connection of ours to the server, or of the server to us."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        sock.settimeout(5)
        self._buffer = b""

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hear(self) -> bytes:
        """One message; empty when the other end closed."""
        while b"\r\n\r\n" not in self._buffer:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return b""
            if not data:
                return b""
            self._buffer += data
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        length = int(head.lower().rpartition(b"content-length:")[2].split(b"\r\n")[0])
        self._buffer = rest[length:]
        return head + b"\r\n\r\n" + rest[:length]

    def ask(self, number: int = 1, user: str = "bob") -> bytes:
        self.say(request(number, user))
        return self.hear()


@pytest.fixture
def phones() -> Iterator[Callable[["Running"], Phone]]:
    """Connections to a server; all are closed after the test."""
    made: list[Phone] = []

    def call(running: "Running") -> Phone:
        made.append(Phone(socket.create_connection(("127.0.0.1", running.port), 5)))
        return made[-1]

    yield call
    for one in made:
        one.socket.close()


Call = Callable[["Running"], Phone]


def test_requests_of_one_connection_are_answered_in_order(serve: Serve, phones: Call) -> None:
    running = serve(ANSWER, tcp=True)
    phone = phones(running)
    phone.say(b"".join(map(request, range(50))))
    heard = [phone.hear() for _ in range(50)]
    assert [one.split(b"Call-ID: ")[1].split(b"\r\n")[0] for one in heard] == [
        str(n).encode() for n in range(50)
    ]
    (row,) = running.server.proxy.host.streams.rows()
    assert row.remote == phone.socket.getsockname()
    assert b"SIP/2.0 200 %d\r\n" % row.number == heard[0].split(b"Via")[0]


def test_any_split_of_the_stream(serve: Serve, phones: Call) -> None:
    phone = phones(serve(ANSWER, tcp=True))
    stream = request(1, body="a\r\n\r\nb") + b"\r\n" + request(2)
    for at in range(0, len(stream), 7):
        phone.say(stream[at : at + 7])
    assert phone.hear().startswith(b"SIP/2.0 200 ")
    assert b"Call-ID: 2\r\n" in phone.hear()


def test_a_ping_gets_a_pong(serve: Serve, phones: Call) -> None:
    phone = phones(serve(ANSWER, tcp=True))
    phone.say(b"\r\n\r\n")
    assert phone.socket.recv(10) == b"\r\n"
    quiet = phones(serve("tcp_crlf_ping=no\n" + ANSWER, tcp=True))
    quiet.say(b"\r\n\r\n")
    assert quiet.ask().startswith(b"SIP/2.0 200 ")


@pytest.mark.parametrize(
    "junk",
    [
        b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n",
        b"garbage\r\nContent-Length: 0\r\n\r\n",
        b"x" * 20_000,
        request(headers="Content-Length: 7\r\n"),
        request(body="x" * 17_000),
    ],
)
def test_what_is_no_message_ends_the_connection(serve: Serve, phones: Call, junk: bytes) -> None:
    running = serve(ANSWER, tcp=True)
    phone, other = phones(running), phones(running)
    phone.say(junk)
    assert phone.hear() == b""
    assert other.ask().startswith(b"SIP/2.0 200 ")


def test_without_a_length_where_the_cfg_allows_it(serve: Serve, phones: Call) -> None:
    phone = phones(serve("tcp_accept_no_cl=yes\n" + ANSWER, tcp=True))
    phone.say(request().replace(b"Content-Length: 0\r\n", b""))
    assert phone.hear().startswith(b"SIP/2.0 200 ")


def test_beyond_so_many_connections_none_is_taken(serve: Serve, phones: Call) -> None:
    running = serve("tcp_max_connections=2\n" + ANSWER, tcp=True)
    first, second = phones(running), phones(running)
    assert first.ask() and second.ask()
    assert phones(running).hear() == b""
    first.socket.close()
    assert second.ask(2)
    assert phones(running).ask().startswith(b"SIP/2.0 200 ")


def test_a_connection_that_is_not_used_is_closed(serve: Serve, phones: Call) -> None:
    running = serve("tcp_connection_lifetime=1\n" + ANSWER, tcp=True)
    phone = phones(running)
    assert phone.ask()
    assert phone.hear() == b""  # within the five seconds that a phone waits
    assert running.server.proxy.host.streams.rows() == []


def test_a_message_that_stays_half_sent_ends_the_connection(
    serve: Serve, phones: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HALF_SECONDS", 0.5)
    running = serve(ANSWER, tcp=True)
    phone = phones(running)
    phone.say(request()[:50])
    assert phone.hear() == b""
    assert running.server.proxy.host.streams.rows() == []


class Starved:
    """A listening socket of a process without descriptors."""

    def accept(self) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    def fileno(self) -> int:
        return 5


class Loop:
    """An event loop that notes what is asked of it."""

    def __init__(self) -> None:
        self.readers: list[object] = []
        self.later: list[Callable[[], None]] = []

    def add_reader(self, sock: object, *_: object) -> None:
        self.readers.append(sock)

    def remove_reader(self, sock: object) -> None:
        self.readers.remove(sock)

    def call_later(self, seconds: float, work: Callable[[], None]) -> None:
        self.later.append(work)


def test_without_descriptors_the_listener_rests() -> None:
    proxy = load_cfg_text("request_route { exit; }")
    listener = TcpListener(ListenSocket("tcp", "127.0.0.1", 0))
    listener.socket.close()
    loop, starved = Loop(), Starved()
    vars(listener)["socket"] = starved
    transport = TcpTransport(
        loop,  # type: ignore[arg-type]
        [listener],
        Limits(),
        proxy.host,
        receive=proxy.proxy.receive,
        closed=proxy.proxy.closed,
        failed=lambda row, reason: None,
        broken=lambda error: None,
        after=lambda: None,
    )
    transport.start()
    transport._accept(listener)
    assert loop.readers == []
    loop.later.pop()()
    assert loop.readers == [starved]
    assert [text for _, _, text in proxy.log.records] == ["cannot accept: Too many open files"]


def test_a_request_is_relayed_by_tcp_and_its_reply_comes_back(serve: Serve, phones: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as callee:
        callee.settimeout(5)
        port = callee.getsockname()[1]
        running = serve(
            HEAD + 'loadmodule "tm.so"\nrequest_route { '
            f'$ru = "sip:x@127.0.0.1:{port};transport=tcp"; '
            'if ($rU == "s") forward(); else t_relay(); }',
            tcp=True,
        )
        caller, other = phones(running), phones(running)
        caller.say(request(1))
        there = Phone(callee.accept()[0])
        for number, phone in ((1, caller), (2, other), (3, caller)):
            if number > 1:
                phone.say(request(number))
            got = there.hear()  # all by the one connection
            assert b"Via: SIP/2.0/TCP 127.0.0.1:%d;branch=" % running.port in got
            there.say(answer_to(got))
            reply = phone.hear()
            assert reply.startswith(b"SIP/2.0 200 OK") and b"Call-ID: %d\r\n" % number in reply
        there.socket.close()


def test_a_stateless_reply_finds_the_connection_of_its_request(serve: Serve, phones: Call) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as callee:
        callee.bind(("127.0.0.1", 0))
        callee.settimeout(5)
        port = callee.getsockname()[1]
        running = serve(
            HEAD + f'request_route {{ $ru = "sip:x@127.0.0.1:{port}"; forward(); }}', tcp=True
        )
        caller, other = phones(running), phones(running)
        caller.say(request(1))
        data, server = callee.recvfrom(65535)
        (via,) = [r for r in data.split(b"\r\n") if b"SIP/2.0/UDP" in r]
        number = via.partition(b";i=")[2]
        rows = running.server.proxy.host.streams.rows()
        assert number[::-1] == b"%x" % rows[0].number
        callee.sendto(answer_to(data), server)
        assert caller.hear().startswith(b"SIP/2.0 200 OK")
        other.say(request(2))
        callee.recvfrom(65535)
        # A number that is not known: the Via's own address, where nobody listens.
        callee.sendto(answer_to(data.replace(number, b"fffffff")), server)
        caller.say(request(3))
        data, _ = callee.recvfrom(65535)
        callee.sendto(answer_to(data, "404 Not Found"), server)
        assert caller.hear().startswith(b"SIP/2.0 404 ")


def test_an_alias_is_where_requests_go(serve: Serve, phones: Call) -> None:
    running = serve(
        HEAD + 'request_route { if ($rU == "known") { $ru = "sip:x@127.0.0.1:5099;transport=tcp"; '
        "set_forward_no_connect(); forward(); exit; } force_tcp_alias(); "
        'sl_send_reply("200", "OK"); }',
        tcp=True,
    )
    phone, other = phones(running), phones(running)
    assert phone.ask().startswith(b"SIP/2.0 200 OK")
    other.say(request(2, "known"))
    assert phone.hear().startswith(b"OPTIONS sip:x@127.0.0.1:5099;transport=tcp SIP/2.0\r\n")


def test_no_connection_is_made_where_none_may_be(serve: Serve, phones: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as callee:
        callee.settimeout(0.3)
        port = callee.getsockname()[1]
        target = f'$ru = "sip:x@127.0.0.1:{port};transport=tcp"; '
        told = 'sl_send_reply("500", "$var(r)"); '
        running = serve(
            f'tcp_no_connect=yes\n{HEAD}loadmodule "tm.so"\nrequest_route {{ {target}'
            f'if ($rU == "t") $var(r) = t_relay(); else $var(r) = forward(); {told} }}',
            tcp=True,
        )
        phone = phones(running)
        assert phone.ask().startswith(b"SIP/2.0 500 -477\r\n")
        assert phone.ask(2, "t").startswith(b"SIP/2.0 500 -477\r\n")
        with pytest.raises(TimeoutError):
            callee.accept()


def test_a_reply_may_close_the_connection(serve: Serve, phones: Call) -> None:
    running = serve(
        HEAD + 'request_route { set_reply_close(); sl_send_reply("200", "OK"); }', tcp=True
    )
    phone = phones(running)
    assert phone.ask().startswith(b"SIP/2.0 200 OK")
    assert phone.hear() == b""


def test_a_peer_that_reads_nothing_is_closed_and_costs_bounded_memory(
    serve: Serve, phones: Call
) -> None:
    filler = "x" * 8000
    running = serve(
        f'{HEAD}loadmodule "textops.so"\nrequest_route {{ '
        f'append_to_reply("X: {filler}\\r\\n"); sl_send_reply("200", "OK"); }}',
        tcp=True,
    )
    slow, other = phones(running), phones(running)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for number in range(20_000):
            slow.say(request(number))
            assert running.server.proxy.host.streams.queued <= 1 << 20
    assert other.ask().startswith(b"SIP/2.0 200 OK")


def test_what_is_too_big_for_udp_goes_by_tcp(serve: Serve, phones: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as callee:
        callee.settimeout(5)
        port = callee.getsockname()[1]
        running = serve(
            f"udp_mtu=1000\nudp_mtu_try_proto=TCP\n{HEAD}"
            f'request_route {{ $ru = "sip:x@127.0.0.1:{port}"; forward(); }}',
            tcp=True,
        )
        running.say(request(1, body="x" * 900).replace(b"/TCP", b"/UDP"))
        there = Phone(callee.accept()[0])
        got = there.hear()
        there.socket.close()
        assert b"Via: SIP/2.0/TCP 127.0.0.1:%d;branch=" % running.port in got


def test_a_connection_that_is_reset(serve: Serve, phones: Call) -> None:
    running = serve(ANSWER, tcp=True)
    phone = phones(running)
    assert phone.ask()
    phone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    phone.socket.close()
    assert phones(running).ask()
    assert len(running.server.proxy.host.streams.rows()) == 1


def test_all_are_bound_or_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"^cannot listen on tcp:127.0.0.1:{port}: Address"):
            listen_all(
                [ListenSocket("tcp", "127.0.0.1", 0), ListenSocket("tcp", "127.0.0.1", port)]
            )


def test_listening_with_ipv6() -> None:
    listener = TcpListener(ListenSocket("tcp", "::1", 0))
    assert listener.socket.getsockname()[0] == "::1"
    listener.socket.close()
