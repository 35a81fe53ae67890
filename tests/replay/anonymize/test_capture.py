"""Whole captures: nothing is left, tshark finds nothing wrong, a replay finds the same."""

import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sipproxy.program import load_file
from sipproxy.replay.anonymize import anonymize
from sipproxy.replay.capture import Capture
from sipproxy.replay.glance import from_user, status_of
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.player import Manner
from sipproxy.replay.run import replay
from sipproxy.testing.messages import request
from sipproxy.testing.traffic.scenarios import Wishes, make

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("SIPPROXY_SHARED", ROOT.parent / "shared")) / "captures"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    """A capture of an attack, the anonymous one, and the truth about the first."""
    folder = tmp_path_factory.mktemp("anonymous")
    truth = make("attack", str(folder / "a.pcap"), Wishes(users=8, seconds=120.0))
    anonymize(str(folder / "a.pcap"), str(folder / "b.pcap"), key=b"a key")
    return folder / "a.pcap", folder / "b.pcap", truth


def test_nothing_of_the_original_is_left(made: tuple[Path, Path, dict[str, Any]]) -> None:
    original, written, truth = made
    text = b"".join(packet.datagram.data for packet in Capture(str(written)))
    hosts = {packet.datagram.source[0] for packet in Capture(str(written))}
    for row in truth["sources"]:
        assert row["address"] not in hosts and row["address"].encode() not in text
    users = {
        (from_user(one.datagram.data), from_user(other.datagram.data))
        for one, other in zip(Capture(str(original)), Capture(str(written)), strict=True)
    }
    assert len(users) > 100 and not any(one == other for one, other in users)
    assert len({other for _, other in users}) == len({one for one, _ in users}) == len(users)
    assert truth["domain"].encode() not in text and truth["server"].split(":")[0] not in hosts
    secrets = {
        word
        for packet in Capture(str(original))
        for name in (b"Call-ID: ", b"tag=", b"branch=z9hG4bK-", b'nonce="', b'response="')
        for word in packet.datagram.data.split(name)[1:]
    }
    words = {word.split(b"\r")[0].split(b'"')[0].split(b";")[0] for word in secrets}
    assert len(words) > 300
    assert [word for word in words if word in text] == []


def test_a_replay_finds_the_same_in_both(made: tuple[Path, Path, dict[str, Any]]) -> None:
    original, written, _ = made
    program = load_file(str(ROOT / "examples" / "kamailio_cfg" / "rate_limit.cfg"))
    found = []
    for path in (original, written):
        player = replay(program, [str(path)], manner=Manner(auth="capture")).player
        rows = [
            (source.requests, source.answers, source.captured, source.blocked, len(source.users))
            for source in player.sources.values()
        ]
        found.append((rows, len(player.people.known_good()), len(list(player.people.broke_in()))))
    assert found[0] == found[1]


def test_the_same_key_gives_the_same_bytes(
    made: tuple[Path, Path, dict[str, Any]], tmp_path: Path
) -> None:
    original, written, _ = made
    for name, key in (("same", b"a key"), ("other", b"another")):
        anonymize(str(original), str(tmp_path / name), key=key)
    assert (tmp_path / "same").read_bytes() == written.read_bytes()
    assert (tmp_path / "other").read_bytes() != written.read_bytes()


def fields(path: Path, *names: str) -> list[list[str]]:
    words = [word for name in names for word in ("-e", name)]
    checked = [f"{proto}.check_checksum:TRUE" for proto in ("ip", "udp", "tcp")]
    options = [word for one in checked for word in ("-o", one)]
    done = subprocess.run(
        ["tshark", "-r", str(path), *options, "-T", "fields", *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")


@pytest.mark.peer
@needs_tshark
def test_tshark_finds_checksums_right_and_times_as_they_were(
    made: tuple[Path, Path, dict[str, Any]],
) -> None:
    original, written, _ = made
    rows = fields(
        written,
        "frame.time_epoch",
        "ip.checksum.status",
        "udp.checksum.status",
        "_ws.malformed",
        "sip.Method",
        "sip.Status-Code",
    )
    assert {tuple(row[1:4]) for row in rows} == {("1", "1", "")}
    before = fields(original, "frame.time_epoch", "sip.Method", "sip.Status-Code")
    assert [[row[0], *row[4:]] for row in rows] == before


def test_streams_become_segments_that_follow_one_another(wire: Any, tmp_path: Path) -> None:
    texts = [
        request(number=number, source="tcp:198.51.100.7:5070", headers=f"X-Long: {'y' * 1500}")
        for number in range(3)
    ]
    stream = b"".join(texts)
    pieces = [
        wire.ipv4(wire.tcp(1 + at, stream[at : at + 900]), protocol=6)
        for at in range(0, len(stream), 900)
    ]
    out = tmp_path / "out.pcap"
    account = anonymize(wire.pcap(pieces), str(out), key=b"a key")
    assert (account.messages, account.headers) == (3, {"others": 3})
    found = list(Capture(str(out)))
    assert [packet.datagram.proto for packet in found] == ["tcp"] * 3
    assert b"".join(p.datagram.data for p in found).count(b"OPTIONS sip:") == 3
    if shutil.which("tshark"):
        rows = fields(out, "tcp.checksum.status", "tcp.analysis.lost_segment", "sip.Method")
        assert rows == [["1", "", "OPTIONS"]] * 3


def test_long_messages_are_cut_into_segments(tmp_path: Path) -> None:
    routes = ", ".join(f"<sip:{number}@198.51.100.7;lr>" for number in range(300))
    data = request(source="tcp:[2001:db8::7]:5070", headers=f"Route: {routes}")
    dump = tmp_path / "dump"
    dump.write_bytes(
        b"====================\ntime: 1.5\nproto: tls ipv6\nsrcip: 2001:db8::7\nsrcport: 5070\n"
        b"dstip: 2001:db8::1\ndstport: 5061\n~~~~~~~~~~~~~~~~~~~~\n"
        + data
        + b"||||||||||||||||||||\n"
    )
    out = tmp_path / "out.pcap"
    anonymize(str(dump), str(out), key=b"a key")
    (packet,) = Capture(str(out))
    assert packet.number > 3 and packet.datagram.data.count(b";lr>") == 300


def test_what_is_no_sip_and_what_is_not_understood(tmp_path: Path) -> None:
    here, there = ("198.51.100.7", 5060), ("203.0.113.1", 5060)
    broken = request().replace(b"CSeq: 1", b"CSeq: secret")
    with PcapWriter(str(tmp_path / "a")) as writer:
        for data in (b"\r\n\r\n", b"my secret stream", broken, request()):
            writer.add(1.0, here, there, data)
    account = anonymize(str(tmp_path / "a"), str(tmp_path / "b"), key=b"a key")
    assert (account.keepalives, account.other, account.filled, account.messages) == (1, 1, 1, 1)
    written = [packet.datagram.data for packet in Capture(str(tmp_path / "b"))]
    assert written[:2] == [b"\r\n\r\n", b"x" * len(broken)] and len(written) == 3


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared captures are not here")
def test_captures_of_others_keep_their_methods_and_statuses(tmp_path: Path) -> None:
    for path in sorted(SHARED.glob("*.pcap*")):
        out = tmp_path / path.name
        account = anonymize(str(path), str(out), key=b"a key")
        before = Counter(_kind(p.datagram.data) for p in Capture(str(path)))
        after = Counter(_kind(p.datagram.data) for p in Capture(str(out)))
        lost = sum((before - after).values())
        assert lost <= account.filled + account.other + account.keepalives, path.name
        hosts = {p.datagram.source[0] for p in Capture(str(path))}
        public = {host for host in hosts if ip_is_public(host)}
        text = out.read_bytes()
        assert not [host for host in public if host.encode() in text], path.name


def _kind(data: bytes) -> str:
    return str(status_of(data)) if status_of(data) else data.split(b" ", 1)[0].decode("latin-1")


def ip_is_public(text: str) -> bool:
    from ipaddress import ip_address

    return ip_address(text).is_global
