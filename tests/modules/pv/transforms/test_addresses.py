"""`{uri.*}` and its like beyond what was recorded."""

import json
from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError
from sipproxy.core.values import eq, to_int
from sipproxy.modules.pv.transforms.addresses import UnwrittenPort


def test_a_port_that_is_not_written_is_zero_and_shows_as_nothing(bench: Any) -> None:
    bench.put("$var(u)", "sip:a@b")
    port = bench.value("$(var(u){uri.port})")
    assert isinstance(port, UnwrittenPort)
    assert bench.show("[$(var(u){uri.port})]") == "[]"
    assert eq(port, 0) and to_int(port) == 0 and port is not None
    assert json.dumps(port) == "0"
    bench.put("$var(u)", "sip:a@b:5070")
    assert bench.value("$(var(u){uri.port})") == 5070


def test_short_forms(bench: Any) -> None:
    bench.put("$var(u)", "sip:a:pw@b:5070;x=1;transport=tcp?h=1")
    assert bench.show("$(var(u){uri.saor}) $(var(u){uri.suri}) $(var(u){uri.duri})") == (
        "sip:a@b sip:a@b:5070;transport=tcp sip:b:5070;transport=tcp"
    )


def test_aliases_come_back(bench: Any) -> None:
    bench.put("$var(u)", "sip:10.0.0.1:5062;transport=tcp")
    assert bench.show("$(var(u){urialias.encode})") == "10.0.0.1~5062~2"
    assert bench.value("$(var(u){urialias.encode}{urialias.decode})") == bench.value("$var(u)")


@pytest.mark.parametrize("chain", ["{uri.param}", "{uri.param,a,b}", "{uri.nope}", "{uri.user,x}"])
def test_refused(bench: Any, chain: str) -> None:
    with pytest.raises(ResolveError):
        bench.value(f"$(ru{chain})")
