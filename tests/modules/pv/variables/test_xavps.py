"""Extended AVPs beyond what was recorded."""

from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.core.values import EvalError


@pytest.mark.parametrize(
    "text",
    [
        "$xavp()",
        "$xavp(a[])",
        "$xavp(a[x])",
        "$xavp(a=>)",
        "$(xavp(a)[1])",
        "$xavu(a=>)",
        "$xavu()",
    ],
)
def test_what_is_written_wrongly(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.value(text)


def test_places_that_do_not_exist(bench: Any) -> None:
    with pytest.raises(EvalError):
        bench.put("$xavp(a[0])", 1)
    bench.put("$xavp(a[0]=>b)", 1)
    assert bench.value("$xavp(a)") is None
    bench.put("$xavp(a)", 1)
    with pytest.raises(EvalError):
        bench.put("$xavp(a[0]=>b)", 1)
    with pytest.raises(EvalError):
        bench.put("$xavp(a[*])", 1)


def test_a_value_with_children_has_no_own_text(bench: Any) -> None:
    bench.put("$xavp(a=>b)", 1)
    bench.put("$xavu(a=>b)", 1)
    assert bench.show("$xavp(a) $xavu(a)") == "<<xavp>> <<xavp>>"


def test_nothing_is_left_behind(bench: Any) -> None:
    bench.put("$xavp(a)", 1)
    bench.put("$xavp(a)", None)
    bench.put("$xavp(a)", None)
    assert bench.ctx.xavps == {}
