"""What both stories need: a server as anybody would start it, its tables, its capture replayed."""

import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sipproxy.errors import RpcError
from sipproxy.net.rpc_client import NoServer, call
from sipproxy.program import load_file
from sipproxy.replay.capture import Capture, Packet
from sipproxy.replay.player import Player
from sipproxy.replay.show import show_blocked, table
from sipproxy.rpc.values import Value, members_of

EXAMPLES = Path(__file__).resolve().parents[1] / "kamailio_cfg"


class Example:
    """One cfg at work: its port, control socket, log and capture lie in a folder of its own."""

    def __init__(self, cfg: str, folder: str, defines: Mapping[str, object]) -> None:
        self.cfg = EXAMPLES / cfg
        self.port = free_port()
        self.server = ("127.0.0.1", self.port)
        self.control = f"unix:{folder}/ctl"
        self.capture = f"{folder}/traffic.pcap"
        self.log = Path(folder, "log")
        given = {"PORT": self.port, "CTL": f'"{self.control}"', **defines}
        self.defines = {name: str(value) for name, value in given.items()}

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Start `sipproxy run`, say so, and stop it with SIGTERM; its log is shown at the end."""
        print(f"1. sipproxy serves {self.cfg.name} on 127.0.0.1:{self.port}")
        process = self._start()
        try:
            self._wait_for(process)
            print(
                f"   process {process.pid} answers: {call(self.control, 'core.version', [])[0]!s}"
            )
            print()
            yield
        finally:
            code = stop(process)
        print(f"   SIGTERM: the server ended with exit code {code}; its log:")
        print("".join(f"   |{line}\n" for line in self.log.read_text().splitlines()))

    def _start(self) -> "subprocess.Popen[bytes]":
        words = [sys.executable, "-m", "sipproxy", "run", str(self.cfg)]
        for name, value in self.defines.items():
            words += ["-A", f"{name}={value}"]
        with open(self.log, "wb") as stream:
            return subprocess.Popen(words, cwd=EXAMPLES.parents[1], stderr=stream)

    def _wait_for(self, process: "subprocess.Popen[bytes]") -> None:
        """Return when the control socket answers; SystemExit when the server does not come up."""
        for _ in range(200):
            if process.poll() is not None:
                break
            try:
                call(self.control, "core.uptime", [])
                return
            except NoServer:
                time.sleep(0.05)
        raise SystemExit(f"the server did not start\n{self.log.read_text()}")

    def show_tables(self, *names: str) -> None:
        """What stands in the tables, asked over the control socket."""
        print("3. the server's tables, by RPC (htable.dump, as kamcmd would ask):")
        width = max(map(len, names))
        for name in names:
            try:
                slots = call(self.control, "htable.dump", [name])
            except RpcError as fault:
                print(f"   {name}: {fault}")
                continue
            rows = sorted(cells(slots))
            longest = max((len(key) for key, _ in rows), default=0)
            for key, value in rows:
                print(f"   {name:{width}} {key:{longest}} {value}")
        print()

    def replay(
        self, sources: Sequence[tuple[str, str, Counter[int]]], statuses: Sequence[int]
    ) -> "Replay":
        """The capture through the same cfg; `sources` are (name, address, answers live).

        Shows how often each source was answered with each of the statuses.
        """
        print("4. the capture of that traffic, through the same cfg on a virtual clock:")
        program = load_file(str(self.cfg), defines=self.defines)
        packets = list(Capture(self.capture))
        player = Player(program, [self.server], packets[0].time)
        player.play(packets)
        rows, same = [], True
        for name, address, live in sources:
            seen = player.sources[address]
            agrees = seen.answers == live
            same = same and agrees
            blocked = show_blocked(seen.first_blocked).replace(str(self.cfg), self.cfg.name)
            counts = (str(seen.answers[status]) for status in statuses)
            rows.append((name, *counts, "as live" if agrees else "DIFFERS", blocked))
        print_table(("source", *map(str, statuses), "verdicts", "first blocked"), rows)
        return Replay(player, packets[-1], same)


class Replay:
    """A capture that was played; it may be played on."""

    def __init__(self, player: Player, last: Packet, same: bool) -> None:
        self.player = player
        self.last = last
        self.same = same
        """Whether every source heard what it heard live."""


def stop(process: "subprocess.Popen[bytes]") -> int:
    """SIGTERM, and what the server exits with."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def free_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cells(slots: Sequence[Value]) -> Iterator[tuple[str, str]]:
    """(name, value) of each cell in an answer to htable.dump."""
    for slot in slots:
        for _, items in filter(lambda m: m[0] == "slot", members_of(slot) or ()):
            for _, item in members_of(items) or ():
                cell = dict(members_of(item) or ())
                yield str(cell["name"]), str(cell["value"])


def print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table, indented."""
    for line in table(head, rows):
        print(f"   {line}")
