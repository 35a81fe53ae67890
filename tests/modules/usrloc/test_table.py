"""Tables: their counts, sweeps, and contacts of lost connections."""

from collections.abc import Callable, Coroutine
from typing import Any

from sipproxy.core.contact import DELETED, Contact
from sipproxy.core.hashing import core_hash
from sipproxy.modules.usrloc.memory import MemoryStore
from sipproxy.modules.usrloc.table import Table

Maker = Callable[..., Contact]


def now(work: Coroutine[Any, Any, Any]) -> Any:
    """What a coroutine gives that does not wait."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def counts(table: Table) -> tuple[int, int, int]:
    return table.users, table.contacts, table.expired


def test_it_counts_records_and_contacts(contact: Maker) -> None:
    table = Table("location", MemoryStore(4))
    a, b = contact("a", ruid="1"), contact("b", ruid="2")
    assert now(table.change("u", lambda _: (a, b))) == (a, b)
    assert counts(table) == (1, 2, 0)
    assert now(table.read("u")) == (a, b)
    assert now(table.read("v")) == ()
    now(table.change("u", lambda old: old[:1]))
    assert counts(table) == (1, 1, 0)
    now(table.change("u", lambda _: ()))
    assert counts(table) == (0, 0, 0)


def test_a_ruid_is_found_in_its_slot_only(contact: Maker) -> None:
    table = Table("location", MemoryStore(1024))
    a = contact("a", ruid="1")
    table.change_now("u", lambda _: (a,))
    assert now(table.read_ruid(core_hash("u"), "1")) == ("u", a)
    assert now(table.read_ruid(core_hash("u"), "2")) is None
    assert now(table.read_ruid(core_hash("u") + 1, "1")) is None


def test_a_sweep_takes_what_expired_and_says_so(contact: Maker) -> None:
    table = Table("location", MemoryStore(4))
    a, b, c = contact("a", expires=5), contact("b", expires=9), contact("c", expires=3)
    table.change_now("u", lambda _: (a, b))
    table.change_now("v", lambda _: (c,))
    gone = [row for piece in table.sweep(5) for row in piece]
    assert sorted(gone) == [("u", a), ("v", c)]
    assert counts(table) == (1, 1, 2)
    assert now(table.read("u")) == (b,)


def test_a_refresh_in_the_midst_of_a_sweep_saves_a_contact(contact: Maker) -> None:
    table = Table("location", MemoryStore(1))
    table.change_now("u", lambda _: (contact("a", expires=5),))
    table.change_now("v", lambda _: (contact("b", expires=5),))
    sweep = table.sweep(5)
    expired = table.store.expired(5)
    assert next(iter(expired)) == ["u", "v"]
    table.change_now("v", lambda _: (contact("b", expires=50),))
    assert [aor for piece in sweep for aor, _ in piece] == ["u"]


def test_contacts_of_a_lost_connection_are_over(contact: Maker) -> None:
    table = Table("location", MemoryStore(4), lambda c: c.connection == 7)
    stays, lost = contact("a", connection=8), contact("b", connection=7)
    table.change_now("u", lambda _: (stays, lost))
    assert now(table.read("u")) == (stays, lost._replace(expires=DELETED))
    table.change_now("v", lambda _: (lost,))
    assert sorted(aor for piece in table.sweep(100) for aor, _ in piece) == ["u", "v"]
    assert counts(table) == (1, 1, 2)
