"""Log output: batches, slow and absent readers, syslog."""

import os
import socket
import time
from pathlib import Path

import pytest

from sipproxy.net.output import MOST_KEPT, DescriptorOutput, SyslogOutput


def test_lines_are_written_together_at_the_flush(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with open(path, "wb") as stream:
        output = DescriptorOutput(stream.fileno())
        output.add(0, "one\n")
        output.add(0, "t\u00fc \udcff\n")
        assert path.read_bytes() == b""
        output.flush()
        output.flush()
    assert path.read_bytes() == b"one\nt\xc3\xbc \xff\n"


def test_a_full_pipe_does_not_stop_the_proxy_and_what_is_lost_is_told() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    output = DescriptorOutput(writer)
    line = "x" * 999 + "\n"
    count = MOST_KEPT // 1000 + 200
    for _ in range(count):
        output.add(0, line)
    output.flush()
    text = b""
    for _ in range(2000):
        output.flush()
        try:
            text += os.read(reader, 1 << 16)
        except BlockingIOError:
            break
    os.close(reader)
    os.close(writer)
    kept = MOST_KEPT // 1000
    assert text.count(b"x\n") == kept
    assert (output.take_lost(), output.take_lost()) == (count - kept, 0)


def test_a_reader_that_is_gone_is_no_error() -> None:
    reader, writer = os.pipe()
    output = DescriptorOutput(writer)
    os.close(reader)
    output.add(0, "nobody reads this\n")
    output.flush()
    output.flush()
    os.close(writer)


NOON = time.mktime((2026, 3, 5, 12, 34, 56, 0, 0, -1))


def syslog(path: str, facility: str = "LOG_DAEMON") -> SyslogOutput:
    return SyslogOutput("edge", facility, lambda: NOON, path)


@pytest.mark.parametrize(
    ("level", "facility", "priority"),
    [(-1, "LOG_DAEMON", 27), (0, "LOG_LOCAL0", 132), (3, "LOG_LOCAL7", 191), (-5, "LOG_USER", 9)],
)
def test_syslog(tmp_path: Path, level: int, facility: str, priority: int) -> None:
    """Priority, time and tag as syslog(3) writes them: a day of one digit behind two blanks."""
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(path)
        output = syslog(path, facility)
        output.add(level, "a line\n")
        output.close()
        daemon.settimeout(5)
        head = f"<{priority}>Mar  5 12:34:56 edge[{os.getpid()}]: "
        assert daemon.recv(1000) == f"{head}a line".encode()


def test_without_a_syslog_daemon_lines_are_counted_and_told_when_it_is_back(tmp_path: Path) -> None:
    output = syslog(str(tmp_path / "log"))
    output.add(0, "a line\n")
    output.add(0, "another\n")
    output.flush()
    assert output.take_lost() == 0, "nobody would hear it"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log"))
        output.add(0, "heard\n")
        output.flush()
        assert (output.take_lost(), output.take_lost()) == (2, 0)
        assert daemon.recv(1000).endswith(b": heard")
        output.close()


def test_a_slow_syslog_daemon_gets_every_line_later(tmp_path: Path) -> None:
    output = syslog(str(tmp_path / "log"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log"))
        daemon.setblocking(False)
        for number in range(2000):
            output.add(0, f"line {number}")
        heard: list[bytes] = []
        for _ in range(5000):
            output.flush()
            try:
                heard.append(daemon.recv(1000))
            except BlockingIOError:
                break
        assert not output.waits
        assert output.take_lost() == 0
        output.close()
    assert [line.rpartition(b" ")[2] for line in heard] == [b"%d" % n for n in range(2000)]


def test_a_syslog_daemon_that_hangs_is_sent_so_much_and_told_of_the_rest(tmp_path: Path) -> None:
    output = syslog(str(tmp_path / "log"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(str(tmp_path / "log"))
        daemon.setblocking(False)
        line = "x" * 10_000
        for _ in range(600):
            output.add(0, line)
        output.flush()
        assert output.waits
        assert output.take_lost() == 0, "there is no room to tell it"
        heard = 0
        for _ in range(600):
            output.flush()
            try:
                heard += len(daemon.recv(20_000)) > 10_000
            except BlockingIOError:
                break
        assert heard > 300
        assert 0 < output.take_lost() <= 600 - MOST_KEPT // 11_000
        output.close()
