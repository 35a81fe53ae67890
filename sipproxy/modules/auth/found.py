"""Which credentials of a request count: those of the right realm (Kamailio core/parser/digest).

A request may carry several; a header of another realm before the right one decides nothing.
"""

from sipproxy import text as wire
from sipproxy.core.bindings import AUTHORIZED, CHECKED_HEADERS, AuthKind
from sipproxy.core.context import Context
from sipproxy.errors import MessageError
from sipproxy.sip.credentials import Credentials
from sipproxy.sip.message import Message

HEADER = {"www": "Authorization", "proxy": "Proxy-Authorization"}
"""The header with the credentials of each kind."""


def header_values(msg: Message, kind: AuthKind) -> list[str]:
    """Values of all headers with credentials of a kind, in order."""
    name = HEADER[kind]
    if msg.is_plain and not msg.repeats:
        value = msg.header(name)
        return [] if value is None else [value]
    return [row.value for row in msg.rows(name)]


def find(msg: Message, realm: str, kind: AuthKind) -> tuple[Credentials, str] | None:
    """The first credentials of a realm, and their header's value.

    Raises MessageError for malformed ones before them, and where a header that cannot be read may
    hide them.
    """
    wanted = wire.lower(realm)
    for value in header_values(msg, kind):
        if not is_digest(value):
            continue
        found = Credentials.parse(value)
        if found.realm == realm or wire.lower(found.realm or "") == wanted:
            return found, value
    if msg.malformed:
        raise MessageError(msg.malformed)
    return None


def is_digest(value: str) -> bool:
    """Whether credentials are of the scheme Digest; others are passed over."""
    return wire.lower(value[:6]) == "digest" and value[6:7] in (" ", "\t", "\r", "\n", ",")


def is_complete(found: Credentials) -> bool:
    """Whether all is there that a response needs (check_dig_cred)."""
    if None in (found.username, found.realm, found.nonce, found.uri, found.response):
        return False
    qop = wire.lower(found.qop or "").strip()
    return qop not in ("auth", "auth-int") or not (found.cnonce is None or found.nc is None)


def mark(ctx: Context, kind: AuthKind, found: Credentials, value: str) -> None:
    """Remember the credentials that were looked at, right or wrong, as Kamailio does."""
    scratch = ctx.scratch
    marked = scratch.get(CHECKED_HEADERS)
    if not isinstance(marked, dict):
        marked = scratch[CHECKED_HEADERS] = {}
    marked[kind] = value
    if kind == "proxy" or "proxy" not in marked:
        scratch[AUTHORIZED] = found


def remove_marked(ctx: Context) -> bool:
    """Take the header with the remembered credentials away; False if there is none."""
    marked = ctx.scratch.get(CHECKED_HEADERS) if ctx.touched("scratch") else None
    if not isinstance(marked, dict):
        return False
    kind: AuthKind = "www" if "www" in marked else "proxy"
    for row in ctx.msg.rows(HEADER[kind]):
        if row.value == marked[kind]:
            ctx.lumps.remove(row)
            return True
    return False
