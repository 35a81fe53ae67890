"""A database that nobody here can reach."""

import asyncio
from collections.abc import Callable

import pytest

from sipproxy.db.absent import AbsentDatabase
from sipproxy.errors import DatabaseError


@pytest.mark.parametrize(
    "ask",
    [
        lambda database: database.open(),
        lambda database: database.read("select 1", ()),
        lambda database: list(database.stream("select 1", (), 10)),
        lambda database: database.write([("delete from x", [()])]),
        lambda database: asyncio.run(database.fetch("select 1", ())),
        lambda database: asyncio.run(database.change("delete from x", ())),
        lambda database: asyncio.run(database.ask("select 1")),
        lambda database: asyncio.run(database.aside(lambda: database.read("select 1", ()))),
    ],
)
def test_whatever_is_asked_fails_and_is_told(ask: Callable[[AbsentDatabase], object]) -> None:
    asked: list[str] = []
    database = AbsentDatabase("unixodbc", lambda: asked.append("asked"))
    with pytest.raises(DatabaseError, match="'unixodbc' are not served"):
        ask(database)
    assert asked == ["asked"]
    database.close()
