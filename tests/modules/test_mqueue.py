"""mqueue: definitions, modes, the database; the rest is recorded in the case mqueue-queues."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipproxy.errors import CfgError, ModuleError
from sipproxy.modules.mqueue import NEWEST, OLDEST, Mqueue, Queue
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

PAIRS = st.lists(st.tuples(st.sampled_from("abcd"), st.text(max_size=2)), max_size=20)


def all_of(queue: Queue) -> list[tuple[str, str]]:
    return [(item.key, item.value) for item in queue.items]


@given(PAIRS, st.integers(1, 8))
def test_the_newest_are_kept(pairs: list[tuple[str, str]], most: int) -> None:
    queue = Queue("q", most, 0)
    for pair in pairs:
        queue.add(*pair)
    assert all_of(queue) == pairs[-most:]


@given(PAIRS)
def test_a_key_stands_once(pairs: list[tuple[str, str]]) -> None:
    oldest, newest = Queue("o", 0, OLDEST), Queue("n", 0, NEWEST)
    for pair in pairs:
        oldest.add(*pair)
        newest.add(*pair)
    first: dict[str, str] = {}
    last: dict[str, str] = {}
    for key, value in pairs:
        first.setdefault(key, value)
        last.pop(key, None)
        last[key] = value
    assert all_of(oldest) == list(first.items())
    assert all_of(newest) == list(last.items())


def test_what_was_fetched_stays_until_the_next() -> None:
    queue = Queue("q", 0, 0)
    queue.add("a", "1")
    assert queue.fetch()
    assert queue.current == ("a", "1")
    assert not queue.fetch()
    assert queue.current is None


def test_definitions(bench: Any) -> None:
    module = bench.load(Mqueue)
    assert bench.lines == ["no mqueue defined"]
    module.define("Name=a; SIZE=5 ;addmode=1;")
    module.mqueue_size, module.mqueue_addmode = 3, 2
    module.define_plain("b")
    found = [(q.name, q.most, q.add_mode, q.db_mode) for q in module.queues.values()]
    assert found == [("b", 3, 2, 0), ("a", 5, 1, 0)]


@pytest.mark.parametrize("text", ["", "a", "size=5", "name=a;foo=5", "name=a;;size=4", "name"])
def test_definitions_that_are_refused(bench: Any, text: str) -> None:
    with pytest.raises(ModuleError):
        bench.load(Mqueue).define(text)


def with_database(path: Path, *rows: tuple[str, str], mode: int) -> ProxyUnderTest:
    file = path / "queues.db"
    with closing(sqlite3.connect(file)) as db:
        db.execute('CREATE TABLE q (id INTEGER PRIMARY KEY, "key" TEXT, val TEXT)')
        db.executemany("INSERT INTO q VALUES (NULL, ?, ?)", rows)
        db.commit()
    return load_cfg_text(
        f"""#!KAMAILIO
loadmodule "db_sqlite.so"
loadmodule "mqueue.so"
modparam("mqueue", "db_url", "sqlite:///{file}")
modparam("mqueue", "mqueue", "name=q;dbmode={mode}")
request_route {{ mq_add("q", "new", "5"); }}
"""
    )


def rows_of(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path / "queues.db")) as db:
        return db.execute('SELECT "key", val FROM q ORDER BY id').fetchall()


@pytest.mark.parametrize(
    ("mode", "loaded", "left"),
    [
        (0, ["new"], ["a", "b"]),
        (1, ["a", "b", "new"], ["a", "b", "new"]),
        (2, ["a", "b", "new"], []),
        (3, ["new"], ["a", "b", "new"]),
    ],
)
def test_the_database(tmp_path: Path, mode: int, loaded: list[str], left: list[str]) -> None:
    proxy = with_database(tmp_path, ("a", "1"), ("b", "2"), mode=mode)
    proxy.proxy.open()
    proxy.proxy.settle()
    proxy.feed(request())
    module: Any = proxy.host.modules["mqueue"]
    assert [item.key for item in module.queues["q"].items] == loaded
    proxy.proxy.close()
    assert [key for key, _ in rows_of(tmp_path)] == left


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    proxy = with_database(tmp_path, mode=1)
    with closing(sqlite3.connect(tmp_path / "queues.db")) as db:
        db.execute("DROP TABLE q")
    with pytest.raises(ModuleError, match='the queue "q" cannot be read'):
        proxy.proxy.open()


def test_a_table_that_went_away(tmp_path: Path) -> None:
    proxy = with_database(tmp_path, mode=3)
    proxy.feed(request())
    with closing(sqlite3.connect(tmp_path / "queues.db")) as db:
        db.execute("DROP TABLE q")
    proxy.proxy.close()
    assert "the table of the queue q cannot be changed" in proxy.log.records[-1][2]


def test_a_mode_without_a_database() -> None:
    with pytest.raises(CfgError, match="there is no db_url"):
        load_cfg_text(
            '#!KAMAILIO\nloadmodule "mqueue.so"\n'
            'modparam("mqueue", "mqueue", "name=q;dbmode=3")\nrequest_route { exit; }'
        )
