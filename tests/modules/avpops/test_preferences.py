"""Rows of preferences in a database of its own."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sipproxy.modules.avpops.preferences import Owner, Preferences
from sipproxy.modules.avpops.schemes import Columns
from sipproxy.testing import load_cfg_text

COLUMNS = Columns("t", "uuid", "username", "domain", "value", "attribute", "type")
CFG = """
loadmodule "db_sqlite.so"
loadmodule "avpops.so"
modparam("avpops", "db_url", "sqlite:///{}")
modparam("avpops", "avp_table", "t")
request_route {{ exit; }}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "db"
    with sqlite3.connect(path) as connection:
        names = "uuid, username, domain, attribute, type, value"
        connection.execute(f"CREATE TABLE t ({names})")
    return path


def rows(path: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(path) as connection:
        return connection.execute("SELECT * FROM t").fetchall()


def test_what_is_stored_is_loaded_and_deleted(path: Path) -> None:
    proxy = load_cfg_text(CFG.format(path))
    database = proxy.proxy.host.database(f"sqlite:///{path}")
    kept = Preferences(database)
    seen: list[object] = []

    async def work() -> None:
        await kept.store(COLUMNS, Owner(uuid="u"), "a", "x")
        await kept.store(COLUMNS, Owner(None, "alice", "a.org"), 5, -1)
        seen.append(await kept.load(COLUMNS, Owner(uuid="u"), None, typed=True))
        for owner in (Owner(None, "alice"), Owner(None, None, "a.org"), Owner(None, "bob")):
            seen.append(await kept.load(COLUMNS, owner, "5", typed=False))
        await kept.delete(COLUMNS, Owner(uuid="u"), "b")
        await kept.delete(COLUMNS, Owner(None, "alice", "a.org"), None)
        seen.append("done")

    proxy.proxy.host.begin(work(), lambda: None)
    proxy.proxy.settle()
    minus_one = str(2**64 - 1)
    assert seen == [[("x", "a", 0)], [(minus_one,)], [(minus_one,)], [], "done"]
    assert rows(path) == [("u", "", "", "a", 0, "x")]
    proxy.proxy.close()


def test_a_statement_is_prepared_once(path: Path) -> None:
    proxy = load_cfg_text(CFG.format(path))
    database = proxy.proxy.host.database(f"sqlite:///{path}")
    prepared: list[object] = []
    prepare = database.prepare

    def note(statement: Any) -> Any:
        prepared.append(statement)
        return prepare(statement)

    database.prepare = note
    kept = Preferences(database)

    async def work() -> None:
        for name in ("a", "b", "c"):
            await kept.store(COLUMNS, Owner(uuid=name), name, name)
            await kept.load(COLUMNS, Owner(uuid=name), name, typed=True)
            await kept.delete(COLUMNS, Owner(uuid=name), name)

    proxy.proxy.host.begin(work(), lambda: None)
    proxy.proxy.settle()
    assert len(prepared) == 3
    proxy.proxy.close()
