"""A few phones and one flooder against rate_limit.cfg: live over UDP, then from a capture.

    python examples/demo.py        (make run)

Starts the proxy on loopback, sends it real traffic from several 127.0.0.x addresses, shows what
happened to each and what stands in its tables, then replays the capture of that traffic through
the same cfg and compares. It ends by itself within 20 seconds; the exit code is 1 when live and
replay differ.
"""

import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sipproxy.errors import RpcError
from sipproxy.net.rpc_client import NoServer, call
from sipproxy.program import load_file
from sipproxy.replay.packets import Datagram
from sipproxy.replay.pcap import Capture, Packet, PcapWriter
from sipproxy.replay.player import Player
from sipproxy.replay.report import show_blocked, table
from sipproxy.rpc.values import Value, members_of

CFG = Path(__file__).resolve().parent / "kamailio_cfg" / "rate_limit.cfg"
LIMIT = 20
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
    """Run the whole show; the exit code."""
    sources = callers()
    with tempfile.TemporaryDirectory(prefix="sipproxy-demo-") as folder:
        port, control = free_port(), f"unix:{folder}/ctl"
        capture = f"{folder}/traffic.pcap"
        defines = [f"PORT={port}", f"LIMIT={LIMIT}", f'CTL="{control}"']
        print(f"1. sipproxy serves {CFG.name} on 127.0.0.1:{port}")
        log = Path(folder, "log")
        server = start(defines, log)
        try:
            wait_for(server, control, log)
            print(f"   process {server.pid} answers: {call(control, 'core.version', [])[0]!s}\n")
            traffic(sources, port, capture)
            show_live(sources)
            show_tables(control)
        finally:
            code = stop(server)
        print(f"   SIGTERM: the server ended with exit code {code}; its log:")
        print("".join(f"   |{line}\n" for line in log.read_text().splitlines()))
        return show_replay(sources, port, capture, defines)


def start(defines: list[str], log: Path) -> "subprocess.Popen[bytes]":
    """The server as anybody would start it, its log in a file."""
    words = [sys.executable, "-m", "sipproxy", "run", str(CFG)]
    for define in defines:
        words += ["-A", define]
    with open(log, "wb") as stream:
        return subprocess.Popen(words, cwd=CFG.parents[2], stderr=stream)


def wait_for(server: "subprocess.Popen[bytes]", control: str, log: Path) -> None:
    """Return when the control socket answers; SystemExit when the server does not come up."""
    for _ in range(200):
        if server.poll() is not None:
            break
        try:
            call(control, "core.uptime", [])
            return
        except NoServer:
            time.sleep(0.05)
    raise SystemExit(f"the server did not start\n{log.read_text()}")


def stop(server: "subprocess.Popen[bytes]") -> int:
    """SIGTERM, and what the server exits with."""
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)
    try:
        return server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


def free_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def schedule(sources: list[Caller]) -> Iterator[tuple[float, int, Caller]]:
    """(seconds from the start, number of its request, caller) in the order of time."""
    rows = [(at, n, c) for c in sources for n, at in enumerate(c.times, 1)]
    yield from sorted(rows, key=lambda row: row[0])


def traffic(sources: list[Caller], port: int, capture: str) -> None:
    """Send everything at its time, collect the answers, write both into the capture."""
    server = ("127.0.0.1", port)
    total = sum(len(c.times) for c in sources)
    print(f"2. {total} requests from {len(sources)} addresses, {SECONDS:.0f} seconds ...")
    waiting = selectors.DefaultSelector()
    for caller in sources:
        caller.open(server)
        waiting.register(caller.link, selectors.EVENT_READ, caller)
    with PcapWriter(capture) as writer:
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
    print(f"   the cfg allows {LIMIT} requests of one source in a window of 5 s\n")


def show_tables(control: str) -> None:
    """What stands in the tables, asked over the control socket."""
    print("3. the server's tables, by RPC (htable.dump, as kamcmd would ask):")
    for name in ("requests", "banned"):
        try:
            slots = call(control, "htable.dump", [name])
        except RpcError as fault:
            print(f"   {name}: {fault}")
            continue
        for key, value in sorted(cells(slots)):
            print(f"   {name:9} {key:12} {value}")
    print()


def cells(slots: Sequence[Value]) -> Iterator[tuple[str, str]]:
    """(name, value) of each cell in an answer to htable.dump."""
    for slot in slots:
        for _, items in filter(lambda m: m[0] == "slot", members_of(slot) or ()):
            for _, item in members_of(items) or ():
                cell = dict(members_of(item) or ())
                yield str(cell["name"]), str(cell["value"])


def show_replay(sources: list[Caller], port: int, path: str, defines: list[str]) -> int:
    """Play the capture through the same cfg; 0 when it shows what the live server did."""
    print("4. the capture of that traffic, through the same cfg on a virtual clock:")
    given = (text.partition("=") for text in defines)
    program = load_file(str(CFG), defines={name: value for name, _, value in given})
    server = ("127.0.0.1", port)
    packets = list(Capture(path))
    player = Player(program, [server], packets[0].time)
    player.play(packets)
    rows, same = [], True
    for caller in sources:
        seen = player.sources[caller.address]
        agrees = seen.answers == caller.answers
        same = same and agrees
        blocked = show_blocked(seen.first_blocked).replace(str(CFG), CFG.name)
        counts = str(seen.answers[200]), str(seen.answers[429])
        rows.append((caller.name, *counts, "as live" if agrees else "DIFFERS", blocked))
    print_table(("source", "200", "429", "verdicts", "first blocked"), rows)
    show_later(sources[-1], player, server, packets[-1])
    print(f"   live and replay {'agree' if same else 'DO NOT AGREE'}")
    return 0 if same else 1


def show_later(caller: Caller, player: Player, server: tuple[str, int], last: Packet) -> None:
    """The virtual clock need not wait for the end of the ban."""
    before = player.sources[caller.address].answers.copy()
    data = Datagram(caller.local, server, caller.request(len(caller.times) + 1))
    player.feed(Packet(last.number + 1, last.time + 31, data))
    (status,) = player.sources[caller.address].answers - before
    print(f"   31 virtual seconds later the flooder asks once more and gets {status}")


def print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table, indented."""
    for line in table(head, rows):
        print(f"   {line}")


if __name__ == "__main__":
    os.chdir(CFG.parents[2])
    sys.exit(main())
