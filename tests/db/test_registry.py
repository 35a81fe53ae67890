"""Databases by URL: one each, only of schemes whose module is loaded."""

import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sipproxy.core.offload import Offload
from sipproxy.db.memory import SqliteCopy
from sipproxy.db.pooled import PooledDatabase
from sipproxy.db.registry import Databases, SqliteOptions
from sipproxy.db.sqlite import SqliteDatabase
from sipproxy.errors import DatabaseError, ModuleError

Play = Callable[[Coroutine[Any, None, Any]], Any]


@pytest.fixture
def databases(offload: Offload) -> Databases:
    return Databases(offload, {"db_sqlite", "db_mysql", "db_postgres", "db_text"})


def test_one_database_for_a_url(databases: Databases) -> None:
    first = databases.get("sqlite:///k.db")
    assert databases.get("sqlite:///k.db") is first
    assert databases.get("sqlite:///other.db") is not first


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sqlite://k.db", "bad database URL of scheme 'sqlite'"),
        ("redis://h/0", "databases of that scheme are not served: sqlite, mysql, postgres, text"),
    ],
)
def test_refused(databases: Databases, url: str, sentence: str) -> None:
    with pytest.raises(ModuleError, match=sentence):
        databases.get(url)


def test_the_module_of_a_scheme_must_be_loaded(offload: Offload) -> None:
    with pytest.raises(ModuleError) as error:
        Databases(offload, {"db_sqlite"}).get("mysql://u:p@h/db")
    assert str(error.value) == (
        'mysql://u@h/db: the module db_mysql is not loaded (loadmodule "db_mysql.so")'
    )


def test_servers_have_the_time_out_of_their_scheme(databases: Databases) -> None:
    databases.timeouts["mysql"] = 7.0
    mysql, postgres = databases.get("mysql://h/db"), databases.get("postgres://h/db")
    assert isinstance(mysql, PooledDatabase) and isinstance(postgres, PooledDatabase)
    assert (mysql.timeout, postgres.timeout) == (7.0, 5.0)
    assert (mysql.dialect.name, postgres.dialect.name) == ("mysql", "postgresql")


def test_a_driver_that_is_not_installed_is_told_at_first_use(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, play: Play
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("sipproxy.db.engines.import_module", missing)
    base = databases.get("postgres://u:p@h/db")
    query = base.prepare(text("SELECT 1"))
    assert query.statement.sql == "SELECT 1"
    with pytest.raises(DatabaseError, match=r'not installed: pip install "sipproxy\[postgres\]"'):
        base.open()
    with pytest.raises(DatabaseError, match="not installed"):
        play(query.rows())


def test_options_of_a_file_and_the_overlay_reach_it(offload: Offload, file: Path) -> None:
    databases = Databases(offload, {"db_sqlite"}, overlay=True)
    assert isinstance(databases.get(f"sqlite:///{file}"), SqliteCopy)
    databases.close()
    databases = Databases(offload, {"db_sqlite"})
    databases.sqlite[str(file)] = SqliteOptions(read_only=True)
    base = databases.get(f"sqlite:///{file}")
    assert isinstance(base, SqliteDatabase) and base.options.read_only


def test_a_replay_does_not_change_a_server(offload: Offload) -> None:
    base = Databases(offload, {"db_mysql"}, overlay=True).get("mysql://h/db")
    assert isinstance(base, PooledDatabase) and base.read_only


def test_another_may_stand_in(databases: Databases) -> None:
    other = databases.get("sqlite:///k.db")
    databases.put("mysql://h/db", other)
    assert databases.get("mysql://h/db") is other


def test_sqlalchemy_is_imported_with_the_first_database_only() -> None:
    program = "import sys, sipproxy.proxy, sipproxy.cli.db, sipproxy.cli.user"
    program += "; assert 'sqlalchemy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
