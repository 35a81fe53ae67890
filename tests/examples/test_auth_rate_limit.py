"""What only this example does; what it shares with the other that counts is in test_hardened."""

from collections.abc import Callable

import pytest

from sipproxy.testing import Sent
from sipproxy.testing.scene import Scene

MakeScene = Callable[..., Scene]


@pytest.fixture
def stage(scene: MakeScene) -> Scene:
    return scene("auth_rate_limit.cfg")


def wait(sent: list[Sent]) -> str | None:
    """Retry-After of a 429."""
    (reply,) = sent
    assert (reply.status, reply.message.reason) == (429, "Too Many Failed Attempts")
    return reply.message.header("Retry-After")


def test_numbers_can_be_set(scene: MakeScene) -> None:
    stage = scene("auth_rate_limit.cfg", LIMIT=2, SOURCE_LIMIT=3, BAN=20, WINDOW=10)
    attacker = stage.caller("203.0.113.9")
    assert attacker.guesses([("bob", "x")] * 3) == [401, 401, 429]
    assert attacker.guesses([("alice", "x")] * 2) == [401, 429]
    stage.proxy.advance(40)
    assert attacker.guess("alice", "x") == 429, "the slow window goes on"
    assert stage.caller("203.0.113.8").guess("bob", "x") == 401


def test_who_must_wait_is_told_how_long_whatever_he_asks(stage: Scene) -> None:
    attacker = stage.caller("203.0.113.9")
    attacker.guesses([(str(user), "x") for user in range(1000, 1050)])
    source = attacker.line.source
    for passed, left in ((0, "360"), (100, "260"), (259, "1"), (1, "1")):
        stage.proxy.advance(passed)
        for data in (
            stage.messages.register("carol", source=source),
            stage.messages.options(source=source),
            stage.messages.invite(source=source),
        ):
            assert wait(stage.proxy.feed(data).sent) == left
    stage.proxy.advance(10)
    assert stage.proxy.feed(stage.messages.options(source=source)).statuses == [200]


def test_a_pair_must_wait_and_its_neighbours_need_not(stage: Scene) -> None:
    phone = stage.caller("192.0.2.7")
    phone.guesses([("bob", "x")] * 6)
    source = phone.line.source
    assert wait(stage.proxy.feed(stage.messages.register("bob", source=source)).sent) == "360"
    assert stage.caller("192.0.2.7").register("alice", "wonder") == 200
    assert stage.caller("192.0.2.8").register("bob", "right-horse") == 200


def test_a_served_phone_passes_the_gate_of_its_address(stage: Scene) -> None:
    phone = stage.caller("192.0.2.7")
    assert phone.register("alice", "wonder") == 200
    stage.caller("192.0.2.7").guesses([(str(user), "x") for user in range(1000, 1050)])
    phone.challenge = None
    assert phone.register("alice", "wonder") == 200
    assert stage.caller("192.0.2.7").register("bob", "right-horse") == 429


def test_forgiving_by_rpc(stage: Scene) -> None:
    phone = stage.caller("192.0.2.7")
    phone.guesses([("bob", "x")] * 6)
    stage.proxy.rpc("htable.delete", "limited", "192.0.2.7 bob")
    now = int(stage.proxy.clock.now())
    stage.proxy.rpc("htable.delete", "failed", f"192.0.2.7 bob {now // 360}")
    assert phone.register("bob", "right-horse") == 200
