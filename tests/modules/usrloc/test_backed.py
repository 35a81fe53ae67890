"""Records that a database follows: what happens when it does not."""

import pytest

from sipproxy.core.contact import CHANGED, NEW, STORED
from tests.bases import Base
from tests.phones import Phones

REFUSED = "500 Server Internal Error"


def lose(base: Base) -> None:
    """The table cannot be written."""
    base.run("ALTER TABLE location RENAME TO lost")


def find(base: Base) -> None:
    """It can be written again."""
    base.run("ALTER TABLE lost RENAME TO location")


def test_a_new_record_that_cannot_be_stored_is_none(lite: Base) -> None:
    phones = Phones(lite, 1)
    lose(lite)
    assert phones.register("alice") == REFUSED
    assert phones.contacts("alice") == ()
    assert phones.served.said("failed to insert a contact of alice in the database")
    find(lite)
    assert phones.register("alice") == "200 <sip:alice@10.0.0.1>;expires=600"
    phones.served.advance(60)
    assert phones.users() == ["alice"]


def test_what_failed_is_written_by_the_next_sweep(lite: Base) -> None:
    phones = Phones(lite, 1)
    phones.register("alice")
    phones.register("bob")
    lose(lite)
    more = "<sip:more@10.0.0.1>"
    assert (
        phones.register("alice", more)
        == f"500 <sip:alice@10.0.0.1>;expires=600, {more};expires=600"
    )
    assert phones.register("alice", more="User-Agent: new").startswith("500 ")
    assert phones.leave("bob") == REFUSED
    assert [(c.uri, c.state) for c in phones.contacts("alice")] == [
        ("sip:alice@10.0.0.1", CHANGED),
        ("sip:more@10.0.0.1", NEW),
    ]
    assert phones.contacts("bob") == ()
    phones.served.advance(60)
    assert [c.state for c in phones.contacts("alice")] == [CHANGED, NEW]
    find(lite)
    phones.served.advance(60)
    assert phones.rows("username", "contact", "user_agent") == [
        ("alice", "sip:alice@10.0.0.1", "new"),
        ("alice", "sip:more@10.0.0.1", "n/a"),
    ]
    assert [c.state for c in phones.contacts("alice")] == [STORED, STORED]


def test_a_row_that_was_added_though_nobody_heard_of_it(lite: Base) -> None:
    """The database said no, but the row is there: adding it again must not fail for ever."""
    phones = Phones(lite, 2)
    phones.register("alice")
    [alice] = phones.contacts("alice")
    lose(lite)
    phones.served.advance(60)
    assert [c.state for c in phones.contacts("alice")] == [NEW]
    find(lite)
    lite.run(f"INSERT INTO location (ruid, username) VALUES ('{alice.ruid}', 'alice')")
    phones.served.advance(60)
    assert phones.rows("username", "contact") == [("alice", "sip:alice@10.0.0.1")]


def test_a_row_that_was_added_goes_with_its_contact(lite: Base) -> None:
    phones = Phones(lite, 2)
    phones.register("alice")
    [alice] = phones.contacts("alice")
    lose(lite)
    phones.served.advance(60)
    find(lite)
    lite.run(f"INSERT INTO location (ruid, username) VALUES ('{alice.ruid}', 'alice')")
    phones.leave("alice")
    phones.served.advance(60)
    assert phones.contacts("alice") == ()
    assert phones.users() == []


def test_a_flush_that_fails_loses_nothing(lite: Base) -> None:
    phones = Phones(lite, 2)
    for number in range(450):
        phones.register(f"u{number}")
    for number in range(10):
        phones.register(f"kept{number}")
    phones.served.advance(60)
    assert len(phones.users()) == 460
    for number in range(10):
        phones.register(f"kept{number}", more="User-Agent: new")
        phones.leave(f"u{number}")
    phones.register("late")
    lose(lite)
    phones.served.advance(60)
    find(lite)
    phones.served.advance(60)
    assert len(phones.users()) == 451
    assert phones.rows("user_agent").count(("new",)) == 10


def test_a_refresh_while_its_row_is_written(lite: Base) -> None:
    phones = Phones(lite, 2)
    phones.register("alice")
    proxy = phones.served.proxy
    settle, proxy.settle = proxy.settle, lambda: None  # type: ignore[method-assign]
    phones.served.advance(60)
    [alice] = phones.contacts("alice")
    assert alice.state == STORED
    phones.register("alice", more="User-Agent: new")
    assert [c.state for c in phones.contacts("alice")] == [CHANGED]
    proxy.settle = settle  # type: ignore[method-assign]
    proxy.settle()
    assert phones.rows("user_agent") == [("n/a",)]
    phones.served.advance(60)
    assert phones.rows("user_agent") == [("new",)]


@pytest.mark.parametrize("mode", [1, 2])
def test_what_the_script_wants_in_memory_only(lite: Base, mode: int) -> None:
    phones = Phones(lite, mode, cfg=lambda text: text.replace('"location")', '"location", "1")', 1))
    phones.register("alice")
    phones.register("alice")
    phones.served.advance(60)
    assert phones.users() == []
    assert len(phones.contacts("alice")) == 1
    phones.leave("alice")
    phones.served.advance(60)
    assert phones.contacts("alice") == ()


@pytest.mark.parametrize("mode", [1, 2])
def test_who_goes_from_memory_only_keeps_the_row(lite: Base, mode: int) -> None:
    """`save("location", "1")`, for those whose user says so."""

    def by_user(text: str) -> str:
        save = 'if ($tU == "alice" && $hdr(Expires) == "0") { save("location", "1"); exit; } '
        return text.replace('save("location");', f'{save} save("location");', 1)

    phones = Phones(lite, mode, cfg=by_user)
    for user in ("alice", "bob"):
        phones.register(user)
    phones.served.advance(60)
    for user in ("alice", "bob"):
        phones.send("REGISTER", user, "Contact: *\r\nExpires: 0")
    phones.served.advance(60)
    assert phones.contacts("alice") == phones.contacts("bob") == ()
    assert phones.users() == ["alice"]
