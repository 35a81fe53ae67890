"""A comparison for people, and as JSON."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.program import load_file, load_text
from sipproxy.replay.capture import Capture
from sipproxy.replay.compare import Comparison, compare
from sipproxy.replay.compare_report import as_json_data, as_text
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.people import Good
from sipproxy.replay.player import Manner
from sipproxy.replay.run import Captures
from sipproxy.replay.variants import Variant
from sipproxy.testing import request, response

if TYPE_CHECKING:
    from tests.day import Day


def compared(day: "Day", a: str, b: str, manner: Manner) -> Comparison:
    sides = [Variant(load_file(day.guard, overrides={"MAX": n}), {"MAX": n}) for n in (a, b)]
    return compare(Captures([day.pcap]), *sides, manner=manner)


@pytest.fixture(scope="module")
def found(day: "Day") -> Comparison:
    return compared(day, "5", "3", Manner(auth="capture"))


def test_good_users_come_first(found: Comparison, day: "Day") -> None:
    guard = day.guard
    assert as_text(found).splitlines()[:2] == [
        "good users newly blocked by B: 1 of 3 known good",
        "  bob at 192.0.2.12: 2 newly blocked; first: packet 21, 11:08:41.000, REGISTER: "
        f"200 ({guard}:22) -> 403 ({guard}:16)",
    ]


def test_the_rest_of_the_text(found: Comparison, day: "Day") -> None:
    text = as_text(found)
    assert f"  A: {day.guard} MAX=5\n  B: {day.guard} MAX=3\n" in text
    assert "  96 requests: 90 as before, 6 newly blocked\n" in text
    assert "  blocked by A: 42 requests, 0 good users; by B: 48 requests, 1 good users\n" in text
    assert (
        "first difference: packet 21, 11:08:41.000, REGISTER of bob from 192.0.2.12:5060\n"
        f"  A: answered 200, {day.guard}:22\n  B: answered 403, blocked, {day.guard}:16\n"
    ) in text
    assert "203.0.113.9   41        2         0        0 " in text
    assert "0 database statements" in text


def test_the_way_back_and_nothing_at_all(day: "Day") -> None:
    back = as_text(compared(day, "3", "5", Manner(auth="capture")))
    assert "good users newly blocked by B: 0 of 3 known good\n" in back
    assert "good users that B does not block any more: 1\n  bob at 192.0.2.12: 2 newly" in back
    same = as_text(compared(day, "5", "5", Manner(auth="accept")))
    assert "no difference: both answer every request alike" in same
    assert "source  " not in same


def test_json_has_it_all(found: Comparison) -> None:
    data = json.loads(json.dumps(as_json_data(found)))
    assert (data["a"]["set"], data["b"]["set"]) == ({"MAX": "5"}, {"MAX": "3"})
    assert data["requests"] == {
        "compared": 96,
        "same": 90,
        "newly_blocked": 6,
        "newly_passed": 0,
        "otherwise": 0,
        "only_a": 0,
        "only_b": 0,
    }
    assert (data["good"]["known"], data["good"]["newly_blocked"]) == (3, 1)
    (bob,) = data["good"]["users"]
    assert (bob["user"], bob["blocked_a"], bob["blocked_b"]) == ("bob", 0, 2)
    assert data["first_difference"]["packet"] == 21
    assert data["first_difference"]["b"]["blocked"] is True
    assert data["sources"][0]["address"] == "192.0.2.12"
    assert data["a"]["totals"]["blocked"] + 6 == data["b"]["totals"]["blocked"]
    assert data["a"]["seconds_cpu"] >= 0


def test_nobody_known_good(day: "Day", tmp_path: Path) -> None:
    """Where no server answered, nobody is, unless a list says so."""
    silent = str(tmp_path / "silent.pcap")
    with PcapWriter(silent) as writer:
        for packet in Capture(day.pcap):
            if packet.datagram.dest[1] == 5060 and packet.datagram.data.startswith(b"REGISTER"):
                writer.add(packet.time, *packet.datagram[:3])
    for good, said in ((Good(), "nobody is known good (see --good)"), (Good(["bob"]), "0 of 2")):
        manner = Manner(auth="reject", good=good)
        sides = [Variant(load_file(day.guard), {})] * 2
        assert said in as_text(compare(Captures([silent]), *sides, manner=manner))


def test_no_more_than_twenty_rows(tmp_path: Path) -> None:
    """Thirty customers whom B refuses, and a call that only A lets through."""
    path, us = str(tmp_path / "c.pcap"), ("192.0.2.1", 5060)
    with PcapWriter(path) as writer:
        for number in range(30):
            source = (f"198.18.0.{number}", 5060)
            asked = request("INVITE", "sip:b@192.0.2.99", source=f"{source[0]}:5060", number=number)
            writer.add(1000.0 + number, source, us, asked)
            writer.add(1000.1 + number, us, ("192.0.2.99", 5060), asked)
            writer.add(1000.2 + number, us, source, response(asked, 200, "OK"))
        bye = request("BYE", "sip:a@x", source="192.0.2.99:5060", call_id="call-29", to_tag="t")
        writer.add(1040.0, ("192.0.2.99", 5060), us, bye)
    sides = [
        Variant(load_text(f'loadmodule "sl.so"\nrequest_route {{ {act}; }}\n'), {})
        for act in ("forward(192.0.2.99)", 'sl_send_reply("403", "No")')
    ]
    text = as_text(compare(Captures([path]), *sides, me=[us]))
    assert "good users newly blocked by B: 30 of 30 known good\n" in text
    assert "\n  and 10 more (--json has all)\n" in text
    assert "\nand 10 more sources (--json has all)\n" in text
    assert "  1 requests were given to A alone: the other refused the call\n" in text
    assert "INVITE: relayed (" in text and ") -> 403 (" in text
