"""A reload under traffic, in a process of its own: nothing is lost, a bad cfg changes nothing."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipproxy.core.log import DEBUG, LogList
from sipproxy.errors import CfgError, ModuleError, Problem, Span
from sipproxy.net.reloading import HeldLog, complaints_of

CFG = """#!KAMAILIO
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "ctl.so"
loadmodule "htable.so"
modparam("ctl", "binrpc", "unix:CTL")
modparam("htable", "htable", "calls=>size=4;initval=0;MORE")
request_route {
    sl_send_reply("200", "NAME $shtinc(calls=>all)");
}
""" + "\n".join(f'route[R{n}] {{ $var(x) = $var(x) + {n}; xdbg("$var(x)"); }}' for n in range(60))
CFG = CFG.replace('loadmodule "sl.so"', 'loadmodule "sl.so"\nloadmodule "xlog.so"')
REQUEST = (
    "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{number}\r\n"
    "From: <sip:a@b>;tag=1\r\nTo: <sip:x@b>\r\nCall-ID: {number}\r\n"
    "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
AT_ONCE = 10


class Live:
    """A server process, its cfg, and a phone that keeps it busy."""

    def __init__(self, folder: Path) -> None:
        self.cfg, self.control = folder / "live.cfg", folder / "ctl"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = probe.getsockname()
        self.write("first")
        words = ["-f", str(self.cfg), "-DD", "-E", "-l", f"udp:127.0.0.1:{self.address[1]}"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sipproxy", *words], stderr=subprocess.PIPE, text=True
        )
        assert "listening" in self.line()
        self.phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.phone.bind(("127.0.0.1", 0))
        self.phone.settimeout(5)
        self.sent = 0

    def write(self, name: str, more: str = "autoexpire=60") -> None:
        text = CFG.replace("CTL", str(self.control)).replace("NAME", name)
        self.cfg.write_text(text.replace("MORE", more))

    def line(self) -> str:
        """The next line of the log that is no note about the cfg."""
        assert self.process.stderr
        while "children=" in (line := self.process.stderr.readline()):
            pass
        return line

    def send(self) -> None:
        self.sent += 1
        request = REQUEST.format(port=self.phone.getsockname()[1], number=self.sent)
        self.phone.sendto(request.encode(), self.address)

    def answer(self) -> str:
        """The reason of the next answer."""
        return self.phone.recv(65535).decode().split("\r\n")[0].split(" ", 2)[2]

    def talk(self, count: int) -> list[str]:
        """The reasons of so many answers, with some requests on their way at any time."""
        for _ in range(AT_ONCE):
            self.send()
        got = []
        for _ in range(count - AT_ONCE):
            got.append(self.answer())
            self.send()
        return got + [self.answer() for _ in range(AT_ONCE)]

    def reload(self) -> str:
        """`sipproxy rpc core.reload`: what it says."""
        words = [sys.executable, "-m", "sipproxy", "rpc", "-s", f"unix:{self.control}"]
        done = subprocess.run(
            [*words, "core.reload"], capture_output=True, text=True, timeout=20, check=False
        )
        return done.stdout + done.stderr


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    one = Live(tmp_path)
    yield one
    one.phone.close()
    one.process.kill()
    one.process.communicate()


def test_nothing_is_lost_in_a_reload_under_traffic(live: Live) -> None:
    names, numbers = [], []
    for name in ("second", "third"):
        for reason in live.talk(300):
            told, number = reason.split()
            names.append(told)
            numbers.append(int(number))
        live.write(name)
        live.process.send_signal(signal.SIGHUP)
    while "third" not in names:
        told, number = live.talk(AT_ONCE)[-1].split()
        names.append(told)
        numbers.append(int(number))
    assert names.index("second") > names.index("first")
    assert sorted(set(names), key=names.index) == ["first", "second", "third"]
    assert numbers[-1] == live.sent, "each request was answered and counted, in one table"
    assert [live.line().split(">: ")[1].split(" cfg=")[0] for _ in "12"] == [
        "the cfg is reloaded"
    ] * 2


def test_a_bad_cfg_changes_nothing_and_the_next_one_is_good(live: Live) -> None:
    assert live.talk(AT_ONCE)[-1] == "first 10"
    live.write('bad"); nonsense("')
    assert f"not reloaded: {live.cfg}:10:34" in (told := live.reload())
    assert 'unknown function "nonsense"' in told
    assert "nonsense" in live.line()
    assert "the cfg is not reloaded: all is as it was" in live.line()
    live.cfg.write_text(f"listen=udp:127.0.0.1:{live.address[1] + 1}\n{CFG}")
    assert "listen addresses change with a restart only" in live.reload()
    live.write("other")
    text = live.cfg.read_text()
    live.cfg.write_text(text.replace(str(live.control), f"{live.control}2"))
    assert "control sockets change with a restart only" in live.reload()
    assert live.talk(AT_ONCE)[-1] == "first 20"
    live.cfg.write_text(text)
    assert live.reload() == f"{{\n\treloaded: {live.cfg}\n}}\n"
    assert live.talk(AT_ONCE)[-1] == "other 30"


def test_lines_wait_until_the_thread_of_the_server_has_them() -> None:
    log = LogList(DEBUG)
    held = HeldLog(log)
    held.write(0, "core", "one")
    assert log.records == []
    held.let_go()
    held.write(0, "core", "two")
    assert [text for _, _, text in log.records] == ["one", "two"]
    held.threshold = 1
    assert (log.threshold, held.threshold) == (1, 1)


def test_only_errors_are_told_of_a_refused_cfg() -> None:
    span = Span("a.cfg", 1, 2, 1, 3)
    problems = [Problem(span, "late", "", "warning"), Problem(span, "wrong", "")]
    assert complaints_of(CfgError(problems)) == ["a.cfg:1:2: wrong"]
    assert complaints_of(ModuleError("no")) == ["no"]
