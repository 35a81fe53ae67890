"""Captures as messages: over every layer, beside tshark, from any bytes."""

import csv
import os
import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sipproxy.replay.capture import Capture, Datagram, Packet

SHARED = Path(os.environ.get("SIPPROXY_SHARED", Path(__file__).parents[3] / "shared"))
CAPTURES = SHARED / "captures"
SIP = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"


def read(path: str) -> list[tuple[int, Datagram]]:
    return [(packet.number, packet.datagram) for packet in Capture(path)]


def test_plain_frames_and_padding(wire: Any) -> None:
    frame = wire.ethernet(0x0800, wire.ipv4(wire.udp(SIP)))
    whole = Datagram(wire.source, wire.dest, SIP)
    assert read(wire.pcap([frame, frame + bytes(20)], link=1)) == [(1, whole), (2, whole)]


def test_the_long_way_gives_the_same(wire: Any) -> None:
    packet = wire.ipv4(wire.udp(SIP), options=bytes(8))
    frame = wire.ethernet(0x0800, packet, tags=b"\x81\0\0\x64")
    assert read(wire.pcap([frame], link=1)) == [(1, Datagram(wire.source, wire.dest, SIP))]
    assert read(wire.pcap([packet])) == [(1, Datagram(wire.source, wire.dest, SIP))]


def test_a_datagram_belongs_to_the_frame_that_completes_it(wire: Any) -> None:
    pieces = wire.fragments(wire.udp(SIP), 16)
    path = wire.pcap([(3.0 - at, piece) for at, piece in enumerate(reversed(pieces))])
    assert read(path) == [(len(pieces), Datagram(wire.source, wire.dest, SIP))]


def test_tcp_messages_and_their_frames(wire: Any) -> None:
    frames = [
        wire.ipv4(wire.tcp(100, b"", 2), protocol=6),
        wire.ipv4(wire.tcp(101, SIP[:10]), protocol=6),
        wire.ipv4(wire.tcp(101 + 10, SIP[10:] + SIP), protocol=6),
        wire.ipv4(wire.tcp(1, SIP, back=True), protocol=6, back=True),
    ]
    there = Datagram(wire.source, wire.dest, SIP, "tcp")
    back = Datagram(wire.dest, wire.source, SIP, "tcp")
    assert read(wire.pcap(frames)) == [(3, there), (3, there), (4, back)]


def test_why_frames_give_nothing_is_counted(wire: Any) -> None:
    frames = [
        wire.ipv4(b"", protocol=1),
        wire.ipv4(wire.udp(b"short", size=100)),
        wire.ipv4(wire.tcp(1, b"GET / HTTP/1.1\r\n\r\n"), protocol=6),
        wire.ipv4(wire.udp(b"HEP3")),
        b"\x45",
        wire.fragments(wire.udp(SIP), 16)[0],
        wire.ipv4(wire.tcp(999, SIP[:30], back=True), protocol=6, back=True),
    ]
    capture = Capture(wire.pcap(frames))
    assert list(capture) == []
    assert capture.frames == 7
    assert capture.unread == {
        "ICMP": 1,
        "datagram cut off": 1,
        "TCP without SIP": 1,
        "broken HEP3 packet": 1,
        "frame cut off": 1,
        "datagram with a fragment missing": 1,
        "TCP stream with a part missing": 1,
    }


def test_a_frame_that_the_capture_cut(wire: Any) -> None:
    frame = wire.ethernet(0x0800, wire.ipv4(wire.udp(SIP)))
    text = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 50, 1)
    text += struct.pack("<IIII", 1, 0, 50, len(frame)) + frame[:50]
    capture = Capture(wire.write(text))
    assert list(capture) == []
    assert capture.unread == {"frame cut off by the capture's snap length": 1}


def test_messages_inside_others(wire: Any) -> None:
    chunks = {2: b"\6", 3: b"\xc0\0\2\7", 4: b"\xc0\0\2\x08", 7: b"\x13\xc4", 8: b"\x13\xc4"}
    chunks |= {9: struct.pack(">I", 5), 10: bytes(4), 11: b"\1", 15: SIP}
    rows = [struct.pack(">HHH", 0, k, len(v) + 6) + v for k, v in chunks.items()]
    inner = b"".join(rows)
    hep = b"HEP3" + struct.pack(">H", len(inner) + 6) + inner
    marked = SIP.replace(b"\r\n", b"\r\nP-KSR-SIPDump: tls pid=7 pno=1\r\n", 1)
    frames = [wire.ethernet(0x0800, wire.ipv4(wire.udp(data))) for data in (hep, marked)]
    first, second = Capture(wire.pcap(frames, link=1))
    ends = ("192.0.2.7", 5060), ("192.0.2.8", 5060)
    assert first == Packet(1, 5.0, Datagram(*ends, SIP, "tcp"))
    assert second.datagram == Datagram(wire.source, wire.dest, SIP, "tls")
    longer = [wire.ipv4(wire.udp(data)) for data in (hep, marked)]
    assert [p.datagram for p in Capture(wire.pcap(longer))] == [first.datagram, second.datagram]


def test_a_text_file_of_sipdump(wire: Any) -> None:
    text = (
        b"====================\ntime: 7.5\nproto: udp ipv4\nsrcip: 192.0.2.1\nsrcport: 5070\n"
        b"dstip: 192.0.2.2\ndstport: 5060\n~~~~~~~~~~~~~~~~~~~~\n" + SIP + b"||||||||||||||||||||\n"
    )
    capture = Capture(wire.write(text + text.replace(b"7.5", b"x")))
    assert list(capture) == [Packet(1, 7.5, Datagram(wire.source, wire.dest, SIP))]
    assert (capture.frames, dict(capture.unread)) == (2, {"broken sipdump record": 1})


def test_a_capture_can_be_read_again(wire: Any) -> None:
    capture = Capture(wire.pcap([wire.ipv4(wire.udp(SIP)), b"\x45"]))
    assert list(capture) == list(capture)
    assert capture.unread == {"frame cut off": 1}


@given(st.data())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
def test_damaged_captures_never_raise(wire: Any, data: st.DataObject) -> None:
    frames = [
        wire.ethernet(0x0800, wire.ipv4(wire.udp(SIP))),
        *(wire.ethernet(0x0800, one) for one in wire.fragments(wire.udp(SIP), 24)),
        wire.ethernet(0x86DD, wire.ipv6(wire.udp(SIP))),
        wire.ethernet(0x0800, wire.ipv4(wire.tcp(1, SIP), protocol=6)),
    ]
    text = bytearray(Path(wire.pcap(frames, link=1)).read_bytes())
    for _ in range(data.draw(st.integers(1, 12))):
        text[data.draw(st.integers(24, len(text) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(24, len(text)))
    capture = Capture(wire.write(bytes(text[:cut]), "fuzzed.pcap"))
    for packet in capture:
        assert packet.number <= capture.frames


def start(data: bytes) -> str:
    """Method or status of a SIP message, empty for anything else."""
    first = data.lstrip(b"\0\r\n").partition(b"\n")[0].rstrip()
    if first.startswith(b"SIP/2.0 "):
        return first[8:11].decode()
    return first.split(b" ")[0].decode() if first.endswith(b" SIP/2.0") else ""


def counted(text: str) -> dict[str, int]:
    """`a=1 b=2` of the table."""
    rows = (row.rpartition("=") for row in text.split(" ") if row != "-")
    return {name: int(count) for name, _, count in rows}


def truth() -> list[dict[str, str]]:
    """What tshark read in each capture that lies beside the project."""
    table = CAPTURES / "truth.tsv"
    if not table.exists():
        return []
    with open(table, newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


@pytest.mark.skipif(not CAPTURES.exists(), reason="../shared/captures is not here")
def test_the_captures_beside_the_project() -> None:
    """Counts by method and status, sources and times are tshark's."""
    for row in truth():
        capture = Capture(str(CAPTURES / row["file"]))
        found = [(p, kind) for p in capture if (kind := start(p.datagram.data))]
        assert capture.frames == int(row["frames"]), row["file"]
        if (
            row["file"] == "derived-snaplen200.pcap"
        ):  # cut messages are told and not taken for whole
            assert (len(found), capture.unread.total()) == (0, 81)
            continue
        assert len(found) == int(row["sip_messages"]), row["file"]
        kinds = Counter(kind for _, kind in found)
        assert kinds == counted(row["requests"]) | counted(row["statuses"]), row["file"]
        if found:
            sources = Counter(p.datagram.source[0] for p, _ in found)
            assert sources == counted(row["sip_sources"]), row["file"]
            times = [p.time for p, _ in found]
            assert abs(min(times) - float(row["sip_first_epoch"])) < 1e-5, row["file"]
            assert abs(max(times) - float(row["sip_last_epoch"])) < 1e-5, row["file"]


@pytest.mark.skipif(not CAPTURES.exists(), reason="../shared/captures is not here")
def test_every_form_of_one_capture_gives_the_same_messages() -> None:
    base = [p.datagram for p in Capture(str(CAPTURES / "register-digest.pcap"))]
    assert len(base) == 81
    for path in sorted(CAPTURES.glob("derived-*")):
        if "snaplen" in path.name:
            continue
        found = [p.datagram for p in Capture(str(path))]
        assert found == base[: 51 if "cut" in path.name else None], path.name


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.skipif(not CAPTURES.exists(), reason="../shared/captures is not here")
@pytest.mark.parametrize("name", ["ipv6-frag-sll.pcap", "hello-keepalive.pcapng", "fax-t38.pcap"])
def test_datagrams_are_tsharks_byte_for_byte(name: str) -> None:
    words = ["tshark", "-r", str(CAPTURES / name), "-Y", "sip && !icmp", "-T", "fields"]
    words += ["-e", "frame.number", "-e", "udp.payload"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    packets = {p.number: p.datagram.data for p in Capture(str(CAPTURES / name))}
    assert rows
    for number, payload in rows:
        if payload:
            assert packets[int(number)].hex() == payload, number
