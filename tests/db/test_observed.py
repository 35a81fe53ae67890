"""Looking on while a database is asked."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipproxy.clock import VirtualClock
from sipproxy.core.offload import Offload
from sipproxy.core.timers import TimerQueue
from sipproxy.db.absent import AbsentDatabase
from sipproxy.db.database import Database
from sipproxy.db.observed import observe
from sipproxy.db.registry import Databases
from sipproxy.errors import DatabaseError

Seen = list[tuple[str, object, object]]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A copy of an SQLite file in memory, as a replay has it."""
    (tmp_path / "x.db").touch()
    registry = Databases(Offload(TimerQueue(), VirtualClock()), ["db_sqlite"], overlay=True)
    yield registry.get(f"sqlite:///{tmp_path}/x.db")
    registry.close()


def test_each_statement_is_told_of_with_what_it_gave(database: Database) -> None:
    seen: Seen = []
    observe(database, lambda *row: seen.append(row))

    async def asks() -> None:
        await database.ask("create table t (n int)")
        assert await database.change("insert into t values (?)", (5,)) == 1
        assert await database.apply([("insert into t values (?)", (n,)) for n in (6, 7)]) == [1, 1]
        assert await database.fetch("select n from t where n > ?", (5,)) == [(6,), (7,)]

    asyncio.run(asks())
    assert [(sql.split()[0], values) for sql, values, _ in seen] == [
        ("create", ()),
        ("insert", (5,)),
        ("insert", (6,)),
        ("insert", (7,)),
        ("select", (5,)),
    ]
    assert [result for _, _, result in seen[1:]] == [1, 1, 1, [(6,), (7,)]]


def test_what_fails_is_not_told_of(database: Database) -> None:
    seen: Seen = []
    observe(database, lambda *row: seen.append(row))
    with pytest.raises(DatabaseError):
        asyncio.run(database.fetch("select nothing from nowhere", ()))
    assert seen == []


def test_steps_that_are_changes_are_told_of_once() -> None:
    seen: Seen = []
    absent = AbsentDatabase("nowhere:", lambda: None)
    observe(absent, lambda *row: seen.append(row))
    with pytest.raises(DatabaseError):
        asyncio.run(absent.apply([("x", ())]))
    assert seen == [] and type(absent).apply is Database.apply
