"""Users in the table subscriber."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection

from sipproxy.db.subscribers import Secrets, Subscriber, Subscribers
from sipproxy.db.upkeep import connected, create, known_tables
from sipproxy.db.url import DatabaseUrl

HASHED = Secrets("a1", "a1b")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with connected(DatabaseUrl.parse(f"sqlite:///{tmp_path}/u.db"), create=True) as made:
        create(made, known_tables(["subscriber"]))
        yield made


@pytest.fixture
def users(connection: Connection) -> Subscribers:
    return Subscribers(connection)


def stored(connection: Connection) -> list[tuple[str, ...]]:
    rows = connection.execute(text("SELECT username, ha1, ha1b, password FROM subscriber"))
    return [tuple(row) for row in rows]


def test_a_user_is_added_once(users: Subscribers, connection: Connection) -> None:
    assert users.add("alice", "example.com", HASHED)
    assert not users.add("alice", "example.com", Secrets("b", "c"))
    assert users.add("alice", "example.org", Secrets("b", "c", "wonder"))
    assert stored(connection) == [("alice", "a1", "a1b", ""), ("alice", "b", "c", "wonder")]


def test_a_password_is_changed(users: Subscribers, connection: Connection) -> None:
    users.add("alice", "example.com", Secrets("a", "b", "wonder"))
    assert users.change("alice", "example.com", HASHED)
    assert not users.change("bob", "example.com", HASHED)
    assert stored(connection) == [("alice", "a1", "a1b", "")]


def test_a_user_is_removed(users: Subscribers) -> None:
    users.add("alice", "example.com", HASHED)
    assert not users.remove("alice", "example.org")
    assert users.remove("alice", "example.com")
    assert users.all() == []


def test_users_are_found_and_listed_in_order(users: Subscribers) -> None:
    users.add("bob", "example.org", Secrets("a", "b", "builder"))
    users.add("carol", "example.com", Secrets("", "", "sings"))
    users.add("alice", "example.com", HASHED)
    alice = Subscriber("alice", "example.com", True, False)
    assert alice.address == "alice@example.com"
    assert users.find("alice", "example.com") == alice
    assert users.find("alice", "example.org") is None
    carol = Subscriber("carol", "example.com", False, True)
    assert users.all("example.com") == [alice, carol]
    assert users.all() == [alice, carol, Subscriber("bob", "example.org", True, True)]


def test_another_table(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE staff AS SELECT * FROM subscriber"))
    staff = Subscribers(connection, "staff")
    assert staff.add("alice", "example.com", HASHED)
    assert [one.address for one in staff.all()] == ["alice@example.com"]
    assert Subscribers(connection).all() == []
