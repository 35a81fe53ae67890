"""What the recorded cases do not reach: the log level, the script's flags beside pv."""

import re
from types import SimpleNamespace
from typing import Any

from sipproxy.core.log import DEBUG, ERROR
from sipproxy.modules.kex import Kex
from sipproxy.modules.pv import Pv


def test_log_level(bench: Any, request_text: Any) -> None:
    kex = bench.load(Kex)
    ctx = bench.context(request_text())
    kex.resetdebug(ctx)
    assert bench.log.threshold == DEBUG
    kex.setdebug(ctx, ERROR)
    kex.setdebug(ctx, 0)
    assert bench.log.threshold == 0
    kex.resetdebug(ctx)
    assert bench.log.threshold == DEBUG


def test_flags_of_the_script_without_pv(bench: Any, request_text: Any) -> None:
    kex = bench.load(Kex)
    ctx = bench.context(request_text())
    assert kex.setsflag(ctx, 31)
    assert kex.issflagset(ctx, 31)
    assert kex.resetsflag(ctx, 31)
    assert not kex.issflagset(ctx, 31)


def test_flags_of_the_script_are_those_of_sf(bench: Any, request_text: Any) -> None:
    bench.load(Pv)
    kex = bench.load(Kex)
    ctx = bench.context(request_text())
    kex.setsflag(ctx, 3)
    assert bench.host.pv("$sf").read(ctx) == 8


def test_an_empty_next_hop_is_refused(bench: Any, request_text: Any) -> None:
    kex = bench.load(Kex)
    ctx = bench.context(request_text())
    assert not kex.setdsturi(ctx, "")
    assert not kex.isdsturiset(ctx)


def test_a_bad_uri_is_not_myself(bench: Any, request_text: Any) -> None:
    kex = bench.load(Kex)
    ctx = bench.context(request_text())
    assert not kex.is_myself(ctx, "sip:<>@")
    assert bench.lines == ["failed to parse uri [sip:<>@]"]
    assert kex.is_myself(ctx, "sip:x@10.0.0.1")


def test_ids(bench: Any, request_text: Any) -> None:
    bench.load(Kex)
    ctx = bench.context(request_text())
    found = [str(bench.host.pv("$sruid").read(ctx)) for _ in range(18)]
    start = found[0].removesuffix("1")
    assert re.fullmatch(rf"srid-{int(ctx.now):x}-[0-9a-f]+-", start)
    assert [one.removeprefix(start) for one in found[8:]] == [*"9abcdef", "01", "11", "21"]


def test_ids_carry_the_server_id(bench: Any, request_text: Any) -> None:
    bench.host.settings = SimpleNamespace(server_id=31)
    kex = bench.load(Kex)
    assert kex.sruid(bench.context(request_text())).startswith("srid-1f-")
