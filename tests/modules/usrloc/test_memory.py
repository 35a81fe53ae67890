"""Records in memory: what a store promises, and that the collector lets go of them."""

import gc
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from sipproxy.core.contact import Contact, Contacts
from sipproxy.core.hashing import core_hash
from sipproxy.modules.usrloc.memory import MemoryStore

Maker = Callable[..., Contact]


def put(store: MemoryStore, aor: str, *contacts: Contact) -> tuple[Contacts, Contacts]:
    return store.change(aor, lambda _: contacts)


def test_a_record_is_what_it_was_changed_to(contact: Maker) -> None:
    store = MemoryStore(4)
    a, b = contact("a", expires=7), contact("b", xavp=[("x", 1)])
    assert put(store, "u", a) == ((), (a,))
    assert store.get("u") == (a,)
    assert isinstance(store.get("u")[0], Contact)
    assert put(store, "u", a, b) == ((a,), (a, b))
    assert store.get("u") == (a, b)
    assert len(store) == 1
    assert put(store, "u") == ((a, b), ())
    assert store.get("u") == ()
    assert len(store) == 0
    assert put(store, "u") == ((), ())


def test_a_rule_that_answers_what_it_got_changes_nothing(contact: Maker) -> None:
    store = MemoryStore(4)
    put(store, "u", contact("a"))
    before = store.slot(core_hash("u"))
    assert store.change("u", lambda contacts: contacts)[1] == store.get("u")
    assert store.slot(core_hash("u")) == before


def test_expired_ones_are_found_slot_by_slot(contact: Maker) -> None:
    store = MemoryStore(8)
    for name, expires in (("a", 5), ("b", 6), ("c", 0), ("d", 1)):
        put(store, name, contact(name, expires=expires))
    put(store, "e", contact("e", expires=0), contact("f", expires=2))
    assert sorted(aor for piece in store.expired(5) for aor in piece) == ["a", "d", "e"]
    assert sum(1 for _ in store.expired(5)) <= 8


@given(st.sets(st.text(max_size=5)))
def test_records_are_walked_in_kamailios_order(names: set[str]) -> None:
    store = MemoryStore(16)
    plain = Contact("a", "a", 0, -1, "c", 1, "", "", "", None, 0, 0, 0, "", 0, -1, 0)
    added = list(names)
    for name in added:
        put(store, name, plain)
    walked = [aor for records in store.slots() for aor, _ in records]
    assert walked == sorted(added, key=lambda name: core_hash(name) & 15)
    assert len(store) == len(names)


def test_the_collector_lets_go_of_records(contact: Maker) -> None:
    store = MemoryStore(4)
    put(store, "one", contact("a", socket=("udp", "127.0.0.1", 5060)))
    put(store, "two", contact("a"), contact("b"))
    for _ in range(4):
        gc.collect()
    rows = [row for slot in store._slots for row in slot.values()]
    assert len(rows) == 2
    assert not any(map(gc.is_tracked, rows))
