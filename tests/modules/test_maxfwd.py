"""The hop counter; results as Kamailio 5.6.3 gives them."""

from typing import Any

import pytest

from sipproxy.modules.maxfwd import Maxfwd
from sipproxy.sip.build import rebuild


def with_counter(text: str, value: str | None) -> str:
    line = "" if value is None else f"Max-Forwards:{value}\r\n"
    return text.replace("Max-Forwards: 70\r\n", line)


@pytest.mark.parametrize(
    ("value", "result", "after"),
    [
        (" 70", 1, " 69"),
        (" 10", 1, "  9"),
        ("1", 1, "0"),
        (" 200", 1, "  70"),
        (" 71", 1, " 70"),
        ("  8 ", 1, "  7 "),
        (" 0", -1, " 0"),
        (" 000", -1, " 000"),
        ("", -1, ""),
        (" many", -2, " many"),
        (" -1", -2, " -1"),
        (" 65536", -2, " 65536"),
        (" 100000", -2, " 100000"),
        (" 65535", 1, "    70"),
    ],
)
def test_counting_down(bench: Any, request_text: Any, value: str, result: int, after: str) -> None:
    maxfwd = bench.load(Maxfwd)
    text = request_text("MESSAGE sip:bob@example.com", "X-A: é\r\n", "hello")
    ctx = bench.context(with_counter(text, value))
    ctx.lumps.append("X-New: 1\r\n")
    assert maxfwd.process(ctx, 10) == result
    sent = rebuild(ctx.msg, ctx.lumps).decode()
    assert sent == with_counter(text, after).replace("\r\n\r\n", "\r\nX-New: 1\r\n\r\n")


def test_absent(bench: Any, request_text: Any) -> None:
    maxfwd = bench.load(Maxfwd)
    ctx = bench.context(with_counter(request_text(), None))
    assert maxfwd.process(ctx, 10) == 2
    assert rebuild(ctx.msg, ctx.lumps).decode().count("\r\nMax-Forwards: 10\r\n") == 1
    assert maxfwd.is_lower(ctx, 3) == -2


def test_the_new_value_is_seen_at_once(bench: Any, request_text: Any) -> None:
    maxfwd = bench.load(Maxfwd)
    ctx = bench.context(request_text())
    maxfwd.process(ctx, 10)
    maxfwd.process(ctx, 10)
    assert ctx.msg.header("max-forwards") == "68"
    assert maxfwd.is_lower(ctx, 69) == 1


@pytest.mark.parametrize(
    ("value", "limit", "result"),
    [(" 5", 3, -1), (" 3", 3, -1), (" 2", 3, 1), (" many", 3, -3), (" 1", 256, -1), (" 1", -1, -1)],
)
def test_comparison(bench: Any, request_text: Any, value: str, limit: int, result: int) -> None:
    maxfwd = bench.load(Maxfwd)
    assert maxfwd.is_lower(bench.context(with_counter(request_text(), value)), limit) == result


def test_a_limit_out_of_range(bench: Any, request_text: Any) -> None:
    maxfwd = bench.load(Maxfwd)
    assert maxfwd.process(bench.context(request_text()), 256) == -1
    assert bench.lines == ["invalid param value: 256"]


def test_all_names(bench: Any) -> None:
    bench.load(Maxfwd)
    functions = bench.host.functions
    for name in ("mf_process_maxfwd_header", "process_maxfwd", "maxfwd_process"):
        assert functions[name][0].routes == ("REQUEST",)
    for name in ("is_maxfwd_lt", "maxfwd_at_least", "mf_lowlimit"):
        assert functions[name][0].routes == ("REQUEST", "FAILURE", "BRANCH")
