"""Records in memory that a database follows: at once (db_mode 1) or at each sweep (db_mode 2)."""

from collections.abc import Callable, Iterable
from itertools import islice

from sipproxy.core.bindings import NotStored
from sipproxy.core.contact import (
    CHANGED,
    DELETED,
    MEMORY_ONLY,
    NEW,
    STORED,
    Change,
    Contact,
    Contacts,
)
from sipproxy.errors import DatabaseError
from sipproxy.modules.usrloc.order import with_kept
from sipproxy.modules.usrloc.recorder import Difference, Recorder, What, differences
from sipproxy.modules.usrloc.store import Store
from sipproxy.modules.usrloc.table import IsLost, Table

_AT_ONCE = 64
"""Records whose changes are written together: two milliseconds of work here."""
_MOST_GONE = 100_000
"""Rows of contacts that are no more, kept in mind while the database does not let them go."""

Owned = tuple[str, Difference]
"""A difference and the address-of-record it belongs to."""


class Backed(Table):
    """What is written counts as stored from then on; what turns out not to be is written again.

    So nobody waits for another's writing, and each sweep makes good what failed.
    """

    __slots__ = ("_at_once", "_doubtful", "_gone", "_recorder", "_unwritten")

    def __init__(
        self,
        name: str,
        store: Store,
        is_lost: IsLost | None,
        recorder: Recorder,
        *,
        at_once: bool,
    ) -> None:
        super().__init__(name, store, is_lost)
        self._recorder = recorder
        self._at_once = at_once
        self._unwritten: dict[str, None] = {}
        """Records with contacts that the database does not have as they are."""
        self._gone: list[tuple[str, Contact]] = []
        """Contacts that are no more, and whose rows may be there."""
        self._doubtful: set[str] = set()
        """Ruids of rows that were not added as far as the database said, and may be there."""

    def go_on_as(self, fresh: Table) -> None:
        """Keep the records and what is not written yet, write as another cfg wants it."""
        assert isinstance(fresh, Backed)
        super().go_on_as(fresh)
        self._recorder, self._at_once = fresh._recorder, fresh._at_once

    async def change(self, aor: str, change: Change, *, memory_only: bool = False) -> Contacts:
        """Change the memory; where the database is to follow at once, wait for it."""

        def track(contacts: Contacts) -> Contacts:
            wanted = change(contacts)
            if self._at_once:
                return self._ahead(contacts, wanted)
            return self._behind(contacts, wanted, MEMORY_ONLY if memory_only else 0)

        old, new = self.replace(aor, track)
        if new is old:
            return new
        if not self._at_once:
            self._unwritten[aor] = None
            return new
        work = [(aor, one) for one in differences(old, new)]
        if memory_only:
            work = [(aor, one) for aor, one in work if one.what != "delete"]
        failed = await self._write(work)
        if failed:
            if not old:
                self._withdraw(aor, new)
            what, _ = failed[0][1]
            raise NotStored(what)
        return new

    def _ahead(self, old: Contacts, new: Contacts) -> Contacts:
        """Whoever is new or changed is about to be stored."""
        if new is old:
            return old
        had = {id(contact) for contact in old}
        return tuple(c if id(c) in had else c._replace(state=STORED) for c in new)

    def _behind(self, old: Contacts, new: Contacts, flags: int) -> Contacts:
        """Whoever is new or changed is noted; of whom a row is there stays until it is deleted.

        Those who go have these flags of `Contact.flags` besides.
        """
        if new is old:
            return old
        had = {contact.ruid: contact for contact in old}
        noted = []
        for contact in new:
            before = had.pop(contact.ruid, None)
            if before is None:
                contact = contact._replace(state=NEW)
            elif before is not contact:
                changes = before.state == STORED and contact.expires != DELETED
                contact = contact._replace(state=CHANGED if changes else before.state)
            noted.append(contact)
        leaving = tuple(
            c._replace(expires=DELETED, flags=c.flags | flags)
            for c in had.values()
            if self._may_have_row(c)
        )
        return with_kept(tuple(noted), old, leaving)

    def take(self, aor: str, now: int) -> Iterable[Contact]:
        """Take away what has expired, and remember whose rows are to go."""
        gone = super().take(aor, now)
        self._let_go(aor, filter(self._may_have_row, gone))
        return gone

    def _may_have_row(self, contact: Contact) -> bool:
        return contact.state != NEW or contact.ruid in self._doubtful

    def _let_go(self, aor: str, contacts: Iterable[Contact]) -> None:
        room = max(_MOST_GONE - len(self._gone), 0)
        self._gone += [(aor, contact) for contact in islice(contacts, room)]

    async def clean(self, now: int, told: Callable[[str, Contact], None] | None) -> None:
        """Let expired rows go that no contact in memory stands for."""
        if self._recorder.cleans:
            await self._recorder.clean(now)

    # -- writing what was not written at once

    async def flush(self) -> None:
        """Write what changed since the last time. A database that takes nothing is asked once."""
        gone, records = iter(self._gone), iter(list(self._unwritten))
        self._gone = []
        while work := self._next(gone, records):
            if len(await self._write(work)) == len(work):
                self._gone += gone
                break

    def _next(self, gone: Iterable[tuple[str, Contact]], records: Iterable[str]) -> list[Owned]:
        """What is written next, and counts as stored from now on."""
        work: list[Owned] = [
            (aor, Difference("delete", contact)) for aor, contact in islice(gone, _AT_ONCE)
        ]
        while not work and (piece := list(islice(records, _AT_ONCE))):
            for aor in piece:
                self._unwritten.pop(aor, None)
                work += [(aor, difference) for difference in self._stored(aor)]
        return work

    def _stored(self, aor: str) -> list[Difference]:
        """Let all contacts of a record count as stored; what has to be done that they are."""
        found: list[Difference] = []

        def store(contacts: Contacts) -> Contacts:
            for contact in contacts:
                if contact.state != STORED and contact.expires != DELETED:
                    what: What = "insert" if contact.state == NEW else "update"
                    found.append(Difference(what, contact))
            if not found:
                return contacts
            names = {contact.ruid for _, contact in found}
            return tuple(c._replace(state=STORED) if c.ruid in names else c for c in contacts)

        self.replace(aor, store)
        return found

    async def _write(self, work: list[Owned]) -> list[Owned]:
        """Write these; those that failed, which are noted to be written again."""
        put = self._recorder.put
        waits = []
        with self._recorder.together():
            for aor, (what, contact) in work:
                again = what == "insert" and contact.ruid in self._doubtful
                waits.append(put(aor, what, contact, again=again))
        failed = []
        reason: DatabaseError | None = None
        for (aor, difference), wait in zip(work, waits, strict=True):
            try:
                await wait
            except DatabaseError as error:
                self._undo(aor, *difference)
                failed.append((aor, difference))
                reason = reason or error
            else:
                self._doubtful.discard(difference[1].ruid)
        if reason is not None:
            self._recorder.complain(failed, reason)
        return failed

    def _undo(self, aor: str, what: What, contact: Contact) -> None:
        """A difference was not written: it is there still."""
        if what == "delete":
            self._let_go(aor, (contact,))
            return
        if what == "insert":
            self._doubtful.add(contact.ruid)
        self._unwritten[aor] = None

        def state_of(contact: Contact) -> int:
            if what == "insert":
                return NEW
            return CHANGED if contact.state == STORED else contact.state

        def note(contacts: Contacts) -> Contacts:
            ruid = contact.ruid
            return tuple(c._replace(state=state_of(c)) if c.ruid == ruid else c for c in contacts)

        self.replace(aor, note)

    def _withdraw(self, aor: str, contacts: Contacts) -> None:
        """A new record that could not be stored is none, as far as nobody changed it since."""
        known = {contact.ruid: contact for contact in contacts}

        def is_same(contact: Contact) -> bool:
            mine = known.get(contact.ruid)
            return mine is not None and mine[2:6] == contact[2:6]

        old, new = self.replace(aor, lambda found: tuple(c for c in found if not is_same(c)))
        left = {contact.ruid for contact in new}
        self._let_go(aor, (contact for contact in old if contact.ruid not in left))
