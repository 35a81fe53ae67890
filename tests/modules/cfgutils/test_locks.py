"""Slots: who gets a lock, in which order; the functions are tested beside."""

from typing import Any

import pytest

from sipproxy.core.context import Context
from sipproxy.core.waiting import Wait
from sipproxy.modules.cfgutils.locks import Slot


@pytest.fixture
def contexts(bench: Any, request_text: Any) -> list[Context]:
    return [bench.context(request_text()) for _ in range(3)]


def test_taken_at_once_or_waited_for_in_turn(contexts: list[Context]) -> None:
    first, second, third = contexts
    slot, freed = Slot(), list[Wait]()
    assert slot.try_take(first)
    assert not slot.try_take(second)
    runs = [slot.take(second), slot.take(third)]
    waits = [run.send(None) for run in runs]
    holders: list[Context | None] = []
    for _ in range(3):
        slot.release(freed.append)
        holders.append(slot.holder)
    assert holders == [second, third, None]
    assert freed == waits
    for run, wait in zip(runs, freed, strict=True):
        wait.finish()
        with pytest.raises(StopIteration):
            run.send(None)


def test_a_free_one_is_not_waited_for(contexts: list[Context]) -> None:
    slot = Slot()
    with pytest.raises(StopIteration):
        slot.take(contexts[0]).send(None)
    assert slot.holder is contexts[0]
