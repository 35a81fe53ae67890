"""What every database offers: prepared statements with values in a stated order."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select

from sipproxy.core.offload import Offload
from sipproxy.db.database import Database, Limit
from sipproxy.db.schema import kamailio_tables
from sipproxy.db.sqlite import SqliteDatabase
from sipproxy.db.url import DatabaseUrl

Play = Callable[[Coroutine[Any, None, Any]], Any]
SUBSCRIBER = kamailio_tables().tables["subscriber"]


@pytest.fixture
def base(file: Path, offload: Offload) -> Database:
    return SqliteDatabase(DatabaseUrl.parse(f"sqlite:///{file}"), offload, 1.0)


def test_a_prepared_query(base: Database, play: Play) -> None:
    by_both = select(SUBSCRIBER.c.ha1).where(
        SUBSCRIBER.c.domain == bindparam("domain"), SUBSCRIBER.c.username == bindparam("user")
    )
    query = base.prepare(by_both, ("user", "domain"))
    assert play(query.first(("bob", "example.com"))) == ("bobbob",)
    assert play(query.first(("bob", "example.org"))) is None
    assert play(query.rows(("bob", "example.com"))) == query.read(("bob", "example.com"))


def test_a_statement_used_once(base: Database, play: Play) -> None:
    row = insert(SUBSCRIBER).values(username=bindparam("who"), domain="x")
    assert play(base.execute(row, ("carol",))) == 1
    names = base.prepare(select(SUBSCRIBER.c.username, SUBSCRIBER.c.domain)).read()
    assert names[-1] == ("carol", "x")


@pytest.mark.parametrize(
    ("limit", "value", "held"),
    [
        (Limit(), "a\udcff\0", "a\ufffd\0"),
        (Limit(nul=False), "a\0", None),
        (Limit(most=2), "éé", "éé"),
        (Limit(most=2), "abc", None),
        (Limit(binary=True, most=3), "é\udcff", b"\xc3\xa9\xff"),
        (Limit(binary=True, most=3), "éé", None),
    ],
)
def test_what_a_column_takes(limit: Limit, value: str, held: str | bytes | None) -> None:
    assert limit.fit(value) == held


def test_files_have_no_limits(base: Database) -> None:
    assert base.limits("subscriber") == {}
