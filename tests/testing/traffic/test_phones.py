"""Phones in a world of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sipproxy.replay.capture import Capture
from sipproxy.replay.pcap import PcapWriter
from sipproxy.testing.traffic.phones import Model, Phone, header
from sipproxy.testing.traffic.world import World
from sipproxy.text import decode

START = 1_795_000_000.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with PcapWriter(str(tmp_path / "a.pcap")) as writer:
        yield World(
            writer,
            server=("203.0.113.5", 5060),
            domain="example.com",
            secret="s",
            start=START,
            seed=1,
        )


def phone(world: World, user: str, host: str) -> Phone:
    world.teach({user: f"pw-{user}"})
    return Phone(world, user, f"pw-{user}", (host, 5060), Model("Phone 1.0", 600))


def lines(world: World, tmp_path: Path) -> list[str]:
    """The first line of each message, and where it went."""
    world._writer._stream.flush()
    found = []
    for packet in Capture(str(tmp_path / "a.pcap")):
        source, dest, data, _ = packet.datagram
        first = decode(data).partition("\r\n")[0].replace(" SIP/2.0", "").replace("SIP/2.0 ", "")
        found.append(f"{source[0].rpartition('.')[2]}>{dest[0].rpartition('.')[2]} {first}")
    return found


def test_it_registers_and_again_before_that_expires(world: World, tmp_path: Path) -> None:
    phone(world, "bob", "192.0.2.1").register()
    world.run(START + 590)
    assert lines(world, tmp_path) == [
        *("1>5 REGISTER sip:example.com", "5>1 401 Unauthorized"),
        *("1>5 REGISTER sip:example.com", "5>1 200 OK"),
        *("1>5 REGISTER sip:example.com", "5>1 401 Unauthorized"),  # the nonce is too old
        *("1>5 REGISTER sip:example.com", "5>1 200 OK"),
    ]


def test_mistyped_passwords_come_before_the_right_one(world: World, tmp_path: Path) -> None:
    bob = phone(world, "bob", "192.0.2.1")
    bob.typos = 2
    bob.register()
    world.run(START + 120)
    answers = [line[4:7] for line in lines(world, tmp_path) if line.startswith("5>1")]
    assert answers == ["401", "401", "401", "401", "401", "200"]
    assert bob.registered


def test_a_call_goes_through_the_server_both_ways(world: World, tmp_path: Path) -> None:
    bob, carol = phone(world, "bob", "192.0.2.1"), phone(world, "carol", "192.0.2.2")
    carol.register()
    world.run(START + 1)
    before = len(lines(world, tmp_path))
    world.luck.often = lambda probability: False  # type: ignore[method-assign]  # nobody is busy
    bob.call("carol", 7.0)
    world.run(START + 60)
    target = "sip:carol@192.0.2.2:5060"
    assert lines(world, tmp_path)[before:] == [
        *("1>5 INVITE sip:carol@example.com", "5>1 407 Proxy Authentication Required"),
        *("1>5 ACK sip:carol@example.com", "1>5 INVITE sip:carol@example.com"),
        *("5>1 100 trying -- your call is important to us", f"5>2 INVITE {target}"),
        *("2>5 180 Ringing", "5>1 180 Ringing", "2>5 200 OK", "5>1 200 OK"),
        *(f"1>5 ACK {target}", f"5>2 ACK {target}", f"1>5 BYE {target}", f"5>2 BYE {target}"),
        *("2>5 200 OK", "5>1 200 OK"),
    ]


def test_without_power_it_is_silent_and_forgets(world: World, tmp_path: Path) -> None:
    bob = phone(world, "bob", "192.0.2.1")
    bob.register()
    world.run(START + 5)
    bob.power_off()
    bob.call("carol", 1.0)
    world.run(START + 700)
    assert len(lines(world, tmp_path)) == 4
    bob.power_on()
    world.run(START + 705)
    assert [line[4:7] for line in lines(world, tmp_path)[4:]] == ["REG", "401", "REG", "200"]


def test_headers_are_found_by_name() -> None:
    data = b"SIP/2.0 200 OK\r\nVia: a\r\nX: 1\r\nvia:b\r\n\r\nVia: no\r\n"
    assert header(data, "via") == "a" and header(data, "to") == ""
