"""db_sqlite: its parameters say how a file is opened; db_mysql and db_postgres: their time-outs."""

from pathlib import Path

import pytest

from sipproxy.db.registry import SqliteOptions
from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest, load_cfg_text


def loaded(params: str, module: str = "db_sqlite") -> ProxyUnderTest:
    return load_cfg_text(f'loadmodule "{module}.so"\n{params}\nrequest_route {{ exit; }}')


def test_options_of_files() -> None:
    proxy = loaded(
        'modparam("db_sqlite", "db_set_readonly", "/a.db")\n'
        'modparam("db_sqlite", "db_set_journal_mode", "/a.db=wal; /b.db=OFF;")\n'
    )
    assert proxy.host.databases.sqlite == {
        "/a.db": SqliteOptions(True, "WAL"),
        "/b.db": SqliteOptions(False, "OFF"),
    }


@pytest.mark.parametrize("modes", ["/a.db", "/a.db=", "/a.db=FAST", "=WAL", "/a.db=WAL;DELETE"])
def test_refused_journal_modes(modes: str) -> None:
    with pytest.raises(CfgError, match="takes database=MODE, of DELETE, TRUNCATE"):
        loaded(f'modparam("db_sqlite", "db_set_journal_mode", "{modes}")')


def test_a_database_is_given_once_its_module_is_loaded(tmp_path: Path) -> None:
    proxy = loaded("")
    url = f"sqlite:///{tmp_path}/k.db"
    assert proxy.host.database(url) is proxy.host.database(url)


def test_time_outs_of_servers() -> None:
    proxy = loaded('modparam("db_mysql", "timeout_interval", 7)', "db_mysql")
    assert proxy.host.database("mysql://h/db").timeout == 7.0
    proxy = loaded("", "db_postgres")
    assert proxy.host.database("postgres://h/db").timeout == 5.0
