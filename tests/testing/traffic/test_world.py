"""The world between endpoints and the old server."""

from pathlib import Path

from sipproxy.core.flow import Address
from sipproxy.replay.capture import Capture
from sipproxy.replay.pcap import PcapWriter
from sipproxy.testing.messages import request
from sipproxy.testing.traffic.world import Luck, World

START = 1_795_000_000.0


class Ear:
    """Notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, bytes]] = []

    def take(self, data: bytes, now: float) -> None:
        self.heard.append((now, data))


def test_messages_travel_and_the_server_sees_them_on_the_way(tmp_path: Path) -> None:
    here: Address = ("192.0.2.1", 5060)
    ear = Ear()
    with PcapWriter(str(tmp_path / "a")) as writer:
        world = World(
            writer,
            server=("203.0.113.5", 5060),
            domain="example.com",
            secret="s",
            start=START,
            seed=3,
        )
        world.seat(here, ear)
        world.send(here, request(source="192.0.2.1:5060"))
        world.run(START + 1)
    asked, answered = Capture(str(tmp_path / "a"))
    ((now, data),) = ear.heard
    assert data.startswith(b"SIP/2.0 200 OK\r\n") and data == answered.datagram.data
    assert START < asked.time < answered.time < now < START + 0.2
    assert (world.packets, world.asked, world.now) == (2, {"192.0.2.1": 1}, START + 1)


def test_events_come_in_order_whoever_made_them(tmp_path: Path) -> None:
    with PcapWriter(str(tmp_path / "a")) as writer:
        world = World(
            writer, server=("203.0.113.5", 5060), domain="x", secret="s", start=START, seed=3
        )
        seen: list[tuple[str, float]] = []
        world.after(2.0, lambda: seen.append(("two", world.now - START)))
        world.after(1.0, lambda: world.at(0.0, lambda: seen.append(("past", world.now - START))))
        world.after(2.0, lambda: seen.append(("too", world.now - START)))
        world.run(START + 5)
    assert seen == [("past", 1.0), ("two", 2.0), ("too", 2.0)]


def test_luck_repeats_itself_and_keeps_its_shapes() -> None:
    one, other = Luck(7), Luck(7)
    assert [one.part() for _ in range(5)] == [other.part() for _ in range(5)]
    assert all(2 <= one.between(2, 3) < 3 for _ in range(100))
    waits = [one.wait(10.0) for _ in range(4000)]
    assert min(waits) >= 0 and 9 < sum(waits) / len(waits) < 11
    assert 800 < sum(one.often(0.25) for _ in range(4000)) < 1200
    assert {one.one("a", "b", "c") for _ in range(100)} == {"a", "b", "c"}
