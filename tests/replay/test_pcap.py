"""Capture files: what is written is read again, in every byte order, and broken ones are told."""

import csv
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.replay.packets import Datagram, Unreadable, datagram
from sipproxy.replay.pcap import Capture, CaptureError, PcapWriter

SHARED = Path(os.environ.get("SIPPROXY_SHARED", Path(__file__).parents[3] / "shared"))
CAPTURES = SHARED / "captures"
A, B = ("192.0.2.1", 5060), ("192.0.2.2", 5080)
A6, B6 = ("2001:db8::1", 5060), ("2001:db8::2", 5080)


def frames(order: str, magic: int, *records: tuple[int, int, bytes, int]) -> bytes:
    """A capture of raw IP: (seconds, fraction, frame, its size on the wire) each."""
    text = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 101)
    for seconds, fraction, frame, size in records:
        text += struct.pack(f"{order}IIII", seconds, fraction, len(frame), size) + frame
    return text


def packet(path: Path, data: bytes) -> bytes:
    """The IP packet that PcapWriter makes of one datagram."""
    with PcapWriter(str(path)) as writer:
        writer.add(0.0, A, B, data)
    return path.read_bytes()[40:]


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


@pytest.mark.parametrize(
    ("order", "magic", "fraction"),
    [
        ("<", 0xA1B2C3D4, 500_000),
        (">", 0xA1B2C3D4, 500_000),
        ("<", 0xA1B23C4D, 500_000_000),
        (">", 0xA1B23C4D, 500_000_000),
    ],
)
def test_byte_orders_and_units(tmp_path: Path, order: str, magic: int, fraction: int) -> None:
    frame = packet(tmp_path / "p", b"x")
    path = tmp_path / "b.pcap"
    path.write_bytes(frames(order, magic, (7, fraction, frame, len(frame))))
    assert [(p.time, p.datagram.data) for p in Capture(str(path))] == [(7.5, b"x")]


def test_cut_frames_are_counted_and_the_end_in_mid_frame_is_told(tmp_path: Path) -> None:
    frame = packet(tmp_path / "p", b"x" * 50)
    whole = frames("<", 0xA1B2C3D4, (1, 0, frame[:40], len(frame)), (2, 0, frame, len(frame)))
    path = tmp_path / "c.pcap"
    path.write_bytes(whole + whole[24:60])
    capture = Capture(str(path))
    assert [p.number for p in capture] == [2]
    assert capture.unread == {"frame cut off by the capture's snap length": 1}
    assert capture.broken == "the file ends in the middle of frame 3"
    path.write_bytes(whole + b"\0" * 5)
    assert len(list(capture)) == 1
    assert capture.broken == "the file ends in the middle of frame 3"


def test_an_impossible_length_ends_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "d.pcap"
    path.write_bytes(frames("<", 0xA1B2C3D4) + struct.pack("<IIII", 0, 0, 1 << 30, 1 << 30))
    capture = Capture(str(path))
    assert list(capture) == []
    assert capture.broken == "frame 1 has the impossible length 1073741824"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is no pcap capture"),
        (b"hello, this is some text of no use", "is no pcap capture"),
        (b"\x0a\x0d\x0d\x0a" + bytes(40), "is a pcapng file"),
        (b"\x1f\x8b\x08" + bytes(40), "is compressed"),
    ],
)
def test_what_is_no_capture(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "e.pcap"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=sentence):
        Capture(str(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"cannot read .*: No such file or directory"):
        Capture(str(tmp_path / "none.pcap"))
    with pytest.raises(CaptureError, match="cannot write"):
        PcapWriter(str(tmp_path / "none" / "x.pcap"))


@given(st.binary(max_size=200), st.sampled_from((0, 1, 101, 108, 113, 276)))
def test_any_bytes_as_a_frame(frame: bytes, link: int) -> None:
    try:
        found = datagram(link, frame)
    except Unreadable:
        return
    assert len(found.data) <= len(frame)


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


def truth() -> list[dict[str, str]]:
    """What tshark read in each capture that lies beside the project."""
    table = CAPTURES / "truth.tsv"
    if not table.exists():
        return []
    with open(table, newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


@pytest.mark.skipif(not CAPTURES.exists(), reason="../shared/captures is not here")
def test_the_captures_beside_the_project() -> None:
    """Every frame is read or counted, and every SIP message over whole UDP datagrams is found."""
    for row in truth():
        if "pcapng" in row["format"] or "gzip" in row["format"]:
            continue
        capture = Capture(str(CAPTURES / row["file"]))
        packets = list(capture)
        assert capture.frames == int(row["frames"]), row["file"]
        assert len(packets) + sum(capture.unread.values()) == capture.frames
        unread = set(capture.unread)
        messages = [p for p in packets if is_sip(p.datagram.data)]
        if not unread & {"TCP", "IP in IP", "IP fragment"} and not any("cut" in r for r in unread):
            assert len(messages) == int(row["sip_messages"]), row["file"]
            assert f"{messages[0].time:.6f}" == row["sip_first_epoch"][:-3], row["file"]


def is_sip(data: bytes) -> bool:
    first = data.lstrip(b"\0\r\n").partition(b"\n")[0].rstrip()
    return first.startswith(b"SIP/2.0 ") or first.endswith(b" SIP/2.0")
