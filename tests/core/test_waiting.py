"""Waiting without an event loop: answered before, after, or never looked at."""

from collections.abc import Coroutine
from typing import Any

import pytest

from sipproxy.core.waiting import Wait


async def ask(wait: Wait) -> object:
    return await wait


def start(run: Coroutine[Any, None, object]) -> Wait:
    waited = run.send(None)
    assert isinstance(waited, Wait)
    return waited


def test_the_route_goes_on_with_the_value() -> None:
    wait = Wait()
    run = ask(wait)
    assert start(run) is wait
    resumed: list[bool] = []
    wait.then(lambda: resumed.append(True))
    assert resumed == []
    wait.finish(5)
    assert resumed == [True]
    with pytest.raises(StopIteration) as stop:
        run.send(None)
    assert stop.value.value == 5


def test_what_is_answered_already_never_suspends() -> None:
    wait = Wait()
    wait.finish("early")
    with pytest.raises(StopIteration) as stop:
        ask(wait).send(None)
    assert stop.value.value == "early"
    resumed: list[bool] = []
    wait.then(lambda: resumed.append(True))
    assert resumed == [True]


def test_a_failure_is_raised_where_it_is_awaited() -> None:
    wait = Wait()
    run = ask(wait)
    start(run)
    resumed: list[bool] = []
    wait.then(lambda: resumed.append(True))
    wait.fail(TimeoutError("late"))
    assert resumed == [True]
    with pytest.raises(TimeoutError, match="late"):
        run.send(None)


def test_a_failure_that_is_there_already_never_suspends() -> None:
    wait = Wait()
    wait.fail(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        ask(wait).send(None)
