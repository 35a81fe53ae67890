"""The rate-limit example: the same verdicts live, in Kamailio, and in the demonstration."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from sipproxy.program import load_file
from sipproxy.testing import ProxyUnderTest, request
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
CFG = ROOT / "examples" / "kamailio_cfg" / "rate_limit.cfg"
LIMIT = 6
WINDOW = 100_000_000
"""Seconds; none ends during the test."""

SIPPROXY = (sys.executable, "-m", "sipproxy", "-f", str(CFG), "-DD", "-E")
KAMAILIO = ("kamailio", "-f", str(CFG), "-DD", "-E", "-m", "64", "-M", "8")


@contextmanager
def serving(words: Sequence[str], port: int, folder: Path) -> Iterator[None]:
    """The example at work in one server."""
    defines = (
        "-A",
        f"PORT={port}",
        "-A",
        f"LIMIT={LIMIT}",
        "-A",
        f"WINDOW={WINDOW}",
        "-A",
        f'CTL="unix:{folder}/ctl"',
    )
    server = subprocess.Popen(
        [*words, "-Y", str(folder), *defines],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(200):
            if (folder / "ctl").exists() and server.poll() is None:
                break
            time.sleep(0.05)
        yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(10)


def ask(phone: socket.socket, method: str, number: int, hops: int = 70) -> str:
    """The answer to one request: its status line, Allow and Retry-After; empty for none."""
    host, port = phone.getsockname()
    phone.send(
        (
            f"{method} sip:example.org SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{number};rport\r\n"
            f"Max-Forwards: {hops}\r\nFrom: <sip:a@example.org>;tag=a\r\n"
            f"To: <sip:a@example.org>\r\nCall-ID: {number}@{host}\r\nCSeq: 1 {method}\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
    )
    try:
        lines = phone.recv(65535).decode().split("\r\n")
    except TimeoutError:
        return ""
    return " | ".join([lines[0], *(x for x in lines if x.startswith(("Allow", "Retry-After")))])


def verdicts(words: Sequence[str], folder: Path) -> list[str]:
    """What a phone and a flooder hear."""
    port = free_port()
    heard = []
    with serving(words, port, folder):
        for source, requests in (
            ("127.0.0.1", [("REGISTER", 70), ("MESSAGE", 70), ("OPTIONS", 0), ("ACK", 70)]),
            ("127.0.0.3", [("OPTIONS", 70)] * (LIMIT + 3)),
            ("127.0.0.1", [("OPTIONS", 70)]),
        ):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
                phone.bind((source, 0))
                phone.connect(("127.0.0.1", port))
                for number, (method, hops) in enumerate(requests):
                    phone.settimeout(0.3 if method == "ACK" else 5)
                    heard.append(ask(phone, method, number, hops))
    return heard


EXPECTED = [
    "SIP/2.0 200 OK",
    "SIP/2.0 405 Method Not Allowed | Allow: OPTIONS, REGISTER",
    "SIP/2.0 483 Too Many Hops",
    "",
    *["SIP/2.0 200 OK"] * LIMIT,
    *["SIP/2.0 429 Too Many Requests | Retry-After: 30"] * 3,
    "SIP/2.0 200 OK",
]


def test_the_example_here(tmp_path: Path) -> None:
    assert verdicts(SIPPROXY, tmp_path) == EXPECTED


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("kamailio"), reason="kamailio is not installed")
def test_the_example_in_kamailio(tmp_path: Path) -> None:
    assert verdicts(KAMAILIO, tmp_path) == EXPECTED


def test_no_moment_between_two_windows_is_without_a_limit() -> None:
    """A window is over at a full second, the table is cleared half a second later."""
    proxy = ProxyUnderTest(load_file(str(CFG)), start=1_000_000_000.5)
    source = "198.51.100.9:5060"
    assert proxy.feed(request(source=source)).statuses == [200]
    proxy.advance(5.6)
    answers = [proxy.feed(request(source=source, number=n)).statuses for n in range(100)]
    assert answers == [[200]] * 20 + [[429]] * 80
