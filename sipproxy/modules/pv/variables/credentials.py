"""`$au $aU $ar $ad...` and `$Au $AU`: who a request says it is from."""

from sipproxy.core.bindings import AUTHORIZED, CHECKED_HEADERS
from sipproxy.core.context import Context
from sipproxy.core.module import Module, pvar
from sipproxy.core.values import Value
from sipproxy.errors import MessageError
from sipproxy.sip.credentials import Credentials


class CredentialVariables(Module):
    """Fields of the first Proxy-Authorization header, else of Authorization."""

    @pvar("au")
    def au(self, ctx: Context) -> Value:
        """User part of the user name."""
        found = credentials(ctx)
        return None if found is None else found.user

    @pvar("ad")
    def ad(self, ctx: Context) -> Value:
        """Domain part of the user name."""
        found = credentials(ctx)
        return None if found is None else found.domain

    @pvar("aU")
    def a_whole(self, ctx: Context) -> Value:
        """The whole user name."""
        return _field(ctx, "username")

    @pvar("ar")
    def ar(self, ctx: Context) -> Value:
        """Realm."""
        return _field(ctx, "realm")

    @pvar("adu")
    def adu(self, ctx: Context) -> Value:
        """Digest URI."""
        return _field(ctx, "uri") or None

    @pvar("aa")
    def aa(self, ctx: Context) -> Value:
        """Algorithm."""
        return _field(ctx, "algorithm")

    @pvar("adn")
    def adn(self, ctx: Context) -> Value:
        """Nonce."""
        return _field(ctx, "nonce")

    @pvar("adc")
    def adc(self, ctx: Context) -> Value:
        """The client's nonce."""
        return _field(ctx, "cnonce")

    @pvar("adr")
    def adr(self, ctx: Context) -> Value:
        """Response."""
        return _field(ctx, "response")

    @pvar("ado")
    def ado(self, ctx: Context) -> Value:
        """Opaque."""
        return _field(ctx, "opaque")

    @pvar("Au")
    def acc_name(self, ctx: Context) -> Value:
        """`user@domain` of credentials that were checked, else `user@host` of From.

        The domain is the user name's, else the realm.
        """
        found = _right(ctx)
        if found is not None:
            domain = found.domain or found.realm
            return f"{found.user}@{domain}" if domain else found.user
        try:
            uri = ctx.msg.from_.parsed
        except MessageError:
            return None
        return f"{uri.user or ''}@{uri.host}"

    @pvar("AU")
    def acc_user(self, ctx: Context) -> Value:
        """User of credentials that were checked, else user of From."""
        found = _right(ctx)
        if found is not None:
            return found.user
        try:
            return ctx.msg.from_.parsed.user or ""
        except MessageError:
            return None


def credentials(ctx: Context) -> Credentials | None:
    """The credentials these variables show; None in ACK and CANCEL, and for malformed ones."""
    msg = ctx.msg
    if msg.method in ("ACK", "CANCEL"):
        return None
    kind = "proxy"
    value = msg.header("Proxy-Authorization")
    if value is None:
        kind = "www"
        value = msg.header("Authorization")
    if value is None:
        return None
    try:
        return Credentials.parse(value)
    except MessageError:
        # Kamailio hangs the checked ones on the first header: one of another scheme is not
        # without credentials any more, they are empty.
        checked = ctx.scratch.get(CHECKED_HEADERS) if ctx.touched("scratch") else None
        return Credentials() if isinstance(checked, dict) and kind in checked else None


def _field(ctx: Context, name: str) -> Value:
    found = credentials(ctx)
    if found is None:
        return None
    value: str | None = getattr(found, name)
    return value or ""


def _right(ctx: Context) -> Credentials | None:
    found = ctx.scratch.get(AUTHORIZED) if ctx.touched("scratch") else None
    return found if isinstance(found, Credentials) and found.user else None
