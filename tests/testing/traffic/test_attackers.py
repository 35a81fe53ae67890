"""Attackers in a world of their own."""

from collections import Counter
from pathlib import Path

from sipproxy.replay.capture import Capture
from sipproxy.replay.glance import agent_of, credentials_user, exchange, from_user, status_of
from sipproxy.replay.pcap import PcapWriter
from sipproxy.testing.traffic.attackers import SCANNER, Attacker
from sipproxy.testing.traffic.world import World

START = 1_795_000_000.0
HERE = ("198.51.100.9", 5099)


def played(path: Path, campaign: str, *words: object) -> tuple[Attacker, list[bytes], Counter[int]]:
    """An attacker's campaign: who, the requests, the answers by status."""
    with PcapWriter(str(path)) as writer:
        world = World(
            writer,
            server=("203.0.113.5", 5060),
            domain="example.com",
            secret="s",
            start=START,
            seed=1,
        )
        world.teach({"bob": "right"})
        attacker = Attacker(world, HERE)
        getattr(attacker, campaign)(START, *words)
        world.run(START + 100)
    data = [packet.datagram.data for packet in Capture(str(path))]
    asked = [message for message in data if not status_of(message)]
    return attacker, asked, Counter(status_of(message) for message in data if status_of(message))


def test_a_scan_asks_for_one_user_after_the_other(tmp_path: Path) -> None:
    _, asked, answers = played(tmp_path / "a", "scan", ["100", "101", "bob"], 10.0)
    assert [from_user(data) for data in asked] == ["100", "100", "101", "bob"]
    assert {agent_of(data) for data in asked} == {SCANNER}
    assert answers == {200: 1, 401: 3}


def test_a_list_of_passwords_finds_the_right_one(tmp_path: Path) -> None:
    words = ["one", "two", "right", "three"]
    attacker, asked, answers = played(tmp_path / "a", "guess", "bob", words, 5.0)
    assert attacker.found == ["bob"]
    assert [credentials_user(data) for data in asked] == [None, *["bob"] * 4]
    assert answers == {401: 4, 200: 1}
    assert len({exchange(data) for data in asked}) == 5


def test_calls_to_numbers_are_asked_for_a_password(tmp_path: Path) -> None:
    _, asked, answers = played(tmp_path / "a", "dial", ["00441", "00442"], 1.0)
    assert [data.split()[:2] for data in asked] == [
        [b"INVITE", b"sip:00441@example.com"],
        [b"INVITE", b"sip:00442@example.com"],
    ]
    assert answers == {407: 2}


def test_a_flood_keeps_its_rate(tmp_path: Path) -> None:
    _, asked, _ = played(tmp_path / "a", "flood", 2.0, 50.0, "OPTIONS")
    assert len(asked) == 101
