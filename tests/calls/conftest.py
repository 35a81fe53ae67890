"""Phones of SIPp around the stock kamailio.cfg, served by sipproxy or by Kamailio."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sipproxy.net.rpc_client import call
from tests.ports import free_port

SCENARIOS = Path(__file__).parent / "scenarios"
STOCK = Path("/etc/kamailio/kamailio.cfg")
"""Where Debian's package kamailio puts its cfg."""

SERVERS = {
    "sipproxy": (sys.executable, "-m", "sipproxy", "-DD", "-E"),
    "kamailio": ("kamailio", "-DD", "-E", "-m", "64", "-M", "8"),
}
ALL = tuple(
    word
    for feature in ("ANTIFLOOD", "BLOCK3XX", "BLOCK401407", "VOICEMAIL", "PSTN")
    for word in ("-A", f"WITH_{feature}")
)
"""Options for all that needs no database."""

Event = tuple[bool, str]
"""Whether a phone received a message, and the message."""

_TRACED = re.compile(r"UDP message (sent|received) .*\n\n")
_BETWEEN = re.compile(r"^-{40,} .*\n", re.MULTILINE)
_OWN = (
    (re.compile(r"z9hG4bK[^;\s]*"), "BRANCH"),
    (re.compile(r";tag=[^;\s>]*"), ";tag=TAG"),
    (re.compile(r"\d+-\d+@127"), "CALL@127"),
    (re.compile(r"^(Server|User-Agent): .*\n", re.MULTILINE), ""),
    (re.compile(r"expires=\d+"), "expires=N"),
)
"""What differs from run to run."""


@dataclass
class Phone:
    """A SIPp that plays one scenario for some calls."""

    process: "subprocess.Popen[bytes]"
    port: int
    folder: Path

    def done(self) -> None:
        """Wait for the end of its calls, which must be right."""
        code = self.process.wait(60)
        errors = self.folder / "errors"
        told = errors.read_text(errors="replace") if errors.exists() else ""
        assert code == 0, (self.folder / "screen").read_text(errors="replace")[-3000:] + told

    def events(self) -> list[Event]:
        """What it sent and received so far."""
        text = (self.folder / "messages").read_text(errors="replace").replace("\r\n", "\n")
        events = []
        for block in _BETWEEN.split(text):
            head = _TRACED.match(block)
            if head is not None:
                events.append((head[1] == "received", block[head.end() :].strip()))
        return events

    def received(self) -> list[str]:
        """First lines of what it received, requests by their method."""
        lines = [message.partition("\n")[0] for received, message in self.events() if received]
        return [line if line.startswith("SIP/") else line.partition(" ")[0] for line in lines]


@dataclass
class Stage:
    """One server with phones around it."""

    server: str
    port: int
    folder: Path
    pid: int
    phones: list[Phone] = field(default_factory=list)
    played: int = 0

    def rpc(self, method: str, *arguments: str | int) -> Sequence[object]:
        """Ask the server by its control socket."""
        return call(f"unix:{self.control}", method, list(arguments))

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.folder / f"{self.server}_ctl"

    def seen(self) -> list[list[str]]:
        """What each phone received, without what differs from run to run."""
        ports = {str(self.port): "PROXY"}
        ports |= {str(phone.port): f"PHONE{at}" for at, phone in enumerate(self.phones)}
        return [
            [_settled(message, ports) for received, message in phone.events() if received]
            for phone in self.phones
        ]

    def log(self) -> str:
        """What the server wrote to its log."""
        return (self.folder / "log").read_text(errors="replace")

    def play(self, scenario: str, *options: str, **keys: str | int) -> Phone:
        """Start a phone for one call; `keys` are the scenario's words in brackets."""
        port = free_port()
        self.played += 1
        folder = self.folder / f"{self.played}-{scenario}"
        folder.mkdir()
        words = ["sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), f"127.0.0.1:{self.port}"]
        words += ["-i", "127.0.0.1", "-p", str(port), "-nostdin", "-timeout_error", "-trace_err"]
        words += ["-error_file", str(folder / "errors")]
        if "-m" not in options:
            words += ["-m", "1", "-timeout", "15", "-trace_msg"]
            words += ["-message_file", str(folder / "messages")]
        words += options
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
            self.play("register", user=user, contact=port, expires=3600).done()

    def answer(self, scenario: str, user: str = "", *options: str) -> Phone:
        """Start a phone that waits for a call, and register its user if one is given."""
        phone = self.play(scenario, *options)
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


def _settled(message: str, ports: dict[str, str]) -> str:
    for pattern, name in _OWN:
        message = pattern.sub(name, message)
    return re.sub(r"(?<=[:=])\d{4,5}\b", lambda found: ports.get(found[0], found[0]), message)


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
            running[server] = start(server, tmp_path_factory.mktemp(server))
        stage, process = running[server]
        wait_for(lambda: stage.control.exists() or process.poll() is not None)
        assert process.poll() is None, stage.log()
        return stage

    yield get
    for _, process in running.values():
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


@pytest.fixture
def stock() -> str:
    """Path of the stock cfg."""
    if not STOCK.exists():
        pytest.skip("Debian's kamailio.cfg is not installed")
    return str(STOCK)


@pytest.fixture
def stage(stages: Callable[[str], Stage]) -> Iterator[Stage]:
    """The stock cfg with all that needs no database, as sipproxy serves it."""
    found = stages("sipproxy")
    yield found
    found.clear()


@pytest.fixture
def same(stages: Callable[[str], Stage]) -> Iterator[Callable[[Callable[[Stage], None]], None]]:
    """`same(story)` plays a story with sipproxy and, if it is here, with Kamailio: each phone is
    to receive the same messages from both.
    """
    used = []

    def play(story: Callable[[Stage], None]) -> None:
        seen = []
        for server in SERVERS if shutil.which("kamailio") else ("sipproxy",):
            stage = stages(server)
            used.append(stage)
            story(stage)
            seen.append(stage.seen())
        assert seen[0] == seen[-1]

    yield play
    for stage in used:
        stage.clear()


@pytest.fixture
def free() -> Callable[[], int]:
    """`free()` is a UDP port that nobody has."""
    return free_port


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], bool]], None]:
    """`until(lambda: ...)` waits until it is true, ten seconds at most."""
    return wait_for


@pytest.fixture
def serve(tmp_path: Path, stock: str) -> Callable[..., AbstractContextManager[Stage]]:
    """`with serve("kamailio", *options) as stage:` that program, until the end of the block."""
    count = 0

    @contextmanager
    def served(server: str, *options: str) -> Iterator[Stage]:
        nonlocal count
        count += 1
        folder = tmp_path / f"{count}-{server}"
        folder.mkdir()
        stage, process = start(server, folder, options)
        try:
            wait_for(lambda: stage.control.exists() or process.poll() is not None)
            assert process.poll() is None, stage.log()
            yield stage
        finally:
            stage.clear()
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)

    return served


def start(
    server: str, folder: Path, options: Sequence[str] = ALL
) -> tuple[Stage, "subprocess.Popen[bytes]"]:
    """Serve the stock cfg, with its control socket and log in the folder."""
    port = free_port()
    words = [*SERVERS[server], "-f", str(STOCK), "-Y", str(folder), "-l", f"udp:127.0.0.1:{port}"]
    words += options
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)
    return Stage(server, port, folder, process.pid), process


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
