"""What the recorded cases do not reach: replies, and where a change may not be applied."""

from typing import Any

import pytest

from sipproxy.modules.textopsx import NamePattern, Textopsx
from sipproxy.sip.build import build_forwarded_reply


@pytest.fixture
def textopsx(bench: Any) -> Textopsx:
    loaded: Textopsx = bench.load(Textopsx)
    return loaded


def test_a_reply_shows_its_changes(bench: Any, textopsx: Textopsx, reply_text: Any) -> None:
    ctx = bench.context(reply_text(), "reply")
    ctx.lumps.append("X: 1\r\n")
    assert textopsx.msg_apply_changes(ctx) == 1
    assert ctx.msg.header("X") == "1"
    assert not ctx.lumps
    assert len(ctx.msg.vias) == 2


@pytest.mark.parametrize("kind", ["failure", "branch", "onsend"])
def test_changes_are_applied_in_a_request_route_only(
    bench: Any, textopsx: Textopsx, request_text: Any, kind: str
) -> None:
    ctx = bench.context(request_text(), kind)
    assert textopsx.msg_apply_changes(ctx) == -1
    assert textopsx.msg_set_buffer(ctx, request_text()) == -1
    assert bench.lines[0] == "invalid usage - not in request route or a reply"


def test_a_broken_message_ends_the_script(
    bench: Any, textopsx: Textopsx, request_text: Any
) -> None:
    ctx = bench.context(request_text())
    before = ctx.msg
    assert textopsx.msg_set_buffer(ctx, "no message") == 0
    assert textopsx.msg_set_buffer(ctx, "") == -1
    assert ctx.msg is before


@pytest.mark.parametrize(
    ("old", "code", "reason", "result"),
    [
        ("200 OK", 299, "Fine", True),
        ("200 OK", 404, "No", False),
        ("180 Ringing", 183, "Progress", True),
        ("180 Ringing", 200, "OK", False),
        ("404 Not Found", 486, "Busy", True),
        ("404 Not Found", 299, "OK", False),
        ("404 Not Found", 700, "x", False),
        ("404 Not Found", 99, "x", False),
        ("404 Not Found", 500, "", False),
    ],
)
def test_status(
    bench: Any,
    textopsx: Textopsx,
    reply_text: Any,
    old: str,
    code: int,
    reason: str,
    result: bool,
) -> None:
    ctx = bench.context(reply_text(old), "reply")
    assert textopsx.change_reply_status(ctx, code, reason) is result
    sent = build_forwarded_reply(ctx.msg, ctx.lumps).decode()
    first = f"SIP/2.0 {code} {reason}" if result else f"SIP/2.0 {old}"
    assert sent.startswith(f"{first}\r\nVia: SIP/2.0/UDP 10.0.0.9")
    assert ctx.msg.status == (code if result else int(old[:3]))


def test_status_without_reason(bench: Any, textopsx: Textopsx, reply_text: Any) -> None:
    ctx = bench.context(reply_text("404 Not Found"), "reply")
    assert textopsx.change_reply_status_code(ctx, 486)
    assert build_forwarded_reply(ctx.msg, ctx.lumps).startswith(b"SIP/2.0 486 Not Found\r\n")


def test_bad_pattern() -> None:
    with pytest.raises(ValueError, match="regular expression"):
        NamePattern.parse("(")


def test_a_malformed_message_keeps_all(bench: Any, textopsx: Textopsx, request_text: Any) -> None:
    ctx = bench.context(request_text(headers="X: 1\r\nbad\r\n"))
    assert textopsx.keep_hf(ctx, NamePattern.parse("zz")) == -1
    assert not ctx.lumps


@pytest.mark.parametrize(
    ("text", "pattern", "matches"),
    [
        ("a", "[!b]", True),
        ("b", "[^b]", False),
        ("]", "[]]", True),
        ("x", "[]]", False),
        ("[x", "[x", True),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
        ("a\\", "a\\", True),
        ("(a|b)", "(a|b)", True),
        ("line\nline", "*", True),
    ],
)
def test_patterns(
    bench: Any, textopsx: Textopsx, request_text: Any, text: str, pattern: str, matches: bool
) -> None:
    assert textopsx.fnmatch(bench.context(request_text()), text, pattern) is matches
