"""SIPp as a client, and on both sides of the proxy (Debian's package sip-tester)."""

import shutil
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
CALLS = 40

Serving = Callable[..., AbstractContextManager[int]]

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not shutil.which("sipp"), reason="sipp is not installed"),
]


def started(folder: Path, *words: str) -> "subprocess.Popen[bytes]":
    """SIPp in the background, for so many calls and a limited time; its files stay in `folder`."""
    bounds = ("-i", "127.0.0.1", "-m", str(CALLS), "-timeout", "20s", "-timeout_error", "-nostdin")
    with (folder / "sipp.err").open("wb") as errors:
        return subprocess.Popen(
            ["sipp", *bounds, *words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )


def finished(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Every call went as its scenario says."""
    try:
        code = process.wait(40)
    finally:
        process.kill()
    assert code == 0, (folder / "sipp.err").read_text(errors="replace")


@pytest.mark.parametrize(
    "scenario", [("-sf", str(HERE / "options.xml")), ("-sn", "uac", "-d", "10")]
)
def test_an_answering_cfg(serving: Serving, tmp_path: Path, scenario: tuple[str, ...]) -> None:
    """OPTIONS, and calls that are taken and ended."""
    with serving("sipproxy", "answering.cfg") as port:
        finished(
            started(tmp_path, *scenario, "-r", "40", f"127.0.0.1:{port}"),
            tmp_path,
        )


@pytest.mark.parametrize("server", ["sipproxy", "kamailio"])
def test_calls_through_the_proxy(
    serving: Serving, free_port: Callable[[], int], tmp_path: Path, server: str
) -> None:
    """INVITE, 180, 200, ACK and BYE with Record-Route between SIPp and SIPp."""
    behind = free_port()
    (callee := tmp_path / "callee").mkdir()
    (caller := tmp_path / "caller").mkdir()
    with serving(server, "calls.cfg", {"SINK": behind}) as port:
        uas = started(callee, "-sf", str(HERE / "callee.xml"), "-p", str(behind))
        try:
            words = ("-sf", str(HERE / "caller.xml"), "-s", "lena", "-r", "40")
            finished(started(caller, *words, f"127.0.0.1:{port}"), caller)
            finished(uas, callee)
        finally:
            uas.kill()
            uas.wait()
