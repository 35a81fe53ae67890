"""A server as its operator sees it: its log in every form and place, its signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sipproxy.net.options import Options
from sipproxy.net.server import Server
from sipproxy.program import load_text

CFG = """children=1
log_prefix="{$rm} "
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "maxfwd.so"
request_route {
    xlog("L_WARN", "from $si\\n");
    mf_process_maxfwd_header("10");
    sl_send_reply("200", "OK");
}
"""


class Operated:
    """A server process: a phone that asks it, and the lines it logs."""

    def __init__(self, cfg: Path, *words: str) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        cfg.write_text(CFG)
        command = [sys.executable, "-m", "sipproxy", "-f", str(cfg), "-DD", "-E"]
        command += ["-l", f"udp:127.0.0.1:{self.port}", *words]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.line()

    def line(self) -> str:
        """The next line of the log."""
        assert self.process.stderr
        return self.process.stderr.readline()

    def end(self) -> list[str]:
        """Stop it; what it logged and nobody has read."""
        self.process.terminate()
        _, rest = self.process.communicate(timeout=20)
        assert self.process.returncode == 0
        return rest.splitlines()


@pytest.fixture
def operate(tmp_path: Path) -> Iterator[Callable[..., Operated]]:
    running: list[Operated] = []

    def start(*words: str) -> Operated:
        running.append(Operated(tmp_path / "edge.cfg", *words))
        return running[-1]

    yield start
    for one in running:
        one.process.kill()
        one.process.communicate()


def ask(port: int, count: int = 1, forwards: str = "70") -> None:
    """Send OPTIONS and wait for each answer."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.connect(("127.0.0.1", port))
        phone.settimeout(10)
        host, own = phone.getsockname()
        for number in range(count):
            phone.send(
                f"OPTIONS sip:edge SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{own};branch=z9hG4bK{number}"
                f"\r\nMax-Forwards: {forwards}{number}\r\nFrom: <sip:a@example.org>;tag=a\r\n"
                f"To: <sip:edge>\r\nCall-ID: {number}\r\nCSeq: 1 OPTIONS\r\n"
                "Content-Length: 0\r\n\r\n".encode()
            )
            assert phone.recv(4096).startswith(b"SIP/2.0 200 ")


def test_json_tells_the_line_of_the_cfg(operate: Callable[..., Operated], tmp_path: Path) -> None:
    server = operate("--log-format", "json")
    ask(server.port)
    written: dict[str, Any] = json.loads(server.line())
    assert written.pop("time").endswith("Z")
    assert written == {
        "level": "warning",
        "pid": server.process.pid,
        "origin": "script",
        "at": f"{tmp_path}/edge.cfg:8",
        "prefix": "{OPTIONS} ",
        "text": "from 127.0.0.1",
    }
    server.process.send_signal(signal.SIGUSR1)
    status = json.loads(server.line())
    assert (status["text"], status["origin"], "at" in status) == ("status", "core", False)
    assert int(status["resident"].removesuffix("MB")) > 5
    assert all(isinstance(json.loads(line), dict) for line in server.end())


def test_what_signals_do(operate: Callable[..., Operated], tmp_path: Path) -> None:
    """At the cfg's own log level, which shows no INFO: who sends a signal wants to be told."""
    server = operate()
    head = f" 0({server.process.pid}) "
    server.process.send_signal(signal.SIGHUP)
    assert server.line() == f"{head}INFO: <core>: the cfg is reloaded cfg={tmp_path}/edge.cfg\n"
    server.process.send_signal(signal.SIGUSR1)
    assert server.line().startswith(f"{head}INFO: <core>: status up=")
    ask(server.port)
    assert server.line() == f"{head}WARNING: {{OPTIONS}} <script>: from 127.0.0.1\n"
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(20) == 0


def test_complaints_about_peers_are_counted_and_lines_of_the_cfg_are_not(
    operate: Callable[..., Operated],
) -> None:
    server = operate()
    ask(server.port, 200, "seventy")
    lines = server.end()
    assert sum("<script>: from 127.0.0.1" in line for line in lines) == 200
    complaints = [line for line in lines if " maxfwd: " in line]
    assert len(complaints) == 11
    assert len(set(complaints[:10])) == 1
    assert complaints[-1].endswith(" (190 more)")


def logged_to_syslog(folder: Path, cfg: str, count: int) -> list[str]:
    """So many datagrams of a server without -E, behind those of its start, for one OPTIONS."""
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe,
    ):
        daemon.bind(str(folder / "log"))
        daemon.settimeout(10)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        options = Options(stderr=False, run_dir=str(folder), syslog=str(folder / "log"))
        text = f"children=1\nlisten=udp:127.0.0.1:{port}\n{cfg}"
        server = Server(load_text(text, file="edge.cfg"), options)
        thread = threading.Thread(target=server.run, kwargs={"signals": False})
        thread.start()
        try:
            assert b"INFO: <core>: listening on=" in daemon.recv(1000)
            ask(port, forwards="x")
            return [daemon.recv(1000).decode() for _ in range(count)]
        finally:
            server.stop_soon()
            thread.join(10)


def test_syslog(tmp_path: Path) -> None:
    """Lines as RFC 3164 has them, under the cfg's facility and name, and without the process."""
    names = 'log_facility=log_local3\nlog_name="edge"\n'
    line, complaint = logged_to_syslog(tmp_path, names + CFG, 2)
    head, _, text = line.partition(f" edge[{os.getpid()}]: ")
    assert text == "WARNING: {OPTIONS} <script>: from 127.0.0.1"
    assert head.startswith("<156>")  # LOG_LOCAL3, WARNING
    assert len(head) == len("<156>Mmm dd hh:mm:ss")
    assert complaint.startswith("<155>")
    assert "ERROR: {OPTIONS} maxfwd: " in complaint


def test_facilities_of_modules(tmp_path: Path) -> None:
    """xlog may have one, a call of it another; debugger gives one to the lines of any module."""
    cfg = """
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "xlog.so"
loadmodule "maxfwd.so"
loadmodule "debugger.so"
modparam("xlog", "log_facility", "LOG_LOCAL1")
modparam("debugger", "mod_hash_size", 4)
modparam("debugger", "mod_facility_mode", 1)
modparam("debugger", "mod_facility", "maxfwd=LOG_MAIL")
request_route {
    xlog("L_WARN", "one");
    xlog("LOG_LOCAL2", "L_WARN", "two");
    xlogl("LOG_LOCAL2", "L_ERR", "three");
    mf_process_maxfwd_header("10");
    dbg_sip_msg("L_ERR", "LOG_NEWS");
    sl_send_reply("200", "OK");
}
"""
    lines = logged_to_syslog(tmp_path, cfg, 5)
    heads = [line.partition(">")[0] for line in lines]
    local1, local2, mail, news = (number << 3 for number in (17, 18, 2, 7))
    assert heads == [f"<{n}" for n in (local1 | 4, local2 | 4, local2 | 3, mail | 3, news | 3)]
