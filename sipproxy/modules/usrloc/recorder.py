"""How the differences of a record come into a database: in order, without another's waiting."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Literal, NamedTuple

from sipproxy.core.contact import NEW, Contact, Contacts
from sipproxy.core.waiting import Wait
from sipproxy.db.writer import Writer
from sipproxy.errors import DatabaseError
from sipproxy.modules.usrloc.rows import Rows

What = Literal["insert", "update", "delete"]


class Difference(NamedTuple):
    """What is to be done, and the contact as it is to be, or as it was where it is no more."""

    what: What
    contact: Contact


def differences(old: Contacts, new: Contacts) -> list[Difference]:
    """What a database that has the old contacts must do to have the new ones."""
    had = {contact.ruid: contact for contact in old}
    found = []
    for contact in new:
        before = had.pop(contact.ruid, None)
        if before is None or (before is not contact and before.state == NEW):
            found.append(Difference("insert", contact))
        elif before is not contact:
            found.append(Difference("update", contact))
    return [*found, *(Difference("delete", contact) for contact in had.values())]


class Recorder:
    """Writes into one table of a database."""

    def __init__(
        self,
        rows: Rows,
        writer: Writer,
        now: Callable[[], float],
        tell: Callable[[str], None],
        *,
        cleans: bool,
    ) -> None:
        """`tell` hears what failed; `cleans`: sweeps let expired rows go."""
        self.rows = rows
        self.cleans = cleans
        self._writer = writer
        self._now = now
        self.tell = tell

    def put(self, aor: str, what: What, contact: Contact, *, again: bool = False) -> Wait:
        """Have a difference written; the Wait fails with DatabaseError.

        `again`: a row may be there already.
        """
        rows, now = self.rows, int(self._now())
        if what == "insert":
            steps, otherwise = rows.added(aor, contact, now)
            if again and steps:
                steps = [*rows.gone(aor, contact)[0], *steps]
        elif what == "update":
            steps, otherwise = rows.changed(aor, contact, now)
        else:
            steps, otherwise = rows.gone(aor, contact)
        if steps:
            return self._writer.put(steps, otherwise)
        nothing = Wait()
        nothing.finish(0)
        return nothing

    def together(self) -> AbstractContextManager[None]:
        """What is put within becomes as few transactions as may be."""
        return self._writer.together()

    async def clean(self, now: int, ruids: Sequence[str] = ()) -> None:
        """Let the rows go that have expired, and what else is kept with contacts of ruids."""
        try:
            await self._writer.put([*self.rows.attributes.left(ruids), self.rows.expired(now)])
        except DatabaseError as error:
            self.tell(f"failed to delete from table {self.rows.name}: {error}")

    def complain(self, failed: Sequence[tuple[str, Difference]], reason: DatabaseError) -> None:
        """Say what could not be written."""
        aor, (what, _) = failed[0]
        more = f" and {len(failed) - 1} more changes" if len(failed) > 1 else ""
        self.tell(f"failed to {what} a contact of {aor} in the database{more}: {reason}")
