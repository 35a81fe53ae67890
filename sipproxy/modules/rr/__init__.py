"""rr: Record-Route and Route, how a proxy stays in the path of a dialog (Kamailio modules/rr)."""

from typing import Any

from sipproxy import text as wire
from sipproxy.core import regex
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import function, pvar
from sipproxy.core.params import Parsed
from sipproxy.core.values import Value
from sipproxy.errors import MessageError
from sipproxy.modules.rr.loose import Loose
from sipproxy.modules.rr.record import Recording
from sipproxy.modules.rr.routes import entries

DOWNSTREAM, UPSTREAM = 1, 2


class Direction(Parsed):
    """`downstream`, from caller to callee, or `upstream`."""

    __slots__ = ("upstream",)

    def __init__(self, upstream: bool) -> None:
        self.upstream = upstream

    @classmethod
    def parse(cls, text: str) -> "Direction":
        """Read the word in any case."""
        word = wire.lower(text)
        if word not in ("downstream", "upstream"):
            raise ValueError(f"unknown direction {text!r}: use downstream or upstream")
        return cls(word == "upstream")

    def bind(self, host: Any) -> None:
        """The direction is told by the tag in our Route."""
        if not host.modules["rr"].append_fromtag:
            raise ValueError('is_direction needs the parameter "append_fromtag"')


class RoutePattern(Parsed):
    """A regular expression for parameters of a Route; it ignores case."""

    __slots__ = ("regex",)

    def __init__(self, compiled: regex.Regex) -> None:
        self.regex = compiled

    @classmethod
    def parse(cls, text: str) -> "RoutePattern":
        """Compile the pattern."""
        try:
            return cls(regex.compile(text, ignore_case=True, newline=True))
        except regex.RegexError as error:
            raise ValueError(str(error)) from None


class Rr(Recording, Loose, name="rr"):
    """Record routing and loose routing."""

    @function("REQUEST")
    def check_route_param(self, ctx: Context, pattern: RoutePattern) -> bool:
        """Whether the parameters of our own Route match."""
        state = self.route_params(ctx)
        return state is not None and bool(pattern.regex.search(state.led + state.params))

    @function("REQUEST")
    def is_direction(self, ctx: Context, direction: Direction) -> bool:
        """Whether the request goes this way in its dialog; downstream if nothing tells."""
        return self.goes_upstream(ctx) == direction.upstream

    @pvar("route_uri", bind=True)
    def route_uri(self, inner: str | None, index: str | None) -> PvAccess:
        """Address of the topmost Route."""
        access = PvAccess(self._route_uri)
        access.absent = ""
        return access

    def _route_uri(self, ctx: Context) -> Value:
        if "Route" not in ctx.msg.table:
            return None
        try:
            return entries(ctx.msg.rows("route")[0])[0].uri
        except MessageError as error:
            self.complain(str(error))
            return None

    @pvar("fti")
    def fti(self, ctx: Context) -> Value:
        """From tag of the request that began the dialog."""
        return self._tag(ctx, of_to=self.goes_upstream(ctx))

    @pvar("tti")
    def tti(self, ctx: Context) -> Value:
        """To tag of the reply to the request that began the dialog."""
        return self._tag(ctx, of_to=not self.goes_upstream(ctx))

    def _tag(self, ctx: Context, *, of_to: bool) -> Value:
        try:
            return (ctx.msg.to if of_to else ctx.msg.from_).tag
        except MessageError as error:
            self.complain(str(error))
            return None

    @pvar("rdir", bind=True)
    def rdir(self, inner: str | None, index: str | None) -> PvAccess:
        """Direction of the request in its dialog: `$rdir(name)` as a word, `$rdir(id)` 1 or 2."""
        if inner not in (None, "id", "name"):
            raise ValueError("id or name is possible")
        if inner == "name":
            return PvAccess(lambda ctx: "upstream" if self.goes_upstream(ctx) else "downstream")
        return PvAccess(lambda ctx: UPSTREAM if self.goes_upstream(ctx) else DOWNSTREAM, type="int")
