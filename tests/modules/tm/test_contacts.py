"""Serial forking by q."""

from collections.abc import Callable
from typing import Any

PARAMS = """modparam("tm", "contacts_avp", "c")
modparam("tm", "contact_flows_avp", "f")
"""
ROUTE = """
append_branch("sip:high@127.0.0.1:5092", "0.9");
append_branch("sip:also@127.0.0.1:5093", "0.9");
append_branch("sip:mid@127.0.0.1:5094", "0.5");
t_load_contacts();
t_next_contacts();
t_on_failure("NEXT");
t_relay();
"""
NEXT = 'failure_route[NEXT] { if (t_next_contacts() == 1) { t_on_failure("NEXT"); t_relay(); } }'


def test_groups_one_after_the_other(call: Callable[..., Any]) -> None:
    world = call(ROUTE, NEXT, PARAMS)
    assert world.send("MESSAGE") == [
        *("MESSAGE sip:also@127.0.0.1:5093", "MESSAGE sip:high@127.0.0.1:5092")
    ]
    assert world.answer(404, 0) == []
    assert world.answer(404, 1) == ["MESSAGE sip:mid@127.0.0.1:5094"]
    assert world.answer(404, 2) == ["MESSAGE sip:bob@127.0.0.1:5090"]
    assert world.answer(500, 3) == ["500"]


def test_by_chance_each_is_a_group(call: Callable[..., Any]) -> None:
    world = call(ROUTE.replace("t_load_contacts()", 't_load_contacts("1")'), NEXT, PARAMS)
    world.send("MESSAGE")
    for count in range(3):
        assert len(world.answer(404, count)) == 1
    assert {line.split()[1] for line in world.requests[3].decode().split("\r\n")[:1]} == {
        "sip:bob@127.0.0.1:5090"
    }
    assert world.answer(404, 3) == ["404"]


def test_nothing_to_load(call: Callable[..., Any]) -> None:
    route = 't_load_contacts(); xlog("$rc\\n"); t_next_contacts(); xlog("$rc\\n");'
    world = call(route, params=PARAMS)
    world.send("MESSAGE")
    assert world.log == ["1", "-2"]


def test_without_the_parameter(call: Callable[..., Any]) -> None:
    world = call('t_load_contacts(); xlog("$rc\\n");')
    world.send("MESSAGE")
    assert world.log[-1] == "-1"
