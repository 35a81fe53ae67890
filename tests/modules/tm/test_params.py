"""Parameters of tm."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.errors import CfgError
from sipproxy.modules.tm.params import Params


def test_every_parameter_says_what_it_is() -> None:
    marks = [mark for _, mark, _ in Params.declarations()]
    assert len(marks) > 50
    assert all(getattr(mark, "help", "") for mark in marks)


@pytest.mark.parametrize("name", ["fr_timer", "fr_inv_timer", "retr_timer1", "retr_timer2"])
def test_a_timer_is_not_nothing(call: Callable[..., Any], name: str) -> None:
    with pytest.raises(CfgError):
        call(params=f'modparam("tm", "{name}", 0)')


def test_remapping(call: Callable[..., Any]) -> None:
    for on, status in ((1, "500"), (0, "503")):
        world = call(params=f'modparam("tm", "remap_503_500", {on})')
        world.send("MESSAGE")
        assert world.answer(503) == [status]
