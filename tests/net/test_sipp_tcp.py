"""Calls of SIPp by TCP: to a phone by UDP, to one by TCP, and from UDP to TCP."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from tests.net.conftest import Running

SIPP = shutil.which("sipp")
CALLS = 40
CFG = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
debug=0
request_route {
    record_route();
    $du = "sip:127.0.0.1:%d;transport=%s";
    t_relay();
}
"""
MODES = {"udp": "u1", "tcp": "t1"}


def start(folder: Path, scenario: str, proto: str, port: int, *words: str) -> subprocess.Popen[str]:
    """Start a SIPp that plays one of its own scenarios."""
    assert SIPP is not None
    command = [SIPP, "-sn", scenario, "-t", MODES[proto], "-i", "127.0.0.1", "-p", str(port)]
    command += ["-nostdin", "-m", str(CALLS), "-timeout", "30", "-timeout_error", *words]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@pytest.mark.skipif(SIPP is None, reason="sipp is not installed")
@pytest.mark.parametrize(("caller", "callee"), [("tcp", "udp"), ("tcp", "tcp"), ("udp", "tcp")])
def test_calls(serve: Callable[..., "Running"], tmp_path: Path, caller: str, callee: str) -> None:
    port = free_port()
    running = serve(CFG % (port, callee), tcp=True)
    phone = start(tmp_path, "uas", callee, port)
    target = f"127.0.0.1:{running.port}"
    calls = start(tmp_path, "uac", caller, free_port(), target, "-r", "40", "-d", "50")
    screen, _ = calls.communicate(timeout=60)
    assert calls.returncode == 0, screen[-3000:]
    screen, _ = phone.communicate(timeout=60)
    assert phone.returncode == 0, screen[-3000:]
    counters = running.server.proxy.host.counters
    assert (counters["core.broken"], counters["core.send_failed"]) == (0, 0)
