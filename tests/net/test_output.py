"""Log output: batches, slow and absent readers, syslog."""

import os
import socket
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
    assert f"WARNING: <core>: {count - kept} log lines were lost".encode() in text


def test_a_reader_that_is_gone_is_no_error() -> None:
    reader, writer = os.pipe()
    output = DescriptorOutput(writer)
    os.close(reader)
    output.add(0, "nobody reads this\n")
    output.flush()
    output.flush()
    os.close(writer)


@pytest.mark.parametrize(
    ("level", "facility", "priority"),
    [(-1, "LOG_DAEMON", 27), (0, "LOG_LOCAL0", 132), (3, "LOG_LOCAL7", 191), (-5, "LOG_USER", 9)],
)
def test_syslog(tmp_path: Path, level: int, facility: str, priority: int) -> None:
    path = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as daemon:
        daemon.bind(path)
        output = SyslogOutput("edge", facility, path)
        output.add(level, "a line\n")
        output.close()
        daemon.settimeout(5)
        assert daemon.recv(1000) == f"<{priority}>edge[{os.getpid()}]: a line".encode()


def test_without_a_syslog_daemon_lines_are_lost_quietly(tmp_path: Path) -> None:
    output = SyslogOutput("edge", "LOG_DAEMON", str(tmp_path / "none"))
    output.add(0, "a line\n")
    output.close()
