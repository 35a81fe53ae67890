"""Whether the user of some credentials is the one that From, To or the R-URI names."""

from sipproxy.core.context import Context
from sipproxy.errors import MessageError
from sipproxy.modules.auth.codes import ACCEPTED, FAILED, OTHER_USER
from sipproxy.sip.uri import Uri

SKIP_FORWARDED = 2
"""Flag: the user of From does not count in the methods of calls and messages."""
_FORWARDED = frozenset({"INVITE", "BYE", "PRACK", "UPDATE", "MESSAGE"})
_FOR_ONESELF = frozenset({"REGISTER", "PUBLISH"})
"""Methods in which nobody speaks for others: From and To must agree."""


def check_identity(ctx: Context, user: str, *, use_domain: bool, flags: int) -> int:
    """1 where `user` is who the request says, else -8; -1 where a URI is unreadable."""
    msg = ctx.msg
    method = msg.method
    try:
        sender = msg.from_.parsed
        for_oneself = method in _FOR_ONESELF
        named = msg.to.parsed if for_oneself else sender
        if not (flags & SKIP_FORWARDED and method in _FORWARDED) and user != (named.user or ""):
            return OTHER_USER
        if for_oneself and not _same(sender, named, use_domain):
            return OTHER_USER
        if method == "PUBLISH" and not _same(sender, ctx.ruri_parsed, use_domain):
            return OTHER_USER
    except MessageError:
        return FAILED
    return ACCEPTED


def _same(one: Uri, other: Uri, use_domain: bool) -> bool:
    return (one.user or "") == (other.user or "") and (not use_domain or one.host == other.host)
