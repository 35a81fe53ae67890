"""`sipproxy db`."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

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
