"""The contract of a store: whatever is done to it, it holds what the plainest one would."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.contact import Change, Contact, Contacts
from sipproxy.core.hashing import core_hash
from sipproxy.modules.usrloc.memory import MemoryStore
from sipproxy.modules.usrloc.store import Records, Store
from sipproxy.modules.usrloc.table import Table


class OneDict:
    """The plainest store there can be."""

    size = 4

    def __init__(self) -> None:
        self.records: dict[str, Contacts] = {}

    def get(self, aor: str) -> Contacts:
        return self.records.get(aor, ())

    def change(self, aor: str, change: Change) -> tuple[Contacts, Contacts]:
        old = self.get(aor)
        new = change(old)
        self.records.pop(aor, None) if not new else self.records.update({aor: new})
        return old, new

    def expired(self, now: int) -> Iterator[list[str]]:
        for aor, contacts in list(self.records.items()):
            if not all(contact.is_valid(now) for contact in contacts):
                yield [aor]

    def slot(self, aor_hash: int) -> Records:
        same = (aor for aor in self.records if (core_hash(aor) ^ aor_hash) % self.size == 0)
        return [(aor, self.records[aor]) for aor in same]

    def slots(self) -> Iterator[Records]:
        return (self.slot(number) for number in range(self.size))

    def __len__(self) -> int:
        return len(self.records)


CONTACTS = st.lists(
    st.builds(
        lambda uri, expires: Contact(
            *(uri, uri, expires, -1, "c", 1, "", "", "", None, 0, 0, 0, "", 0, -1, 0)
        ),
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 9),
    ),
    max_size=3,
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["u", "v", "w", ""]), CONTACTS)
    | st.tuples(st.just("sweep"), st.integers(0, 9)),
)


@given(STEPS)
def test_every_store_does_the_same(steps: list[tuple[str, list[Contact] | int]]) -> None:
    stores: list[Store] = [MemoryStore(4), OneDict()]
    tables = [Table("location", store) for store in stores]
    for aor, given_ in steps:
        if isinstance(given_, int):
            gone = [sorted(row for piece in t.sweep(given_) for row in piece) for t in tables]
            assert gone[0] == gone[1]
            continue
        new = tuple(given_)
        for table in tables:
            assert table.change_now(aor, lambda _, new=new: new) == new  # type: ignore[misc]
    one, other = tables
    assert list(one.by_slot()) == list(other.by_slot())
    assert (one.users, one.contacts, one.expired) == (other.users, other.contacts, other.expired)
    assert one.users == len(one.store)
    assert one.contacts == sum(len(c) for records in one.by_slot() for _, c in records)
