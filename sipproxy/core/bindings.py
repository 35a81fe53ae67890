"""What modules offer each other: bound by name with `host.bind`, known by these protocols."""

from typing import Literal, Protocol

from sipproxy.core.context import Context
from sipproxy.sip.credentials import Credentials


class Replies(Protocol):
    """Replies to the request in hand, as the module sl offers them."""

    def reply(self, ctx: Context, status: int, reason: str) -> int:
        """Reply statelessly; 1, or -1 when nothing was sent."""

    def send_reply(self, ctx: Context, code: int, reason: str) -> int:
        """Reply in the transaction where there is one, else statelessly."""


AuthKind = Literal["www", "proxy"]
"""Whose credentials: `www` reads Authorization and asks with 401, `proxy` Proxy-Authorization, 407.

Codes of authentication (Kamailio modules/auth/api.h): 1 accepted, -1 malformed or broken, -2 wrong
password, -3 unknown user, -4 stale nonce, -5 no credentials for the realm, -6 nonce used before,
-8 another user than From or To says.
"""

AUTHORIZED = "authorized"
"""Key in a context's scratch of the Credentials that were checked, right or wrong."""
CHECKED_HEADERS = "authorized headers"
"""Key in a context's scratch: by kind, the value of the header with the checked credentials."""


class Authenticator(Protocol):
    """Digest authentication with the nonces of the module auth.

    A module that knows passwords strips `realm_of(ctx, realm)` with `strip_realm` and calls
    `pre_auth`. Where that gave credentials it looks `credentials.user` up, calls `check_response`,
    and where that is 1 `post_auth`.
    """

    def realm_of(self, ctx: Context, realm: str) -> str:
        """The realm that a function's argument means; "" where it is no realm.

        Empty text under compat 3.0: the domain of To in a REGISTER, else of From.
        """

    def strip_realm(self, realm: str) -> str:
        """The realm without the modparam `realm_prefix`, as headers and HA1 have it."""

    def pre_auth(self, ctx: Context, realm: str, kind: AuthKind) -> tuple[int, Credentials | None]:
        """Find the credentials for a stripped realm and check all but the response.

        (1, credentials): go on and check the response. (1, None): accepted as it is (ACK, CANCEL,
        PRACK). (-1, -4, -5 or -6, None): refused.
        """

    def check_response(
        self, credentials: Credentials, ha1: str, method: str, body: bytes = b""
    ) -> int:
        """Compare the response in constant time: 1, -2 wrong, -1 of the wrong length.

        `body` counts for qop=auth-int.
        """

    def post_auth(self, ctx: Context, credentials: Credentials, ha1: str) -> int:
        """The response was right: adds Authentication-Info where wanted. The final code."""

    def ha1(self, username: str, realm: str, password: str) -> str:
        """H(username:realm:password) in hex, by the modparam `algorithm`; the whole username."""

    def check_identity(self, ctx: Context, user: str, *, use_domain: bool, flags: int) -> int:
        """Whether `user` is who the request says: 1, -8, or -1 where a URI is unreadable.

        Flag 2 leaves out From's user for INVITE, BYE, PRACK, UPDATE, MESSAGE (5.6 auth_check).
        """

    def challenge(self, ctx: Context, realm: str, flags: int, kind: AuthKind) -> int:
        """Send 401 or 407 with a new nonce: 1, or negative as www_challenge returns."""
