"""Searching and replacing in the whole message, its headers or its body."""

from sipproxy import text as wire
from sipproxy.core import editing, ruri
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, function
from sipproxy.core.params import Plain
from sipproxy.core.regex import Regex
from sipproxy.core.substitution import EmptyMatch
from sipproxy.errors import MessageError
from sipproxy.modules.textops.params import Mime, Pattern, Sed, WholePattern

Area = tuple[int, int]
"""A stretch of the received bytes."""


class ContentFunctions(Module):
    """Functions on the text of a message; they see it as it was received."""

    def _message(self, ctx: Context) -> Area:
        return editing.headers_start(ctx), len(ctx.msg.raw)

    def _headers(self, ctx: Context) -> Area:
        return editing.headers_start(ctx), editing.headers_end(ctx)

    def _body(self, ctx: Context) -> Area:
        return editing.head_length(ctx), len(ctx.msg.raw)

    # -- searching

    @function()
    def search(self, ctx: Context, pattern: Pattern) -> bool:
        """Whether the message matches, first line and body included."""
        return bool(pattern.regex.search(wire.decode(ctx.msg.raw)))

    @function()
    def search_body(self, ctx: Context, pattern: Pattern) -> bool:
        """Whether the body matches."""
        body = ctx.msg.body
        return bool(body) and bool(pattern.regex.search(wire.decode(body)))

    @function()
    def search_append(self, ctx: Context, pattern: Pattern, text: Plain) -> bool:
        """Put a text behind the first match below the first line."""
        return self._append(ctx, pattern.regex, text, self._message(ctx))

    @function()
    def search_append_body(self, ctx: Context, pattern: Pattern, text: Plain) -> bool:
        """Put a text behind the first match in the body."""
        return self._append(ctx, pattern.regex, text, self._body(ctx))

    def _append(self, ctx: Context, pattern: Regex, text: str, area: Area) -> bool:
        start, end = area
        spans = pattern.match_spans(ctx.msg.raw[start:end])
        if spans is None or start == end:
            return False
        editing.insert(ctx, start + spans[0][1], wire.encode(text))
        return True

    # -- replacing

    @function()
    def replace(self, ctx: Context, pattern: Pattern, text: Plain) -> bool:
        """Replace the first match below the first line."""
        return self._replace(ctx, pattern.regex, text, self._message(ctx))

    @function()
    def replace_body(self, ctx: Context, pattern: Pattern, text: Plain) -> bool:
        """Replace the first match in the body."""
        return self._replace(ctx, pattern.regex, text, self._body(ctx))

    @function()
    def replace_hdrs(self, ctx: Context, pattern: Pattern, text: Plain) -> bool:
        """Replace the first match in the headers."""
        return self._replace(ctx, pattern.regex, text, self._headers(ctx))

    def _replace(self, ctx: Context, pattern: Regex, text: str, area: Area) -> bool:
        start, end = area
        spans = pattern.match_spans(ctx.msg.raw[start:end])
        if spans is None or start == end:
            return False
        first, last = spans[0]
        editing.replace(ctx, start + first, start + last, wire.encode(text))
        return True

    @function()
    def replace_all(self, ctx: Context, pattern: Pattern, text: Plain) -> bool:
        """Replace every match below the first line."""
        return self._replace_all(ctx, pattern.regex, text, self._message(ctx), lines=True)

    @function()
    def replace_body_all(self, ctx: Context, pattern: Pattern, text: Plain) -> bool:
        """Replace every match in the body."""
        return self._replace_all(ctx, pattern.regex, text, self._body(ctx), lines=True)

    @function()
    def replace_body_atonce(self, ctx: Context, pattern: WholePattern, text: Plain) -> bool:
        """Replace every match in the body, which counts as one line."""
        return self._replace_all(ctx, pattern.regex, text, self._body(ctx), lines=False)

    def _replace_all(
        self, ctx: Context, pattern: Regex, text: str, area: Area, *, lines: bool
    ) -> bool:
        start, end = area
        data, new = ctx.msg.raw[start:end], wire.encode(text)
        at, bol, found = 0, True, False
        while at < len(data) and (spans := pattern.match_spans(data, at, not_bol=not bol)):
            first, last = spans[0]
            if first == last:
                report(self.host.log, ERROR, "textops", "matched string is empty")
                return False
            editing.replace(ctx, start + first, start + last, new)
            bol = lines and data[last - 1 : last] in (b"\n", b"\r")
            at, found = last, True
        return found

    @function()
    def replace_str(self, ctx: Context, text: str, new: str, which: str) -> int:
        """Replace a text below the first line: the `f`irst, or `a`ll."""
        return self._replace_str(ctx, text, new, which, self._message(ctx))

    @function()
    def replace_body_str(self, ctx: Context, text: str, new: str, which: str) -> int:
        """Replace a text in the body: the `f`irst, or `a`ll."""
        area = self._body(ctx)
        return -1 if area[0] == area[1] else self._replace_str(ctx, text, new, which, area)

    @function()
    def replace_hdrs_str(self, ctx: Context, text: str, new: str, which: str) -> int:
        """Replace a text in the headers: the `f`irst, or `a`ll."""
        return self._replace_str(ctx, text, new, which, self._headers(ctx))

    def _replace_str(self, ctx: Context, text: str, new: str, which: str, area: Area) -> int:
        key, value = wire.encode(text), wire.encode(new)
        at, end = area
        while key and (at := ctx.msg.raw.find(key, at, end)) >= 0:
            editing.replace(ctx, at, at + len(key), value)
            at += len(key)
            # Having found one, Kamailio looks for the next in all of the message.
            end = len(ctx.msg.raw)
            if which[:1] in ("f", "F"):
                break
        return 1

    # -- substitutions

    @function()
    def subst(self, ctx: Context, sed: Sed) -> bool:
        """Apply a substitution below the first line."""
        return editing.substitute(ctx, sed.substitution, *self._message(ctx))

    @function()
    def subst_body(self, ctx: Context, sed: Sed) -> bool:
        """Apply a substitution to the body."""
        return editing.substitute(ctx, sed.substitution, *self._body(ctx))

    @function("REQUEST", "ONREPLY", "FAILURE", "BRANCH")
    def subst_uri(self, ctx: Context, sed: Sed) -> bool:
        """Apply a substitution to the R-URI."""
        changed = self._changed(ctx, sed, ctx.ruri)
        if changed is None:
            return False
        ctx.new_ruri = changed
        return True

    @function("REQUEST", "ONREPLY", "FAILURE", "BRANCH")
    def subst_user(self, ctx: Context, sed: Sed) -> int:
        """Apply a substitution to the user part of the R-URI."""
        try:
            user = ruri.parts_of(ctx.ruri).user
        except MessageError:
            return -1
        changed = self._changed(ctx, sed, user)
        return -1 if changed is None else ruri.set_user(ctx, changed)

    def _changed(self, ctx: Context, sed: Sed, text: str) -> str | None:
        try:
            changed, count = sed.substitution.apply(ctx, text)
        except EmptyMatch:
            return None
        return changed if count else None

    # -- the body as a whole

    @function("REQUEST", "FAILURE", "BRANCH", "ONREPLY")
    def set_body(self, ctx: Context, body: str, type: str) -> bool:
        """Send another body of this type."""
        if not body or not type:
            report(self.host.log, ERROR, "textops", "set_body needs a body and a content type")
            return False
        msg = ctx.msg
        length = msg.content_length
        if length is not None and length > len(msg.body):
            report(self.host.log, ERROR, "textops", f"invalid content length: {length}")
            return False
        data = wire.encode(body)
        editing.set_body(ctx, data, length or 0)
        old = msg.rows("content-type")
        if not old or old[0].value != type:
            for row in old[:1]:
                ctx.lumps.remove(row)
            ctx.lumps.append(f"Content-Type: {type}\r\n")
        if length is None:
            ctx.lumps.append(f"Content-Length: {len(data)}\r\n")
        return True

    @function("REQUEST", "FAILURE", "BRANCH")
    def set_reply_body(self, ctx: Context, body: str, type: str) -> bool:
        """Give every reply of ours to this request a body."""
        if not body or not type:
            text = "set_reply_body needs a body and a content type"
            report(self.host.log, ERROR, "textops", text)
            return False
        ctx.lumps.append_to_reply(f"Content-Type: {type}\r\n")
        if ctx.lumps.reply_body:
            report(self.host.log, ERROR, "textops", "cannot add body lump")
            return False
        ctx.lumps.reply_body = wire.encode(body)
        return True

    @function()
    def has_body(self, ctx: Context, type: Mime | None = None) -> bool:
        """Whether Content-Length tells of a body, of this type if one is given."""
        if not ctx.msg.content_length:
            return False
        if type is None or not type.type:
            return True
        own = ctx.msg.header("Content-Type")
        if own is None:
            return type.type == "application/sdp"
        kind, _, rest = own.partition(";")[0].partition("/")
        return f"{kind.strip()}/{rest.strip()}".lower() == type.type
