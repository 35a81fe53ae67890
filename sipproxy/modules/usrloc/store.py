"""What a table of locations asks of the place that keeps its records."""

from collections.abc import Iterator
from typing import Protocol

from sipproxy.core.contact import Change, Contacts

Records = list[tuple[str, Contacts]]
"""Addresses-of-record with their contacts; a list of the caller's own."""


class Store(Protocol):
    """Records by address-of-record. A store knows no order of contacts, no route, no event.

    A record without contacts is none. This is a table's memory: of all its records where there is
    no database or the database follows it (modes 0, 1, 2 and 4), of none where the database is
    asked each time (mode 3). What a database must be told follows from `change`'s answer: contacts
    are the same ones as long as their ruid is.
    """

    size: int
    """How many slots Kamailio's table would have."""

    def get(self, aor: str, /) -> Contacts:
        """The contacts of a record, expired ones too; () for no record."""

    def change(self, aor: str, change: Change, /) -> tuple[Contacts, Contacts]:
        """Replace the contacts of a record in one step; those it had and those it has now.

        Answering the contacts it was given the rule leaves all as it is.
        """

    def expired(self, now: int) -> Iterator[list[str]]:
        """The records with a contact that is no longer valid, in pieces that may be empty.

        Each piece is found when it is asked for, by a bounded amount of work; between two of them
        the store may be written.
        """

    def slot(self, aor_hash: int) -> Records:
        """The records that share a slot with this hash, oldest first."""

    def slots(self) -> Iterator[Records]:
        """All records, slot by slot; between two of them the store may be written."""

    def __len__(self) -> int: ...
