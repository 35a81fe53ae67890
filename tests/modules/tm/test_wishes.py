"""What a script wishes for its transaction."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.errors import CfgError


def ended(world: Any, until: float) -> float:
    """When the client is answered 408."""
    for count in range(round(until * 10)):
        if "408" in world.wait(0.1):
            return round((count + 1) / 10, 1)
    return 0.0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('t_set_fr("0", "700");', 0.7),
        ('t_set_fr("5000", "700"); t_set_fr("0", "900");', 0.9),
        ('t_newtran(); t_set_fr("0", "700"); t_set_fr("100", "0");', 0.7),
        ('t_set_fr("0", "700"); t_reset_fr();', 3.0),
        ('t_set_max_lifetime("100", "600");', 0.6),
        ('t_set_max_lifetime("100", "600"); t_reset_max_lifetime();', 3.0),
        ('t_newtran(); t_set_max_lifetime("100", "600");', 0.6),
    ],
)
def test_times(call: Callable[..., Any], before: str, after: float) -> None:
    world = call(f"{before} t_relay();", params='modparam("tm", "fr_timer", 3000)')
    world.send("MESSAGE")
    assert ended(world, 4) == after


def test_a_running_wait_is_set_anew(call: Callable[..., Any]) -> None:
    more = 'onreply_route[R] { t_set_fr("500"); }'
    world = call('t_on_reply("R"); t_relay();', more)
    world.send("INVITE")
    world.answer(183)
    assert ended(world, 2) == 0.5


def test_retransmissions_of_its_own(call: Callable[..., Any]) -> None:
    world = call(
        'if (!t_set_retr("70000", "0")) xlog("too big\\n"); t_set_retr("100", "200"); t_relay();'
    )
    world.send("MESSAGE")
    assert len(world.wait(1.0)) == 5
    assert world.log[-1] == "too big"


def test_armed_routes_are_known(call: Callable[..., Any]) -> None:
    route = """t_on_failure("F"); t_on_reply("R"); t_on_branch("B");
    if (t_is_set("failure_route")) xlog("F\\n");
    if (t_is_set("onreply_route")) xlog("R\\n");
    if (t_is_set("branch_route")) xlog("B\\n");
    t_on_failure("0");
    if (!t_is_set("failure_route")) xlog("none\\n");"""
    more = "failure_route[F] { exit; } onreply_route[R] { exit; } branch_route[B] { exit; }"
    world = call(route, more)
    world.send("MESSAGE")
    assert world.log == ["F", "R", "B", "none"]


def test_an_unknown_kind_is_an_error(call: Callable[..., Any]) -> None:
    with pytest.raises(CfgError):
        call('t_is_set("event_route");')


def test_a_6xx_may_be_one_of_many(call: Callable[..., Any]) -> None:
    route = 't_set_disable_6xx("1"); append_branch("sip:two@127.0.0.1:5092"); t_relay();'
    world = call(route)
    world.send("INVITE")
    world.answer(180, 1)
    assert world.answer(603, 0) == ["ACK sip:bob@127.0.0.1:5090"]
