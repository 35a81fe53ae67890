"""Relaying with state."""

import gc
from collections.abc import Callable
from typing import Any

import pytest


def test_a_branch_for_each_destination(call: Callable[..., Any]) -> None:
    more = (
        'branch_route[B] { xlog("$T_branch_idx $ru\\n"); append_hf("X-B: $T_branch_idx\\r\\n"); }'
    )
    world = call('t_on_branch("B"); append_branch("sip:two@127.0.0.1:5092"); t_relay();', more)
    assert world.send("INVITE") == [
        *("100", "INVITE sip:bob@127.0.0.1:5090", "INVITE sip:two@127.0.0.1:5092")
    ]
    assert world.log == ["0 sip:bob@127.0.0.1:5090", "1 sip:two@127.0.0.1:5092"]
    assert b"X-B: 0\r\n" in world.requests[0]
    assert b"X-B: 1\r\n" in world.requests[1]
    assert b"X-B: 0\r\n" not in world.requests[1]


@pytest.mark.parametrize(
    ("uri", "reply"), [("sip:drop@127.0.0.1:5090", "500"), ("sip:x@[::1]:5090", "500")]
)
def test_what_cannot_be_relayed_is_answered(call: Callable[..., Any], uri: str, reply: str) -> None:
    more = 'branch_route[B] { if ($rU == "drop") drop; }'
    world = call('t_on_branch("B"); t_relay(); xlog("$rc\\n");', more)
    assert world.send("MESSAGE", uri=uri) == [reply]
    assert world.log[-1].startswith("-")


def test_or_left_to_the_script(call: Callable[..., Any]) -> None:
    route = """t_newtran(); t_set_disable_internal_reply("1"); $du = "nonsense";
    if (!t_relay()) t_reply("499", "Mine");"""
    assert call(route).send("MESSAGE") == ["499"]


def test_a_script_that_answers_nothing(call: Callable[..., Any]) -> None:
    world = call("t_newtran();")
    world.send("MESSAGE")
    assert world.log == ["script writer didn't release transaction"]
    world.wait(5.1)
    assert world.tm.known.all() == []


def test_a_repetition_while_the_route_waits(call: Callable[..., Any]) -> None:
    world = call('xlog("here\\n"); sleep("2"); t_relay();')
    world.send("MESSAGE")
    assert world.send("MESSAGE") == []
    world.wait(3)
    assert world.log == ["here"]


def test_an_unmatched_cancel(call: Callable[..., Any]) -> None:
    ended = {0: ["-1"], 1: [], 2: ["1"]}
    for mode, log in ended.items():
        world = call(
            't_relay(); xlog("$rc\\n");', params=f'modparam("tm", "unmatched_cancel", {mode})'
        )
        sent = world.send("CANCEL")
        assert sent == ([] if mode == 2 else ["CANCEL sip:bob@127.0.0.1:5090"])
        assert world.log == (["1"] if mode == 0 else log)


def test_onsend_route_holds_back(call: Callable[..., Any]) -> None:
    more = "onsend_route { if ($sndto(port) == 5092) drop; }"
    world = call('append_branch("sip:two@127.0.0.1:5092"); t_relay();', more)
    assert world.send("MESSAGE") == ["MESSAGE sip:bob@127.0.0.1:5090"]
    assert world.answer(404) == ["404"]


def test_an_avp_may_say_how_long(call: Callable[..., Any]) -> None:
    params = 'modparam("tm", "fr_timer_avp", "$avp(i:24)")'
    world = call("$avp(i:24) = 1; t_relay();", params=params)
    world.send("MESSAGE")
    assert world.wait(1.1)[-1] == "408"


def test_a_transaction_that_is_over_leaves_no_cycles_behind(call: Callable[..., Any]) -> None:
    """Nothing but the collector would find them, and it is to find nothing."""
    world = call()

    def relayed(number: int) -> None:
        world.send("MESSAGE", number=number)
        world.answer(200)
        world.send("INVITE", number=number)
        world.answer(486)
        world.wait(40)

    relayed(1)
    gc.collect()
    gc.disable()
    try:
        for number in range(2, 12):
            relayed(number)
        found = gc.collect()
    finally:
        gc.enable()
    assert world.tm.known.all() == []
    assert found == 0
