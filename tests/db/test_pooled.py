"""Databases behind threads, tried with SQLite in the part of a server: slow, dead, reconnecting."""

import sqlite3
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, create_engine, delete, insert, select, text, update
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool

from sipproxy.core.offload import Offload
from sipproxy.db.database import Limit
from sipproxy.db.pooled import PooledDatabase
from sipproxy.db.schema import kamailio_tables
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError

Play = Callable[[Coroutine[Any, None, Any]], Any]

SUBSCRIBER = kamailio_tables().tables["subscriber"]
HA1 = select(SUBSCRIBER.c.ha1).where(SUBSCRIBER.c.username == bindparam("user"))
RENAME = (
    update(SUBSCRIBER)
    .values(username=bindparam("new"))
    .where(SUBSCRIBER.c.username == bindparam("user"))
)
URL = DatabaseUrl.parse("mysql://kamailio:secret@db.example.com/kamailio")


class Slow:
    """An SQLite engine whose function `pause()` returns when the gate opens."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.gate = threading.Event()
        self.opened: list[sqlite3.Connection] = []

    def engine(self, seconds: float, connections: int, pings: bool) -> Engine:
        return create_engine(
            "sqlite://",
            creator=self.connect,
            isolation_level="AUTOCOMMIT",
            poolclass=QueuePool,
            pool_size=2,
        )

    def connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.file, check_same_thread=False)
        connection.create_function("pause", 0, lambda: self.gate.wait(5))
        self.opened.append(connection)
        return connection


@pytest.fixture
def slow(file: Path) -> Slow:
    return Slow(file)


def pooled(slow: Slow, offload: Offload, timeout: float = 5.0, **more: Any) -> PooledDatabase:
    return PooledDatabase(
        URL,
        offload,
        timeout,
        dialect=dialect(),
        make_engine=slow.engine,
        threads=more.pop("threads", 2),
        transaction="SERIALIZABLE",
        **more,
    )


def test_reads_and_changes_are_awaited(slow: Slow, offload: Offload, play: Play) -> None:
    base = pooled(slow, offload)
    assert slow.opened == []
    assert play(base.prepare(HA1).first(("alice",))) == ("alicealice",)
    assert play(base.execute(update(SUBSCRIBER).values(ha1="x"))) == 2
    assert play(base.prepare(select(SUBSCRIBER.c.ha1)).rows()) == [("x",), ("x",)]
    base.close()


def test_at_the_start_it_may_block(slow: Slow, offload: Offload) -> None:
    base = pooled(slow, offload)
    base.open()
    assert base.prepare(HA1).read(("bob",)) == [("bobbob",)]
    base.close()


def test_a_slow_answer_delays_no_other(slow: Slow, offload: Offload) -> None:
    base = pooled(slow, offload)
    came = threading.Event()
    offload.wake = came.set
    slowly = base.prepare(text("SELECT pause()")).first()
    quickly = base.prepare(HA1).first(("alice",))
    waits = [slowly.send(None), quickly.send(None)]
    assert came.wait(5)
    offload.deliver()
    assert [wait.finished for wait in waits] == [False, True]
    slow.gate.set()
    offload.settle()
    with pytest.raises(StopIteration):
        slowly.send(None)
    quickly.close()
    base.close()


def test_no_answer_in_time_is_a_database_error(slow: Slow, offload: Offload, play: Play) -> None:
    base = pooled(slow, offload, timeout=0.05)
    with pytest.raises(DatabaseError, match=r"^mysql://kamailio@.*: no answer within 0\.05 s"):
        play(base.prepare(text("SELECT pause()")).first())
    slow.gate.set()
    base.close()


def test_a_dead_database_holds_a_bounded_number_of_messages(slow: Slow, offload: Offload) -> None:
    base = pooled(slow, offload, threads=1, backlog=3)
    query = base.prepare(text("SELECT pause()"))
    refused = 0
    for _ in range(20):
        run = query.first()
        try:
            run.send(None)
        except DatabaseError:
            refused += 1
    assert 20 - refused <= 4 and len(offload) == 20 - refused
    slow.gate.set()
    offload.settle()
    base.close()


def test_what_the_server_refuses_is_told_without_the_password(
    slow: Slow, offload: Offload, play: Play
) -> None:
    base = pooled(slow, offload)
    with pytest.raises(DatabaseError) as error:
        play(base.prepare(text("SELECT 1 FROM nowhere")).rows())
    assert str(error.value) == f"{URL}: no such table: nowhere"
    base.close()


def test_a_server_that_cannot_be_reached(offload: Offload, tmp_path: Path, play: Play) -> None:
    base = pooled(Slow(tmp_path / "no" / "where.db"), offload)
    with pytest.raises(DatabaseError, match="unable to open database file"):
        base.open()
    with pytest.raises(DatabaseError, match="unable to open database file"):
        play(base.prepare(HA1).rows(("alice",)))


def test_a_connection_that_was_lost_is_made_again(slow: Slow, offload: Offload, play: Play) -> None:
    base = pooled(slow, offload)
    query = base.prepare(HA1)
    assert play(query.first(("alice",))) == ("alicealice",)
    for connection in slow.opened:
        connection.close()
    assert play(query.first(("alice",))) == ("alicealice",)
    assert len(slow.opened) == 2
    base.close()


def test_a_replay_changes_no_server(slow: Slow, offload: Offload, play: Play) -> None:
    base = pooled(slow, offload, read_only=True)
    assert play(base.prepare(HA1).first(("alice",))) == ("alicealice",)
    with pytest.raises(DatabaseError, match="a replay changes no database server"):
        play(base.execute(update(SUBSCRIBER).values(ha1="x")))
    base.close()


def test_whole_tables(slow: Slow, offload: Offload, play: Play) -> None:
    base = pooled(slow, offload)
    users = base.prepare(select(SUBSCRIBER.c.id).order_by(SUBSCRIBER.c.id))
    empty = base.prepare(delete(SUBSCRIBER))
    add = base.prepare(insert(SUBSCRIBER).values(id=bindparam("id"), username=bindparam("user")))
    assert list(users.stream(size=1)) == [[(1,)], [(2,)]]
    play(base.aside(lambda: base.write((empty.change(), add.change([(7, "x"), (8, "y\udcff")])))))
    assert list(users.stream()) == [[(7,), (8,)]]
    base.write((add.change([(9, "z")]),))
    with pytest.raises(DatabaseError, match="UNIQUE"):
        base.write((empty.change(), add.change([(7, "x"), (7, "x")])))
    assert users.read() == [(7,), (8,), (9,)]
    with pytest.raises(DatabaseError, match="nowhere"):
        list(base.stream("SELECT 1 FROM nowhere", (), 5))
    base.close()


def test_steps_are_one_transaction(slow: Slow, offload: Offload, play: Play) -> None:
    base = pooled(slow, offload)
    change = base.prepare(RENAME, ("user", "new"))
    assert play(base.apply([change.step(("alice", "x")), change.step(("nobody", "y"))])) == [1, 0]
    with pytest.raises(DatabaseError, match="no such table"):
        play(base.apply([change.step(("bob", "z")), ("UPDATE nowhere SET x = 1", ())]))
    names = [row[0] for row in base.prepare(select(SUBSCRIBER.c.username)).read()]
    assert set(names) == {"bob", "x"}
    assert play(base.apply([change.step(("bob", "z"))])) == [1]
    base.close()
    looker = pooled(slow, offload, read_only=True)
    with pytest.raises(DatabaseError, match="a replay changes no database server"):
        play(looker.apply([change.step(("z", "bob"))]))


def test_times_are_local_time(slow: Slow, offload: Offload, monkeypatch: Any) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        base = pooled(slow, offload)
        assert base.moment(1_000_000_000) == "2001-09-09 03:46:40"
        assert base.second("2001-09-09 03:46:40") == 1_000_000_000
        assert base.second(datetime(2001, 9, 9, 3, 46, 40)) == 1_000_000_000
        with pytest.raises(ValueError, match="no time"):
            base.second(None)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_statements_that_a_person_wrote(slow: Slow, offload: Offload, play: Play) -> None:
    base = pooled(slow, offload)
    assert play(base.ask("SELECT id AS n FROM subscriber")) == (("n",), [(1,), (2,)], -1)
    assert play(base.ask("DELETE FROM subscriber WHERE id = 1")) == ((), [], 1)
    base.close()
    replayed = pooled(slow, offload, read_only=True)
    for work in (replayed.ask("DELETE FROM subscriber"), _write(replayed)):
        with pytest.raises(DatabaseError, match="a replay changes no database"):
            play(work)
    assert play(replayed.ask("SELECT id FROM subscriber")).rows == [(2,)]
    replayed.close()


async def _write(base: PooledDatabase) -> None:
    base.write((base.prepare(delete(SUBSCRIBER)).change(),))


def test_limits_of_columns(slow: Slow, offload: Offload) -> None:
    base = pooled(slow, offload)
    limits = base.limits("subscriber")
    assert limits["username"] == Limit(binary=False, most=64)
    with pytest.raises(DatabaseError, match="there is no table nowhere"):
        base.limits("nowhere")
    base.close()
