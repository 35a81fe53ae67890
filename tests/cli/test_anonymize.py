"""`sipproxy anonymize`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.replay.capture import Capture
from sipproxy.replay.pcap import PcapWriter
from sipproxy.testing.messages import request

Sipproxy = Callable[..., Any]


@pytest.fixture
def capture(tmp_path: Path) -> str:
    path = tmp_path / "a.pcap"
    with PcapWriter(str(path)) as writer:
        message = request(user="alice", headers="Subject: private", body="v=0")
        writer.add(1000.0, ("198.51.100.7", 5060), ("10.1.2.3", 5060), message)
    return str(path)


def test_what_was_written_is_told(sipproxy: Sipproxy, capture: str, tmp_path: Path) -> None:
    out = str(tmp_path / "b.pcap")
    said = sipproxy("anonymize", capture, "-w", out, "--key", "a long enough key")
    (packet,) = Capture(out)
    host, port = packet.datagram.dest
    assert host.startswith("10.") and host != "10.1.2.3"
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        f"{out}: 1 messages, 0 keepalives\n"
        f"  most requests (1) go to {host}:{port} now\n"
        "  1 bodies left out\n"
        "  headers left out: Subject 1\n"
    )


def test_a_key_repeats_what_chance_does_not(
    sipproxy: Sipproxy, capture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    monkeypatch.delenv("SIPPROXY_KEY", raising=False)
    for number in range(4):
        if number == 2:
            monkeypatch.setenv("SIPPROXY_KEY", "short")
        out = tmp_path / f"{number}.pcap"
        said = sipproxy("anonymize", capture, "-w", str(out))
        assert ("found by trying" in said.err) == (number >= 2)
        written.append(out.read_bytes())
    assert written[0] != written[1] and written[2] == written[3]


def test_domains_may_stay(sipproxy: Sipproxy, capture: str, tmp_path: Path) -> None:
    out = str(tmp_path / "b.pcap")
    sipproxy("anonymize", capture, "-w", out, "--keep", "example.com")
    (packet,) = Capture(out)
    assert b"@example.com>" in packet.datagram.data and b"alice" not in packet.datagram.data


def test_wrong_usage(sipproxy: Sipproxy, capture: str, tmp_path: Path) -> None:
    before = Path(capture).read_bytes()
    said = sipproxy("anonymize", capture, "-w", capture)
    assert said.code == 2 and "is the capture itself" in said.err
    assert Path(capture).read_bytes() == before
    said = sipproxy("anonymize", str(tmp_path / "none"), "-w", str(tmp_path / "x"))
    assert said.code == 2 and "cannot read" in said.err
    said = sipproxy("anonymize", capture, "-w", "/nowhere/x")
    assert said.code == 2 and "cannot write /nowhere/x" in said.err
    assert sipproxy("anonymize", capture).code == 2
