"""SQLite: inline reads, writes in a thread, locks, overlays, and what fails."""

import sqlite3
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, delete, insert, select, text, update

from sipproxy.core.offload import Offload
from sipproxy.db.database import Database, Query
from sipproxy.db.memory import SqliteCopy
from sipproxy.db.registry import SqliteOptions
from sipproxy.db.schema import kamailio_tables
from sipproxy.db.sqlite import SqliteDatabase
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError

Play = Callable[[Coroutine[Any, None, Any]], Any]

SUBSCRIBER = kamailio_tables().tables["subscriber"]
HA1 = select(SUBSCRIBER.c.ha1).where(SUBSCRIBER.c.username == bindparam("user"))
SET_HA1 = (
    update(SUBSCRIBER)
    .values(ha1=bindparam("new"))
    .where(SUBSCRIBER.c.username == bindparam("user"))
)


def database(file: Path, offload: Offload, timeout: float = 5.0, **more: Any) -> SqliteDatabase:
    return SqliteDatabase(DatabaseUrl.parse(f"sqlite:///{file}"), offload, timeout, **more)


def copied(file: Path, offload: Offload) -> SqliteCopy:
    base = database(file, offload, options=SqliteOptions(read_only=True))
    return SqliteCopy(base.url, lambda: base.connect(0.0))


@pytest.fixture
def base(file: Path, offload: Offload) -> SqliteDatabase:
    return database(file, offload)


def inline(coroutine: Coroutine[Any, None, Any]) -> Any:
    """The result of a coroutine that must not suspend."""
    with pytest.raises(StopIteration) as stop:
        coroutine.send(None)
    return stop.value.value


def test_a_read_does_not_suspend(base: SqliteDatabase) -> None:
    query = base.prepare(HA1)
    assert inline(query.first(("alice",))) == ("alicealice",)
    assert inline(query.first(("nobody",))) is None
    assert inline(base.prepare(select(SUBSCRIBER.c.username)).rows()) == [("alice",), ("bob",)]


def test_a_change_is_awaited_and_seen_by_later_reads(base: SqliteDatabase, play: Play) -> None:
    change = base.prepare(SET_HA1, ("user", "new"))
    assert play(change.run(("alice", "x"))) == 1
    assert play(change.run(("nobody", "x"))) == 0
    assert inline(base.prepare(HA1).first(("alice",))) == ("x",)
    assert play(base.execute(insert(SUBSCRIBER).values(username="carol"))) == 1
    assert play(base.execute(delete(SUBSCRIBER))) == 3
    assert base.changes == 5


def test_bytes_that_are_no_utf_8_come_back_but_do_not_leave(
    base: SqliteDatabase, file: Path, play: Play
) -> None:
    assert play(base.prepare(SET_HA1).run(("\udcff", "alice"))) == 1
    assert inline(base.prepare(HA1).first(("alice",))) == ("�",)
    assert inline(base.prepare(HA1).first(("\udcff",))) is None
    with sqlite3.connect(file) as other:
        other.execute("UPDATE subscriber SET ha1 = CAST(x'c3ff' AS TEXT)")
    other.close()
    assert inline(base.prepare(HA1).first(("alice",))) == ("\udcc3\udcff",)


@pytest.mark.parametrize("ask", ["fetch", "run", "read"])
def test_what_the_database_refuses_is_a_database_error(
    base: SqliteDatabase, play: Play, ask: str
) -> None:
    query = base.prepare(text("SELECT x FROM nowhere"))
    with pytest.raises(DatabaseError, match=r"sqlite:///.*kamailio\.db: no such table: nowhere"):
        if ask == "fetch":
            inline(query.rows())
        elif ask == "run":
            play(query.run())
        else:
            query.read()


def test_a_number_too_large_is_a_database_error(base: SqliteDatabase, play: Play) -> None:
    for ask in (base.prepare(HA1).rows, base.prepare(HA1).run):
        with pytest.raises(DatabaseError, match="too large"):
            play(ask((1 << 70,)))


def test_a_missing_file_is_not_made(tmp_path: Path, offload: Offload) -> None:
    missing = database(tmp_path / "none.db", offload)
    with pytest.raises(DatabaseError, match=r"none\.db: there is no such file"):
        missing.open()
    with pytest.raises(DatabaseError, match="there is no such file"):
        inline(missing.prepare(HA1).rows(("alice",)))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database(tmp_path: Path, offload: Offload) -> None:
    (tmp_path / "k.db").write_text("that is a text, and not a short one " * 20)
    with pytest.raises(DatabaseError, match="file is not a database"):
        database(tmp_path / "k.db", offload).open()


def test_open_succeeds_and_close_may_be_repeated(base: SqliteDatabase) -> None:
    base.open()
    base.close()
    base.close()
    assert inline(base.prepare(HA1).first(("bob",))) == ("bobbob",)


def test_a_file_name_with_odd_characters(tmp_path: Path, file: Path, offload: Offload) -> None:
    odd = tmp_path / "a b#c%41.db"
    file.rename(odd)
    assert inline(database(odd, offload).prepare(HA1).first(("bob",))) == ("bobbob",)


# -- locks


@pytest.fixture
def lock(file: Path) -> Any:
    """Another process's lock, as far as SQLite can tell."""
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    yield other
    other.close()


def test_a_locked_read_suspends_until_the_lock_is_gone(
    base: SqliteDatabase, lock: sqlite3.Connection, offload: Offload
) -> None:
    run = base.prepare(HA1).first(("alice",))
    wait = run.send(None)
    threading.Timer(0.02, lambda: lock.execute("COMMIT")).start()
    offload.settle()
    assert wait.finished
    assert inline(run) == ("alicealice",)


def test_a_lock_that_stays_is_a_database_error(
    file: Path, lock: sqlite3.Connection, offload: Offload, play: Play
) -> None:
    locked = database(file, offload, timeout=0.05)
    for ask in (locked.prepare(HA1).rows, locked.prepare(HA1).run):
        with pytest.raises(DatabaseError, match="database is locked"):
            play(ask(("alice",)))
    with pytest.raises(DatabaseError, match="database is locked"):
        locked.prepare(HA1).read(("alice",))
    with pytest.raises(DatabaseError, match="database is locked"):
        locked.open()
    lock.execute("COMMIT")
    assert inline(locked.prepare(HA1).first(("alice",))) == ("alicealice",)


# -- how a file is opened


def test_an_overlay_leaves_the_file_as_it_is(file: Path, offload: Offload) -> None:
    before = file.read_bytes()
    overlay = copied(file, offload)
    query = overlay.prepare(HA1)
    assert inline(query.first(("alice",))) == ("alicealice",)
    assert inline(overlay.prepare(SET_HA1).run(("x", "alice"))) == 1
    assert inline(query.first(("alice",))) == ("x",)
    assert overlay.changes == 1
    assert file.read_bytes() == before


def test_a_read_only_database_refuses_changes(file: Path, offload: Offload, play: Play) -> None:
    base = database(file, offload, options=SqliteOptions(read_only=True))
    with pytest.raises(DatabaseError, match="readonly database"):
        play(base.prepare(SET_HA1).run(("x", "alice")))


def test_the_journal_mode_is_set(file: Path, offload: Offload) -> None:
    base = database(file, offload, options=SqliteOptions(journal_mode="WAL"))
    assert inline(base.prepare(text("PRAGMA journal_mode")).first()) == ("wal",)
    base.close()


def test_a_query_knows_its_statement(base: SqliteDatabase) -> None:
    query = base.prepare(HA1)
    assert isinstance(query, Query)
    assert query.statement.names == ("user",)


def test_rows_come_in_pieces(base: SqliteDatabase) -> None:
    users = base.prepare(select(SUBSCRIBER.c.username).order_by(SUBSCRIBER.c.username))
    assert list(users.stream(size=1)) == [[("alice",)], [("bob",)]]
    assert list(users.stream(size=0)) == [[("alice",)], [("bob",)]]
    assert list(users.stream()) == [[("alice",), ("bob",)]]
    broken = base.prepare(select(text("nothing")).select_from(SUBSCRIBER))
    with pytest.raises(DatabaseError, match="nothing"):
        list(broken.stream())


def test_all_changes_or_none(base: SqliteDatabase, play: Play) -> None:
    empty = base.prepare(delete(SUBSCRIBER))
    add = base.prepare(insert(SUBSCRIBER).values(id=bindparam("id"), username=bindparam("user")))
    users = base.prepare(select(SUBSCRIBER.c.id, SUBSCRIBER.c.username).order_by(SUBSCRIBER.c.id))
    base.write((empty.change(), add.change([(1, "carol"), (2, "dave")])))
    assert users.read() == [(1, "carol"), (2, "dave")]
    with pytest.raises(DatabaseError, match="UNIQUE"):
        base.write((empty.change(), add.change([(5, "eve"), (5, "eve")])))
    assert users.read() == [(1, "carol"), (2, "dave")]
    play(base.aside(lambda: base.write((empty.change(),))))
    assert users.read() == []


def test_a_write_that_cannot_begin(base: SqliteDatabase, file: Path, offload: Offload) -> None:
    hasty = database(file, offload, timeout=0.01)
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="locked"):
            hasty.write((hasty.prepare(delete(SUBSCRIBER)).change(),))
        other.execute("ROLLBACK")
    assert len(base.prepare(select(SUBSCRIBER.c.id)).read()) == 2


def test_bytes_that_are_no_text_are_stored_as_they_are(base: SqliteDatabase) -> None:
    assert base.storable("é'") == "é'"
    assert base.storable("\udcff") == b"\xff"
    add = base.prepare(insert(SUBSCRIBER).values(username=bindparam("user")))
    base.write((add.change([(base.storable("a\udcff\udcfe"),)]),))
    names = base.prepare(select(SUBSCRIBER.c.username).order_by(SUBSCRIBER.c.id)).read()
    assert names[-1] == (b"a\xff\xfe",)


def test_statements_that_a_person_wrote(base: SqliteDatabase, play: Play) -> None:
    asked = inline(base.ask("SELECT username AS u, id FROM subscriber ORDER BY id"))
    assert asked.columns == ("u", "id")
    assert asked.rows == [("alice", 1), ("bob", 2)]
    assert play(base.ask("UPDATE subscriber SET ha1 = '%'")).changed == 2
    assert play(base.ask("DELETE FROM subscriber")) == ((), [], 2)
    with pytest.raises(DatabaseError, match="syntax"):
        inline(base.ask("SELECT FROM"))


def test_an_overlay_writes_and_streams_in_memory(file: Path, offload: Offload, play: Play) -> None:
    base = copied(file, offload)
    base.write((base.prepare(delete(SUBSCRIBER)).change(),))
    users = base.prepare(select(SUBSCRIBER.c.id))
    assert list(users.stream()) == []
    assert inline(base.ask("SELECT id FROM subscriber")).rows == []
    assert inline(base.aside(lambda: 5)) == 5
    assert len(database(file, offload).prepare(select(SUBSCRIBER.c.id)).read()) == 2


@pytest.mark.parametrize("make", [database, copied])
def test_steps_are_one_transaction(
    file: Path, offload: Offload, play: Play, make: Callable[[Path, Offload], Database]
) -> None:
    base = make(file, offload)
    change = base.prepare(SET_HA1, ("user", "new"))
    gone = base.prepare(delete(SUBSCRIBER))
    broken = ("UPDATE nowhere SET x = 1", ())
    assert play(base.apply([change.step(("alice", "x")), change.step(("nobody", "x"))])) == [1, 0]
    with pytest.raises(DatabaseError, match="no such table"):
        play(base.apply([gone.step(()), broken]))
    with pytest.raises(DatabaseError, match="no such table"):
        play(base.apply([broken]))
    assert base.prepare(HA1).read(("alice",)) == [("x",)]
    assert play(base.apply([gone.step(())])) == [2]


def test_times_are_julian_days(base: SqliteDatabase) -> None:
    assert base.moment(0) == 2440587.5 - 0.5 / 86400
    for second in (0, 1, 1_000_000_000, 1_795_000_001):
        assert base.second(base.moment(second)) == second
    assert base.second("2030-05-28 21:32:15") == round(86400 * (2030 - 2440587.5) + 0.5)
    assert base.second("soon") == base.second(0)
    with pytest.raises(ValueError, match="None is no time"):
        base.second(None)
