"""sqlops beside its conformance case: connections, servers that are gone, what runs share."""

import sqlite3
from pathlib import Path

import pytest

from sipproxy.errors import CfgError, ModuleError
from sipproxy.modules.sqlops import Sqlops
from sipproxy.testing import load_cfg_text, request

CFG = """
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_sqlite.so"
loadmodule "db_mysql.so"
loadmodule "sqlops.so"
{}
request_route {{
{}
}}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (n INTEGER, x TEXT)")
        connection.execute("INSERT INTO t VALUES (1, 'é'), (2, NULL)")
    return path


def con(path: Path) -> str:
    return f'modparam("sqlops", "sqlcon", "ca=>sqlite:///{path}")\n'


def test_a_text_that_holds_percent(path: Path) -> None:
    route = """sql_query("ca", "SELECT x FROM t WHERE x LIKE '%'", "ra");
    xlog("$rc $dbr(ra=>[0,0])");"""
    run = load_cfg_text(CFG.format(con(path), route)).feed(request())
    assert run.log == ["1 é"]


def test_a_result_belongs_to_its_run(path: Path) -> None:
    route = """if (method == "OPTIONS") sql_query("ca", "SELECT x FROM t", "ra");
    xlog("$dbr(ra=>rows)");"""
    proxy = load_cfg_text(CFG.format(con(path), route))
    assert proxy.feed(request()).log == ["2"]
    assert proxy.feed(request("INVITE")).log == ["0"]


def test_changes_are_seen(path: Path) -> None:
    route = """sql_query("ca", "INSERT INTO t VALUES (3, '$rU')");
    $var(code) = $rc;
    sql_query("ca", "SELECT count(*), max(x) FROM t", "ra");
    xlog("$var(code) $dbr(ra=>[0,0])");"""
    proxy = load_cfg_text(CFG.format(con(path), route))
    assert proxy.feed(request()).log == ["2 3"]
    proxy.proxy.close()


@pytest.mark.parametrize(
    ("params", "route", "says"),
    [
        ('modparam("sqlops", "sqlcon", "nourl")', "", "write name=>url"),
        ('modparam("sqlops", "sqlcon", "ca=>redis://x/0")', "", "scheme are not served"),
        ('modparam("sqlops", "tr_buf_size", 0)', "", "tr_buf_size is over 0"),
        ("", 'sql_query("no", "SELECT 1");', r"invalid connection \[no\]"),
        ("CON CON", "", "duplicate connection name ca"),
        ("CON", 'sql_pvquery("ca", "SELECT 1", "$var(a);$ci");', r"variable \[2\] is read-only"),
        ("CON", 'sql_pvquery("ca", "SELECT 1", "a");', "a list of variables is expected"),
        ("CON", 'xlog("$dbr(ra=>[1])");', r"write \$dbr"),
        ("CON", 'xlog("$sqlrows(no)");', r"invalid connection \[no\]"),
    ],
)
def test_refusals_at_load(path: Path, params: str, route: str, says: str) -> None:
    with pytest.raises(CfgError, match=says):
        load_cfg_text(CFG.format(params.replace("CON", con(path)), route or "exit;"))


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    route = 'sql_query("ca", "SELECT 1"); xlog("$rc");'
    strict = load_cfg_text(CFG.format(con(missing), route))
    with pytest.raises(ModuleError, match=r"sqlcon ca: .*no such file"):
        strict.proxy.open()
    lax = load_cfg_text(CFG.format(con(missing) + 'modparam("sqlops", "connect_mode", 1)', route))
    lax.proxy.open()
    assert lax.feed(request()).log[-1] == "-2"
    sqlite3.connect(missing).close()
    assert lax.feed(request()).log[-1] == "3"
    module = lax.host.modules["sqlops"]
    assert isinstance(module, Sqlops)
    assert module.connections["ca"].connected


def test_a_server_does_it_without_the_route_waiting(path: Path) -> None:
    """A server by name, an SQLite file in its place."""
    params = 'modparam("sqlops", "sqlcon", "ca=>mysql://u:p@h/d")'
    route = """sql_query_async("ca", "DELETE FROM t"); xlog("$rc");
    sql_query("ca", "SELECT count(*) FROM t", "ra"); xlog("$dbr(ra=>[0,0]) $sqlrows(ca)");"""
    proxy = load_cfg_text(CFG.format(params, route))
    module = proxy.host.modules["sqlops"]
    assert isinstance(module, Sqlops)
    sqlite = load_cfg_text(CFG.format(con(path), "exit;")).host.modules["sqlops"]
    assert isinstance(sqlite, Sqlops)
    module.connections["ca"].database = proxy.host.databases.get(sqlite.connections["ca"].url)
    first = proxy.feed(request()).log
    assert first[0] == "1"
    assert proxy.feed(request()).log == ["1", "0 -1"]
    proxy.proxy.close()


def test_a_text_too_long_to_quote(path: Path) -> None:
    more = 'modparam("sqlops", "tr_buf_size", 20)\n'
    route = 'xlog("$(ua{sql.val}) $(rU{sql.val})");'
    run = load_cfg_text(CFG.format(more, route)).feed(request(headers="User-Agent: xxxxxxxxxx"))
    assert run.log[-1] == " 'bob'"
