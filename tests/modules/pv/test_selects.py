"""Selects: what is refused, and settings that change."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.modules.pv.selects import Step, steps_of


def test_steps() -> None:
    assert steps_of('a.b[2].c["x y"]') == (Step("a", None), Step("b", "2"), Step("c", "x y"))


@pytest.mark.parametrize("text", ["", ".", "a.", "a..b", "a[1", "a b"])
def test_no_steps(text: str) -> None:
    with pytest.raises(ValueError):
        steps_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "nope",
        "from.nope",
        "from.uri.nope",
        "from.tag.x",
        "cseq.nope",
        "via.nope",
        "msg.nope",
        "src",
        "src.nope",
        "contact[1].uri",
        "cfg_get.a",
        "cfg_get.core.nope",
        "authorization.nope",
        "call_id.x",
    ],
)
def test_unknown_ones_are_refused(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.host.select(text)


def test_a_setting_is_text_and_may_change(bench: Any) -> None:
    access = bench.host.select("cfg_get.pstn.gw")
    assert access.read(bench.ctx) == "5"
    bench.host.settings.custom["pstn", "gw"] = 6
    assert access.read(bench.ctx) == "6"
    assert bench.value("$sel(cfg_get.core.server_id)") == "3"
    assert bench.value("$sel(cfg_get.pstn.none)") is None


def test_parts_of_the_request(bench: Any) -> None:
    assert bench.show("$sel(from.uri.user) $sel(ruri.transport) $sel(via.host)") == (
        "alice tcp 10.0.0.9"
    )
