"""So many calls and registrations in a second, of each source and of all together."""

from collections.abc import Callable

import pytest

from sipproxy.testing import Sent
from sipproxy.testing.scene import Scene

MakeScene = Callable[..., Scene]


@pytest.fixture
def stage(scene: MakeScene) -> Scene:
    return scene("calls_per_second.cfg")


def statuses(stage: Scene, method: str, sources: list[str]) -> list[int]:
    """What each source hears, in one instant."""
    found = []
    for source in sources:
        request = stage.messages.request(method, user="bob", source=f"{source}:5060")
        found += stage.proxy.feed(request).statuses
    return found


@pytest.mark.parametrize(("method", "asked"), [("REGISTER", 401), ("INVITE", 407)])
def test_a_source_has_five_in_a_second(stage: Scene, method: str, asked: int) -> None:
    for _ in range(3):
        assert statuses(stage, method, ["203.0.113.9"] * 20) == [asked] * 5 + [429] * 15
        assert statuses(stage, method, ["192.0.2.7"]) == [asked]
        stage.proxy.advance(1)


@pytest.mark.parametrize(
    ("method", "asked", "limit"), [("REGISTER", 401, 100), ("MESSAGE", 407, 50)]
)
def test_all_together_have_so_many(stage: Scene, method: str, asked: int, limit: int) -> None:
    many = [f"198.51.100.{n}" for n in range(200)]
    for _ in range(3):
        assert statuses(stage, method, many) == [asked] * limit + [503] * (200 - limit)
        stage.proxy.advance(1)


def test_who_is_refused_is_told_when_to_come_back(stage: Scene) -> None:
    def sent(source: str) -> Sent:
        return stage.proxy.feed(stage.messages.register("bob", source=source)).sent[-1]

    for _ in range(5):
        sent("203.0.113.9:5060")
    reply = sent("203.0.113.9:5060").message
    assert (reply.status, reply.header("Retry-After")) == (429, "1")
    for number in range(100):
        sent(f"198.51.100.{number}:5060")
    reply = sent("192.0.2.7:5060").message
    assert (reply.status, reply.header("Retry-After")) == (503, "2")


def test_a_source_that_floods_leaves_room_for_others(stage: Scene) -> None:
    """Its own limit comes first, so the pipe of all is not used up."""
    statuses(stage, "REGISTER", ["203.0.113.9"] * 10_000)
    assert statuses(stage, "REGISTER", ["192.0.2.7"]) == [401]


def test_an_ipv6_network_is_one_source(stage: Scene) -> None:
    near = [f"[2001:db8:1:2::{n:x}]" for n in range(1, 50)]
    assert statuses(stage, "REGISTER", near) == [401] * 5 + [429] * 44
    assert statuses(stage, "REGISTER", ["[2001:db8:1:3::1]"]) == [401]


def test_an_attacker_is_slowed_down_and_not_stopped(stage: Scene) -> None:
    attacker = stage.caller("203.0.113.9")
    attacker.guess("bob", "x")
    stage.proxy.advance(1)
    stage.users.looked_up.clear()
    for second in range(100):
        heard = attacker.guesses([("bob", f"wrong-{second}-{n}") for n in range(20)])
        assert heard == [401] * 5 + [429] * 15
        stage.proxy.advance(1)
    assert stage.checks() == 500, "five in a second, of 2,000"


def test_limits_can_be_set(scene: MakeScene) -> None:
    stage = scene("calls_per_second.cfg", CALLS=3, CALLS_SOURCE=2, REGISTERS=7, REGISTERS_SOURCE=6)
    one, two = ["203.0.113.8"] * 9, ["203.0.113.9"] * 9
    assert statuses(stage, "INVITE", one + two) == [407] * 2 + [429] * 7 + [407, 503] + [429] * 7
    assert statuses(stage, "REGISTER", one + two) == [401] * 6 + [429] * 3 + [401] + [503] * 5 + (
        [429] * 3
    )
