"""Pid files, users, and the way into the background."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sipproxy.net.addresses import StartError
from sipproxy.net.daemon import (
    check_pid_file,
    drop_privileges,
    remove_pid_file,
    write_pid_file,
)


def test_a_pid_file_is_written_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    check_pid_file(str(path))
    write_pid_file(str(path))
    assert path.read_text() == f"{os.getpid()}\n"
    with pytest.raises(StartError, match=f"names process {os.getpid()}, which is running"):
        check_pid_file(str(path))
    remove_pid_file(str(path))
    remove_pid_file(str(path))
    assert not path.exists()


def test_a_dead_number_is_no_obstacle_and_rubbish_is(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    path.write_text(f"{done.pid}\n")
    check_pid_file(str(path))
    path.write_text("hello")
    with pytest.raises(StartError, match="holds no process number"):
        check_pid_file(str(path))
    with pytest.raises(StartError, match="cannot read the pid file"):
        check_pid_file(str(tmp_path))


def test_without_a_pid_file_nothing_is_written(tmp_path: Path) -> None:
    for work in (check_pid_file, write_pid_file, remove_pid_file):
        work("")


def test_nobody_else_to_become() -> None:
    drop_privileges("", "")
    with pytest.raises(KeyError):
        drop_privileges("no-such-user-here", "")


@pytest.fixture
def cfg(tmp_path: Path) -> Path:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = tmp_path / "d.cfg"
    path.write_text(
        f'listen=udp:127.0.0.1:{port}\nloadmodule "ctl.so"\n'
        f'modparam("ctl", "binrpc", "unix:{tmp_path}/ctl")\nrequest_route {{ exit; }}\n'
    )
    return path


def run(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "sipproxy", *words], capture_output=True, text=True, timeout=30
    )


def gone(pid: int) -> bool:
    """Whether the process ends within five seconds."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_the_background(cfg: Path, tmp_path: Path) -> None:
    """The first process returns when the server is ready; a second start is refused."""
    pid_file = tmp_path / "pid"
    started = run("-f", str(cfg), "-P", str(pid_file))
    assert (started.returncode, started.stderr) == (0, "")
    pid = int(pid_file.read_text())
    try:
        asked = run("rpc", "-s", f"unix:{tmp_path}/ctl", "core.ps")
        assert asked.stdout.startswith(f"{pid}\n")
        assert os.getsid(pid) != os.getsid(0)
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        again = run("-f", str(cfg), "-P", str(pid_file))
        assert again.returncode == 255
        assert again.stderr == (
            f"sipproxy: the pid file {pid_file} names process {pid}, which is running\n"
        )
    finally:
        os.kill(pid, signal.SIGTERM)
    assert gone(pid)
    assert not pid_file.exists()
    assert not (tmp_path / "ctl").exists()


def test_what_goes_wrong_in_the_background_is_told_in_the_foreground(cfg: Path) -> None:
    address = cfg.read_text().partition("listen=")[2].partition("\n")[0]
    host, port = address.removeprefix("udp:").split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((host, int(port)))
        started = run("-f", str(cfg))
    assert started.returncode == 255
    assert started.stderr == f"sipproxy: cannot listen on {address}: Address already in use\n"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user(cfg: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    started = run("-f", str(cfg), "-P", str(tmp_path / "pid"), "-u", "nobody")
    assert started.returncode == 0, started.stderr
    pid = int((tmp_path / "pid").read_text())
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        uids = status.partition("Uid:")[2].split("\n")[0].split()
        assert set(uids) == {str((tmp_path / "pid").stat().st_uid)}
        assert uids[0] != "0"
    finally:
        os.kill(pid, signal.SIGTERM)
    assert gone(pid)


def test_what_cannot_be_had_is_one_sentence(cfg: Path, tmp_path: Path) -> None:
    none = tmp_path / "none"
    missing = f"sipproxy: cannot start: {none}: No such file or directory\n"
    for words, said in (
        (("-P", f"{none}/pid"), f"sipproxy: cannot start: {none}/pid: No such file or directory\n"),
        (("-w", str(none)), missing),
        (("-u", "no-such-user"), "sipproxy: cannot start: there is no user no-such-user\n"),
        (("-g", "no-such-group"), "sipproxy: cannot start: there is no group no-such-group\n"),
    ):
        started = run("-f", str(cfg), "-DD", "-E", *words)
        assert (started.returncode, started.stderr) == (255, said)
