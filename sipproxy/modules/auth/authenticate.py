"""Checks of credentials: what other modules bind, and the functions that get the password."""

from hmac import compare_digest

from sipproxy import text as wire
from sipproxy.core.bindings import AuthKind
from sipproxy.core.context import Context
from sipproxy.core.module import function
from sipproxy.core.params import Filled
from sipproxy.errors import MessageError
from sipproxy.modules.auth.challenge import Challenges
from sipproxy.modules.auth.codes import (
    ACCEPTED,
    AS_IT_IS,
    FAILED,
    NO_CREDENTIALS,
    WRONG_PASSWORD,
    Verdict,
)
from sipproxy.modules.auth.found import find, is_complete, mark
from sipproxy.modules.auth.identity import check_identity
from sipproxy.sip.credentials import Credentials

_IS_HA1, _QOP_NONE, _QOP_AUTH, _QOP_AUTH_INT = 1, 2, 4, 8
"""Bits of the flags of pv_www_authenticate: what the password is, which challenge to make."""
_CHECK_IDENTITY = 1
"""Bit of the checks of pv_auth_check."""


class Authentication(Challenges):
    """pv_www_authenticate and its kin, and the protocol Authenticator."""

    def pre_auth(self, ctx: Context, realm: str, kind: AuthKind) -> tuple[int, Credentials | None]:
        """Find the credentials of a stripped realm and check all but the response."""
        msg = ctx.msg
        if msg.method in AS_IT_IS:
            return ACCEPTED, None
        try:
            entry = find(msg, realm, kind)
        except MessageError:
            self.error("pre_auth(): Error while looking for credentials")
            return FAILED, None
        if entry is None:
            return NO_CREDENTIALS, None
        found, value = entry
        mark(ctx, kind, found, value)
        if not is_complete(found):
            self.error("auth_check_hdr_md5(): Credentials are not filled properly")
            return FAILED, None
        if self.judge is not None and not self.judge.reads_nonces:
            return ACCEPTED, found
        verdict = self.nonces.check(found, ctx)
        return (ACCEPTED, found) if verdict is Verdict.GOOD else (verdict.value, None)

    def check_response(
        self, credentials: Credentials, ha1: str, method: str, body: bytes = b""
    ) -> int:
        """Compare the response in constant time: 1, -2 wrong, -1 of the wrong length."""
        given = wire.encode(credentials.response or "")
        digest = self.digest
        if len(given) != digest.length:
            return FAILED
        wanted = digest.response(ha1, credentials, method, body)
        return ACCEPTED if compare_digest(given, wanted.encode("ascii")) else WRONG_PASSWORD

    def judged(self, ctx: Context, credentials: Credentials, realm: str, method: str) -> int | None:
        """What a Judge says of the credentials; None where there is none to ask."""
        if self.judge is None:
            return None
        return self.judge.judge(ctx, credentials, realm, method)

    def post_auth(self, ctx: Context, credentials: Credentials, ha1: str) -> int:
        """The response was right; the replies may say so in Authentication-Info."""
        if self.add_authinfo_hdr:
            self._add_authentication_info(ctx, credentials, ha1)
        return ACCEPTED

    def ha1(self, username: str, realm: str, password: str) -> str:
        """H(username:realm:password) by the parameter `algorithm`, in hexadecimal digits."""
        return self.digest.ha1(username, realm, password)

    def check_identity(self, ctx: Context, user: str, *, use_domain: bool, flags: int) -> int:
        """1 where `user` is who the request says, -8 another, -1 where a URI is unreadable."""
        return check_identity(ctx, user, use_domain=use_domain, flags=flags)

    def _add_authentication_info(self, ctx: Context, found: Credentials, ha1: str) -> None:
        """Next nonce and proof that we know the password too (RFC 7616 section 3.5)."""
        proof = self.digest.response(ha1, found, "", b"")
        nonce = self.nonces.make(ctx.now, ctx) if self.one_time_nonce else found.nonce
        ctx.lumps.append_to_reply(
            f'Authentication-Info: nextnonce="{nonce}", qop={found.qop or ""}, rspauth="{proof}", '
            f'cnonce="{found.cnonce or ""}", nc={found.nc or ""}\r\n'
        )

    # -- functions of the cfg

    @function("REQUEST", name="pv_www_authorize")
    @function("REQUEST")
    def pv_www_authenticate(
        self,
        ctx: Context,
        realm: Filled | None,
        password: Filled | None,
        flags: int | None,
    ) -> int:
        """Check Authorization against a password; flag 1: it is H(A1) in hexadecimal digits.

        1 right, -1 malformed or a foreign nonce, -2 wrong, -4 stale, -5 none for the realm, -6
        one-time nonce used before. Flags 2, 4, 8: on failure a challenge without qop, with auth,
        with auth-int goes into the AVP of the parameter challenge_attr.
        """
        return self._function(ctx, realm, password, flags, "www", "pv_www_authenticate")[0]

    @function("REQUEST", name="pv_www_authenticate")
    def pv_www_authenticate_method(
        self,
        ctx: Context,
        realm: Filled | None,
        password: Filled | None,
        flags: int | None,
        method: Filled | None,
    ) -> int:
        """The same with a method of one's own in the response."""
        if not method:
            self.error("pv_www_authenticate2(): failed to get method value")
            return FAILED
        caller = "pv_www_authenticate2"
        return self._function(ctx, realm, password, flags, "www", caller, method)[0]

    @function("REQUEST", name="pv_proxy_authorize")
    @function("REQUEST")
    def pv_proxy_authenticate(
        self,
        ctx: Context,
        realm: Filled | None,
        password: Filled | None,
        flags: int | None,
    ) -> int:
        """Check Proxy-Authorization; all else as pv_www_authenticate."""
        return self._function(ctx, realm, password, flags, "proxy", "pv_proxy_authenticate")[0]

    @function("REQUEST")
    def pv_auth_check(
        self,
        ctx: Context,
        realm: Filled | None,
        password: Filled | None,
        flags: int | None,
        checks: int | None,
    ) -> int:
        """Authorization of a REGISTER, Proxy-Authorization of all else; ACK and CANCEL pass.

        Codes of pv_www_authenticate; with checks 1 also -8: the user is not who From, To and, of a
        PUBLISH, the R-URI name.
        """
        method = ctx.msg.method
        if method in ("ACK", "CANCEL"):
            return ACCEPTED
        if checks is None:
            self.error("pv_auth_check(): invalid checks value")
            return FAILED
        kind: AuthKind = "www" if method == "REGISTER" else "proxy"
        code, found = self._function(ctx, realm, password, flags, kind, "pv_auth_check")
        if code != ACCEPTED or found is None or not checks & _CHECK_IDENTITY:
            return code
        return self.check_identity(ctx, found.user, use_domain=bool(self.use_domain), flags=0)

    def _function(
        self,
        ctx: Context,
        realm: str | None,
        password: str | None,
        flags: int | None,
        kind: AuthKind,
        caller: str,
        method: str = "",
    ) -> tuple[int, Credentials | None]:
        """Arguments checked, then the credentials; the code and what was accepted."""
        text = self._realm(ctx, realm, caller)
        if not text:
            return FAILED, None
        if not password and self.judge is None:
            why = "failed to get passwd value" if password is None else "invalid password value"
            self.error(f"{caller}(): {why}")
            return FAILED, None
        if flags is None:
            self.error(f"{caller}(): invalid flags value")
            return FAILED, None
        text = self.strip_realm(text)
        code, found = self._check(ctx, text, password or "", flags, kind, method or ctx.msg.method)
        if code < 0 and flags & (_QOP_NONE | _QOP_AUTH | _QOP_AUTH_INT):
            qop = "auth-int" if flags & _QOP_AUTH_INT else "auth" if flags & _QOP_AUTH else ""
            header = self.challenge_header(ctx, ctx.now, text, kind, qop, 0)
            ctx.avps.setdefault(self._challenge_avp, []).insert(0, header)
        return code, found

    def _check(
        self, ctx: Context, realm: str, password: str, flags: int, kind: AuthKind, method: str
    ) -> tuple[int, Credentials | None]:
        code, found = self.pre_auth(ctx, realm, kind)
        if found is None:
            return code, None
        judged = self.judged(ctx, found, realm, method)
        if judged is not None:
            return judged, found
        ha1 = password
        if not flags & _IS_HA1:
            ha1 = self.digest.ha1(found.username or "", realm, password)
        code = self.check_response(found, ha1, method, ctx.msg.body)
        return (self.post_auth(ctx, found, ha1), found) if code == ACCEPTED else (code, None)
