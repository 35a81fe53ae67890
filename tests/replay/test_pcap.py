"""What is written as a capture can be read by everybody."""

import shutil
import subprocess
from pathlib import Path

import pytest

from sipproxy.replay.capture import Capture, Datagram
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.records import CaptureError

A, B = ("192.0.2.1", 5060), ("192.0.2.2", 5080)
A6, B6 = ("2001:db8::1", 5060), ("2001:db8::2", 5080)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = str(tmp_path / "a.pcap")
    with PcapWriter(path) as writer:
        writer.add(1_700_000_000.25, A, B, b"one")
        writer.add(1_700_000_000.999999, B6, A6, b"two")
        writer.add(1_700_000_001.0, A, B, b"")
    capture = Capture(path)
    assert [(p.number, round(p.time, 6), p.datagram) for p in capture] == [
        (1, 1_700_000_000.25, Datagram(A, B, b"one")),
        (2, 1_700_000_000.999999, Datagram(B6, A6, b"two")),
        (3, 1_700_000_001.0, Datagram(A, B, b"")),
    ]
    assert (capture.frames, capture.broken, dict(capture.unread)) == (3, "", {})


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot write"):
        PcapWriter(str(tmp_path / "none" / "x.pcap"))


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_tshark_finds_no_fault_in_what_is_written(tmp_path: Path) -> None:
    path = str(tmp_path / "f.pcap")
    with PcapWriter(path) as writer:
        writer.add(1.5, A, B, b"odd")
        writer.add(2.5, A6, B6, b"even")
    words = ["tshark", "-r", path, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
    words += ["-T", "fields", "-e", "udp.length", "-e", "udp.checksum.status", "-e", "data.data"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["11\t1\t6f6464", "12\t1\t6576656e"]
