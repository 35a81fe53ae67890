"""Tables of a database and snapshots, in whole proxies: start, reload, store, stop, failure."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from sipproxy.errors import CfgError, ModuleError, RpcError
from sipproxy.modules.htable.local import LocalStore
from sipproxy.testing import load_cfg_text, request
from tests.opened import START, Served

CREATE = """
CREATE TABLE t (id INTEGER PRIMARY KEY, key_name VARCHAR(64), key_type INTEGER,
  value_type INTEGER, key_value VARCHAR(128), expires INTEGER);
INSERT INTO t (key_name, key_type, value_type, key_value) VALUES
  ('a', 0, 0, 'one'), ('n', 0, 1, '5');
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "db"
    run(path, CREATE)
    return path


def run(path: Path, sql: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(sql)
    connection.close()


def rows(path: Path) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    sql = "SELECT key_name, key_type, value_type, key_value FROM t"
    found = connection.execute(sql).fetchall()
    connection.close()
    return sorted(found, key=str)


def cfg(path: Path, table: str = "t=>dbtable=t", more: str = "") -> str:
    return f"""
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_sqlite.so"
loadmodule "htable.so"
modparam("htable", "db_url", "sqlite:///{path}")
modparam("htable", "htable", "{table}")
{more}
request_route {{ xlog("$sht(t=>a)\\n"); }}
"""


MOD_INIT = """
event_route[htable:mod-init] {
    xlog("at start $sht(t=>a)\\n");
    $sht(t=>a) = "ours";
}
"""


def test_a_server_reads_before_mod_init(file: Path) -> None:
    served = Served(cfg(file, more=MOD_INIT))
    assert served.items() == {}
    served.open()
    assert served.items() == {"a": "ours", "n": 5}
    assert served.said("at start one")


def test_a_test_does_not_ask_the_database(file: Path) -> None:
    proxy = load_cfg_text(cfg(file.with_name("missing"), more=MOD_INIT))
    assert proxy.sht["t"].items() == [("a", "ours")]
    assert proxy.feed(request()).log == ["ours\n"]


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE t SET key_value = NULL WHERE key_name = 'n'", "row 2 has no value"),
        ("DROP TABLE t", "no such table: t"),
        ("ALTER TABLE t DROP COLUMN key_type", "no such column"),
    ],
)
def test_a_start_that_fails(file: Path, sql: str, says: str) -> None:
    run(file, sql)
    served = Served(cfg(file, "t=>dbtable=t;dbmode=1", more=MOD_INIT))
    before = file.read_bytes()
    with pytest.raises(ModuleError, match=f"htable t: dbtable=t: .*{says}"):
        served.open()
    assert served.items() == {}
    served.proxy.close()
    assert file.read_bytes() == before


def test_no_database_file(file: Path) -> None:
    with pytest.raises(ModuleError, match="there is no such file"):
        Served(cfg(file.with_name("missing"))).open()


def test_more_rows_than_there_is_room_for(file: Path) -> None:
    with pytest.raises(ModuleError, match="it has 2 keys, maxitems=1"):
        Served(cfg(file, "t=>dbtable=t;maxitems=1")).open()


def test_the_scheme_needs_its_module() -> None:
    text = cfg(Path("/x")).replace('loadmodule "db_sqlite.so"\n', "")
    with pytest.raises(CfgError, match="the module db_sqlite is not loaded"):
        load_cfg_text(text)


def test_a_reload_swaps_all(file: Path) -> None:
    served = Served(cfg(file)).open()
    served.write("$sht(t=>runtime)", 1)
    run(file, "DELETE FROM t WHERE key_name = 'a'; UPDATE t SET key_value = '6'")
    assert served.rpc("htable.reload", "t") == "Ok. Htable reloaded."
    assert served.items() == {"n": 6}
    served.advance(1)
    run(file, "UPDATE t SET key_type = 'x'")
    with pytest.raises(RpcError, match="Htable reload failed"):
        served.rpc("htable.reload", "t")
    assert served.items() == {"n": 6}
    assert served.said("a key type that is no number: 'x'")


def test_a_store_is_one_transaction(file: Path) -> None:
    served = Served(cfg(file)).open()
    served.write("$sht(t=>k'\udcff)", "v\udcfe")
    assert served.rpc("htable.store", "t") == "Ok. Htable successfully stored to DB."
    assert served.rpc("htable.reload", "t") == "Ok. Htable reloaded."
    assert served.items() == {"a": "one", "n": 5, "k'\udcff": "v\udcfe"}
    run(file, "CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'not now'); END")
    before = rows(file)
    with pytest.raises(RpcError, match="Storing htable failed"):
        served.rpc("htable.store", "t")
    assert rows(file) == before
    assert served.said("not now")


def test_own_columns_are_read_only(file: Path) -> None:
    served = Served(cfg(file, "t=>dbtable=t;dbmode=1;cols='key_name,key_value'")).open()
    assert served.items() == {"a": "one", "n": "5"}
    before = rows(file)
    assert served.rpc("htable.store", "t") == "Ok. Htable successfully stored to DB."
    assert served.said("saving htable [t] with custom db columns is not available")
    served.proxy.close()
    assert rows(file) == before


@pytest.mark.parametrize(("mode", "kept"), [(1, True), (0, False)])
def test_what_is_written_back_at_the_end(file: Path, mode: int, kept: bool) -> None:
    served = Served(cfg(file, f"t=>dbtable=t;dbmode={mode}")).open()
    before = rows(file)
    served.write("$sht(t=>a)", 9)
    served.proxy.close()
    after = [("a", 0, 1, "9"), ("n", 0, 1, "5")]
    assert rows(file) == (after if kept else before)


def test_a_write_back_that_fails(file: Path) -> None:
    served = Served(cfg(file, "t=>dbtable=t;dbmode=1")).open()
    run(file, "CREATE TRIGGER no BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'not now'); END")
    before = rows(file)
    served.proxy.close()
    assert rows(file) == before
    assert served.said("failed syncing hash table [t] to db")


def test_columns_have_names(file: Path) -> None:
    run(file, "CREATE TABLE u (k TEXT, kt INT, vt INT, v TEXT, e INT)")
    run(file, f"INSERT INTO u VALUES ('x', 1, 0, 'y', {int(START) + 50})")
    more = "".join(
        f'modparam("htable", "{name}", "{value}")\n'
        for name, value in (
            ("key_name_column", "k"),
            ("key_type_column", "kt"),
            ("value_type_column", "vt"),
            ("key_value_column", "v"),
            ("expires_column", "e"),
            ("array_size_suffix", "#"),
        )
    )
    more += 'modparam("htable", "db_expires", 1)\nmodparam("htable", "fetch_rows", 1)\n'
    served = Served(cfg(file, "t=>dbtable=u;autoexpire=10", more)).open()
    assert served.items() == {"x[0]": "y", "x#": 1}
    left = served.host.pv("$shtex(t=>x[0])").read(served.host.outside())
    assert left == 50


RELOADED = 'event_route[htable:reloaded:t] { xlog("reloaded: $sht(t=>a)\\n"); }'


def test_reloads_by_time(file: Path) -> None:
    served = Served(cfg(file, "t=>dbtable=t;reloadat=30", RELOADED), compat="6.1").open()
    run(file, "UPDATE t SET key_value = 'two'")
    served.advance(29)
    assert served.items()["a"] == "one"
    served.advance(2)
    assert served.items() == {"a": "two", "n": 0}
    assert served.said("reloaded: two")
    run(file, "DROP TABLE t")
    served.advance(30)
    assert served.items() == {"a": "two", "n": 0}
    assert served.said("no such table: t; the table stays as it was")
    with pytest.raises(CfgError, match="reloadat"):
        load_cfg_text(cfg(file, "t=>reloadat=30"))


# -- snapshots


def kept(path: Path, more: str = "", tables: tuple[str, ...] = ("t=>autoexpire=60",)) -> str:
    defined = "".join(f'modparam("htable", "htable", "{table}")\n' for table in tables)
    return f"""
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_sqlite.so"
loadmodule "htable.so"
{defined}
modparam("htable", "snapshot", "{path}")
{more}
request_route {{ exit; }}
"""


def test_tables_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "snap"
    tables = ("t=>autoexpire=60", "u=>size=4", "gone=>size=4")
    first = Served(kept(path, tables=tables)).open()
    assert first.said("there is no snapshot")
    first.write("$sht(t=>short)", 1)
    first.write("$sht(t=>long)", "\udcff")
    first.write("$shtex(t=>long)", 3600)
    first.write("$sht(u=>k)", 7)
    first.write("$sht(gone=>k)", 7)
    first.proxy.close()
    second = Served(kept(path, tables=tables[:2]))
    second.clock.set(START + 61)
    second.open()
    assert second.said("has a table 'gone' that the cfg has not: its keys are not kept (1)")
    assert second.items() == {"long": "\udcff"}
    assert second.items("u") == {"k": 7}
    assert second.host.pv("$shtex(t=>long)").read(second.host.outside()) == 3539
    second.proxy.close()


def test_a_snapshot_every_few_seconds(tmp_path: Path) -> None:
    path = tmp_path / "snap"
    every = 'modparam("htable", "snapshot_interval", 5)'
    first = Served(kept(path, every)).open()
    first.write("$sht(t=>k)", 1)
    first.advance(6)
    second = Served(kept(path)).open()
    assert second.items() == {"k": 1}
    path.unlink()
    path.mkdir()
    first.advance(5)
    assert first.said("is not written: Is a directory")


def test_a_damaged_snapshot_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "snap"
    first = Served(kept(path)).open()
    first.write("$sht(t=>k)", 1)
    first.proxy.close()
    path.write_bytes(path.read_bytes()[:-20])
    second = Served(kept(path, "event_route[htable:mod-init] { $sht(t=>m) = 1; }")).open()
    assert second.items() == {"m": 1}
    assert second.said(f"the snapshot {path} is damaged (it has a line that cannot be read)")
    assert path.with_name("snap.damaged").exists()
    second.proxy.close()
    assert Served(kept(path)).open().items() == {"m": 1}


def test_a_snapshot_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match="Is a directory"):
        Served(kept(tmp_path)).open()
    with pytest.raises(ModuleError, match=r"the snapshot .*: there is no folder .*/no"):
        Served(kept(tmp_path / "no" / "snap")).open()


def test_the_database_has_its_tables_to_itself(file: Path, tmp_path: Path) -> None:
    path = tmp_path / "snap"
    url = f'modparam("htable", "db_url", "sqlite:///{file}")'
    text = kept(path, url, tables=("t=>dbtable=t",))
    first = Served(text).open()
    first.write("$sht(t=>a)", "changed")
    first.proxy.close()
    assert Served(text).open().items() == {"a": "one", "n": 5}


def test_what_was_written_since_a_copy() -> None:
    store = LocalStore()
    store["a"] = 1, 0
    store["b"] = 2, 0
    copy = store.copy()
    assert list(store.written_since(copy)) == []
    store["a"] = int("1"), 0
    store["c"] = 3, 0
    store.remove("b")
    assert sorted(store.written_since(copy)) == [("a", (1, 0)), ("c", (3, 0))]
