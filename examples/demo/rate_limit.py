"""A few phones and one flooder against rate_limit.cfg: live over UDP, then from a capture."""

import selectors
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from examples.demo.stage import Example, Replay, print_table
from sipproxy.replay.capture import Datagram, Packet
from sipproxy.replay.pcap import PcapWriter

LIMIT = 20
WINDOW = 10
"""Seconds of a window of the cfg; the traffic waits until it fits into one."""
FLOOD = 120
SECONDS = 3.0
"""How long the phones' traffic lasts; the flood comes in its middle."""


@dataclass
class Caller:
    """One source of traffic: its address, when it sends (seconds), what came back."""

    name: str
    address: str
    user: str
    times: Sequence[float]
    answers: Counter[int] = field(default_factory=Counter)
    first_refused: int = 0
    """The number of its request that was refused first, 0 for none."""
    link: socket.socket = field(init=False)
    local: tuple[str, int] = field(init=False)

    def open(self, server: tuple[str, int]) -> None:
        """Take a port of its address."""
        self.link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.link.bind((self.address, 0))
        self.link.connect(server)
        self.link.setblocking(False)
        self.local = self.link.getsockname()

    def request(self, number: int) -> bytes:
        """Its n-th request: a REGISTER first, then OPTIONS."""
        host, port = self.local
        method = "REGISTER" if number == 1 else "OPTIONS"
        contact = f"Contact: <sip:{self.user}@{host}:{port}>\r\n" if method == "REGISTER" else ""
        return (
            f"{method} sip:example.org SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK-{self.user}-{number};rport\r\n"
            "Max-Forwards: 70\r\n"
            f"From: <sip:{self.user}@example.org>;tag={self.user}\r\n"
            f"To: <sip:{self.user}@example.org>\r\n"
            f"Call-ID: {self.user}-{number}@{host}\r\n"
            f"CSeq: {number} {method}\r\n{contact}"
            "Content-Length: 0\r\n\r\n"
        ).encode()


def callers() -> list[Caller]:
    """Three phones that ask now and then, and one that floods for a second."""
    phones = [
        ("kitchen phone", "127.0.0.11", "kitchen", 5),
        ("office phone", "127.0.0.12", "office", 8),
    ]
    phones.append(("door phone", "127.0.0.13", "door", 3))
    all_of_them = [
        Caller(name, address, user, [SECONDS * n / count for n in range(count)])
        for name, address, user, count in phones
    ]
    flood = [1.0 + n / FLOOD for n in range(FLOOD)]
    return [*all_of_them, Caller("flooder", "127.0.0.66", "scanner", flood)]


def main() -> int:
    """Run the whole story; the exit code."""
    sources = callers()
    with tempfile.TemporaryDirectory(prefix="sipproxy-demo-") as folder:
        example = Example("rate_limit.cfg", folder, {"LIMIT": LIMIT, "WINDOW": WINDOW})
        with example.serving():
            traffic(sources, example)
            show_live(sources)
            example.show_tables("requests", "banned")
        heard = [(caller.name, caller.address, caller.answers) for caller in sources]
        replay = example.replay(heard, (200, 429))
        show_later(sources[-1], replay, example.server)
        print(f"   live and replay {'agree' if replay.same else 'DO NOT AGREE'}")
        return 0 if replay.same else 1


def schedule(sources: list[Caller]) -> Iterator[tuple[float, int, Caller]]:
    """(seconds from the start, number of its request, caller) in the order of time."""
    rows = [(at, n, c) for c in sources for n, at in enumerate(c.times, 1)]
    yield from sorted(rows, key=lambda row: row[0])


def traffic(sources: list[Caller], example: Example) -> None:
    """Send everything at its time, collect the answers, write both into the capture."""
    server = example.server
    total = sum(len(c.times) for c in sources)
    print(f"2. {total} requests from {len(sources)} addresses, {SECONDS:.0f} seconds ...")
    waiting = selectors.DefaultSelector()
    for caller in sources:
        caller.open(server)
        waiting.register(caller.link, selectors.EVENT_READ, caller)
    left = WINDOW - time.time() % WINDOW  # noqa: TID251  the windows of the cfg are of real time
    time.sleep(left if left < SECONDS + 1 else 0)
    with PcapWriter(example.capture) as writer:
        began = time.time()  # noqa: TID251  the capture carries real time
        for at, number, caller in schedule(sources):
            collect(waiting, writer, server, until=began + at)
            data = caller.request(number)
            writer.add(time.time(), caller.local, server, data)  # noqa: TID251
            caller.link.send(data)
        collect(waiting, writer, server, until=time.time() + 0.5)  # noqa: TID251
    waiting.close()
    for caller in sources:
        caller.link.close()


def collect(
    waiting: selectors.BaseSelector, writer: PcapWriter, server: tuple[str, int], until: float
) -> None:
    """Take answers until that time."""
    while (left := until - time.time()) > 0:  # noqa: TID251
        for key, _ in waiting.select(left):
            caller: Caller = key.data
            data = caller.link.recv(65535)
            writer.add(time.time(), server, caller.local, data)  # noqa: TID251
            status = int(data[8:11])
            caller.answers[status] += 1
            if status >= 400 and not caller.first_refused:
                cseq = data.partition(b"CSeq: ")[2].split(maxsplit=1)[0]
                caller.first_refused = int(cseq)


def show_live(sources: list[Caller]) -> None:
    """What each source saw."""
    rows = [
        (
            caller.name,
            caller.address,
            str(len(caller.times)),
            str(caller.answers[200]),
            str(caller.answers[429]),
            f"its request {caller.first_refused}" if caller.first_refused else "-",
        )
        for caller in sources
    ]
    print_table(("source", "address", "sent", "200", "429", "first refused"), rows)
    print(f"   the cfg allows {LIMIT} requests of one source in a window of {WINDOW} s\n")


def show_later(caller: Caller, replay: Replay, server: tuple[str, int]) -> None:
    """The virtual clock need not wait for the end of the ban."""
    player, last = replay.player, replay.last
    before = player.sources[caller.address].answers.copy()
    data = Datagram(caller.local, server, caller.request(len(caller.times) + 1))
    player.feed(Packet(last.number + 1, last.time + 31, data))
    (status,) = player.sources[caller.address].answers - before
    print(f"   31 virtual seconds later the flooder asks once more and gets {status}")
