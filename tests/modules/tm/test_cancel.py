"""CANCEL, the client's and ours."""

from collections.abc import Callable
from typing import Any

FORK = 'append_branch("sip:two@127.0.0.1:5092"); t_relay();'


def test_a_ringing_call_is_canceled(call: Callable[..., Any]) -> None:
    world = call()
    world.send("INVITE")
    world.answer(180)
    assert world.send("CANCEL") == ["CANCEL sip:bob@127.0.0.1:5090", "200"]
    assert world.answer(487, 0) == ["ACK sip:bob@127.0.0.1:5090", "487"]
    assert world.tm.known.all()[0].canceled


def test_a_silent_one_when_it_rings(call: Callable[..., Any]) -> None:
    world = call()
    world.send("INVITE")
    assert world.send("CANCEL") == ["200"]
    assert world.answer(180, 0) == ["CANCEL sip:bob@127.0.0.1:5090"]
    assert world.answer(180, 0) == ["CANCEL sip:bob@127.0.0.1:5090"]


def test_our_cancel_is_repeated_until_it_is_answered(call: Callable[..., Any]) -> None:
    world = call()
    world.send("INVITE")
    world.answer(180)
    world.send("CANCEL")
    assert world.wait(0.6) == ["CANCEL sip:bob@127.0.0.1:5090"]
    world.answer(200)
    assert world.wait(10) == []


def test_the_winner_cancels_the_others(call: Callable[..., Any]) -> None:
    world = call(FORK)
    world.send("INVITE")
    world.answer(180, 1)
    assert world.answer(200, 0) == ["200", "CANCEL sip:two@127.0.0.1:5092"]
    assert b'Reason: SIP;cause=200;text="Call completed elsewhere"' in world.requests[-1]


def test_the_reason_of_the_client_goes_on(call: Callable[..., Any]) -> None:
    world = call()
    world.send("INVITE")
    world.answer(180)
    world.send("CANCEL", headers="Reason: SIP;cause=480")
    assert b"Reason: SIP;cause=480\r\n" in world.requests[-1]


def test_a_call_that_waits_is_ended_at_once(call: Callable[..., Any]) -> None:
    route = 'if ($rm == "CANCEL") { t_relay(); exit; } t_newtran(); sleep("2"); t_relay();'
    world = call(route)
    world.send("INVITE")
    assert world.send("CANCEL") == ["487", "200"]
    assert [line for line in world.wait(3) if line.startswith("INVITE")] == []
