"""What modules offer each other: bound by name with `host.bind`, known by these protocols."""

from collections.abc import Callable
from typing import Literal, Protocol

from sipproxy.core.contact import Change, Contact, Contacts
from sipproxy.core.context import Context
from sipproxy.errors import SipproxyError
from sipproxy.sip.credentials import Credentials


class Replies(Protocol):
    """Replies to the request in hand, as the module sl offers them."""

    def reply(self, ctx: Context, status: int, reason: str) -> int:
        """Reply statelessly; 1, or -1 when nothing was sent."""

    def send_reply(self, ctx: Context, code: int, reason: str) -> int:
        """Reply in the transaction where there is one, else statelessly."""


class HttpReplies(Protocol):
    """Replies to the HTTP request in hand, as the module xhttp offers them."""

    def reply(self, ctx: Context, status: int, reason: str, kind: str, body: str) -> int:
        """Reply with a body of that media type; no header where `kind` is "". 1, or -1."""


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


class Judge(Protocol):
    """Says whether credentials are right, in place of whoever knows the passwords (a replay)."""

    reads_nonces: bool
    """Whether nonces are checked before it is asked."""

    def judge(self, ctx: Context, credentials: Credentials, realm: str, method: str) -> int:
        """The code: 1 right, -2 wrong, -3 unknown user, -4 right with a nonce that is too old."""


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

    def judged(self, ctx: Context, credentials: Credentials, realm: str, method: str) -> int | None:
        """What a Judge says of credentials that `pre_auth` gave; None: look the password up."""

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


class RecordRouting(Protocol):
    """Record routing, as the module rr offers it."""

    told: list[Callable[[Context, str], None]]
    """Told of the parameters of our own Route whenever loose_route() found them."""
    append_fromtag: int
    """Non-zero: our Record-Route has the From tag, by which directions are told apart."""

    def goes_upstream(self, ctx: Context) -> bool:
        """Whether the request goes from callee to caller."""


Found = tuple[int, Contact | None]
"""Whether a contact is there: (0, it), (1, None) not found, (-1, None) a CSeq that is too low,
(-2, None) the request was seen before."""


class NotStored(SipproxyError):
    """A database did not take a change of a record; `what` of a contact's was to be done."""

    def __init__(self, what: Literal["insert", "update", "delete"]) -> None:
        self.what = what
        super().__init__(f"failed to {what} a contact")


class LocationTable(Protocol):
    """Records of one table of locations: contacts by address-of-record.

    Where the records lie in a database reading and changing wait for it; in memory they do not.
    A database that cannot be read has no records.
    """

    name: str

    async def read(self, aor: str) -> Contacts:
        """The contacts of a record, expired ones too; none where there is no record."""

    async def change(self, aor: str, change: Change, *, memory_only: bool = False) -> Contacts:
        """Replace the contacts of a record by what `change` makes of them, and answer these.

        With `memory_only` a database keeps those that go. Raises NotStored.
        """

    async def read_ruid(self, aor_hash: int, ruid: str) -> tuple[str, Contact] | None:
        """The contact that a ruid names, with the address-of-record it belongs to."""

    async def remove_ruid(self, ruid: str) -> bool:
        """Let the contact of a ruid go, which only a database can find; whether there was one.

        Raises NotStored, also where there is no such database.
        """


Expired = Callable[[str, str, Contact], None]
"""Told of a contact that a sweep took away: name of the table, address-of-record, the contact."""


class Locations(Protocol):
    """The location service, as the module usrloc offers it."""

    use_domain: int
    """Non-zero: addresses-of-record have a domain."""
    db_mode: int
    nat_flag: int
    """Branch flags of a contact behind a NAT; 0 for none."""
    case_sensitive: bool
    """Whether addresses-of-record are told apart by case; for what an operator types."""
    on_expired: list[Expired]

    def table(self, name: str) -> LocationTable:
        """The table of that name; it is there from now on."""

    def hash_of(self, aor: str) -> int:
        """The number of an address-of-record, as temporary GRUUs hold it."""

    def find(self, contacts: Contacts, wanted: Contact, now: int) -> Found:
        """The one that a REGISTER's contact is about, by its instance, else by matching_mode."""

    def added(self, contacts: Contacts, contact: Contact, ctx: Context | None = None) -> Contacts:
        """With a new contact at its place."""

    def updated(
        self, contacts: Contacts, old: Contact, wanted: Contact, ctx: Context | None = None
    ) -> Contacts:
        """With one of them refreshed by what a REGISTER says, at its place."""

    def removed(self, contacts: Contacts, contact: Contact) -> Contacts:
        """Without one of them."""
