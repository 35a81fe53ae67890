"""A folder's files as tables, and tables as files."""

import os
from pathlib import Path

import pytest

from sipproxy.db.textfile import TextFormat
from sipproxy.db.textfolder import TextFolder
from sipproxy.errors import DatabaseError


@pytest.fixture
def folder(tmp_path: Path) -> TextFolder:
    (tmp_path / "t").write_text("id(int,auto) name(str) n(int,null) at(time) q(double) b(blob)\n")
    (tmp_path / "note.txt").write_text("not a table")
    (tmp_path / "t~").write_text("an editor's")
    (tmp_path / "sub").mkdir()
    return TextFolder(str(tmp_path), TextFormat())


def test_names(folder: TextFolder, tmp_path: Path) -> None:
    assert folder.names() == ["t"]
    with pytest.raises(DatabaseError, match="No such file or directory"):
        TextFolder(str(tmp_path / "none"), TextFormat()).names()


def test_numbers_and_defaults(folder: TextFolder) -> None:
    folder.load("t")
    run = folder.connection.execute
    run("INSERT INTO t (name) VALUES ('a')")
    run("INSERT INTO t (id, name) VALUES (7, 'b')")
    run("INSERT INTO t (name, n) VALUES ('c', 5)")
    assert run("SELECT * FROM t").fetchall() == [
        (1, "a", None, 0, 0.0, ""),
        (7, "b", None, 0, 0.0, ""),
        (8, "c", 5, 0, 0.0, ""),
    ]
    assert folder.touched == {"t"}


def test_a_name_is_quoted(tmp_path: Path) -> None:
    (tmp_path / 'o"dd').write_text('id(int,auto) a"b(string)\n1:x\n')
    folder = TextFolder(str(tmp_path), TextFormat())
    folder.load('o"dd')
    assert folder.connection.execute('SELECT "a""b" FROM "o""dd"').fetchall() == [("x",)]


def test_a_heading_with_a_name_twice(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("a(int) a(int)\n")
    folder = TextFolder(str(tmp_path), TextFormat())
    with pytest.raises(DatabaseError, match="/t: duplicate column name: a"):
        folder.load("t")


def test_tables_that_a_tool_makes(tmp_path: Path) -> None:
    folder = TextFolder(str(tmp_path), TextFormat(), makes_tables=True)
    run = folder.connection.execute
    run(
        "CREATE TABLE made (id INTEGER PRIMARY KEY, name VARCHAR(9) NOT NULL, tag VARCHAR(9),"
        " q REAL NOT NULL, at TIMESTAMP WITHOUT TIME ZONE NOT NULL)"
    )
    run("CREATE INDEX by_name ON made (name)")
    run("INSERT INTO made (name, q, at) VALUES ('a:b', 0.5, '2001-09-09 01:46:40')")
    folder.save_changes()
    heading, row = (tmp_path / "made").read_text().splitlines()
    assert heading == "id(int,auto) name(string) tag(string,null) q(double) at(int)"
    assert row.startswith("1:a\\:b::0.50:1000")
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["made"]


def test_a_value_that_a_column_cannot_hold(folder: TextFolder, tmp_path: Path) -> None:
    before = (tmp_path / "t").read_text()
    folder.load("t")
    folder.connection.execute("INSERT INTO t (name, n) VALUES ('a', 'many')")
    with pytest.raises(DatabaseError, match=r"/t: .*many"):
        folder.save(folder.connection, ["t"])
    assert (tmp_path / "t").read_text() == before
