"""`-w`: the frames of blocked requests as they were captured."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sipproxy.program import load_text
from sipproxy.replay.blocked import BlockedFrames
from sipproxy.replay.player import Manner
from sipproxy.replay.records import Record, RecordFile
from sipproxy.replay.run import replay
from sipproxy.testing.messages import request

ME = ("192.0.2.2", 5060)
CFG = """loadmodule "pv.so"
loadmodule "sl.so"
request_route {
    if ($fU == "bad") { sl_send_reply("403", "No"); exit; }
    sl_send_reply("200", "OK");
}
"""


def written(paths: list[str], out: Path) -> tuple[int, list[Record]]:
    """Replay captures to 192.0.2.2 and read what was written."""
    frames = BlockedFrames()
    program = load_text(CFG, file="edge.cfg")
    found = replay(program, paths, me=[ME], manner=Manner(watchers=[frames]))
    return frames.write(str(out), found.captures), list(RecordFile(str(out)))


def message(number: int, user: str, *, body: str = "", source: str = "192.0.2.1:5070") -> bytes:
    return request(user=user, number=number, source=source, body=body)


def data_of(record: Record) -> bytes:
    return record.data[record.start : record.end]


def test_only_what_was_blocked_and_as_it_was(wire: Any, tmp_path: Path) -> None:
    users = ("good", "bad", "good", "bad")
    plain = [wire.ipv4(wire.udp(message(number, user))) for number, user in enumerate(users)]
    raw = wire.pcap([(1000.25 + number, frame) for number, frame in enumerate(plain)])
    ethernet = wire.pcap([(2000.125, wire.ethernet(0x0800, plain[1]))], link=1)
    count, records = written([raw, ethernet], tmp_path / "out.pcap")
    assert count == 3
    assert [(record.time, record.link) for record in records] == [
        *((1001.25, 101), (1003.25, 101), (2000.125, 1))
    ]
    assert data_of(records[0]) == plain[1] and data_of(records[1]) == plain[3]
    assert data_of(records[2]) == wire.ethernet(0x0800, plain[1])


def test_all_fragments_of_a_datagram(wire: Any, tmp_path: Path) -> None:
    bad = wire.fragments(wire.udp(message(1, "bad", body="x" * 900)), 512, number=1)
    good = wire.fragments(wire.udp(message(2, "good", body="x" * 900)), 512, number=2)
    mixed = [frame for pair in zip(bad[::-1], good, strict=True) for frame in pair]
    count, records = written([wire.pcap(mixed)], tmp_path / "out.pcap")
    assert count == len(bad) == 3
    assert [data_of(record) for record in records] == bad[::-1]


def test_all_segments_of_a_message_and_none_of_another(wire: Any, tmp_path: Path) -> None:
    texts = [
        message(n, user, source="tcp:192.0.2.1:5070") for n, user in enumerate(("good", "bad"))
    ]
    stream, size = b"".join(texts), 100
    segments = [
        wire.ipv4(wire.tcp(1 + at, stream[at : at + size]), protocol=6)
        for at in range(0, len(stream), size)
    ]
    syn = wire.ipv4(wire.tcp(0, b"", 2), protocol=6)
    count, records = written([wire.pcap([syn, *segments])], tmp_path / "out.pcap")
    first = len(texts[0]) // size  # the segment in which the second message begins
    assert [data_of(record) for record in records] == segments[first:]
    assert count == len(segments) - first


@pytest.mark.peer
@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_tshark_reads_it_and_shows_the_reason(wire: Any, tmp_path: Path) -> None:
    frame = wire.ipv4(wire.udp(message(1, "bad")))
    out = tmp_path / "out.pcap"
    written([wire.pcap([(1000.123456, frame)])], out)
    fields = ("frame.time_epoch", "frame.comment", "sip.Method", "sip.from.user")
    words = [word for field in fields for word in ("-e", field)]
    done = subprocess.run(
        ["tshark", "-r", str(out), "-T", "fields", *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    time, *rest = done.stdout.rstrip("\n").split("\t")
    assert time.rstrip("0") == "1000.123456"
    assert rest == ["403 by edge.cfg:4", "OPTIONS", "bad"]


def test_of_a_sipdump_file_the_messages_as_datagrams(tmp_path: Path) -> None:
    text = message(1, "bad").decode()
    dump = tmp_path / "dump.data"
    dump.write_bytes(
        (
            "====================\ntag: rcv\npid: 1\nprocess: 1\ntime: 1000.5\ndate: x\n"
            "proto: udp ipv4\nsrcip: 192.0.2.1\nsrcport: 5070\ndstip: 192.0.2.2\ndstport: 5060\n"
            f"~~~~~~~~~~~~~~~~~~~~\n{text}||||||||||||||||||||\n"
        ).encode()
    )
    count, records = written([str(dump)], tmp_path / "out.pcap")
    assert count == 1 and data_of(records[0])[28:] == message(1, "bad")
    assert records[0].time == 1000.5
