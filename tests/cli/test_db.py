"""`sipproxy db`."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.bases import Base

Sipproxy = Callable[..., Any]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/k.db"


def test_create_and_check(sipproxy: Sipproxy, url: str) -> None:
    said = sipproxy("db", "create", url, "-t", "subscriber", "--table", "address")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "version: created, version 1",
        "subscriber: created, version 7",
        "address: created, version 6",
    ]
    assert sipproxy("db", "create", url).out.splitlines()[:3] == [
        "version: kept",
        "subscriber: kept",
        "trusted: created, version 6",
    ]
    said = sipproxy("db", "check", url)
    assert (said.code, said.out, said.err) == (0, "", "")


def test_check_names_what_is_missing(sipproxy: Sipproxy, url: str, tmp_path: Path) -> None:
    sipproxy("db", "create", url, "-t", "subscriber")
    with closing(sqlite3.connect(tmp_path / "k.db")) as base:
        base.execute("ALTER TABLE subscriber DROP COLUMN ha1b")
        base.execute("UPDATE version SET table_version = 6 WHERE table_name = 'subscriber'")
        base.commit()
    said = sipproxy("db", "check", url, "-t", "subscriber")
    assert said.code == 1
    assert said.out.splitlines() == [
        "subscriber: the column ha1b is missing",
        "subscriber: it has version 6, Kamailio 5.6 wants 7",
    ]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("check", "sqlite:////none/k.db"), 2, "there is no such file"),
        (("create", "sqlite:////none/k.db"), 2, "/none/k.db: No such file or directory"),
        (("check", "sqlite://k.db"), 2, "it is written sqlite:////absolute/path.db"),
        (("check", "text:///x/y"), 2, "there is no such folder (/x/y)"),
        (("check", "redis://x/y"), 3, "databases of scheme 'redis' are not served"),
        (("create", "sqlite:///k.db", "-t", "adress"), 2, "adress is not a table that is known"),
        (("create",), 2, "Missing argument 'URL'"),
    ],
)
def test_what_cannot_be_done(
    sipproxy: Sipproxy, words: tuple[str, ...], code: int, sentence: str
) -> None:
    said = sipproxy("db", *words)
    assert (said.code, said.out) == (code, "")
    assert sentence in said.err


def test_no_server(sipproxy: Sipproxy) -> None:
    pytest.importorskip("pymysql")
    said = sipproxy("db", "check", "mysql://u:secret@127.0.0.1:1/db")
    assert said.code == 3
    assert "mysql://u@127.0.0.1:1/db" in said.err and "secret" not in said.err


def test_show(sipproxy: Sipproxy, url: str, tmp_path: Path) -> None:
    sipproxy("db", "create", url, "-t", "subscriber", "-t", "htable")
    with closing(sqlite3.connect(tmp_path / "k.db")) as base:
        base.execute("CREATE TABLE mine (a INTEGER)")
        base.execute("ALTER TABLE htable DROP COLUMN expires")
        base.executemany("INSERT INTO subscriber (username) VALUES (?)", [("a",), ("b",)])
        base.commit()
    said = sipproxy("db", "show", url)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "table       version      rows  layout",
        "htable            2         0  the column expires is missing",
        "mine              -         0  not known here",
        "subscriber        7         2  as Kamailio 5.6",
        "version           1         3  as Kamailio 5.6",
    ]
    said = sipproxy("db", "show", url, "-t", "mine", "-t", "yours", "--json")
    assert (said.code, said.err) == (1, "sipproxy: yours: there is no such table\n")
    assert json.loads(said.out) == {
        "name": "mine",
        "version": None,
        "rows": 0,
        "columns": ["a"],
        "findings": [],
        "known": False,
    }


def test_each_kind_of_database(sipproxy: Sipproxy, base: "Base") -> None:
    assert sipproxy("db", "create", base.url).code == 0
    assert sipproxy("db", "create", base.url, "-t", "acc").out == "version: kept\nacc: kept\n"
    base.run("INSERT INTO subscriber (username, password, ha1) VALUES ('alice', 'x', 'y')")
    assert sipproxy("db", "check", base.url).out == ""
    shown = sipproxy("db", "show", base.url, "-t", "subscriber", "-t", "htable")
    assert [line.split()[:3] for line in shown.out.splitlines()[1:]] == [
        ["htable", "2", "0"],
        ["subscriber", "7", "1"],
    ]
    base.run("UPDATE version SET table_version = 1 WHERE table_name = 'acc'")
    said = sipproxy("db", "check", base.url)
    assert (said.code, said.out) == (1, "acc: it has version 1, Kamailio 5.6 wants 5\n")
