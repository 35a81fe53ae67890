"""What becomes of replies."""

from collections.abc import Callable
from typing import Any

FORK = 't_on_failure("F"); append_branch("sip:two@127.0.0.1:5092"); t_relay();'
FAILED = 'failure_route[F] { xlog("failed $T_reply_code $T_branch_idx\\n"); }'


def test_all_failures_are_waited_for(call: Callable[..., Any]) -> None:
    world = call(FORK, FAILED)
    world.send("MESSAGE")
    assert world.answer(404, 0) == []
    assert world.answer(500, 1) == ["404"]
    assert world.log == ["failed 404 2"]


def test_a_2xx_goes_through_again_and_again(call: Callable[..., Any]) -> None:
    world = call(FORK)
    world.send("INVITE")
    assert world.answer(200, 0) == ["200"]
    assert world.answer(200, 0) == ["200"]
    assert world.answer(200) == ["200"]
    assert world.answer(486, 1) == ["ACK sip:two@127.0.0.1:5092"]


def test_a_late_200_after_408(call: Callable[..., Any]) -> None:
    world = call(params='modparam("tm", "fr_timer", 700)')
    world.send("INVITE")
    assert world.wait(1.0)[-1] == "408"
    assert world.answer(200, 0) == ["200"]


def test_a_6xx_ends_the_ringing(call: Callable[..., Any]) -> None:
    world = call(FORK)
    world.send("INVITE")
    world.answer(180, 1)
    assert world.answer(603, 0) == ["ACK sip:bob@127.0.0.1:5090", "CANCEL sip:two@127.0.0.1:5092"]
    assert world.answer(487, 1) == ["ACK sip:two@127.0.0.1:5092", "603"]


def test_the_failure_route_tries_another(call: Callable[..., Any]) -> None:
    more = 'failure_route[F] { $ru = "sip:next@127.0.0.1:5093"; t_relay(); }'
    world = call('t_on_failure("F"); t_relay();', more)
    world.send("INVITE")
    assert world.answer(404) == ["ACK sip:bob@127.0.0.1:5090", "INVITE sip:next@127.0.0.1:5093"]
    assert world.answer(200) == ["200"]


def test_an_onreply_route_drops_and_shares(call: Callable[..., Any]) -> None:
    more = """onreply_route[R] {
        xlog("$rs $avp(x)\\n"); $avp(x) = "seen"; if ($rs == 183) drop; if ($rs == 404) drop;
    }"""
    world = call('$avp(x) = "set"; t_on_reply("R"); t_relay();', more)
    world.send("INVITE")
    assert world.answer(183) == []
    assert world.answer(404) == ["ACK sip:bob@127.0.0.1:5090", "404"]
    assert world.log == ["183 set", "404 seen"]


def test_replies_wait_for_a_route_that_waits(call: Callable[..., Any]) -> None:
    more = 'onreply_route[R] { if ($rs == 183) sleep("2"); xlog("$rs\\n"); }'
    world = call('t_on_reply("R"); t_relay();', more)
    world.send("INVITE")
    assert world.answer(183) == []
    assert world.answer(200) == []
    assert world.wait(2.1) == ["183", "200"]
    assert world.log == ["183", "200"]


def test_locks_of_an_onreply_route_end_with_it(call: Callable[..., Any]) -> None:
    params = 'modparam("cfgutils", "lock_set_size", 2)'
    more = 'onreply_route[R] { lock("key"); xlog("held\\n"); }'
    world = call('t_on_reply("R"); t_relay();', more, params)
    for number in (1, 2):
        world.send("MESSAGE", number=number)
        assert world.answer(200) == ["200"]


def test_stray_replies_go_through_their_route(call: Callable[..., Any]) -> None:
    more = "onreply_route[S] { if ($rs == 299) drop; if ($rs == 298) return 0; }"
    world = call("forward();", more, 'modparam("tm", "on_sl_reply", "S")')
    world.send("MESSAGE")
    assert [world.answer(status) for status in (200, 299, 298)] == [["200"], [], []]
