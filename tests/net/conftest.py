"""A server in this process, on loopback, in a thread of its own."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sipproxy.net.dns import NameServer
from sipproxy.net.options import Options
from sipproxy.net.server import Server
from sipproxy.program import load_text
from tests.ports import free_port

NameServers = tuple[NameServer, ...]


class Running:
    """A served cfg: its port, its run directory, and a phone to talk to it."""

    def __init__(
        self, cfg: str, folder: Path, *, tcp: bool = False, name_servers: NameServers = ()
    ) -> None:
        self.port = free_port()
        self.folder = folder
        text = f"listen=udp:127.0.0.1:{self.port}\n"
        if tcp:
            text += f"listen=tcp:127.0.0.1:{self.port}\n"
        options = Options(run_dir=str(folder), name_servers=name_servers)
        self.server = Server(load_text(text + cfg, file="t.cfg"), options)
        ready = threading.Event()
        # Signal handlers belong to the main thread: the loop runs without them here.
        self.thread = threading.Thread(
            target=self.server.run, args=(ready.set,), kwargs={"signals": False}
        )
        self.thread.start()
        assert ready.wait(10)
        self.phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.phone.bind(("127.0.0.1", 0))
        self.phone.settimeout(5)

    def say(self, data: bytes) -> None:
        """Send a datagram to the server."""
        self.phone.sendto(data, ("127.0.0.1", self.port))

    def ask(self, method: str = "OPTIONS", number: int = 1) -> bytes:
        """Send a request and wait for what comes back."""
        host, port = self.phone.getsockname()
        text = (
            f"{method} sip:bob@127.0.0.1 SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{number}\r\n"
            "From: <sip:a@example.org>;tag=a\r\nTo: <sip:b@example.org>\r\n"
            f"Call-ID: {number}\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
        )
        self.say(text.encode())
        return self.phone.recv(65535)

    def stop(self) -> None:
        """End the server from outside its thread."""
        if self.thread.is_alive():
            self.server.stop_soon()
            self.thread.join(10)
        self.phone.close()
        assert not self.thread.is_alive()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Serve a cfg; all are stopped after the test."""
    running: list[Running] = []

    def start(cfg: str, *, tcp: bool = False, name_servers: NameServers = ()) -> Running:
        running.append(Running(cfg, tmp_path, tcp=tcp, name_servers=name_servers))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture
def port() -> int:
    """A port that nobody has, for UDP."""
    return free_port()
