"""Transactions of our own requests."""

from collections.abc import Callable
from typing import Any

from sipproxy.modules.tm.request import OwnRequest

HEADERS = "From: <sip:me@example.com>;tag=mine\r\nTo: <sip:you@example.com>\r\n"
ROUTED = "Contact: <sip:callee@127.0.0.1:5095>\nRecord-Route: <sip:127.0.0.1:5096;lr>"


def own(method: str, uri: str = "sip:you@127.0.0.1:5090") -> OwnRequest:
    return OwnRequest.of_text(method, uri, "", HEADERS, "")


def ended(world: Any, request: OwnRequest) -> list[int]:
    """Where the statuses of its final replies will stand."""
    found: list[int] = []
    world.tm.send_own(request, None, lambda status, msg: found.append(status))
    world.wait(0)
    return found


def test_whoever_sent_it_is_told_once(call: Callable[..., Any]) -> None:
    world = call()
    statuses = ended(world, own("OPTIONS"))
    assert world.answer(180) == []
    assert world.answer(404) == []
    assert world.answer(404) == []
    assert statuses == [404]
    world.wait(6)
    assert world.tm.known.all() == []


def test_silence_is_408_and_a_bad_place_478(call: Callable[..., Any]) -> None:
    world = call(params='modparam("tm", "fr_timer", 1000)')
    statuses = ended(world, own("OPTIONS"))
    assert len(world.wait(1.1)) == 1
    assert statuses == [408]
    assert ended(world, own("OPTIONS", "sip:you@[::1]:5090")) == [478]


def test_an_answered_invite_is_acknowledged(call: Callable[..., Any]) -> None:
    world = call()
    ended(world, own("INVITE"))
    assert world.answer(200, headers=ROUTED) == ["ACK sip:callee@127.0.0.1:5095"]
    assert b"Route: <sip:127.0.0.1:5096;lr>\r\n" in world.requests[-1]
    assert world.answer(200, 0) == ["ACK sip:callee@127.0.0.1:5095"]
    assert world.requests[-1] == world.requests[-2]


def test_a_refused_one_hop_by_hop(call: Callable[..., Any]) -> None:
    world = call()
    statuses = ended(world, own("INVITE"))
    assert world.answer(486) == ["ACK sip:you@127.0.0.1:5090"]
    assert statuses == [486]


def test_the_event_route_may_change_and_drop_it(call: Callable[..., Any]) -> None:
    more = """event_route[tm:local-request] {
        append_hf("X-Event: 1\\r\\n");
        if ($rm == "INFO") drop;
    }"""
    world = call(more=more)
    assert ended(world, own("INFO")) == [500]
    assert world.requests == []
    ended(world, own("OPTIONS"))
    assert b"X-Event: 1\r\n" in world.requests[0]


def test_a_script_sends_one(call: Callable[..., Any]) -> None:
    given = '"From: <sip:me@x>\\r\\nTo: <sip:b@x>\\r\\n"'
    world = call(
        f't_uac_send("MESSAGE", "sip:b@127.0.0.1:5090", "", "", {given}, ""); xlog("$rc\\n");'
        f't_uac_send("MESSAGE", "sip:b@127.0.0.1:5090", "", "udp:9.9.9.9:1", {given}, "");'
        'xlog("$rc\\n");'
    )
    assert world.send("OPTIONS") == ["MESSAGE sip:b@127.0.0.1:5090"]
    assert [line for line in world.log if line.lstrip("-").isdigit()] == ["1", "-1"]


def test_replies_of_ours_are_told(call: Callable[..., Any]) -> None:
    more = 'event_route[tm:local-response] { xlog("sent $rs\\n"); }'
    world = call('t_newtran(); t_reply("480", "Away");', more)
    world.send("MESSAGE")
    assert world.log == ["sent 480"]
