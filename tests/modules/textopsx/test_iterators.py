"""Iterators over headers and lines, beside the recorded cases."""

from typing import Any

import pytest

from sipproxy.core.params import Plain
from sipproxy.modules.textopsx import Textopsx
from sipproxy.sip.build import build_forwarded


@pytest.fixture
def textopsx(bench: Any) -> Textopsx:
    loaded: Textopsx = bench.load(Textopsx)
    return loaded


def test_an_iterator_belongs_to_its_message(
    bench: Any, textopsx: Textopsx, request_text: Any
) -> None:
    first, second = bench.context(request_text()), bench.context(request_text())
    assert textopsx.hf_iterator_start(first, "i")
    assert textopsx.hf_iterator_next(first, "i")
    assert not textopsx.hf_iterator_next(second, "i")
    assert textopsx.hfitname(first, Plain("i")) == "Via"
    assert textopsx.hfitbody(second, Plain("i")) is None


def test_there_are_four_names(bench: Any, textopsx: Textopsx, request_text: Any) -> None:
    ctx = bench.context(request_text())
    names = ["a", "b", "c", "d", "a", "e", "x" * 32]
    assert [textopsx.bl_iterator_start(ctx, name) for name in names] == [True] * 5 + [False] * 2


def test_a_broken_message_has_no_headers(bench: Any, textopsx: Textopsx, request_text: Any) -> None:
    ctx = bench.context(request_text(headers="bad\r\n"))
    assert not textopsx.hf_iterator_start(ctx, "i")


def test_a_last_line_without_an_end(bench: Any, textopsx: Textopsx, request_text: Any) -> None:
    ctx = bench.context(request_text(body="a\nb"))
    assert textopsx.bl_iterator_start(ctx, "i")
    assert textopsx.blitval(ctx, Plain("i")) is None
    assert textopsx.bl_iterator_next(ctx, "i")
    assert textopsx.bl_iterator_next(ctx, "i")
    assert textopsx.blitval(ctx, Plain("i")) == "b"
    assert textopsx.bl_iterator_append(ctx, "i", "c")
    assert textopsx.bl_iterator_rm(ctx, "i")
    assert not textopsx.bl_iterator_next(ctx, "i")
    sent = build_forwarded(ctx.msg, ctx.lumps, via="SIP/2.0/UDP h;branch=1")
    assert sent.endswith(b"\r\n\r\na\nc")
