"""UDP sockets: batches, failures, and that all are bound or none."""

import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from sipproxy.core.flow import Flow, Outgoing
from sipproxy.core.sockets import ListenSocket
from sipproxy.net.addresses import StartError
from sipproxy.net.udp import BATCH, UdpSocket, UdpTransport, bind_all
from tests.ports import free_port


class Rig:
    """A transport on one socket, what it hands over, and a peer to talk to it."""

    def __init__(self, address: str) -> None:
        where = ListenSocket("udp", address, free_port(address))
        self.taken: list[tuple[bytes, Flow, float]] = []
        self.failed: list[tuple[Outgoing, str]] = []
        self.broken: list[Exception] = []
        self.counters: Counter[str] = Counter()
        self.one = UdpSocket(where)
        self.transport = UdpTransport(
            [self.one],
            self.receive,
            lambda row, reason: self.failed.append((row, reason)),
            self.broken.append,
            self.counters,
        )
        self.peer = socket.socket(self.one.socket.family, socket.SOCK_DGRAM)
        self.peer.bind((address, 0))
        self.peer.settimeout(5)

    def receive(self, data: bytes, flow: Flow, now: float) -> None:
        if data == b"fail":
            raise ValueError("this one fails")
        self.taken.append((data, flow, now))

    @property
    def peer_address(self) -> tuple[str, int]:
        host, port = self.peer.getsockname()[:2]
        return host, port

    def say(self, data: bytes) -> None:
        self.peer.sendto(data, self.one.local)


@pytest.fixture(params=["127.0.0.1", "::1"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    made = Rig(request.param)
    yield made
    made.transport.close()
    made.peer.close()


def test_a_batch_runs_at_one_instant_and_its_answers_go_out_together(rig: Rig) -> None:
    for number in range(BATCH + 3):
        rig.say(b"%d" % number)
    assert rig.transport.take(rig.one, 7.5) == BATCH
    assert rig.transport.take(rig.one, 8.5) == 3
    assert rig.transport.take(rig.one, 9.5) == 0
    assert [data for data, _, _ in rig.taken] == [b"%d" % n for n in range(BATCH + 3)]
    flow = Flow("udp", rig.one.local, rig.peer_address)
    assert {flow for _, flow, _ in rig.taken} == {flow}
    assert [now for _, _, now in rig.taken] == [7.5] * BATCH + [8.5] * 3
    outbox = [(b"a", flow), (b"b", flow)]
    rig.transport.send(outbox)
    assert outbox == []
    assert [rig.peer.recv(10), rig.peer.recv(10)] == [b"a", b"b"]


def test_a_message_that_fails_takes_no_other_with_it(rig: Rig) -> None:
    for data in (b"one", b"fail", b"two"):
        rig.say(data)
    assert rig.transport.take(rig.one, 1.0) == 3
    assert [data for data, _, _ in rig.taken] == [b"one", b"two"]
    assert [str(error) for error in rig.broken] == ["this one fails"]


def test_rows_that_cannot_be_sent_are_told_and_the_others_go(rig: Rig) -> None:
    good = Flow("udp", rig.one.local, rig.peer_address)
    rows: list[Outgoing] = [
        (b"x", Flow("udp", ("192.0.2.9", 1), rig.peer_address)),
        (b"y" * 70000, good),
        (b"z", Flow("udp", rig.one.local, (rig.one.local[0], 99999))),
        (b"last", good),
    ]
    rig.transport.send(list(rows))
    assert [row for row, _ in rig.failed] == rows[:3]
    assert [reason for _, reason in rig.failed][:2] == [
        "no socket at 192.0.2.9:1",
        "Message too long",
    ]
    assert rig.peer.recv(10) == b"last"


def test_an_icmp_error_is_counted(rig: Rig) -> None:
    rig.one.socket.connect((rig.one.local[0], free_port(rig.one.local[0])))
    rig.one.socket.send(b"nobody there")
    assert rig.transport.take(rig.one, 1.0) == 0
    assert rig.counters["core.icmp_errors"] == 1


def test_all_or_none() -> None:
    first = ListenSocket("udp", "127.0.0.1", free_port())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        second = ListenSocket("udp", *taken.getsockname())
        with pytest.raises(StartError, match=rf"udp:127\.0\.0\.1:{second.port}: Address already"):
            bind_all([first, second])
    both = bind_all([first, second])
    assert [one.local for one in both] == [first.local, second.local]
    for one in both:
        one.close()


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_an_address_that_is_not_ours(address: str) -> None:
    with pytest.raises(StartError, match="Cannot assign requested address"):
        UdpSocket(ListenSocket("udp", address, 0))


def test_under_overload_a_flood_does_not_push_out_the_others(rig: Rig) -> None:
    """The kernel's queue is read to its end, the phone's one datagram comes second."""
    for _ in range(2000):
        rig.say(b"noise" * 100)
    phone = socket.socket(rig.one.socket.family, socket.SOCK_DGRAM)
    phone.bind((rig.one.local[0], 0))
    phone.sendto(b"OPTIONS", rig.one.local)
    assert rig.one.held() > 512 << 10
    assert rig.transport.take(rig.one, 1.0) == BATCH
    assert (rig.taken, rig.one.held()) == ([], 0)
    rig.transport.serve(2.0)
    assert len(rig.taken) == BATCH
    assert [data for data, _, _ in rig.taken].index(b"OPTIONS") == 1
    while rig.transport.waiting:
        rig.transport.serve(3.0)
    assert len(rig.taken) == 2001
    assert rig.counters["core.overload_drops"] == 0
    rig.say(b"calm again")
    rig.transport.take(rig.one, 4.0)
    assert rig.taken[-1][0] == b"calm again"
    phone.close()


def test_what_finds_no_room_under_overload_is_counted(rig: Rig) -> None:
    for _ in range(6):
        for _ in range(2000):
            rig.say(b"noise" * 100)
        rig.transport.take(rig.one, 1.0)
    waiting = 0
    while rig.transport.waiting:
        rig.transport.serve(2.0)
        waiting = len(rig.taken)
    assert rig.counters["core.overload_drops"] == 12000 - waiting > 0
