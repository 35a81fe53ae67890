"""Selects of what is around a message, beside golden/selects.json."""

import os
import re
import time
from typing import Any

import pytest

from sipproxy.core.resolve import ResolveError


def test_a_setting_is_text_and_may_change(bench: Any) -> None:
    access = bench.host.select("cfg_get.pstn.gw")
    assert access.read(bench.ctx) == "5"
    bench.host.settings.custom["pstn", "gw"] = 6
    assert access.read(bench.ctx) == "6"
    assert bench.value("$sel(cfg_get.core.server_id)") == "3"


def test_the_time(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = bench.host.now()
    assert bench.value("$sel(sys.now)") == str(int(now))
    assert bench.value("$sel(sys.now.gmt)") == time.asctime(time.gmtime(now))
    assert bench.value("$sel(sys.now.utc)") == time.asctime(time.gmtime(now))
    assert bench.value("$sel(sys.now.local)") == time.asctime(time.localtime(now))
    assert bench.value('$sel(sys.now.gmt["%Y-%j"])') == time.strftime("%Y-%j", time.gmtime(now))


def test_the_machine(bench: Any) -> None:
    assert bench.value("$sel(sys.pid)") == str(os.getpid())
    assert bench.value("$sel(sys.server_id)") == "3"


def test_another_text_each_time(bench: Any) -> None:
    one, two = bench.value("$sel(sys.unique)"), bench.value("$sel(sys.unique)")
    assert re.fullmatch(r"[0-9a-f]{4}-[0-9a-f]{8}-[0-9a-f]{8}", one)
    assert one[:14] == two[:14]
    assert int(two[14:], 16) == (int(one[14:], 16) + 1) % 2**32


@pytest.mark.parametrize(
    "text",
    [
        "src",
        "src.proto",
        "src.ip.x",
        "received.nope",
        "branch",
        "branch.nope",
        "branch.q.x",
        "sys",
        "sys.now.zulu",
        'sys.now.gmt["%Y"].x',
        "cfg_get",
        "cfg_get.core",
        "cfg_get.core.nope",
        "cfg_get.nope.x",
        "cfg_get.pstn.none",
        "cfg_get.pstn.gw.uri",
        "cfg_get.pstn.gw.nope.x",
        "cfg_selected.nope",
        "cfg_selected.core.x",
    ],
)
def test_what_is_not_there_is_refused(bench: Any, text: str) -> None:
    with pytest.raises(ResolveError):
        bench.host.select(text)
