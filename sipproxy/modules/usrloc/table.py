"""One table of locations: its records and what is counted of them (Kamailio udomain.c)."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from sipproxy.core.bindings import NotStored
from sipproxy.core.contact import DELETED, Change, Contact, Contacts
from sipproxy.modules.usrloc.store import Records, Store

IsLost = Callable[[Contact], bool]
"""Tells contacts that end before their time: those of a closed connection."""


class Table:
    """Records by address-of-record. What may wait for a database is `async`."""

    __slots__ = ("_is_lost", "contacts", "expired", "name", "store", "users")

    def __init__(self, name: str, store: Store, is_lost: IsLost | None = None) -> None:
        self.name = name
        self.store = store
        self._is_lost = is_lost
        self.users = 0
        self.contacts = 0
        self.expired = 0
        """How many records and contacts there are, and contacts that sweeps took away."""

    def go_on_as(self, fresh: "Table") -> None:
        """Keep the records, do otherwise as a table does that another cfg made."""
        self._is_lost = fresh._is_lost
        if fresh.store.size != self.store.size:
            for records in self.store.slots():
                for aor, contacts in records:
                    fresh.store.change(aor, partial(instead, contacts))
            self.store = fresh.store

    async def read(self, aor: str) -> Contacts:
        """The contacts of a record, expired ones too; none where there is no record."""
        return self.read_now(aor)

    async def change(self, aor: str, change: Change, *, memory_only: bool = False) -> Contacts:
        """Replace the contacts of a record by what `change` makes of them, and answer these."""
        return self.change_now(aor, change)

    async def read_ruid(self, aor_hash: int, ruid: str) -> tuple[str, Contact] | None:
        """The contact that a ruid names, with the address-of-record it belongs to."""
        for aor, contacts in self.store.slot(aor_hash):
            for contact in contacts:
                if contact.ruid == ruid:
                    return aor, contact
        return None

    async def remove_ruid(self, ruid: str) -> bool:
        """Only a table that lies in its database finds a contact by its ruid alone."""
        raise NotStored("delete")

    async def clean(self, now: int, told: Callable[[str, Contact], None] | None) -> None:
        """Have the database do what belongs to a sweep; `told` hears of what expired in it."""

    async def flush(self) -> None:
        """Have the database follow the memory."""

    async def living(self, now: int) -> list[tuple[str, Contact]]:
        """The contacts in a database, and there only, that have not expired and have an end."""
        return []

    def read_now(self, aor: str) -> Contacts:
        """:meth:`read` of what lies in memory."""
        contacts = self.store.get(aor)
        if self._is_lost is not None and any(map(self._is_lost, contacts)):
            return self.change_now(aor, self._without_lost)
        return contacts

    def _without_lost(self, contacts: Contacts) -> Contacts:
        """The contacts that are lost are over; a sweep takes them away."""
        assert self._is_lost is not None
        lost = self._is_lost
        return tuple(c._replace(expires=DELETED) if lost(c) else c for c in contacts)

    def change_now(self, aor: str, change: Change) -> Contacts:
        """Change what lies in memory, without a word to a database."""
        return self.replace(aor, change)[1]

    def replace(self, aor: str, change: Change) -> tuple[Contacts, Contacts]:
        """:meth:`change_now`; the contacts that the record had and has."""
        old, new = self.store.change(aor, change)
        self.contacts += len(new) - len(old)
        self.users += bool(new) - bool(old)
        return old, new

    def sweep(self, now: int) -> Iterator[list[tuple[str, Contact]]]:
        """Take away what has expired; what each piece of the table lost, with its record's name.

        Between two pieces the table may be written.
        """
        if self._is_lost is not None:
            for records in self.store.slots():
                for aor, _ in records:
                    self.read_now(aor)
                yield []
        for aors in self.store.expired(now):
            gone: list[tuple[str, Contact]] = []
            for aor in aors:
                gone += [(aor, contact) for contact in self.take(aor, now)]
            self.expired += len(gone)
            yield gone

    def take(self, aor: str, now: int) -> Iterable[Contact]:
        """Take away what a record has that expired."""
        gone: Contacts = ()

        def without_expired(contacts: Contacts) -> Contacts:
            nonlocal gone
            gone = tuple(c for c in contacts if not c.is_valid(now))
            return tuple(c for c in contacts if c.is_valid(now))

        self.change_now(aor, without_expired)
        return gone

    def by_slot(self) -> Iterator[Records]:
        """All records in the order of Kamailio's table, slot by slot."""
        return self.store.slots()


def instead(contacts: Contacts, _: Contacts) -> Contacts:
    """A change, its first argument bound: these contacts, whatever there was."""
    return contacts
