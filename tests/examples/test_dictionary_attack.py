"""What only this example does; what it shares with the other that counts is in test_hardened."""

from collections.abc import Callable

import pytest

from sipproxy.testing.scene import Scene

MakeScene = Callable[..., Scene]


@pytest.fixture
def stage(scene: MakeScene) -> Scene:
    return scene("dictionary_attack.cfg")


def test_numbers_can_be_set(scene: MakeScene) -> None:
    stage = scene("dictionary_attack.cfg", PAIR_LIMIT=7, SOURCE_LIMIT=9, BAN=20, WINDOW=10)
    attacker = stage.caller("203.0.113.9")
    assert attacker.guesses([("bob", "x")] * 9) == [401] * 7 + [403] * 2
    assert attacker.guesses([("alice", "x")] * 3) == [401, 401, 403]
    stage.proxy.advance(40)
    assert attacker.guess("alice", "x") == 403, "the slow window goes on"
    assert stage.caller("203.0.113.8").guess("bob", "x") == 401


def test_who_is_refused_still_gets_a_challenge(stage: Scene) -> None:
    """A ban holds for credentials: whoever asks without any is told nothing by it."""
    attacker = stage.caller("203.0.113.9")
    attacker.guesses([("bob", "x")] * 10)
    register = stage.messages.register("bob", source=attacker.line.source)
    assert stage.proxy.feed(register).statuses == [401]
    assert stage.proxy.feed(stage.messages.options(source=attacker.line.source)).statuses == [200]


def test_forgiving_by_rpc(stage: Scene) -> None:
    phone = stage.caller("192.0.2.7")
    phone.guesses([("bob", "x")] * 4)
    assert phone.register("bob", "right-horse") == 403
    stage.proxy.rpc("htable.delete", "banned", "192.0.2.7 bob")
    assert phone.register("bob", "right-horse") == 403, "the count stands"
    window = int(stage.proxy.clock.now()) // 900
    stage.proxy.rpc("htable.delete", "by_pair", f"192.0.2.7 bob {window}")
    assert phone.register("bob", "right-horse") == 200


def test_an_owner_who_was_never_served_waits_while_his_account_is_attacked(stage: Scene) -> None:
    """What no rule can: a new address of the owner looks like one more of the attacker's."""
    for number in range(30):
        stage.caller(f"203.0.113.{number}").guess("bob", "x")
    owner = stage.caller("192.0.2.7")
    assert owner.register("bob", "right-horse") == 403
    stage.proxy.advance(3600)
    assert owner.register("bob", "right-horse") == 200


def test_a_known_phone_prolongs_no_ban_of_its_address(stage: Scene) -> None:
    phone, attacker = stage.caller("192.0.2.7"), stage.caller("192.0.2.7")
    assert phone.register("alice", "wonder") == 200
    attacker.guesses([(str(user), "x") for user in range(1000, 1030)])
    reason = stage.proxy.sht["banned"]["192.0.2.7"]
    stage.proxy.advance(5)
    assert phone.guesses([("alice", "slip"), ("alice", "wonder")]) == [401, 200]
    assert stage.proxy.sht["banned"]["192.0.2.7"] == reason


def test_asking_for_a_user_who_is_under_attack_costs_the_source_nothing(stage: Scene) -> None:
    stage.proxy.advance(3600 - stage.proxy.clock.now() % 3600)
    for number in range(30):
        stage.caller(f"203.0.113.{number}").guess("bob", "x")
    stage.proxy.advance(920)
    newcomer = stage.caller("192.0.2.7")
    assert len(stage.proxy.sht["banned"]) == 0
    assert newcomer.guesses([("bob", "right-horse")] * 50) == [403] * 50
    assert newcomer.register("alice", "wonder") == 200
