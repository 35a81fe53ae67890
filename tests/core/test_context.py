"""The context of a run: defaults on the class, scratch on first touch, the R-URI."""

from collections.abc import Callable
from typing import Any

import pytest

from sipproxy.core.context import Branch, Context
from sipproxy.errors import MessageError


@pytest.fixture
def ctx(bench: Any, request_text: Callable[..., str]) -> Context:
    found: Context = bench.context(request_text("OPTIONS sip:bob@example.com:5070"))
    return found


def test_a_fresh_one_has_touched_nothing(ctx: Context) -> None:
    assert (ctx.rc, ctx.end, ctx.depth, ctx.flags, ctx.dst_uri, ctx.left_at) == (0, 0, 0, 0, "", "")
    scratch = ("lumps", "branches", "avps", "xavps", "xavis", "xavus", "scratch", "at_end")
    assert not any(map(ctx.touched, scratch))


def test_scratch_is_made_once_and_is_its_own(ctx: Context, bench: Any) -> None:
    ctx.branches.append(Branch("sip:a@b"))
    assert ctx.touched("branches") and not ctx.touched("lumps")
    assert [branch.uri for branch in ctx.branches] == ["sip:a@b"]
    assert ctx.lumps is ctx.lumps
    other = bench.host.outside()
    assert other.branches == [] and other.avps == {} and other.at_end == []


def test_an_unknown_attribute_is_an_error(ctx: Context) -> None:
    with pytest.raises(AttributeError, match="no_such"):
        _ = ctx.no_such


def test_the_request_uri(ctx: Context) -> None:
    assert (ctx.ruri, ctx.ruri_parsed.port) == ("sip:bob@example.com:5070", 5070)
    ctx.new_ruri = "sip:carol@example.net"
    assert (ctx.ruri, ctx.ruri_parsed.host) == ("sip:carol@example.net", "example.net")
    ctx.new_ruri = "nonsense"
    with pytest.raises(MessageError):
        _ = ctx.ruri_parsed


def test_a_branch() -> None:
    branch = Branch("sip:a@b", "sip:p@q", 5, 2)
    assert (branch.uri, branch.dst_uri, branch.q, branch.bflags) == ("sip:a@b", "sip:p@q", 5, 2)
    assert (branch.path, branch.force_socket) == ("", None)


def test_what_is_left_for_the_end_is_done_once(ctx: Context) -> None:
    done: list[Context] = []
    ctx.finish()
    ctx.at_end.append(done.append)
    ctx.finish()
    ctx.finish()
    assert done == [ctx]


def test_uris_that_a_relay_used_up(ctx: Context) -> None:
    seen = [ctx.consumed]
    ctx.consume(None, "sip:next.example.com")
    seen.append(ctx.consumed)
    assert ctx.ruri == "sip:bob@example.com:5070"
    ctx.new_ruri = "sip:carl@example.com"
    seen.append(ctx.consumed)
    assert seen == [False, True, False]
