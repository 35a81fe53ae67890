"""Timers, on the virtual clock."""

from collections.abc import Callable
from typing import Any

FAST = 'modparam("tm", "fr_timer", 3600)\n'


def times(world: Any, total: float, step: float = 0.1) -> list[tuple[float, str]]:
    """(seconds since now, message) of what is sent."""
    found = []
    for count in range(round(total / step)):
        found += [(round((count + 1) * step, 1), line) for line in world.wait(step)]
    return found


def test_an_invite_is_repeated_at_doubling_intervals(call: Callable[..., Any]) -> None:
    world = call()
    world.send("INVITE")
    sent = [at for at, line in times(world, 31) if line.startswith("INVITE")]
    assert sent == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5]


def test_a_provisional_reply_ends_that(call: Callable[..., Any]) -> None:
    world = call()
    world.send("INVITE")
    world.answer(100)
    assert times(world, 20) == []


def test_another_request_goes_on_every_t2(call: Callable[..., Any]) -> None:
    world = call()
    world.send("MESSAGE")
    world.wait(0.3)
    world.answer(100)
    assert [at for at, _ in times(world, 9)] == [4.0, 8.0]


def test_silence_ends_in_408(call: Callable[..., Any]) -> None:
    world = call(params=FAST)
    world.send("MESSAGE")
    assert times(world, 4)[-1] == (3.6, "408")


def test_ringing_starts_the_longer_timer(call: Callable[..., Any]) -> None:
    params = FAST + 'modparam("tm", "fr_inv_timer", 10000)\n'
    world = call(params=params)
    world.send("INVITE")
    world.wait(1)
    world.answer(180)
    assert "408" not in world.wait(9.9)
    assert "408" in world.wait(0.2)


def test_the_life_of_a_transaction_cuts_it(call: Callable[..., Any]) -> None:
    params = 'modparam("tm", "max_inv_lifetime", 2000)\n'
    world = call(params=params)
    world.send("INVITE")
    world.answer(180)
    assert "408" not in world.wait(1.9)
    assert "408" in world.wait(0.2)


def test_a_final_reply_of_ours_is_repeated_for_wt_timer(call: Callable[..., Any]) -> None:
    world = call('t_newtran(); t_reply("486", "Busy");')
    world.send("INVITE")
    assert [at for at, line in times(world, 20) if line == "486"] == [0.5, 1.5, 3.5]
    assert world.tm.known.all() == []


def test_an_ack_ends_the_repetition(call: Callable[..., Any]) -> None:
    world = call('if ($rm == "ACK") t_check_trans(); t_newtran(); t_reply("486", "Busy");')
    world.send("INVITE")
    world.send("ACK", to_tag="x")
    assert times(world, 10) == []


def test_nothing_is_left_behind(call: Callable[..., Any]) -> None:
    world = call()
    world.send("INVITE")
    world.answer(180)
    world.answer(486)
    assert len(world.tm.known) == 1
    world.wait(5.1)
    assert len(world.tm.known) == 0
    assert len(world.proxy.host.timers) == 0
