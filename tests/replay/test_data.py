"""The report of a replay as plain data; it repeats itself byte for byte."""

import csv
import io
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sipproxy.program import load_file
from sipproxy.replay.data import as_csv, as_data, as_decision
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Replayed, replay
from sipproxy.replay.verdicts import Decision
from sipproxy.testing.messages import Messages

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SIPPROXY_SHARED", ROOT.parent / "shared")) / "captures"
EXAMPLE = str(ROOT / "examples" / "kamailio_cfg" / "rate_limit.cfg")
ME, PHONE, FLOODER = ("192.0.2.100", 5060), ("192.0.2.1", 5060), ("203.0.113.9", 5060)
NOW = 1_700_000_000.0


@pytest.fixture
def flood(tmp_path: Path) -> str:
    """A phone that registers each second, and 200 requests of one other; all were answered 200."""
    path = str(tmp_path / "flood.pcap")
    messages = Messages()
    with PcapWriter(path) as writer:
        for number in range(200):
            sources = [FLOODER, PHONE] if number % 50 == 0 else [FLOODER]
            for host, port in sources:
                request = messages.register("alice", source=f"{host}:{port}")
                at = NOW + number / 50
                _, rest = request.split(b"\r\n", 1)
                writer.add(at, (host, port), ME, request)
                writer.add(at + 0.001, ME, (host, port), b"SIP/2.0 200 OK\r\n" + rest)
    return path


def played(*paths: str, **manner: Any) -> tuple[Replayed, list[Decision]]:
    decisions: list[Decision] = []
    given = Manner(**manner, told=decisions.append)
    return replay(load_file(EXAMPLE), paths, manner=given), decisions


def test_the_report(flood: str) -> None:
    found, decisions = played(flood)
    report = as_data(found)
    wanted = {"captures", "me", "cfg", "packets", "messages", "seconds_captured", "unsupported"}
    assert wanted | {"auth_source", "sources", "totals"} <= set(report)
    assert report["packets"] == 2 * report["messages"] == 2 * len(decisions) == 408
    assert report["not_fed"]["from_us"] == 204
    assert report["seconds_captured"] == 3.981
    flooder, phone = report["sources"]
    assert (flooder["address"], flooder["requests"], flooder["blocked"]) == (
        "203.0.113.9",
        200,
        180,
    )
    assert flooder["answers"] == {"200": 20, "429": 180}
    assert flooder["captured"] == {"200": 200}
    assert flooder["first_difference"]["packet"] == flooder["first_blocked"]["packet"] == 43
    assert (phone["accepted"], phone["blocked"], phone["first_difference"]) == (4, 0, None)
    assert report["good"]["known"] == 2 and report["good"]["blocked"] == 1
    assert report["totals"]["rejected"] == 180 and report["totals"]["requests"] == 204
    row = as_decision(decisions[-1])
    assert (row["verdict"], row["status"], row["captured_status"]) == ("answered", 429, 200)
    assert row["source"] == "203.0.113.9:5060" and row["differs"]


def test_as_csv(flood: str) -> None:
    found, _ = played(flood)
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert [(row["address"], row["blocked"]) for row in rows] == [
        ("203.0.113.9", "180"),
        ("192.0.2.1", "0"),
    ]


def test_several_captures_are_one_in_the_order_of_their_time(flood: str, tmp_path: Path) -> None:
    later = str(tmp_path / "a-later.pcap")
    with PcapWriter(later) as writer:
        request = Messages().register("bob", source="192.0.2.7:5060")
        writer.add(NOW + 100, ("192.0.2.7", 5060), ME, request)
    found, decisions = played(later, flood)
    assert as_data(found)["captures"] == [flood, later]
    assert (decisions[-1].capture, decisions[-1].packet) == (1, 1)
    assert found.player.tally.late == 0


def test_the_server_starts_with_the_first_packet_or_before(flood: str) -> None:
    program = load_file(EXAMPLE)
    for epoch in (None, NOW - 0.4):
        found = replay(program, [flood], epoch=epoch)
        assert as_data(found)["totals"]["answers"] == {"200": 24, "429": 180}
    with pytest.raises(ValueError, match="before that epoch"):
        replay(program, [flood], epoch=NOW + 1)


def run(words: list[str], seed: str) -> bytes:
    """The standard output of `sipproxy replay`, with another seed of Python's hashes."""
    command = [sys.executable, "-m", "sipproxy", "replay", *words]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(command, capture_output=True, env=environment, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("form", [[], ["--csv"], ["--json", "--messages"]])
def test_the_same_input_gives_the_same_output_byte_for_byte(flood: str, form: list[str]) -> None:
    words = [flood, "-f", EXAMPLE, *form]
    one, two = run(words, "1"), run(words, "2")
    if "--json" in form:
        one, two = (_without_time_of_day(text) for text in (one, two))
    assert one == two and len(one) > 100


def _without_time_of_day(text: bytes) -> bytes:
    report = json.loads(text)
    assert report.pop("seconds_run") >= 0
    return json.dumps(report).encode()


CALLS = {"REGISTER": 18, "INVITE": 8, "ACK": 6}
CALLS_ANSWERED = {"200": 3, "401": 14, "403": 3, "407": 5, "480": 1}
"""Three of the five INVITEs that were answered 407 are transmissions of one."""


@pytest.mark.parametrize(
    ("name", "me", "requests", "captured"),
    [
        ("aaa-call-rtp.pcap", "212.242.33.35:5060", CALLS, CALLS_ANSWERED),
        ("derived-ipfrag-reversed.pcap", "212.242.33.35:5060", CALLS, CALLS_ANSWERED),
        (
            "friendly-scanner.pcap",
            "195.113.172.39:5060",
            {"INVITE": 1, "REGISTER": 15},
            {"200": 1, "401": 15},
        ),
        (
            "fax-t38.pcap",
            "10.35.40.200:5060",
            {"INVITE": 6, "ACK": 6, "OPTIONS": 4, "BYE": 2},
            {"200": 10, "488": 2},
        ),
        ("tcp-register-401.pcap", "2.2.2.2:5062", {"REGISTER": 1}, {"401": 1}),
        ("hello-keepalive.pcapng", "10.239.156.235:5060", {"REGISTER": 4}, {"401": 2, "200": 2}),
    ],
)
def test_real_captures(
    name: str, me: str, requests: dict[str, int], captured: dict[str, int]
) -> None:
    """Requests and answers as tshark counts them, retransmissions with the answer they got."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not there")
    found, _ = played(str(path))
    report = as_data(found)
    methods: Counter[str] = Counter()
    for source in report["sources"]:
        methods.update(source["methods"])
    assert (report["me"], report["faults"]) == ([me], 0)
    assert methods == requests
    assert report["totals"]["captured"] == captured
