"""Phones of SIPp around the stock kamailio.cfg, served by sipproxy or by Kamailio."""

import csv
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sipproxy.net.rpc_client import call

SCENARIOS = Path(__file__).parent / "scenarios"
STOCK = Path("/etc/kamailio/kamailio.cfg")
"""Where Debian's package kamailio puts its cfg."""

SERVERS = {
    "sipproxy": (sys.executable, "-m", "sipproxy", "-DD", "-E"),
    "kamailio": ("kamailio", "-DD", "-E", "-m", "64", "-M", "8"),
}
FEATURES = ("ANTIFLOOD", "BLOCK3XX", "BLOCK401407", "VOICEMAIL", "PSTN")

Event = tuple[str, str, str]
"""`S` or `R`, CSeq, and the method or status of a message that a phone sent or received."""


@dataclass
class Phone:
    """A SIPp that plays one scenario for some calls."""

    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path

    def done(self) -> list[Event]:
        """Wait for the end of its calls, which must be right; what it sent and received."""
        code = self.process.wait(40)
        errors = self.folder / "errors"
        told = errors.read_text(errors="replace") if errors.exists() else ""
        assert code == 0, (self.folder / "screen").read_text(errors="replace")[-3000:] + told
        return self.events()

    def events(self) -> list[Event]:
        """What it sent and received so far."""
        with open(self.folder / "short", encoding="utf-8", errors="replace") as file:
            rows = [row for row in csv.reader(file, delimiter="\t") if len(row) > 4]
        return [(row[-4], row[-2].removeprefix("CSeq:").strip(), row[-1].strip()) for row in rows]


@dataclass
class Stage:
    """One server with phones around it."""

    server: str
    port: int
    folder: Path
    phones: list[Phone] = field(default_factory=list)

    def rpc(self, method: str, *arguments: str | int) -> list[object]:
        """Ask the server by its control socket."""
        return call(f"unix:{self.control}", method, list(arguments))

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.folder / f"{self.server}_ctl"

    def log(self) -> str:
        """What the server wrote to its log."""
        return (self.folder / "log").read_text(errors="replace")

    def play(
        self, scenario: str, port: int = 0, *, calls: int = 1, rate: int = 1, **keys: str | int
    ) -> Phone:
        """Start a phone; `keys` are the scenario's words in brackets."""
        port = port or free_port()
        folder = self.folder / f"{scenario}-{port}-{len(self.phones)}"
        folder.mkdir()
        words = ["sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), f"127.0.0.1:{self.port}"]
        words += ["-i", "127.0.0.1", "-p", str(port), "-m", str(calls), "-r", str(rate)]
        words += ["-nostdin", "-timeout", "30", "-timeout_error", "-trace_err", "-trace_shortmsg"]
        words += [
            "-error_file",
            str(folder / "errors"),
            "-shortmessage_file",
            str(folder / "short"),
        ]
        for key, value in keys.items():
            words += ["-key", key, str(value)]
        with open(folder / "screen", "wb") as screen:
            process = subprocess.Popen(words, stdout=screen, stderr=screen, cwd=folder)
        phone = Phone(process, port, folder)
        self.phones.append(phone)
        return phone

    def register(self, user: str, *ports: int) -> None:
        """Let a user be reached at these ports."""
        for port in ports:
            self.play("register", user=user, contact=port, expires=600).done()

    def answer(self, scenario: str, user: str = "", **keys: str | int) -> Phone:
        """Start a phone that waits for a call, and register its user if one is given."""
        phone = self.play(scenario, **keys)
        if user:
            self.register(user, phone.port)
        wait_for(lambda: is_bound(phone.port))
        return phone

    def clear(self) -> None:
        """End all phones."""
        for phone in self.phones:
            if phone.process.poll() is None:
                phone.process.kill()
            phone.process.wait(10)
        self.phones.clear()


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stage]]:
    """`stages("kamailio")`: the stock cfg as that program serves it, started once."""
    if not STOCK.exists():
        pytest.skip("Debian's kamailio.cfg is not installed")
    if not shutil.which("sipp"):
        pytest.skip("sipp is not installed")
    running: dict[str, tuple[Stage, subprocess.Popen[bytes]]] = {}

    def get(server: str) -> Stage:
        if server not in running:
            if server == "kamailio" and not shutil.which("kamailio"):
                pytest.skip("kamailio is not installed")
            running[server] = start(server, tmp_path_factory.mktemp(server))
            stage, process = running[server]
            wait_for(lambda: stage.control.exists() or process.poll() is not None)
            assert process.poll() is None, stage.log()
        return running[server][0]

    yield get
    for _, process in running.values():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


@pytest.fixture(params=["sipproxy", pytest.param("kamailio", marks=pytest.mark.peer)])
def stage(stages: Callable[[str], Stage], request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The stock cfg with all that needs no database; its phones end with the test."""
    found = stages(request.param)
    yield found
    found.clear()


def start(server: str, folder: Path) -> tuple[Stage, "subprocess.Popen[bytes]"]:
    """Serve the stock cfg, with its control socket and log in the folder."""
    port = free_port()
    words = [*SERVERS[server], "-f", str(STOCK), "-Y", str(folder), "-l", f"udp:127.0.0.1:{port}"]
    for feature in FEATURES:
        words += ["-A", f"WITH_{feature}"]
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
    return Stage(server, port, folder), process


def wait_for(true: Callable[[], bool]) -> None:
    """Wait until it is true, ten seconds at most."""
    for _ in range(400):
        if true():
            return
        time.sleep(0.025)
    raise AssertionError("it did not come true")


def is_bound(port: int) -> bool:
    """Whether somebody has a UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False


def free_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
