"""Functions on the parts of a body, beside the recorded cases."""

from typing import Any

import pytest

from sipproxy.core.access import PvAccess
from sipproxy.core.params import Plain
from sipproxy.modules.textops import Textops
from sipproxy.sip.build import build_forwarded

TYPE = "Content-Type: multipart/mixed;boundary=b\r\n"
BODY = "--b\r\nContent-Type: a/b\r\n\r\none\r\n--b\r\nc: c/d\r\n\r\ntwo\r\n--b--\r\n"


@pytest.fixture
def textops(bench: Any) -> Textops:
    loaded: Textops = bench.load(Textops)
    return loaded


def sent(ctx: Any) -> str:
    return build_forwarded(ctx.msg, ctx.lumps, via="SIP/2.0/UDP h;branch=1").decode()


def test_a_later_edit_keeps_the_boundaries_right(
    bench: Any, textops: Textops, request_text: Any
) -> None:
    ctx = bench.context(request_text(headers=TYPE, body=BODY))
    assert textops.append_body_part(ctx, "three", "e/f")
    assert textops.remove_body_part(ctx, "a/b")
    assert sent(ctx).endswith(
        "\r\n\r\n--b\r\nc: c/d\r\n\r\ntwo\r\n--b\r\nContent-Type: e/f\r\n\r\nthree\r\n--b--\r\n"
    )


def test_without_a_body_or_type(bench: Any, textops: Textops, request_text: Any) -> None:
    target = PvAccess(lambda ctx: None, lambda ctx, value: None)
    bare = bench.context(request_text())
    assert not textops.append_body_part(bare, "x", "a/b")
    assert not textops.get_body_part(bare, "a/b", target)
    assert not textops.filter_body(bare, Plain("a/b"))
    assert not textops.set_body_multipart(bare)
    assert not textops.remove_body_part(bare, "a/b")
    untyped = bench.context(request_text(body="x"))
    assert not textops.append_body_part(untyped, "x", "a/b")
    assert textops.get_body_part(untyped, "a/b", target)
    assert textops.set_body_multipart(untyped)
    assert "\r\n\r\n--unique-boundary-1\r\nContent-Type: text/plain\r\n\r\nx\r\n" in sent(untyped)


def test_hexadecimal(bench: Any, textops: Textops, request_text: Any) -> None:
    ctx = bench.context(request_text(headers=TYPE, body=BODY))
    for bad in ("", "4", "4g", "é1", "4 1"):
        assert not textops.append_body_part_hex(ctx, bad, "a/b")
    assert textops.append_body_part_hex(ctx, " 41\t4a ", "a/b")
    assert "\r\n\r\nAJ\r\n--b--\r\n" in sent(ctx)
