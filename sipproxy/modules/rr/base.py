"""What record routing and loose routing share: parameters, and what is known of a request."""

import re
from collections.abc import Callable
from typing import cast

from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, report
from sipproxy.core.module import Module, modparam
from sipproxy.errors import MessageError
from sipproxy.modules.rr.routes import entries
from sipproxy.sip.uri import Uri

_FTAG = re.compile(r"(?:^|;)[ \t]*ftag[ \t]*=[ \t]*(?:[\"']([^\"']*)|([^; \t]*))")


class State:
    """What rr knows of the request in hand.

    `params` are the parameters of our own Route, or of a R-URI that is one, "" for none;
    `led` is what `check_route_param` sees before them. `pending` waits for the Record-Route.
    """

    __slots__ = ("led", "next_is_route", "params", "pending", "upstream")

    def __init__(self) -> None:
        self.params = ""
        self.led = ""
        self.pending = ""
        self.upstream: bool | None = None
        self.next_is_route = False


class Base(Module):
    """Parameters of rr, and the way a request goes in its dialog."""

    append_fromtag = modparam(1, "Add the From tag to our Record-Route, as ftag.")
    enable_double_rr = modparam(1, "Two Record-Routes where sockets differ; 2: always two.")
    enable_full_lr = modparam(0, "Write lr=on instead of lr.")
    add_username = modparam(0, "Add the user of the R-URI to our Record-Route.")
    custom_user_avp = modparam("", "A variable that gives the user instead.")
    force_send_socket = modparam(0, "Send by the socket that our own Route names.")
    enable_socket_mismatch_warning = modparam(1, "Warn when a second Route names no socket.")
    ignore_sips = modparam(0, "Write sip: even if the R-URI is sips:.")
    sockname_mode = modparam(0, "Name the socket in our Record-Route, as sn.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self.told: list[Callable[[Context, str], None]] = []
        """Told of the parameters of our own Route whenever loose_route() found them."""

    def complain(self, text: str) -> None:
        """Write an error to the log."""
        report(self.host.log, ERROR, "rr", text)

    def state(self, ctx: Context) -> State:
        """What is known of this request."""
        found = ctx.scratch.get("rr")
        if found is None:
            found = ctx.scratch["rr"] = State()
        return cast(State, found)

    def is_me(self, uri: Uri) -> bool:
        """Whether a Route is our own: our address and port, and no GRUU of a client."""
        if not uri.host or not self.host.own.is_myself(uri.host, uri.port or 5060):
            return False
        return uri.param("gr") is None

    def route_params(self, ctx: Context) -> State | None:
        """The state with the parameters of our own Route in it; None when there is none."""
        if not ctx.msg.is_request or "Route" not in ctx.msg.table:
            return None
        state = self.state(ctx)
        if not state.params:
            try:
                uri = entries(ctx.msg.rows("route")[0])[0].parsed
            except MessageError as error:
                self.complain(str(error))
                return None
            if not self.is_me(uri):
                return None
            state.params, state.led = uri.params, ";"
        return state if state.params else None

    def goes_upstream(self, ctx: Context) -> bool:
        """Whether the request goes from callee to caller: our Route's ftag is not its From tag."""
        state = self.state(ctx)
        if state.upstream is None:
            state.upstream = self._is_reversed(ctx)
        return state.upstream

    def _is_reversed(self, ctx: Context) -> bool:
        known = self.route_params(ctx)
        found = _FTAG.search(known.params) if known else None
        ftag = found and (found[1] or found[2])
        try:
            return bool(ftag and ctx.msg.from_.tag and ftag != ctx.msg.from_.tag)
        except MessageError:
            return False
