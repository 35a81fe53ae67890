"""`sipproxy explain`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.day import Day

Sipproxy = Callable[..., Any]


def test_a_packet(sipproxy: Sipproxy, day: "Day") -> None:
    said = sipproxy("explain", day.pcap, "-f", day.guard, "--auth", "capture", "--packet", "21")
    assert (said.code, said.err) == (0, "")
    assert "banned=>192.0.2.12 was 1795000114 until 11:13:34\n" in said.out


def test_a_call_and_a_source_as_json(sipproxy: Sipproxy, day: "Day") -> None:
    words = ("explain", day.pcap, "-f", day.guard, "--auth", "capture", "--json")
    call = json.loads(sipproxy(*words, "--call-id", "call-11").out)
    assert [run["packet"] for run in call["runs"]] == [21]
    source = json.loads(sipproxy(*words, "--source", "203.0.113.9").out)
    assert (source["requests"], source["left_out"]["requests"]) == (41, 39)
    packets = json.loads(sipproxy(*words, "--packet", "1:21", "--packet", "23").out)
    assert [run["packet"] for run in packets["runs"]] == [21, 23]


def test_a_case_is_written_as_a_test(sipproxy: Sipproxy, day: "Day", tmp_path: Path) -> None:
    path = tmp_path / "test_bob.py"
    words = ("explain", day.pcap, "-f", day.guard, "--auth", "capture", "--packet", "21")
    said = sipproxy(*words, "--save-test", str(path))
    assert said.code == 0
    assert said.err == f"sipproxy: {path}: answered 403, by 4 messages (pytest {path})\n"
    text = path.read_text()
    path.write_text("mine")
    again = sipproxy(*words, "--save-test", str(path))
    assert (again.code, path.read_text()) == (2, "mine")
    assert "is there already; --force replaces it" in again.err
    assert sipproxy(*words, "--save-test", str(path), "--force").code == 0
    assert path.read_text() == text
    assert sipproxy(*words, "--force").code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say what to explain: --call-id ID, --source IP or --packet N"),
        (["--packet", "1", "--source", "192.0.2.1"], "say what to explain"),
        (["--packet", "x"], "'x' is no packet: a number, or CAPTURE:NUMBER, both from 1"),
        (["--packet", "2:1"], "'2:1' is no packet"),
        (["--source", "bob"], "'bob' does not appear to be an IPv4 or IPv6 address"),
        (["--packet", "999"], "the captures have no message with packet 999"),
        (["--packet", "22"], "no request with packet 22 came to us: packet 22 goes from"),
        (["--call-id", "nobody's"], "the captures have no message with Call-ID nobody's"),
    ],
)
def test_what_is_wrong(sipproxy: Sipproxy, day: "Day", words: list[str], said: str) -> None:
    found = sipproxy("explain", day.pcap, "-f", day.guard, *words)
    assert found.code == 2
    assert said in found.err
