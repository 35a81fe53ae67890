"""Routes put aside and gone on with."""

from collections.abc import Callable
from typing import Any

ROUTE = """
if ($rU == "go") { t_continue("$shv(i)", "$shv(l)", "ON"); xlog("go $rc\\n"); exit; }
t_on_failure("F"); t_on_reply("R");
if ($rU == "reply") { t_relay(); exit; }
t_suspend();
$shv(i) = $T(id_index); $shv(l) = $T(id_label);
"""
MORE = """
route[ON] { xlog("on $rm $rs\\n"); if ($rU == "bob") t_relay();
    if ($rU == "no") t_reply("486", "No"); }
failure_route[F] { xlog("failed $T_reply_code\\n"); }
onreply_route[R] { if ($rs == 199) { t_suspend();
    $shv(i) = $T(id_index); $shv(l) = $T(id_label); } }
"""


def test_a_request_goes_on(call: Callable[..., Any]) -> None:
    world = call(ROUTE, MORE)
    assert world.send("INVITE") == ["100"]
    assert world.send("INVITE") == ["100"]
    assert world.send("OPTIONS", "go", 2) == ["INVITE sip:bob@127.0.0.1:5090"]
    assert world.answer(200) == ["200"]
    assert world.log == ["on INVITE <null>", "go 1"]


def test_it_may_be_answered_or_forgotten(call: Callable[..., Any]) -> None:
    world = call(ROUTE, MORE)
    world.send("MESSAGE", "no")
    assert world.send("OPTIONS", "go", 2) == ["486"]
    world.send("MESSAGE", "silent", 3)
    assert world.send("OPTIONS", "go", 4) == ["500"]
    world.send("OPTIONS", "go", 5)
    assert world.log[-1] == "go -1"


def test_the_wait_is_bounded(call: Callable[..., Any]) -> None:
    world = call(ROUTE, MORE, 'modparam("tm", "fr_timer", 1000)')
    world.send("MESSAGE")
    assert world.wait(1.1) == ["408"]
    assert world.log == ["failed 408"]
    world.send("OPTIONS", "go", 2)
    assert world.log[-1] == "go -1"


def test_a_canceled_one_does_not_go_on(call: Callable[..., Any]) -> None:
    world = call('if ($rm == "CANCEL") { t_relay(); exit; }' + ROUTE, MORE)
    world.send("INVITE")
    assert world.send("CANCEL") == ["487", "200"]
    assert world.send("OPTIONS", "go", 2) == []


def test_a_reply_goes_on_and_others_wait_behind_it(call: Callable[..., Any]) -> None:
    world = call(ROUTE, MORE)
    world.send("INVITE", "reply")
    assert world.answer(199) == []
    assert world.answer(200) == []
    assert world.send("OPTIONS", "go", 2) == ["199", "200"]
    assert world.log == ["on INVITE 199", "go 1"]


def test_a_reply_is_let_go_in_time(call: Callable[..., Any]) -> None:
    params = 'modparam("tm", "fr_inv_timer", 2000) modparam("tm", "fr_timer", 2000)'
    world = call(ROUTE, MORE, params.replace(") m", ")\nm"))
    world.send("INVITE", "reply")
    world.answer(199)
    world.answer(200)
    assert [line for line in world.wait(2.5) if line.isdigit()] == ["199", "200"]
    world.wait(6)
    assert len(world.proxy.host.timers) == 0


def test_an_event_cannot_be_put_aside(call: Callable[..., Any]) -> None:
    world = call('async_task_data("ON", "x");', 'route[ON] { t_suspend(); xlog("$rc\\n"); }')
    world.send("MESSAGE")
    world.wait(0)
    assert world.log[-1] == "-1"
