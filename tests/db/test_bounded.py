"""Connections to a PostgreSQL that hangs."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from sipproxy.core.offload import Offload
from sipproxy.db.database import Database
from sipproxy.db.registry import Databases
from sipproxy.errors import DatabaseError

if TYPE_CHECKING:
    from tests.servers import Postgres


@pytest.fixture
def base(offload: Offload, postgres: "Postgres") -> Iterator[Database]:
    databases = Databases(offload, {"db_postgres"})
    databases.timeouts["postgres"] = 0.2
    yield databases.get(postgres.url(postgres.database()))
    postgres.thaw()
    databases.close()


def test_a_wait_ends(base: Database, postgres: "Postgres", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sipproxy.db.bounded.SLACK", 0.1)
    assert base.read("SELECT 1", ()) == [(1,)]
    postgres.freeze()
    began = time.perf_counter()
    # The lost connection is made anew once, which libpq gives two seconds.
    with pytest.raises(DatabaseError, match=r"postgres://.*(no answer|timeout|timed out)"):
        base.read("SELECT 2", ())
    assert 0.2 < time.perf_counter() - began < 8
    postgres.thaw()
    assert base.read("SELECT 3", ()) == [(3,)]


def test_the_answer_of_the_server_comes_first(base: Database) -> None:
    with pytest.raises(DatabaseError, match="canceling statement due to statement timeout"):
        base.read("SELECT pg_sleep(5)", ())
    assert base.read("SELECT 1", ()) == [(1,)]
