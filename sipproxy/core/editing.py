"""Edits anywhere in a message, by offsets of the received bytes."""

from collections.abc import Callable

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.core.substitution import EmptyMatch, Substitution

_EDITS = "body-edits"
"""Under this name a context keeps the edits of its message's body."""

_FINISH = "body-finish"
"""Under this name a context keeps what is to be done with its body after all edits."""

BodyEdit = tuple[int, int, bytes]
"""Start and end in the received body, and what takes the place."""


def head_length(ctx: Context) -> int:
    """How many of the received bytes stand before the body."""
    return len(ctx.msg.raw) - len(ctx.msg.body)


def headers_start(ctx: Context) -> int:
    """Offset of the first header in the received bytes."""
    return len(wire.encode(ctx.msg.head[: ctx.msg.headers[0].start]))


def headers_end(ctx: Context) -> int:
    """Offset behind the last header in the received bytes."""
    return len(wire.encode(ctx.msg.head[: ctx.msg.headers_end]))


def replace(ctx: Context, start: int, end: int, text: bytes) -> None:
    """Put `text` in the place of received bytes; both may lie in head and body."""
    border = head_length(ctx)
    if start < border:
        head = ctx.msg.head
        last = min(end, border)
        if not head.isascii():
            raw = ctx.msg.raw
            start, last = (len(wire.decode(raw[:offset])) for offset in (start, last))
        ctx.lumps.replace(start, last, wire.decode(text))
        start, text = border, b""
    if end > border:
        _replace_in_body(ctx, start - border, end - border, text)


def insert(ctx: Context, at: int, text: bytes) -> None:
    """Put `text` before a received byte."""
    if at < head_length(ctx):
        replace(ctx, at, at, text)
    else:
        start = at - head_length(ctx)
        _replace_in_body(ctx, start, start, text)


def _replace_in_body(ctx: Context, start: int, end: int, text: bytes) -> None:
    edits = ctx.scratch.setdefault(_EDITS, [])
    assert isinstance(edits, list)
    edits.append((start, end, text))
    body = _applied(ctx.msg.body, edits)
    finish = ctx.scratch.get(_FINISH)
    ctx.lumps.replace_body(finish(body) if callable(finish) else body)


def finish_with(ctx: Context, finish: Callable[[bytes], bytes]) -> None:
    """Pass the edited body through this before it is sent, now and after further edits."""
    ctx.scratch[_FINISH] = finish
    if _EDITS in ctx.scratch:
        _replace_in_body(ctx, 0, 0, b"")


def _applied(body: bytes, edits: list[BodyEdit]) -> bytes:
    out, at = b"", 0
    for start, end, text in sorted(edits, key=lambda edit: edit[0]):
        out += body[at:start] + text if start > at else text
        at = max(at, end)
    return out + body[at:]


def set_body(ctx: Context, body: bytes, length: int) -> None:
    """Send another body in the place of the first `length` bytes; earlier edits are void."""
    ctx.scratch.pop(_EDITS, None)
    _replace_in_body(ctx, 0, length, body)


def substitute(ctx: Context, sed: Substitution, start: int, end: int) -> bool:
    """Apply a substitution to a stretch of the received bytes; whether it was found."""
    data = ctx.msg.raw[start:end].partition(b"\0")[0]
    try:
        hits = list(sed.hits(ctx, data))
    except EmptyMatch:
        return False
    for first, last, text in hits:
        replace(ctx, start + first, start + last, text)
    return bool(hits)


def forget(ctx: Context) -> None:
    """Drop what was kept of edits to a body that is none any more."""
    if ctx.touched("scratch"):
        ctx.scratch.pop(_EDITS, None)
        ctx.scratch.pop(_FINISH, None)
