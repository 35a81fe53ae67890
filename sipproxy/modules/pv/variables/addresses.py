"""`$fu $fU $fd $fn $ft` and `$tu...`: From and To, read as received, changed by edits."""

from collections.abc import Callable

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.core.module import Module, pvar, setter
from sipproxy.core.values import EvalError, Value, to_str
from sipproxy.errors import MessageError
from sipproxy.sip.message import Message
from sipproxy.sip.nameaddr import NameAddr
from sipproxy.sip.uri import Uri


class AddressVariables(Module):
    """Parts of From and To. What is assigned shows when the message leaves."""

    @pvar("fu", fixed=True)
    @pvar("from")
    def fu(self, ctx: Context) -> Value:
        """URI of From."""
        try:
            return ctx.msg.from_uri
        except MessageError:
            return None

    @setter(fu)
    def set_fu(self, ctx: Context, value: Value) -> None:
        """Replace the URI of From; undefined changes nothing."""
        _change(ctx, "from", _replace_uri, value)

    @pvar("fU", fixed=True)
    @pvar("from.user")
    def f_user(self, ctx: Context) -> Value:
        """User part of From's URI."""
        try:
            return Uri.parse(ctx.msg.from_uri).user or None
        except MessageError:
            return None

    @setter(f_user)
    def set_f_user(self, ctx: Context, value: Value) -> None:
        """Replace the user part of From's URI; undefined removes it."""
        _change(ctx, "from", _replace_user, value)

    @pvar("fd", fixed=True)
    @pvar("from.domain")
    def fd(self, ctx: Context) -> Value:
        """Host of From's URI."""
        try:
            return Uri.parse(ctx.msg.from_uri).host or None
        except MessageError:
            return None

    @setter(fd)
    def set_fd(self, ctx: Context, value: Value) -> None:
        """Replace the host of From's URI; undefined changes nothing."""
        _change(ctx, "from", _replace_host, value)

    @pvar("fn", fixed=True)
    def fn(self, ctx: Context) -> Value:
        """Display name of From, with its quotes."""
        try:
            return ctx.msg.from_.display or None
        except MessageError:
            return None

    @setter(fn)
    def set_fn(self, ctx: Context, value: Value) -> None:
        """Replace the display name of From; undefined removes it."""
        _change(ctx, "from", _replace_display, value)

    @pvar("ft", fixed=True)
    def ft(self, ctx: Context) -> Value:
        """Tag of From."""
        try:
            return ctx.msg.from_.tag
        except MessageError:
            return None

    @pvar("fUl")
    def f_user_length(self, ctx: Context) -> Value:
        """Bytes of the user part of From's URI."""
        try:
            return wire.byte_length(Uri.parse(ctx.msg.from_uri).user or "")
        except MessageError:
            return None

    @pvar("tu", fixed=True)
    @pvar("to")
    def tu(self, ctx: Context) -> Value:
        """URI of To."""
        try:
            return ctx.msg.to_uri
        except MessageError:  # a request of HTTP
            return None

    @setter(tu)
    def set_tu(self, ctx: Context, value: Value) -> None:
        """Replace the URI of To; undefined changes nothing."""
        _change(ctx, "to", _replace_uri, value)

    @pvar("tU", fixed=True)
    @pvar("to.user")
    def t_user(self, ctx: Context) -> Value:
        """User part of To's URI."""
        try:
            return Uri.parse(ctx.msg.to_uri).user or None
        except MessageError:
            return None

    @setter(t_user)
    def set_t_user(self, ctx: Context, value: Value) -> None:
        """Replace the user part of To's URI; undefined removes it."""
        _change(ctx, "to", _replace_user, value)

    @pvar("td", fixed=True)
    @pvar("to.domain")
    def td(self, ctx: Context) -> Value:
        """Host of To's URI."""
        try:
            return Uri.parse(ctx.msg.to_uri).host or None
        except MessageError:
            return None

    @setter(td)
    def set_td(self, ctx: Context, value: Value) -> None:
        """Replace the host of To's URI; undefined changes nothing."""
        _change(ctx, "to", _replace_host, value)

    @pvar("tn", fixed=True)
    def tn(self, ctx: Context) -> Value:
        """Display name of To, with its quotes."""
        try:
            return ctx.msg.to.display or None
        except MessageError:
            return None

    @setter(tn)
    def set_tn(self, ctx: Context, value: Value) -> None:
        """Replace the display name of To; undefined removes it."""
        _change(ctx, "to", _replace_display, value)

    @pvar("tt", fixed=True)
    def tt(self, ctx: Context) -> Value:
        """Tag of To."""
        try:
            return ctx.msg.to.tag
        except MessageError:
            return None

    @pvar("tUl")
    def t_user_length(self, ctx: Context) -> Value:
        """Bytes of the user part of To's URI."""
        try:
            return wire.byte_length(Uri.parse(ctx.msg.to_uri).user or "")
        except MessageError:
            return None

    @setter(t_user_length)
    def set_t_user_length(self, ctx: Context, value: Value) -> None:
        """Kamailio takes this for `$tU`."""
        _change(ctx, "to", _replace_user, value)


class _Place:
    """Where the parts of an address stand in the head of a message."""

    def __init__(self, msg: Message, name: str) -> None:
        row = msg.rows(name)[0]
        self.address: NameAddr = msg.from_ if name == "from" else msg.to
        self.start = row.value_at
        self.display = row.value_at + row.value.index(self.address.display)
        after = self.display + len(self.address.display) - row.value_at
        self.uri = row.value_at + row.value.index(self.address.uri, after)
        self.uri_end = self.uri + len(self.address.uri)
        parsed = self.address.parsed
        self.user = self.uri + self.address.uri.index(":") + 1
        self.user_end = self.user + len(parsed.user or "")
        behind = self.address.uri.find("@") + 1 if parsed.user is not None else 0
        self.host = self.uri + behind if behind else self.user
        self.host_end = self.host + len(parsed.host)


def _change(
    ctx: Context, name: str, change: Callable[[Context, _Place, Value], None], value: Value
) -> None:
    try:
        place = _Place(ctx.msg, name)
    except MessageError as error:
        raise EvalError(str(error)) from None
    change(ctx, place, value)


def _replace_uri(ctx: Context, place: _Place, value: Value) -> None:
    if value is not None:
        ctx.lumps.replace(place.uri, place.uri_end, to_str(value))


def _replace_user(ctx: Context, place: _Place, value: Value) -> None:
    start, end = place.user, place.user_end
    if value is None:
        if start < end:
            followed = ctx.msg.head[end : end + 1] == "@"
            ctx.lumps.replace(start, end + followed, "")
    elif start < end:
        ctx.lumps.replace(start, end, to_str(value))
    else:
        ctx.lumps.replace(place.host, place.host, f"{to_str(value)}@")


def _replace_host(ctx: Context, place: _Place, value: Value) -> None:
    if value is not None and place.host < place.host_end:
        ctx.lumps.replace(place.host, place.host_end, to_str(value))


def _replace_display(ctx: Context, place: _Place, value: Value) -> None:
    start, end = place.display, place.display + len(place.address.display)
    if value is None:
        if start < end:
            followed = ctx.msg.head[end : end + 1] == " "
            ctx.lumps.replace(start, end + followed, "")
    elif start < end:
        ctx.lumps.replace(start, end, to_str(value))
    else:
        ctx.lumps.replace(place.start, place.start, f"{to_str(value)} ")
