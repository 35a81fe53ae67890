"""Rewriting parts of the request URI (the set_* actions of Kamailio core/action.c)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sipproxy import text as wire
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, WARN, report
from sipproxy.errors import MessageError
from sipproxy.sip.uri import Uri


@dataclass(frozen=True, slots=True)
class Parts:
    """A URI in pieces that are put together again as they are; empty pieces leave no mark.

    `of_user` are the parameters of a tel URI, `params` those behind the host. All are texts
    without the character that introduces them. `host` is None where there is none to write.
    """

    scheme: str
    user: str
    password: str
    host: str | None
    port: str
    of_user: str = ""
    params: str = ""
    headers: str = ""

    def __str__(self) -> str:
        secret = f":{self.password}" if self.password and self.user else ""
        who = f"{self.user}{secret}{_led(';', self.of_user)}"
        where = "" if self.host is None else f"@{self.host}" if who else self.host
        tail = f"{_led(':', self.port)}{_led(';', self.params)}{_led('?', self.headers)}"
        return f"{self.scheme}:{who}{where}{tail}"


def _led(mark: str, text: str) -> str:
    return f"{mark}{text}" if text else ""


def parts_of(text: str) -> Parts:
    """A URI taken apart. Raises MessageError."""
    uri = Uri.parse(text)
    if uri.scheme == "tel":
        return Parts("tel", uri.user or "", "", None, "", uri.params, "", uri.headers)
    if uri.scheme == "urn":
        # What Kamailio makes of one: its namespace becomes a user.
        return Parts("sip", uri.user or "", "", None, "")
    behind = text.partition(":")[2]
    if uri.user is not None:
        behind = behind.partition("@")[2]
    behind = behind[len(uri.host) :]
    port = behind[1 : len(behind) - len(behind.lstrip(":0123456789"))]
    user, password = uri.user or "", uri.password or ""
    return Parts(uri.scheme, user, password, uri.host, port, "", uri.params, uri.headers)


def rewrite(ctx: Context, change: Callable[[Parts], Parts]) -> int:
    """Give the context the R-URI that `change` makes; 1, or -1 when it cannot be read."""
    try:
        ctx.new_ruri = str(change(parts_of(ctx.ruri)))
    except MessageError:
        report(ctx.host.log, ERROR, "core", f"bad uri <{ctx.ruri}>, dropping packet")
        return -1
    return 1


def with_host(parts: Parts, host: str, *, port: bool = False) -> Parts:
    """Another host; with `port` the text may hold a port and the old one goes."""
    kept = "" if port else parts.port
    if parts.scheme != "tel":
        return replace(parts, host=host, port=kept)
    # A number becomes a SIP user once it has a host.
    return replace(parts, scheme="sip", host=host, port=kept, params="user=phone")


def without_transport(parts: Parts) -> Parts:
    """No transport parameter."""
    kept = [p for p in parts.params.split(";") if not wire.lower(p).startswith("transport=")]
    return replace(parts, params=";".join(kept))


def with_phone(parts: Parts) -> Parts:
    """`;user=phone`, unless the address is a telephone number already."""
    if parts.scheme == "tel" or "user=phone" in parts.params.split(";"):
        return parts
    return replace(parts, params=f"{parts.params};user=phone".lstrip(";"))


def stripped(ctx: Context, user: str, count: int, *, tail: bool) -> str:
    """A user part without its first or last `count` bytes."""
    data = wire.encode(user)
    if count > len(data):
        name = "strip_tail" if tail else "strip"
        text = f"too long {name} asked; deleting username: {count} of <{user}>"
        report(ctx.host.log, WARN, "core", text)
    return wire.decode(data[: max(len(data) - count, 0)] if tail else data[count:])


def set_user(ctx: Context, user: str) -> int:
    """Give the R-URI another user; 1, or -1 when it cannot be read."""
    return rewrite(ctx, lambda parts: replace(parts, user=user))
