"""`$ulc(profile=>attribute)`: the contacts that reg_fetch_contacts() fetched (Kamailio regpv.c)."""

from collections.abc import Callable
from dataclasses import dataclass

from sipproxy.core.access import PvAccess
from sipproxy.core.contact import Contact, Contacts, socket_text
from sipproxy.core.context import Context
from sipproxy.core.flow import STREAMS
from sipproxy.core.module import event, function, pvar
from sipproxy.core.params import Plain
from sipproxy.core.pvspec import parse_pv
from sipproxy.core.values import Value, to_int, wrap
from sipproxy.modules.registrar.errors import Refused
from sipproxy.modules.registrar.finding import Finding
from sipproxy.modules.registrar.saving import Table

EXPIRED = "exp"
"""The profile that an expired contact stands in while its event route runs."""
EVENT = "usrloc:contact-expired"

Reading = Callable[["Profile", Contact], Value]


@dataclass(frozen=True, slots=True)
class Profile:
    """Contacts of one record of one table."""

    domain: str
    aor: str
    contacts: Contacts


def _instance(profile: Profile, contact: Contact) -> Value:
    return contact.instance or None


def _socket(profile: Profile, contact: Contact) -> Value:
    return socket_text(contact.socket) if contact.socket else None


def _connection(profile: Profile, contact: Contact) -> Value:
    return contact.connection if contact.socket and contact.socket[0] in STREAMS else None


_READINGS: dict[str, Reading] = {
    "aor": lambda profile, contact: profile.aor,
    "domain": lambda profile, contact: profile.domain,
    "aorhash": lambda profile, contact: 0,  # Kamailio never sets it
    "count": lambda profile, contact: len(profile.contacts),
    "addr": lambda profile, contact: contact.uri,
    "path": lambda profile, contact: contact.path,
    "received": lambda profile, contact: contact.received,
    "expires": lambda profile, contact: contact.expires,
    "callid": lambda profile, contact: contact.callid,
    "q": lambda profile, contact: contact.q,
    "cseq": lambda profile, contact: wrap(contact.cseq),
    "flags": lambda profile, contact: contact.flags,
    "cflags": lambda profile, contact: contact.cflags,
    "user_agent": lambda profile, contact: contact.user_agent,
    "socket": _socket,
    "modified": lambda profile, contact: contact.last_modified,
    "methods": lambda profile, contact: contact.methods,
    "ruid": lambda profile, contact: contact.ruid,
    "regid": lambda profile, contact: contact.reg_id,
    "instance": _instance,
    "conid": _connection,
    "server_id": lambda profile, contact: contact.server_id,
}
"""What each attribute of a contact gives."""

_UNSIGNED = frozenset({"aorhash", "expires", "flags", "cflags", "modified", "methods", "regid"})
"""Attributes that Kamailio shows as numbers without a sign; as ints they wrap."""


class Profiles(Finding):
    """Contacts under names, kept until they are fetched anew or let go."""

    contact_expired = event(EVENT, "A sweep took an expired contact away; $ulc(exp=>...) has it.")

    def __init__(self, host: object) -> None:
        super().__init__(host)
        self._profiles: dict[str, Profile] = {}

    def ready(self) -> None:
        """Hear of expired contacts, if a route wants to."""
        if self.host.has_route(EVENT):
            self.locations.on_expired.append(self._tell_expired)

    def _tell_expired(self, table: str, aor: str, contact: Contact) -> None:
        self.host.post(EVENT, Profile(table, aor, (contact,)))

    @function("REQUEST", "FAILURE")
    async def reg_fetch_contacts(
        self, ctx: Context, table: Table, uri: str, profile: Plain
    ) -> bool:
        """Fetch the contacts of an address-of-record for `$ulc(profile=>...)`."""
        if not uri or not profile:
            self.complain("invalid uri parameter")
            return False
        self._profiles.pop(profile, None)
        try:
            aor, _ = self.rules.extract(uri)
        except Refused as refused:
            self.complain(f"failed to extract Address Of Record: {refused.text}")
            return False
        contacts = await table.place.read(aor)
        self._profiles[profile] = Profile(table.name, aor, contacts)
        return bool(contacts)

    @function("REQUEST", "FAILURE")
    def reg_free_contacts(self, ctx: Context, profile: Plain) -> bool:
        """Let the contacts of a profile go."""
        self._profiles.pop(profile, None)
        return bool(profile)

    @pvar("ulc", bind=True)
    def ulc(self, inner: str | None, index: str | None) -> PvAccess:
        """An attribute of a fetched contact: `$ulc(profile=>addr)`, `$(ulc(profile=>addr)[1])`."""
        name, arrow, attribute = (inner or "").partition("=>")
        reading = _READINGS.get(attribute)
        if not arrow or reading is None:
            raise ValueError(f"unknown contact attr name in {inner}")
        at: Callable[[Context], int] = lambda ctx: 0  # noqa: E731 - one of two functions
        if index is not None and index.startswith("$"):
            access: PvAccess = self.host.access(parse_pv(index))
            at = lambda ctx: max(to_int(access.read(ctx)), 0)  # noqa: E731
        elif index is not None:
            place = 0 if index == "*" else max(int(index), 0)
            at = lambda ctx: place  # noqa: E731

        def read(ctx: Context) -> Value:
            profile = self._profile(ctx, name)
            number = at(ctx)
            if profile is None or number >= len(profile.contacts):
                return None
            return reading(profile, profile.contacts[number])

        if attribute not in _UNSIGNED:
            return PvAccess(read, _ignore)
        return _unsigned(read)

    def _profile(self, ctx: Context, name: str) -> Profile | None:
        if name == EXPIRED and isinstance(ctx.record, Profile):
            return ctx.record
        return self._profiles.get(name)


def _ignore(ctx: Context, value: Value) -> None:
    """Assigning changes nothing, as in Kamailio."""


def _unsigned(read: Callable[[Context], Value]) -> PvAccess:
    """A number whose text has no sign while its value has one."""

    def number(ctx: Context) -> Value:
        value = read(ctx)
        return wrap(value) if isinstance(value, int) else value

    def text(ctx: Context) -> Value:
        value = read(ctx)
        return str(value & 0xFFFF_FFFF) if isinstance(value, int) else value

    access = PvAccess(number, _ignore)
    access.textual = PvAccess(text, _ignore)
    return access
