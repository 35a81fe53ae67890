"""Routes that go on later."""

from typing import Any

import pytest

from sipproxy.testing import load_cfg_text, request

LOADS = "".join(f'loadmodule "{name}.so"\n' for name in ("tm", "pv", "xlog", "async"))
LATER = 'route[LATER] { xlog("later $rm $avp(x) $async(data) $async(gname)"); t_relay(); }'


def run(route: str, params: str = "") -> tuple[Any, Any]:
    world = load_cfg_text(
        f'{LOADS}{params}\nrequest_route {{ $avp(x) = "kept"; {route} }}\n{LATER}'
    )
    return world, world.feed(request("MESSAGE", "sip:bob@127.0.0.1:5090"))


def test_a_route_after_some_time() -> None:
    world, now = run('async_route("LATER", "2"); xlog("not here");')
    assert now.log == []
    assert world.advance(1.9).log == []
    later = world.advance(0.2)
    assert later.log == ["later MESSAGE kept <null> <null>"]
    assert later.transcript == ["MESSAGE sip:bob@127.0.0.1:5090 -> 127.0.0.1:5090"]


def test_milliseconds_must_be_allowed() -> None:
    assert run('async_ms_route("LATER", "200"); xlog("$rc");')[1].log[-1] == "-1"
    world, _ = run('async_ms_route("LATER", "200");', 'modparam("async", "ms_timer", 10)')
    assert len(world.advance(0.3).sent) == 1


@pytest.mark.parametrize(
    "call", ['async_task_route("LATER")', 'async_task_group_route("LATER", "g")']
)
def test_a_task_comes_next(call: str) -> None:
    world, now = run(f"{call};")
    assert now.sent == []
    assert len(world.advance(0).sent) == 1


def test_a_task_with_data() -> None:
    world, now = run('async_task_group_data("LATER", "g", "text $rm"); xlog("$rc $async(data)");')
    assert now.log == ["1 <null>"]
    assert world.advance(0).log[0] == "later OPTIONS <null> text MESSAGE g"


@pytest.mark.parametrize("wait", ["0", "100", "-3"])
def test_waits_have_bounds(wait: str) -> None:
    assert run(f'async_route("LATER", "{wait}"); xlog("$rc");')[1].log[-1] == "-1"


def test_a_route_there_is_not() -> None:
    assert run('async_route("NOWHERE", "1"); xlog("$rc");')[1].log[-1] == "-1"
    assert run('async_task_data("NOWHERE", "1"); xlog("$rc");')[1].log[-1] == "-1"


def test_no_workers_no_waits() -> None:
    now = run('async_sleep("1"); xlog("$rc");', 'modparam("async", "workers", 0)')[1]
    assert now.log[-1] == "-1"


def test_sleeping_goes_on_behind() -> None:
    world, now = run('async_sleep("1"); xlog("awake $avp(x)"); t_relay();')
    assert now.log == []
    later = world.advance(1)
    assert later.log == ["awake kept"]
    assert len(later.sent) == 1


def test_what_is_returned() -> None:
    params = 'modparam("async", "return", 1)'
    assert run('async_task_route("LATER"); xlog("$rc");', params)[1].log == ["1"]
