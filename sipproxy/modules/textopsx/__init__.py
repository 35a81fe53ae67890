"""textopsx: edits applied at once, replies' status, patterns (Kamailio modules/textopsx)."""

from sipproxy import text as wire
from sipproxy.core import editing, regex, wildcard
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import function
from sipproxy.core.params import Parsed
from sipproxy.errors import MessageError
from sipproxy.modules.textopsx.headervalues import HeaderValueFunctions
from sipproxy.modules.textopsx.iterators import IteratorFunctions
from sipproxy.modules.textopsx.selects import HeaderValueSelects
from sipproxy.sip.build import rebuild
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.message import Message

_KEPT = frozenset(
    [
        *("from", "to", "call-id", "cseq", "via", "contact", "content-length", "content-type"),
        *("route", "record-route", "max-forwards"),
    ]
)
"""Headers that keep_hf never removes."""


class NamePattern(Parsed):
    """A regular expression for header names; it ignores case."""

    __slots__ = ("regex",)

    def __init__(self, compiled: regex.Regex) -> None:
        self.regex = compiled

    @classmethod
    def parse(cls, text: str) -> "NamePattern":
        """Compile the pattern."""
        try:
            return cls(regex.compile(text, ignore_case=True, newline=True))
        except regex.RegexError as error:
            raise ValueError(str(error)) from None


class Textopsx(HeaderValueFunctions, HeaderValueSelects, IteratorFunctions, name="textopsx"):
    """Changes that show at once."""

    def _complain(self, text: str) -> None:
        report(self.host.log, ERROR, "textopsx", text)

    @function("REQUEST", "ONREPLY", replaces_message=True)
    def msg_apply_changes(self, ctx: Context) -> int:
        """Make the message anew with all changes in it; 0 ends the script if it is broken then."""
        if ctx.msg.is_request and ctx.kind != "request":
            self._complain("invalid usage - not in request route or a reply")
            return -1
        if ctx.record_routed and ctx.msg.is_request:
            self._complain("cannot apply changes after a Record-Route was added")
            return -1
        lumps = ctx.lumps if ctx.touched("lumps") else Lumps(ctx.msg)
        return self._replace(ctx, rebuild(ctx.msg, lumps, new_ruri=ctx.new_ruri))

    @function("REQUEST", "ONREPLY", replaces_message=True)
    def msg_set_buffer(self, ctx: Context, text: str) -> int:
        """Take this text for the message; 0 ends the script if it is none."""
        if ctx.msg.is_request and ctx.kind != "request":
            self._complain("invalid usage - not in request route or a reply")
            return -1
        return self._replace(ctx, wire.encode(text)) if text else -1

    def _replace(self, ctx: Context, raw: bytes) -> int:
        old = ctx.msg
        try:
            msg = Message.parse(raw, source=old.source, dest=old.dest, proto=old.proto)
        except MessageError as error:
            self._complain(f"parsing new sip message failed: {error}")
            return 0
        ctx.msg = msg
        ctx.new_ruri = None
        ctx.lumps = Lumps(msg)
        editing.forget(ctx)
        return 1

    @function("ONREPLY", replaces_message=True)
    def change_reply_status(self, ctx: Context, code: int, reason: str) -> bool:
        """Give the reply another status and reason; 1xx and 2xx stay what they are."""
        if not reason:
            self._complain("invalid reason parameter")
            return False
        return self._change_status(ctx, code, reason)

    @function("ONREPLY", replaces_message=True)
    def change_reply_status_code(self, ctx: Context, code: int) -> bool:
        """Give the reply another status and keep its reason."""
        return self._change_status(ctx, code, "")

    def _change_status(self, ctx: Context, code: int, reason: str) -> bool:
        msg = ctx.msg
        if not 100 <= code <= 699:
            self._complain(f"wrong status code: {code}")
            return False
        if (code < 300 or msg.status < 300) and code // 100 != msg.status // 100:
            self._complain("the class of provisional or positive final replies cannot be changed")
            return False
        at = len(wire.encode(msg.head[: msg.head.index(msg.first_line)])) + len(msg.version) + 1
        raw = b"%s%03d%s" % (msg.raw[:at], code, msg.raw[at + 3 :])
        # The code is written into the received bytes, so `$rs` shows it; the reason is an edit.
        ctx.msg = Message.parse(raw, source=msg.source, dest=msg.dest, proto=msg.proto)
        if reason:
            start = ctx.msg.head.index(ctx.msg.first_line) + len(msg.version) + 5
            ctx.lumps.replace(start, start + len(msg.reason), reason)
        return True

    @function()
    def remove_body(self, ctx: Context) -> None:
        """Send no body."""
        if ctx.msg.body:
            ctx.lumps.replace_body(b"")

    @function()
    def keep_hf(self, ctx: Context, pattern: NamePattern) -> int:
        """Remove all headers but the ones needed and those whose name matches; always -1."""
        if ctx.msg.malformed:
            self._complain("Error while parsing message")
            return -1
        for row in ctx.msg.headers:
            if row.id in _KEPT or pattern.regex.search(row.name):
                continue
            ctx.lumps.remove(row)
        return -1

    @function()
    def fnmatch(self, ctx: Context, text: str, pattern: str, flags: str = "") -> bool:
        """Whether a text matches a file name pattern; Kamailio 5.6 gives flags no effect."""
        return bool(wildcard.compile(pattern).search(text))
