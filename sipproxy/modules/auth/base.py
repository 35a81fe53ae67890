"""Parameters of auth, and what is made of them before the first message."""

from typing import Any

from sipproxy import text as wire
from sipproxy.clock import Chance
from sipproxy.core.bindings import Judge, Replies
from sipproxy.core.context import Context
from sipproxy.core.log import ERROR, INFO, WARN, report
from sipproxy.core.module import Module, modparam
from sipproxy.errors import MessageError, ModuleError
from sipproxy.modules.auth.digest import Digest
from sipproxy.modules.auth.nonce import Nonces
from sipproxy.modules.auth.numbering import Counts, Numbers, OneTime, memory_bits

_SECRET_LENGTH = 32

_OF_NONCES = (
    *("secret", "nonce_expire", "nonce_auth_max_drift", "qop", "nonce_count"),
    *("auth_checks_register", "auth_checks_no_dlg", "auth_checks_in_dlg"),
    *("nc_array_size", "nc_array_order", "nid_pool_no"),
    *("one_time_nonce", "otn_in_flight_no", "otn_in_flight_order"),
)
"""Parameters that say what a good nonce is."""


class AuthBase(Module):
    """What challenges and checks share: the nonces, the algorithm, the way replies are sent."""

    secret = modparam(None, "what nonces are signed with; random when not set", kind=str)
    nonce_expire = modparam(300, "seconds for which a nonce is good")
    nonce_auth_max_drift = modparam(3, "seconds that a nonce may come from the future")
    protect_contacts = modparam(0, "accepted; Kamailio 5.6 does not use it either")
    challenge_attr = modparam("$digest_challenge", "AVP for challenges of pv_www_authenticate")
    proxy_challenge_header = modparam("Proxy-Authenticate", "header of a 407")
    www_challenge_header = modparam("WWW-Authenticate", "header of a 401")
    qop = modparam("auth", "auth or auth-int; empty: nonce counts are not kept")
    auth_checks_register = modparam(0, "what a REGISTER must have in common with its challenge")
    auth_checks_no_dlg = modparam(0, "the same for requests outside dialogs")
    auth_checks_in_dlg = modparam(0, "the same for requests inside dialogs")
    nonce_count = modparam(0, "1: a nonce count (nc) that was seen before is stale")
    nc_array_size = modparam(0, "nonces whose counts are remembered; 0 means 1048576")
    nc_array_order = modparam(0, "the same as a power of two")
    one_time_nonce = modparam(0, "1: a nonce serves one request only")
    otn_in_flight_no = modparam(0, "one-time nonces that are remembered; 0 means 1048576")
    otn_in_flight_order = modparam(0, "the same as a power of two")
    nid_pool_no = modparam(0, "pools of nonce numbers, up to 64; 0 means 1")
    force_stateless_reply = modparam(0, "1: challenges are never sent in a transaction")
    realm_prefix = modparam("", "what is cut from the beginning of realms")
    use_domain = modparam(0, "1: identity checks of pv_auth_check compare domains too")
    algorithm = modparam("", "MD5, SHA-256 or SHA-512-256; empty: MD5, not named in challenges")
    add_authinfo_hdr = modparam(0, "1: replies to accepted requests carry Authentication-Info")

    nonces: Nonces
    digest: Digest
    replies: Replies
    judge: Judge | None = None
    """Who decides in place of nonces and passwords; given by a replay."""

    def start(self) -> None:
        """Make the secrets and the memory for numbers; raises ModuleError."""
        self.replies = self.host.bind("sl")
        try:
            self.digest = Digest(self.algorithm or "MD5")
        except ValueError as error:
            raise ModuleError(str(error)) from None
        self._challenge_avp = _avp_key(self.challenge_attr)
        counts_wanted = self._wants_counts()
        numbers = counts = one_time = None
        if counts_wanted or self.one_time_nonce:
            numbers = Numbers(self.nid_pool_no, self.host.chance.below)
        if counts_wanted and numbers is not None:
            bits = memory_bits("nc_array_order", self.nc_array_order, self.nc_array_size)
            counts = Counts(numbers, bits)
        if self.one_time_nonce and numbers is not None:
            order, size = self.otn_in_flight_order, self.otn_in_flight_no
            one_time = OneTime(numbers, memory_bits("otn_in_flight_order", order, size))
        checks = (self.auth_checks_register, self.auth_checks_no_dlg, self.auth_checks_in_dlg)
        secret, second = self._secrets(any(checks))
        self.nonces = Nonces(
            secret,
            second,
            checks=checks,
            lifetime=self.nonce_expire,
            drift=self.nonce_auth_max_drift,
            started=int(self.host.now()),
            numbers=numbers,
            counts=counts,
            one_time=one_time,
        )

    def inherit(self, previous: Any) -> None:
        """Nonces that were given out stay good, unless the cfg says now what nonces are otherwise.

        Without a secret in the cfg it is the one that was chosen at the start.
        """
        if all(getattr(self, name) == getattr(previous, name) for name in _OF_NONCES):
            self.nonces = previous.nonces

    def _wants_counts(self) -> bool:
        qop = wire.lower(self.qop).strip()
        if qop not in ("", "auth", "auth-int"):
            raise ModuleError(f'unsupported qop "{self.qop}": auth and auth-int exist')
        if not self.nonce_count:
            if qop:
                text = "qop set, but nonce-count (nonce_count) support disabled"
                report(self.host.log, INFO, "auth", text)
            return False
        if not qop:
            report(self.host.log, WARN, "auth", "nonce-count support enabled, but qop not set")
        return bool(qop)

    def _secrets(self, divided: bool) -> tuple[bytes, bytes]:
        """The secret, and the one for the checks: the second half of what the cfg gives."""
        if self.secret is None:
            chance = self.host.chance
            return _random_secret(chance), _random_secret(chance)
        secret = wire.encode(self.secret)
        if not divided:
            return secret, b""
        middle = len(secret) - len(secret) // 2
        if len(secret) - middle < 16:
            text = (
                "consider a longer secret when extra auth checks are enabled"
                " (the config secret is divided in 2!)"
            )
            report(self.host.log, WARN, "auth", text)
        return secret[:middle], secret[middle:]

    def realm_of(self, ctx: Context, realm: str) -> str:
        """The realm that a function's argument means; under compat 3.0 empty text is a domain."""
        if realm or self.host.compat != "3.0":
            return realm
        msg = ctx.msg
        try:
            return (msg.to if msg.method == "REGISTER" else msg.from_).parsed.host
        except MessageError:
            return ""

    def strip_realm(self, realm: str) -> str:
        """The realm without the prefix of the parameter `realm_prefix`."""
        return realm.removeprefix(self.realm_prefix)

    def error(self, text: str) -> None:
        """A line in the log about what a message made impossible; a flood of them is counted."""
        self.host.report_limited(ERROR, "auth", text)


def _random_secret(chance: Chance) -> bytes:
    """32 printable characters."""
    return bytes(32 + chance.below(95) for _ in range(_SECRET_LENGTH))


def _avp_key(text: str) -> str | int:
    """The AVP that `$name`, `$s:name` or `$i:5` means; raises ModuleError."""
    name = text[1:]
    if not text.startswith("$") or not name:
        raise ModuleError(f'challenge_attr names an AVP as "$name", not "{text}"')
    if name[1:2] != ":":
        return name
    kind, rest = wire.lower(name[0]), name[2:]
    if kind == "i" and rest.isascii() and rest.isdigit():
        return int(rest)
    if kind != "s" or not rest:
        raise ModuleError(f'challenge_attr "{text}" is no AVP')
    return rest
