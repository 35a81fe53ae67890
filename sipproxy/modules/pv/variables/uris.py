"""`$ru $rU $rd $rp $rP $rz`, `$ou...`, `$du $dd $dp $dP` and `$nh(...)`: where a request goes."""

from collections.abc import Callable
from dataclasses import replace

from sipproxy import text as wire
from sipproxy.core.access import PvAccess
from sipproxy.core.context import Context
from sipproxy.core.module import Module, pvar, setter
from sipproxy.core.ruri import rewrite, with_host
from sipproxy.core.values import EvalError, Value, to_int, to_str
from sipproxy.errors import MessageError
from sipproxy.modules.pv import vias
from sipproxy.modules.pv.protocols import proto_number
from sipproxy.sip.uri import Uri


def parsed_or_none(text: str) -> Uri | None:
    """The URI, None for what is none."""
    try:
        return Uri.parse(text)
    except MessageError:
        return None


def port_of(uri: Uri) -> str:
    """Port of a URI, the default one of its transport where none is written."""
    if uri.port is not None:
        return str(uri.port)
    return "5061" if uri.transport == "tls" else "5060"


def transport_of(uri: Uri) -> str:
    """Transport of a URI as written, `UDP` by default."""
    return uri.param("transport") or "UDP"


def _user(uri: Uri) -> Value:
    return uri.user or None


def _host(uri: Uri) -> Value:
    return uri.host or None


def _user_length(uri: Uri) -> Value:
    return wire.byte_length(uri.user or "")


def _scheme(uri: Uri) -> Value:
    return uri.scheme


def _scheme_number(scheme: Value) -> int:
    """Number of a scheme (Kamailio core/parser/msg_parser.h, enum _uri_type)."""
    schemes = ("sip", "sips", "tel", "tels", "urn")
    return schemes.index(scheme) + 1 if scheme in schemes else 0


_HOP: dict[str, Callable[[Uri], Value]] = {
    "U": _user,
    "d": _host,
    "p": lambda uri: "5060" if uri.port is None else str(uri.port),
    "P": transport_of,
    "i": lambda uri: 6 if uri.host.startswith("[") else 4 if vias.is_ipv4(uri.host) else 0,
}


class UriVariables(Module):
    """The request URI, the received one, and the next hop."""

    @pvar("ru")
    @pvar("ruri")
    def ru(self, ctx: Context) -> Value:
        """Request URI as it is now; undefined in a reply and for what is no URI."""
        msg, changed = ctx.msg, ctx.new_ruri
        if not msg.is_request:
            return None
        try:
            if changed is None:
                msg.ruri_parsed  # noqa: B018 - only a URI that can be parsed shows
                return msg.ruri
            Uri.parse(changed)
            return changed
        except MessageError:
            return None

    @setter(ru)
    def set_ru(self, ctx: Context, value: Value) -> None:
        """Replace the request URI."""
        if value is None:
            raise EvalError("$ru cannot be undefined")
        ctx.new_ruri = to_str(value)

    @pvar("rU")
    @pvar("ruri.user")
    def r_user(self, ctx: Context) -> Value:
        """User part of the request URI."""
        changed = ctx.new_ruri
        try:
            uri = ctx.msg.ruri_parsed if changed is None else Uri.parse(changed)
            return uri.user or None
        except MessageError:
            return None

    @setter(r_user)
    def set_r_user(self, ctx: Context, value: Value) -> None:
        """Replace the user part; undefined and empty remove it."""
        rewrite(ctx, lambda uri: replace(uri, user=to_str(value)))

    @pvar("rd")
    @pvar("ruri.domain")
    def rd(self, ctx: Context) -> Value:
        """Host of the request URI."""
        try:
            return ctx.ruri_parsed.host or None
        except MessageError:
            return None

    @setter(rd)
    def set_rd(self, ctx: Context, value: Value) -> None:
        """Replace the host."""
        if value is None:
            raise EvalError("$rd cannot be undefined")
        rewrite(ctx, lambda uri: with_host(uri, to_str(value)))

    @pvar("rp", number=to_int)
    def rp(self, ctx: Context) -> Value:
        """Port of the request URI as text."""
        return _part(ctx, port_of)

    @setter(rp)
    def set_rp(self, ctx: Context, value: Value) -> None:
        """Replace the port; undefined removes it. A tel URI has none."""
        if _part(ctx, _scheme) == "tel":
            raise EvalError("a tel URI has no port")
        rewrite(ctx, lambda uri: replace(uri, port=to_str(value)))

    @pvar("rP", number=proto_number)
    def r_transport(self, ctx: Context) -> Value:
        """Transport of the request URI."""
        return _part(ctx, transport_of)

    @pvar("rUl")
    def r_user_length(self, ctx: Context) -> Value:
        """Bytes of the user part of the request URI."""
        return _part(ctx, _user_length)

    @pvar("rz", number=_scheme_number)
    def rz(self, ctx: Context) -> Value:
        """Scheme of the request URI."""
        return _part(ctx, _scheme)

    @pvar("ou")
    @pvar("ouri")
    def ou(self, ctx: Context) -> Value:
        """Request URI as received."""
        return None if _received(ctx) is None else ctx.msg.ruri

    @pvar("oU")
    def o_user(self, ctx: Context) -> Value:
        """User part of the received request URI."""
        return _original(ctx, _user)

    @pvar("oUl")
    def o_user_length(self, ctx: Context) -> Value:
        """Bytes of the user part of the received request URI."""
        return _original(ctx, _user_length)

    @pvar("od")
    def od(self, ctx: Context) -> Value:
        """Host of the received request URI."""
        return _original(ctx, _host)

    @pvar("op", number=to_int)
    def op(self, ctx: Context) -> Value:
        """Port of the received request URI as text."""
        return _original(ctx, port_of)

    @pvar("oP", number=proto_number)
    def o_transport(self, ctx: Context) -> Value:
        """Transport of the received request URI."""
        return _original(ctx, transport_of)

    @pvar("du")
    @pvar("duri")
    def du(self, ctx: Context) -> Value:
        """Next hop's URI, undefined where none was set."""
        return ctx.dst_uri or None

    @setter(du)
    def set_du(self, ctx: Context, value: Value) -> None:
        """Set the next hop; undefined takes it away."""
        ctx.dst_uri = to_str(value)

    @pvar("dd")
    def dd(self, ctx: Context) -> Value:
        """Host of the next hop's URI."""
        return _hop(ctx, _host)

    @pvar("dp", number=to_int)
    def dp(self, ctx: Context) -> Value:
        """Port of the next hop's URI as text."""
        return _hop(ctx, port_of)

    @pvar("dP", number=proto_number)
    def d_transport(self, ctx: Context) -> Value:
        """Transport of the next hop's URI."""
        return _hop(ctx, transport_of)

    @pvar("nh", bind=True)
    def nh(self, inner: str | None, index: str | None) -> PvAccess:
        """Where the message goes: `u` URI, `U` user, `d` host, `p` port, `P` transport, `i` family.

        Of a request by its next hop's or request URI, of a reply by its second Via.
        """
        if inner == "u":
            return PvAccess(_next_uri)
        part = _HOP.get(inner or "")
        if part is None or inner is None:
            raise ValueError("u, U, d, p, P and i exist")

        def read(ctx: Context) -> Value:
            if not ctx.msg.is_request:
                return vias.reply_part(ctx.msg, inner)
            uri = parsed_or_none(ctx.dst_uri or ctx.ruri)
            return None if uri is None else part(uri)

        return PvAccess(read)


def _part(ctx: Context, read: Callable[[Uri], Value]) -> Value:
    try:
        return read(ctx.ruri_parsed)
    except MessageError:
        return None


def _received(ctx: Context) -> Uri | None:
    try:
        return ctx.msg.ruri_parsed
    except MessageError:
        return None


def _original(ctx: Context, read: Callable[[Uri], Value]) -> Value:
    uri = _received(ctx)
    return None if uri is None else read(uri)


def _hop(ctx: Context, read: Callable[[Uri], Value]) -> Value:
    uri = parsed_or_none(ctx.dst_uri) if ctx.dst_uri else None
    return None if uri is None else read(uri)


def _next_uri(ctx: Context) -> Value:
    if not ctx.msg.is_request:
        return vias.reply_part(ctx.msg, "u")
    return ctx.dst_uri or ctx.ruri
