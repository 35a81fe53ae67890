"""URIs compared and changed piece by piece, by the letter of Kamailio's strutils.c and checks.c."""

from collections.abc import Callable

from sipproxy import text as wire
from sipproxy.errors import MessageError
from sipproxy.sip.names import SPELLING
from sipproxy.sip.params import Params
from sipproxy.sip.uri import Uri

_SINGLE = ("user", "ttl", "method", "maddr")
"""Parameters that may not stand in one URI alone (RFC 3261 section 19.1.4)."""


def param(uri: Uri | None, name: str, *, any_case: bool = False) -> str | None:
    """Value of the last parameter of that name; "" for a flag, None when absent."""
    if uri is None or not uri.params:
        return None
    wanted = wire.lower(name) if any_case else name
    try:
        for own, value in reversed(Params.parse(uri.params).items):
            if (wire.lower(own) if any_case else own) == wanted:
                return value or ""
    except MessageError:
        return None
    return None


def with_param(text: str, uri: Uri, added: str) -> str:
    """A URI with a parameter more, before its headers."""
    end = len(text) - len(uri.headers) - 1 if uri.headers else len(text)
    return f"{text[:end]};{added}{text[end:]}"


def without_param(text: str, uri: Uri, name: str) -> str | None:
    """A URI without the last parameter of a name; None when it has none of that name."""
    wanted = wire.lower(name)
    at = text.rfind(f";{uri.params}") if uri.params else len(text)
    found = None
    while at < len(text) and text[at] == ";":
        end = _end_of_param(text, at + 1)
        if wire.lower(text[at + 1 : end].partition("=")[0].strip()) == wanted:
            found = text[:at] + text[end:]
        at = end
    return found


def _end_of_param(text: str, at: int) -> int:
    ends = [found for mark in ";?" if (found := text.find(mark, at)) >= 0]
    return min(ends, default=len(text))


def with_user(text: str, user: str) -> str | None:
    """A URI with another user part, password included; None for a text without a colon."""
    scheme, colon, rest = text.partition(":")
    if not colon:
        return None
    _, at, host = rest.partition("@")
    return f"{scheme}:{user}{'@' if user else ''}{host if at else rest}"


def with_host(text: str, host: str) -> str | None:
    """A URI with another host, port kept; None for a text without a colon."""
    scheme, colon, rest = text.partition(":")
    if not colon:
        return None
    who, at, where = rest.partition("@")
    if not at:
        who, where = "", rest
    end = min((found for mark in ":;?" if (found := where.find(mark)) >= 0), default=len(where))
    return f"{scheme}:{who}{at}{host}{where[end:]}"


def compared(one: str, other: str, equal: Callable[[Uri, Uri], bool]) -> int:
    """1 or -1 as `equal` says; -2 when a text is no URI."""
    try:
        return 1 if equal(Uri.parse(one), Uri.parse(other)) else -1
    except MessageError:
        return -2


def same(one: Uri, other: Uri) -> bool:
    """Whether two URIs are equal (RFC 3261 section 19.1.4); headers are not looked at."""
    if _identity(one) != _identity(other):
        return False
    for full, empty in ((one, other), (other, one)):
        if not empty.params and any(param(full, name, any_case=True) for name in _SINGLE):
            return False
    mine = {wire.lower(name): value or "" for name, value in Params.parse(one.params)}
    return all(
        wire.lower(mine.get(wire.lower(name), value or "")) == wire.lower(value or "")
        for name, value in Params.parse(other.params)
    )


def _identity(uri: Uri) -> tuple[object, ...]:
    """What must be the same; a SIP URI with user=phone is of another kind."""
    is_phone = param(uri, "user") == "phone"
    return uri.scheme, is_phone, uri.user, uri.password, wire.lower(uri.host), uri.port


def same_record(one: Uri, other: Uri) -> bool:
    """Whether two URIs name the same user at the same host and port; 5060 need not be written."""
    if (one.user, wire.lower(one.host)) != (other.user, wire.lower(other.host)):
        return False
    # Two ports that are both written are not compared.
    return bool(one.port and other.port) or (one.port or 5060) == (other.port or 5060)


def is_known(name: str) -> bool:
    """Whether a header id is one of the usual headers."""
    return name in SPELLING
