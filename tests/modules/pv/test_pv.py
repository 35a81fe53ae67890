"""The rest of the module: versions, settings, chance."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.core.statistics import Statistic
from sipproxy.core.values import EvalError


def test_versions_follow_the_compatibility_level(bench: Any) -> None:
    assert bench.show("$version(num) $ksr(ver) $ksr(verval)") == "5.6.3 5.6.3 5006003"
    bench.host.compat = "6.1"
    assert bench.host.pv("$(version(num))").read(bench.ctx) == "6.1.0"


def test_statistics(bench: Any) -> None:
    assert bench.show("[$stat(calls)]") == "[<null>]"
    calls = bench.host.statistics.add(Statistic("script", "calls"))
    calls.value = 3
    assert bench.value("$stat(calls)") == 3
    calls.value = -5
    assert bench.value("$stat(calls)") == -5
    assert bench.show("$stat(calls)") == "4294967291"


def test_custom_parameters_can_be_set(bench: Any) -> None:
    assert bench.value("$ccp(pstn.gw)") == 5
    bench.put("$ccp(pstn.gw)", 7)
    bench.put("$ccp(pstn.gw)", None)
    assert bench.host.settings.custom["pstn", "gw"] == 7
    with pytest.raises(EvalError):
        bench.put("$ccp(pstn.gw)", "text")


@pytest.mark.parametrize("text", ["$version(x)", "$ksr(x)", "$ccp(x)", "$stat()", "$nope", "$siX"])
def test_unknown_ones_are_refused(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.value(text)


def test_formats_in_formats(bench: Any) -> None:
    assert bench.show("$_s(<$rm-$(rU{s.len})>)") == "<INVITE-3>"
