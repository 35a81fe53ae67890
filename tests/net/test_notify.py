"""Telling systemd."""

import os
import socket
from pathlib import Path

import pytest

from sipproxy.net.notify import notify


@pytest.mark.parametrize("abstract", [False, True])
def test_the_state_reaches_the_socket_that_is_named(tmp_path: Path, abstract: bool) -> None:
    name = f"sipproxy-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name}" if abstract else name)
        systemd.settimeout(5)
        assert notify("READY=1", {"NOTIFY_SOCKET": f"@{name}" if abstract else name})
        assert systemd.recv(100) == b"READY=1"


def test_where_nobody_asks_or_listens_nothing_happens(tmp_path: Path) -> None:
    assert not notify("READY=1", {})
    assert not notify("READY=1", {"NOTIFY_SOCKET": "vsock:2:1"})
    assert not notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "none")})
