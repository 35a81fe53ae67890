"""Challenges: 401 and 407 with a new nonce."""

from collections.abc import Callable
from typing import Any

from sipproxy.core.access import PvAccess
from sipproxy.core.bindings import AuthKind
from sipproxy.core.context import Context
from sipproxy.core.module import function
from sipproxy.core.params import Parsed, VarOrText
from sipproxy.modules.auth.base import AuthBase

_QOP_AUTH, _QOP_AUTH_INT, _QUIET, _STALE = 1, 2, 4, 16
"""Bits of the flags of challenges."""
_BROKEN = -1
_NOT_SENT = -3
_FAILURE_NOT_SENT = -4
_ANSWERS: dict[AuthKind, tuple[int, str]] = {
    "www": (401, "Unauthorized"),
    "proxy": (407, "Proxy Authentication Required"),
}


class Result(Parsed):
    """A pseudo-variable that can be written."""

    __slots__ = ("_text", "write")

    def __init__(self, text: str) -> None:
        self._text = text
        self.write: Callable[[Context, str], None]

    @classmethod
    def parse(cls, text: str) -> "Result":
        """Take the text of one pseudo-variable; raises ValueError for any other."""
        if not text.startswith("$"):
            raise ValueError("a pseudo-variable is expected")
        return cls(text)

    def bind(self, host: Any) -> None:
        """Look the pseudo-variable up; raises ResolveError and ValueError."""
        access: PvAccess = host.pv(self._text)
        if access.set is None:
            raise ValueError(f"{self._text} cannot be written to")
        self.write = access.write


class Challenges(AuthBase):
    """www_challenge and its kin."""

    @function("REQUEST", "FAILURE", "ONREPLY")
    def www_challenge(self, ctx: Context, realm: VarOrText | None, flags: int | None) -> int:
        """Answer 401; flags: 1 qop=auth, 2 qop=auth-int, 4 no 500 on errors, 16 stale=true.

        1 sent, -1 bad realm or flags, -3 not sent, -4 even the 500 was not sent.
        """
        return self._challenge(ctx, realm, flags, "www", "www_challenge")

    @function("REQUEST", "FAILURE", "ONREPLY")
    def proxy_challenge(self, ctx: Context, realm: VarOrText | None, flags: int | None) -> int:
        """Answer 407; flags and codes as of www_challenge."""
        return self._challenge(ctx, realm, flags, "proxy", "proxy_challenge")

    @function("REQUEST", "FAILURE", "ONREPLY")
    def auth_challenge(self, ctx: Context, realm: VarOrText | None, flags: int | None) -> int:
        """Answer 401 to a REGISTER, 407 to all else; ACK and CANCEL pass with 1."""
        method = ctx.msg.method
        if method in ("ACK", "CANCEL"):
            return 1
        kind: AuthKind = "www" if method == "REGISTER" else "proxy"
        return self._challenge(ctx, realm, flags, kind, "auth_challenge")

    @function("REQUEST")
    def auth_get_www_authenticate(
        self, ctx: Context, realm: VarOrText | None, flags: int | None, result: Result
    ) -> int:
        """Write the header line of a 401 into a variable; flags as of www_challenge."""
        text = self._realm(ctx, realm, "auth_get_www_authenticate")
        if not text:
            return _BROKEN
        if flags is None:
            self.error("auth_get_www_authenticate(): invalid flags value")
            return _BROKEN
        # The nonce is not bound to this request: it may be sent in a reply to another one.
        header = self.challenge_header(None, ctx.now, text, "www", _qop(flags), flags & _STALE)
        result.write(ctx, header)
        return 1

    def challenge(self, ctx: Context, realm: str, flags: int, kind: AuthKind) -> int:
        """Send a challenge for a realm that is not empty; the codes of www_challenge."""
        status, reason = _ANSWERS[kind]
        header = self.challenge_header(ctx, ctx.now, realm, kind, _qop(flags), flags & _STALE)
        ctx.lumps.append_to_reply(header)
        return 1 if self._reply(ctx, status, reason) >= 0 else _NOT_SENT

    def challenge_header(
        self, ctx: Context | None, now: float, realm: str, kind: AuthKind, qop: str, stale: int
    ) -> str:
        """The whole header line, with its line end."""
        name = self.www_challenge_header if kind == "www" else self.proxy_challenge_header
        nonce = self.nonces.make(now, ctx)
        realm = self.strip_realm(realm)
        text = f'{name}: Digest realm="{realm}", nonce="{nonce}"'
        if qop:
            text += f', qop="{qop}"'
        if stale:
            text += ", stale=true"
        if self.algorithm:
            text += f", algorithm={self.algorithm}"
        return f"{text}\r\n"

    def _challenge(
        self, ctx: Context, realm: str | None, flags: int | None, kind: AuthKind, caller: str
    ) -> int:
        text = self._realm(ctx, realm, caller)
        if text and flags is not None:
            return self.challenge(ctx, text, flags, kind)
        if text:
            self.error(f"{caller}(): invalid flags value")
        # Kamailio reads the realm first: flag 4 is not known when that fails.
        quiet = bool(text) and flags is not None and flags & _QUIET
        if not quiet and self._reply(ctx, 500, "Internal Server Error") < 0:
            return _FAILURE_NOT_SENT
        return _BROKEN

    def _realm(self, ctx: Context, realm: str | None, caller: str) -> str:
        """The realm of a call; "" for none, which the log tells."""
        if realm is None:
            self.error(f"{caller}(): failed to get realm value")
            return ""
        text = self.realm_of(ctx, realm)
        if not text:
            self.error(f"{caller}(): invalid realm value - empty content")
        return text

    def _reply(self, ctx: Context, status: int, reason: str) -> int:
        if self.force_stateless_reply:
            return self.replies.reply(ctx, status, reason)
        return self.replies.send_reply(ctx, status, reason)


def _qop(flags: int) -> str:
    return "auth-int" if flags & _QOP_AUTH_INT else "auth" if flags & _QOP_AUTH else ""
