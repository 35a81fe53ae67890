"""pike and the table of bans: a flood is cut off, phones are not, and the ban says why."""

from collections.abc import Callable

import pytest

from sipproxy.testing.scene import Scene

MakeScene = Callable[..., Scene]


@pytest.fixture
def stage(scene: MakeScene) -> Scene:
    return scene("flood_ban.cfg")


def flood(stage: Scene, source: str, number: int) -> list[int]:
    """Statuses of that many OPTIONS at once."""
    found = []
    for _ in range(number):
        found += stage.proxy.feed(stage.messages.options(source=source)).statuses
    return found


def test_a_flood_is_cut_off_and_the_ban_says_why(stage: Scene) -> None:
    now = int(stage.proxy.clock.now())
    answered = flood(stage, "203.0.113.9:5060", 1000)
    # As Kamailio: the first source of a neighbourhood has a quarter of DENSITY more.
    assert answered == [200] * 38
    ((key, reason),) = stage.proxy.sht["ipban"].items()
    assert key == "203.0.113.9"
    assert reason == (f"more than 30 requests in 2 s, the last OPTIONS from 203.0.113.9 at {now}")


def test_a_ban_ends(stage: Scene) -> None:
    flood(stage, "203.0.113.9:5060", 100)
    stage.proxy.advance(299)
    assert flood(stage, "203.0.113.9:5060", 1) == []
    run = stage.proxy.advance(3)
    assert run.log.has("no longer banned: 203.0.113.9: more than 30 requests in 2 s")
    assert flood(stage, "203.0.113.9:5060", 1) == [200]


def test_the_next_source_of_the_neighbourhood_is_counted_at_once(stage: Scene) -> None:
    flood(stage, "203.0.113.9:5060", 100)
    assert len(flood(stage, "203.0.113.10:5060", 100)) == 30


def test_phones_are_served_beside_a_flood(stage: Scene) -> None:
    phone = stage.caller("203.0.113.200")
    for _ in range(20):
        flood(stage, "203.0.113.9:5060", 50)
        assert phone.register("bob", "right-horse") == 200
        stage.proxy.advance(3)


def test_trusted_sources_are_never_cut_off(scene: MakeScene) -> None:
    stage = scene("flood_ban.cfg", TRUSTED="198.51.100.0/24")
    assert len(flood(stage, "198.51.100.9:5060", 500)) == 500
    assert len(flood(stage, "192.0.2.9:5060", 500)) == 38


def test_an_ipv6_network_is_one_source(stage: Scene) -> None:
    answered = 0
    for number in range(500):
        answered += len(flood(stage, f"[2001:db8:1:2::{number:x}]:5060", 1))
    assert answered == 30
    ((key, reason),) = stage.proxy.sht["ipban"].items()
    assert key == "2001:db8:1:2::/64"
    assert "more than 30 requests of its addresses in 2 s" in str(reason)
    assert flood(stage, "[2001:db8:1:3::1]:5060", 1) == [200]


def test_a_burst_of_guesses_ends_soon_and_a_patient_attacker_goes_on(stage: Scene) -> None:
    attacker = stage.caller("203.0.113.9")
    statuses = attacker.guesses([("bob", f"wrong-{n}") for n in range(1000)])
    assert statuses.count(401) == stage.checks() == 37, "one request was for the challenge"
    stage.users.looked_up.clear()
    stage.proxy.advance(310)
    for number in range(300):
        assert attacker.guess("bob", f"wrong-{number}") == 401, "what this rule cannot"
        stage.proxy.advance(1)


def test_density_can_be_set(scene: MakeScene) -> None:
    stage = scene("flood_ban.cfg", DENSITY=100, BAN=10)
    answered = flood(stage, "203.0.113.9:5060", 1000)
    assert len(answered) > 100
    stage.proxy.advance(20)
    assert flood(stage, "203.0.113.9:5060", 1) == [200]
