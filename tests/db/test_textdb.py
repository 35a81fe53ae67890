"""Folders of text files as databases: read, changed, read again, and what cannot be."""

import os
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, column, delete, insert, select, text, update
from sqlalchemy.sql import table

from sipproxy.core.offload import Offload
from sipproxy.db.registry import TextOptions
from sipproxy.db.textdb import TextDatabase
from sipproxy.db.url import DatabaseUrl
from sipproxy.errors import DatabaseError

Play = Callable[[Coroutine[Any, None, Any]], Any]

HEADING = "id(int,auto) name(string) value(string,null)\n"
T = table("t", column("id"), column("name"), column("value"))
NAMES = select(T.c.name).order_by(T.c.id)
ADD = insert(T).values(name=bindparam("name"), value=bindparam("value"))
SET = update(T).values(value=bindparam("new")).where(T.c.name == bindparam("who"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "db"
    made.mkdir()
    (made / "t").write_text(HEADING + "3:Ann:x\n7:bob:\n")
    (made / "broken").write_text("id(int,auto) name(string)\n1:a\nx:b\n")
    return made


@pytest.fixture
def open_text(folder: Path, offload: Offload) -> Any:
    made: list[TextDatabase] = []

    def make(*, overlay: bool = False, **options: Any) -> TextDatabase:
        url = DatabaseUrl.parse(f"text://{folder}")
        base = TextDatabase(url, offload, 5.0, options=TextOptions(**options), overlay=overlay)
        made.append(base)
        return base

    yield make
    for base in made:
        base.close()


def rows(folder: Path, name: str = "t") -> str:
    return (folder / name).read_text().partition("\n")[2]


def test_texts_are_found_whatever_their_case(open_text: Any, play: Play) -> None:
    base = open_text()
    by_name = base.prepare(select(T.c.id, T.c.value).where(T.c.name == bindparam("who")))
    assert play(by_name.first(("ANN",))) == (3, "x")
    assert play(by_name.first(("Bob",))) == (7, None)
    assert list(base.prepare(NAMES).stream(size=1)) == [[("Ann",)], [("bob",)]]


def test_a_change_is_in_the_file(open_text: Any, folder: Path, play: Play) -> None:
    base = open_text()
    os.chmod(folder / "t", 0o604)
    assert play(base.prepare(ADD, ("name", "value")).run(("carol:", "a\\b\n"))) == 1
    assert rows(folder) == "3:Ann:x\n7:bob:\n8:carol\\::a\\\\b\\n\n"
    assert (folder / "t").stat().st_mode & 0o777 == 0o604
    change = base.prepare(SET, ("who", "new"))
    assert play(base.apply([change.step(("ann", "y")), change.step(("none", "z"))])) == [1, 0]
    assert rows(folder).startswith("3:Ann:y\n")
    assert play(base.ask("DELETE FROM t WHERE id > 3")).changed == 2
    base.write((base.prepare(ADD, ("name", "value")).change([("a\udcff", None), ("b", "")]),))
    assert (folder / "t").read_bytes().endswith(b"\n4:a\xef\xbf\xbd:\n5:b:\n")
    assert sorted(path.name for path in folder.iterdir()) == ["broken", "t"]
    assert base.changes == 6


def test_changes_that_come_together_are_written_together(
    open_text: Any, folder: Path, offload: Offload, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = open_text()
    gate, saves = threading.Event(), []
    save = base._folder.save

    def slow(*given: Any) -> None:
        saves.append(given)
        gate.wait(5)
        save(*given)

    monkeypatch.setattr(base._folder, "save", slow)
    add = base.prepare(ADD, ("name", "value"))
    runs = [add.run((f"n{number}", None)) for number in range(10)]
    waits = [run.send(None) for run in runs]
    gate.set()
    offload.settle()
    assert all(wait.finished for wait in waits)
    assert rows(folder).count("\n") == 12
    assert len(saves) <= 2
    for run in runs:
        run.close()


def test_what_others_write(open_text: Any, folder: Path, play: Play) -> None:
    kept, follows = open_text(), open_text(follows=True)
    for base in (kept, follows):
        assert base.prepare(NAMES).read() == [("Ann",), ("bob",)]
    (folder / "t").write_text(HEADING + "9:zoe:\n")
    assert follows.prepare(NAMES).read() == [("zoe",)]
    assert kept.prepare(NAMES).read() == [("Ann",), ("bob",)]
    assert play(kept.prepare(ADD, ("name", "value")).run(("new", None))) == 1
    assert rows(folder) == "9:zoe:\n10:new:\n"  # nothing of theirs is lost
    assert follows.prepare(NAMES).read() == [("zoe",), ("new",)]
    (folder / "t").unlink()
    assert follows.prepare(NAMES).read() == [("zoe",), ("new",)]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("SELECT a FROM none", r"there is no table none \(.*/db/none\)"),
        ("SELECT a FROM broken", r"/db/broken:3: the column id has no number: 'x'"),
        ('SELECT a FROM "../t"', r"\.\./t is no name of a table"),
        ("SELECT missing FROM t", "no such column: missing"),
        ("CREATE TABLE u (a)", "not authorized"),
        ("ATTACH 'x' AS x", "not authorized"),
        ("SELEC", "syntax error"),
    ],
)
def test_what_cannot_be(open_text: Any, folder: Path, play: Play, sql: str, says: str) -> None:
    with pytest.raises(DatabaseError, match=rf"^text://{folder}: .*{says}"):
        play(open_text().ask(sql))


def test_a_folder_that_is_not_there(offload: Offload, tmp_path: Path) -> None:
    url = DatabaseUrl.parse(f"text://{tmp_path}/none")
    base = TextDatabase(url, offload, 1.0, options=TextOptions())
    with pytest.raises(DatabaseError, match="there is no such folder"):
        base.open()
    base.close()


def test_a_file_that_cannot_be_written(
    open_text: Any, folder: Path, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = open_text()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sipproxy.db.textfolder.os.fsync", full)
    add = base.prepare(ADD, ("name", "value"))
    with pytest.raises(DatabaseError, match="/db/t: No space left on device"):
        play(add.run(("carol", None)))
    assert base.prepare(NAMES).read() == [("Ann",), ("bob",)]
    monkeypatch.undo()
    assert play(add.run(("dave", None))) == 1
    assert rows(folder) == "3:Ann:x\n7:bob:\n8:dave:\n"


def test_changes_behind_one_that_cannot_be_written(
    open_text: Any, folder: Path, offload: Offload, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = open_text()
    gate = threading.Event()

    def full(descriptor: int) -> None:
        gate.wait(5)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sipproxy.db.textfolder.os.fsync", full)
    add = base.prepare(ADD, ("name", "value"))
    runs = [add.run((f"n{number}", None)) for number in range(3)]
    for run in runs:
        run.send(None)
    gate.set()
    offload.settle()
    for run in runs:
        with pytest.raises(DatabaseError, match="/db/t: "):
            run.send(None)
    assert base.prepare(NAMES).read() == [("Ann",), ("bob",)]


def test_a_transaction_that_fails_changes_nothing(open_text: Any, folder: Path) -> None:
    base = open_text()
    before = rows(folder)
    broken = (base.prepare(text("SELECT missing FROM t")).statement.sql, [()])
    with pytest.raises(DatabaseError):
        base.write((base.prepare(delete(T)).change(), broken))
    assert base.prepare(NAMES).read() == [("Ann",), ("bob",)]
    assert rows(folder) == before


def test_a_replay_changes_memory_only(open_text: Any, folder: Path, play: Play) -> None:
    base = open_text(overlay=True)
    before = rows(folder)
    assert play(base.execute(delete(T))) == 2
    base.write((base.prepare(ADD, ("name", "value")).change([("x", None)]),))
    assert base.prepare(NAMES).read() == [("x",)]
    assert rows(folder) == before
    assert base.overlay and base.changes == 3


def test_times_are_seconds(open_text: Any) -> None:
    base = open_text()
    assert base.second(base.moment(1_000_000_000)) == 1_000_000_000
    with pytest.raises(ValueError, match="None is no time"):
        base.second(None)
