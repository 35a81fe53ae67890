"""Records in this process's memory: one worker, a replay, a test."""

from collections.abc import Iterator
from typing import cast

from sipproxy.core.contact import Change, Contact, Contacts
from sipproxy.core.hashing import core_hash
from sipproxy.modules.usrloc.store import Records

_Row = tuple[object, ...]
"""A contact as a plain tuple.

The collector of cycles lets go of plain tuples that hold nothing but texts and numbers: a hundred
thousand phones cost it nothing.
"""

_Rows = _Row | tuple[_Row, ...]
"""A record: the row of its contact, or the rows of several. The first is the usual one, and one
tuple less to be looked at."""

_EXPIRES = Contact._fields.index("expires")


class MemoryStore:
    """As many dicts as Kamailio's table has slots, and the records in the same ones.

    So they are walked in Kamailio's order, and in pieces that are small.
    """

    __slots__ = ("_mask", "_slots", "size")

    def __init__(self, size: int) -> None:
        """`size` is a power of two."""
        self.size = size
        self._mask = size - 1
        self._slots: list[dict[str, _Rows]] = [{} for _ in range(size)]

    def get(self, aor: str) -> Contacts:
        """The contacts of a record, expired ones too; () for no record."""
        rows = self._slots[core_hash(aor) & self._mask].get(aor)
        return _contacts(rows) if rows else ()

    def change(self, aor: str, change: Change) -> tuple[Contacts, Contacts]:
        """Replace the contacts of a record; those it had and those it has now."""
        slot = self._slots[core_hash(aor) & self._mask]
        rows = slot.get(aor)
        old = _contacts(rows) if rows else ()
        new = change(old)
        if new:
            if new is not old:
                slot[aor] = tuple(new[0]) if len(new) == 1 else tuple(map(tuple, new))
        elif rows:
            del slot[aor]
        return old, new

    def expired(self, now: int) -> Iterator[list[str]]:
        """The records with a contact that is no longer valid, slot by slot."""
        for slot in self._slots:
            if slot:
                yield [aor for aor, rows in slot.items() if _is_over(rows, now)]

    def slot(self, aor_hash: int) -> Records:
        """The records of one slot, oldest first."""
        rows = self._slots[aor_hash & self._mask].items()
        return [(aor, _contacts(contacts)) for aor, contacts in rows]

    def slots(self) -> Iterator[Records]:
        """The records, slot by slot."""
        return map(self.slot, range(self.size))

    def __len__(self) -> int:
        return sum(map(len, self._slots))


def _contacts(rows: _Rows) -> Contacts:
    if rows[0].__class__ is str:  # the URI of the only one
        return (Contact._make(rows),)
    return tuple(map(Contact._make, cast(tuple[_Row, ...], rows)))


def _is_over(rows: _Rows, now: int) -> bool:
    several = (rows,) if rows[0].__class__ is str else cast(tuple[_Row, ...], rows)
    return any(0 < cast(int, row[_EXPIRES]) <= now for row in several)
