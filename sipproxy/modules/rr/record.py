"""Record-Route rows (RFC 3261 section 16.6 step 4; Kamailio modules/rr/record.c)."""

from dataclasses import dataclass, replace

from sipproxy import text as wire
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import function
from sipproxy.core.resolve import ResolveError
from sipproxy.core.values import to_str
from sipproxy.errors import MessageError, ModuleError
from sipproxy.modules.rr.base import Base
from sipproxy.sip.lumps import Lumps
from sipproxy.sip.uri import Uri
from sipproxy.sip.way import Way

_LONGEST = 512
"""Bytes of parameters that may wait for their Record-Route."""

ALWAYS = 2
"""Value of enable_double_rr: both rows whatever the sockets are."""


@dataclass(frozen=True, slots=True)
class Row:
    """A Record-Route as it was asked for: `head`, what the way out decides, `tail`.

    A row that was removed leaves its tail, as in Kamailio.
    """

    head: str
    tail: str
    removed: bool = False

    def __call__(self, way: Way) -> str:
        """The line for this way; empty when this way needs none."""
        if not self.is_needed(way):
            return ""
        return f"{'' if self.removed else self.head + self.place(way)}{self.tail}>\r\n"

    def is_needed(self, way: Way) -> bool:
        """Whether the row is written at all."""
        return True

    def place(self, way: Way) -> str:
        """What follows the head."""
        return ""


@dataclass(frozen=True, slots=True)
class OwnRow(Row):
    """A row with the socket the request leaves by (`outbound`) or came to."""

    outbound: bool = False
    double: int = 0
    named: bool = False

    def is_needed(self, way: Way) -> bool:
        """The outbound one where it differs from the other."""
        return not self.outbound or self._is_double(way)

    def _is_double(self, way: Way) -> bool:
        return self.double == ALWAYS or not way.received.same_socket(way.sent)

    def place(self, way: Way) -> str:
        """Address, transport and name of the socket."""
        leg = way.sent if self.outbound else way.received
        transport = "" if leg.proto == "udp" else f";transport={leg.transport}"
        name = f";sn={leg.name}" if self.named and leg.name else ""
        second = ";r2=on" if self.double and self._is_double(way) else ""
        return f"{leg.shown}{transport}{name}{second}"


@dataclass(frozen=True, slots=True)
class AdvertisedRow(Row):
    """A row with an address from the cfg, and the transport where that changes."""

    outbound: bool = False
    double: int = 0

    def is_needed(self, way: Way) -> bool:
        """The outbound one where the transport changes."""
        return not self.outbound or self._differs(way)

    def _differs(self, way: Way) -> bool:
        return self.double == ALWAYS or way.received.proto != way.sent.proto

    def place(self, way: Way) -> str:
        """The transport, behind the address in the head."""
        if not self._differs(way):
            return ""
        leg = way.sent if self.outbound else way.received
        return f";transport={leg.transport}{';r2=on' if self.double else ''}"


class Recording(Base):
    """Functions that keep us in the path of a dialog."""

    _user_access: PvAccess | None = None

    def start(self) -> None:
        """Look up the variable that gives the user."""
        if self.custom_user_avp:
            try:
                self._user_access = self.host.pv(self.custom_user_avp)
            except ResolveError as error:
                raise ModuleError(f"custom_user_avp: {error}") from None

    @function("REQUEST", "BRANCH", "FAILURE")
    def record_route(self, ctx: Context, params: str = "") -> bool:
        """Add our Record-Route with these parameters (`;a=b`); once for a request."""
        if self._is_recorded(ctx):
            return False
        try:
            head, tail = self._head(ctx), self._lr()
            tail += self._ftag(ctx, initial=False) + params + self._pending(ctx)
        except MessageError as error:
            self.complain(str(error))
            return False
        double = self.enable_double_rr
        for outbound in (True, False) if double else (False,):
            row = OwnRow(head, tail, False, outbound, double, bool(self.sockname_mode))
            ctx.lumps.prepend_late(row)
        self.state(ctx).pending = ""
        ctx.record_routed = ctx.kind != "branch"
        return True

    @function("REQUEST", "BRANCH", "FAILURE")
    def record_route_preset(self, ctx: Context, address: str, second: str | None = None) -> bool:
        """Add one or two Record-Routes with these addresses."""
        if self._is_recorded(ctx):
            return False
        if second is not None and not self.enable_double_rr:
            self.complain("two addresses while enable_double_rr is off")
            return False
        for place in (address,) if second is None else (address, second):
            try:
                ftag = self._ftag(ctx, initial=True)
                head = f"{self._head(ctx)}{place}{ftag}{self._pending(ctx)}"
            except MessageError as error:
                self.complain(str(error))
                return False
            ctx.lumps.prepend_late(Row(head, self._lr()))
        ctx.record_routed = True
        return True

    @function("REQUEST", "BRANCH", "FAILURE")
    def record_route_advertised_address(self, ctx: Context, address: str) -> bool:
        """Add our Record-Route with this address, and the transport where that changes."""
        if self._is_recorded(ctx):
            return False
        try:
            head = self._head(ctx) + address
            tail = self._ftag(ctx, initial=False) + self._lr() + self._pending(ctx)
        except MessageError as error:
            self.complain(str(error))
            return False
        double = self.enable_double_rr
        for outbound in (True, False) if double else (False,):
            ctx.lumps.prepend_late(AdvertisedRow(head, tail, False, outbound, double))
        ctx.record_routed = True
        return True

    @function("REQUEST", "BRANCH", "FAILURE")
    def add_rr_param(self, ctx: Context, params: str) -> bool:
        """Add parameters (`;a=b`) to the Record-Route added, or to the next one."""
        rows = _rows(ctx.lumps) if ctx.touched("lumps") else {}
        if not rows:
            return self._wait(ctx, params)
        wanted = 2 if self.enable_double_rr else 1
        for index, row in list(rows.items())[:wanted]:
            ctx.lumps.late[index] = replace(row, tail=row.tail + params)
        if len(rows) < wanted:
            self.complain("there is no second Record-Route")
            return False
        return True

    @function("REQUEST", "FAILURE")
    def remove_record_route(self, ctx: Context) -> None:
        """Take the Record-Routes back, but for their ends, as Kamailio 5.6 does."""
        if ctx.touched("lumps"):
            for index, row in _rows(ctx.lumps).items():
                ctx.lumps.late[index] = replace(row, removed=True)

    def _is_recorded(self, ctx: Context) -> bool:
        if ctx.record_routed:
            self.complain("Double attempt to record-route")
        return ctx.record_routed

    def _wait(self, ctx: Context, params: str) -> bool:
        state = self.state(ctx)
        if wire.byte_length(state.pending) + wire.byte_length(params) > _LONGEST:
            self.complain(f"more than {_LONGEST} bytes of parameters")
            return False
        state.pending += params
        return True

    def _pending(self, ctx: Context) -> str:
        return self.state(ctx).pending

    def _lr(self) -> str:
        return ";lr=on" if self.enable_full_lr else ";lr"

    def _head(self, ctx: Context) -> str:
        """The row up to its address. Raises MessageError."""
        user = self._user(ctx) if self.add_username else ""
        scheme = "sips" if not self.ignore_sips and _is_sips(ctx) else "sip"
        return f"Record-Route: <{scheme}:{user}{'@' if user else ''}"

    def _user(self, ctx: Context) -> str:
        """The user to write: of the variable, the received R-URI, or else the new one."""
        value = self._user_access.read(ctx) if self._user_access else None
        if value is not None and (text := to_str(value)):
            return text
        uri = ctx.msg.ruri_parsed
        if not uri.user and ctx.new_ruri is not None:
            uri = Uri.parse(ctx.new_ruri)
        return uri.user or ""

    def _ftag(self, ctx: Context, *, initial: bool) -> str:
        """The caller's tag; `initial` takes the request for the first of its dialog."""
        if not self.append_fromtag:
            return ""
        upstream = not initial and self.goes_upstream(ctx)
        tag = (ctx.msg.to if upstream else ctx.msg.from_).tag
        return f";ftag={tag}" if tag else ""


def _is_sips(ctx: Context) -> bool:
    try:
        return ctx.ruri_parsed.scheme == "sips"
    except MessageError:
        return False


def _rows(lumps: Lumps) -> dict[int, Row]:
    """The Record-Routes among the edits, by their index."""
    return {index: row for index, row in lumps.late.items() if isinstance(row, Row)}
