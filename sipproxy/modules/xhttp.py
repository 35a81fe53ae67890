"""xhttp: requests of HTTP on our own sockets, served by event_route[xhttp:request] (Kamailio
modules/xhttp)."""

from typing import Any, cast

from sipproxy.core.bindings import Replies
from sipproxy.core.context import Context
from sipproxy.core.flow import CLOSE
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.core.module import Module, event, function, modparam, pvar
from sipproxy.core.regex import Regex, RegexError
from sipproxy.core.regex import compile as compile_regex
from sipproxy.errors import ModuleError
from sipproxy.sip.foreign import ForeignRequest
from sipproxy.text import encode

_EVENT = "xhttp:request"


class Xhttp(Module, name="xhttp"):
    """A request of HTTP runs its route as if it were SIP: with a Via that names its source."""

    url_match = modparam("", "Only requests whose URL this regular expression finds are served.")
    url_skip = modparam("", "Requests whose URL this regular expression finds are not served.")
    event_callback = modparam("", "Function of an embedded language that serves requests.")

    not_yet = frozenset({"event_callback"})
    request = event(_EVENT, "Runs for each request of HTTP.")

    def __init__(self, host: Any) -> None:
        super().__init__(host)
        self._match: Regex | None = None
        self._skip: Regex | None = None

    def start(self) -> None:
        """Read the expressions, find sl; raises ModuleError."""
        if self.event_callback:
            raise ModuleError('the parameter "event_callback" is not supported')
        self._match = _expression("url_match", self.url_match)
        self._skip = _expression("url_skip", self.url_skip)
        self._sl = cast(Replies, self.host.bind("sl"))
        self.host.foreign_takers.append(self.take)
        settings = self.host.settings
        if settings is not None and not settings.tcp_accept_no_cl:
            text = "tcp_accept_no_cl is not set: HTTP requests without Content-Length are refused"
            report(self.host.log, WARN, self.name, text)

    def ready(self) -> None:
        """Without its route there is nothing to serve; raises ModuleError."""
        if not self.host.has_route(_EVENT):
            raise ModuleError(f"there is no event_route[{_EVENT}]")

    def take(self, ctx: Context) -> bool:
        """Serve a request that is not SIP; False when it is not for us."""
        msg = ctx.msg
        if not (isinstance(msg, ForeignRequest) and msg.is_http and self._wants(msg.ruri)):
            return False
        if "Via" not in msg.table:
            ctx.msg = msg.with_via(ctx.flow.proto)
        self.host.begin(self._serve(ctx), bool)
        return True

    def _wants(self, url: str) -> bool:
        if self._skip is not None and self._skip.search(url):
            return False
        return self._match is None or bool(self._match.search(url))

    async def _serve(self, ctx: Context) -> None:
        """Run the route; the connection is closed when it ends in a failure."""
        code = await self.host.run_block(f"event_route[{_EVENT}]", ctx)
        ctx.finish()
        if code < 0 and ctx.flow.connection:
            self.host.send(b"", ctx.flow._replace(hints=CLOSE))

    @function("REQUEST")
    def xhttp_reply(
        self, ctx: Context, code: int | None, reason: str | None, kind: str | None, body: str | None
    ) -> int:
        """Reply with a status, a reason, a media type (or ""), and a body."""
        wrong = ""
        if code is None or not 100 <= code <= 700:
            wrong = "code"
        elif not reason:
            wrong = "reason"
        elif kind is None:
            wrong = "content-type"
        elif body is None:
            wrong = "body"
        if wrong:
            report(self.host.log, ERROR, self.name, f"invalid {wrong} parameter")
            return -1
        assert code is not None and reason and kind is not None and body is not None
        return self.reply(ctx, code, reason, kind, body)

    def reply(self, ctx: Context, status: int, reason: str, kind: str, body: str) -> int:
        """Reply with a body of that media type; no header where `kind` is "". 1, or -1."""
        if kind:
            ctx.lumps.append_to_reply(f"Content-Type: {kind}\r\n")
        if body:
            ctx.lumps.reply_body = encode(body)
        return self._sl.reply(ctx, status, reason)

    @pvar("hu", fixed=True)
    def url(self, ctx: Context) -> str:
        """The URL of the request, as it came."""
        return ctx.msg.ruri


def _expression(name: str, text: str) -> Regex | None:
    """A compiled expression, None for no text; raises ModuleError."""
    try:
        return compile_regex(text, ignore_case=False) if text else None
    except RegexError as error:
        raise ModuleError(f"bad {name} {text!r}: {error}") from None
