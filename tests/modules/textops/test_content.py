"""What the recorded cases do not reach: replies, patterns that match nothing, bad R-URIs."""

from typing import Any

import pytest

from sipproxy.core.params import Plain
from sipproxy.modules.textops import Textops
from sipproxy.modules.textops.params import Mime, Pattern, Sed
from sipproxy.sip.build import build_forwarded_reply


@pytest.fixture
def textops(bench: Any) -> Textops:
    loaded: Textops = bench.load(Textops)
    return loaded


def sed(bench: Any, text: str) -> Sed:
    found = Sed.parse(text)
    found.bind(bench.host)
    return found


def test_a_reply_gets_another_body(bench: Any, textops: Textops, reply_text: Any) -> None:
    ctx = bench.context(reply_text(), "reply")
    assert textops.set_body(ctx, "hello", "text/plain")
    sent = build_forwarded_reply(ctx.msg, ctx.lumps).decode()
    assert sent.endswith("Content-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello")


def test_matching_nothing_is_no_replacement(
    bench: Any, textops: Textops, request_text: Any
) -> None:
    ctx = bench.context(request_text(body="hello"))
    assert not textops.replace_body_all(ctx, Pattern.parse("x*"), Plain("y"))
    assert bench.lines == ["matched string is empty"]
    assert not textops.subst_body(ctx, sed(bench, "/x*/y/"))
    assert not textops.subst_uri(ctx, sed(bench, "/x*/y/"))


def test_a_bad_ruri_has_no_user(bench: Any, textops: Textops, request_text: Any) -> None:
    ctx = bench.context(request_text("OPTIONS nonsense"))
    assert textops.subst_user(ctx, sed(bench, "/a/b/")) == -1


@pytest.mark.parametrize(
    ("type", "body", "wanted", "found"),
    [
        ("", "", "", False),
        ("", "x", "", True),
        ("", "x", "application/sdp", True),
        ("", "x", "text/plain", False),
        ("Content-Type: Text / Plain ; x\r\n", "x", "TEXT/plain", True),
    ],
)
def test_has_body(
    bench: Any,
    textops: Textops,
    request_text: Any,
    type: str,
    body: str,
    wanted: str,
    found: bool,
) -> None:
    ctx = bench.context(request_text(headers=type, body=body))
    assert textops.has_body(ctx, Mime.parse(wanted)) is found
    assert textops.has_body(ctx) is bool(body)
