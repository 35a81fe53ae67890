"""The bar of a replay: on a terminal, and nowhere else."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from sipproxy.cli.progress import progress_on_terminal
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.progress import NO_PROGRESS
from sipproxy.testing.messages import request

CFG = 'loadmodule "sl.so"\nrequest_route { sl_send_reply("200", "OK"); }\n'


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A replay of three packets."""
    (tmp_path / "a.cfg").write_text(CFG)
    with PcapWriter(str(tmp_path / "a.pcap")) as writer:
        for number in range(3):
            message = request(number=number)
            writer.add(1000.0 + number, ("192.0.2.1", 5060), ("192.0.2.2", 5060), message)
    command = [sys.executable, "-m", "sipproxy", "replay", str(tmp_path / "a.pcap")]
    return [*command, "-f", str(tmp_path / "a.cfg")]


def on_terminal(words: list[str], **environment: str) -> tuple[bytes, bytes]:
    """What goes to stdout, a pipe, and to stderr, a terminal."""
    mine, theirs = pty.openpty()
    more = {"TERM": "xterm", "COLUMNS": "120", **environment}
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=theirs, env=os.environ | more
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        out, shown = process.stdout.read(), b""
        try:
            while piece := os.read(mine, 65536):
                shown += piece
        except OSError:
            pass  # how Linux says that nobody holds the other end
    os.close(mine)
    assert process.returncode == 0
    return out, shown


def test_a_terminal_sees_how_far_it_is_and_a_pipe_does_not(words: list[str]) -> None:
    out, shown = on_terminal(words)
    assert b"playing" in shown and b"3/3" in shown and b"\x1b[" in shown
    piped = subprocess.run(words, capture_output=True, timeout=60, check=True)
    assert (piped.stdout, piped.stderr) == (out, b"")


def test_without_colours_for_who_wants_none(words: list[str]) -> None:
    _, shown = on_terminal(words, NO_COLOR="1")
    assert b"playing" in shown
    assert not any(b"\x1b[%dm" % color in shown for color in range(30, 38))
    assert b"\x1b[38;" not in shown


def test_nothing_is_imported_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_on_terminal() as progress:
        assert progress is NO_PROGRESS
        packets = [object()]
        assert progress.through(packets, "playing", 1) is packets  # type: ignore[arg-type]
