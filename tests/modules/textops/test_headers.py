"""What the recorded cases do not reach: clocks, malformed messages, routes."""

from typing import Any

import pytest

from sipproxy.modules.textops import Textops
from sipproxy.modules.textops.params import HeaderName, Pattern
from sipproxy.sip.build import rebuild


@pytest.fixture
def textops(bench: Any) -> Textops:
    loaded: Textops = bench.load(Textops)
    return loaded


def test_dates(bench: Any, textops: Textops, request_text: Any) -> None:
    ctx = bench.context(request_text())
    textops.append_time(ctx)
    textops.append_time_to_request(ctx)
    date = "Date: Sun, 09 Sep 2001 01:46:40 GMT\r\n"
    assert ctx.lumps.reply_headers == date
    assert f"z9hG4bK-1\r\n{date}" in rebuild(ctx.msg, ctx.lumps).decode()


def test_a_malformed_message_has_no_headers_to_ask_for(
    bench: Any, textops: Textops, request_text: Any
) -> None:
    ctx = bench.context(request_text(headers="X: 1\r\nbad line\r\n"))
    assert not textops.is_present_hf(ctx, HeaderName.parse("X"))
    assert not textops.remove_hf(ctx, HeaderName.parse("X"))
    assert not textops.append_hf(ctx, "Y: 1\r\n")
    assert not ctx.lumps
    assert set(bench.lines) == {
        "error while parsing message headers",
        "error while parsing message",
    }


def test_removing_by_pattern_spares_others(bench: Any, textops: Textops, request_text: Any) -> None:
    ctx = bench.context(request_text(headers="X-A: 1\r\nX-B: 2\r\n"))
    assert textops.remove_hf_exp(ctx, Pattern.parse("^x-"), Pattern.parse("b$"))
    sent = rebuild(ctx.msg, ctx.lumps).decode()
    assert "X-A" not in sent
    assert "X-B" in sent


def test_routes(textops: Textops) -> None:
    functions = textops.host.functions
    assert functions["append_to_reply"][0].routes == ("REQUEST", "FAILURE", "BRANCH")
    assert len(functions["append_hf"][0].routes) == 8
    assert (functions["append_hf"][0].least, functions["append_hf"][0].most) == (1, 2)
