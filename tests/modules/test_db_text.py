"""db_text: its parameters reach the folder, its commands answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipproxy.testing import load_cfg_text, request

CFG = """
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_text.so"
loadmodule "sqlops.so"
{more}
modparam("sqlops", "sqlcon", "c=>text://{folder}")
request_route {{
    $var(code) = sql_query("c", "SELECT k, v FROM t", "r");
    xlog("$var(code) $dbr(r=>[0,0]) $dbr(r=>[0,1])\\n");
}}
"""

Load = Callable[..., Any]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    (tmp_path / "t").write_text("k(string) v(string,null)\na:b\n")
    (tmp_path / "odd").write_text("k(string) v(string,null)\na|b\n")

    def make(*parameters: str) -> Any:
        more = "".join(f'modparam("db_text", {one})\n' for one in parameters)
        return load_cfg_text(CFG.format(folder=tmp_path, more=more))

    return make


def test_parameters(load: Load) -> None:
    database = load('"db_delim", "|"', '"emptystring", 1', '"db_mode", 1').host.databases.text
    assert (database.delimiter, database.empty_texts, database.follows) == ("|", True, True)
    assert load('"db_delim", "||"').host.databases.text.delimiter == ":"


def test_queries(load: Load) -> None:
    assert load().feed(request()).log == ["1 a b\n"]


def test_commands(load: Load, tmp_path: Path) -> None:
    proxy = load(f'"default_connection", "text://{tmp_path}"')
    assert proxy.rpc("db_text.dump") == "Dump OK"
    ask = "SELECT k, v FROM t"
    assert proxy.rpc("db_text.query", ask) == ["k v", "a:b", "\ntotal rows 1 / 1"]
    assert proxy.rpc("db_text.query", "INSERT INTO t (k) VALUES ('x')") == ["1 affected rows"]
    assert (tmp_path / "t").read_text() == "k(string) v(string,null)\na:b\nx:\n"
    none = proxy.rpc("db_text.query", f"{ask} WHERE k = 'none'")
    assert none == ["statement returned 0 rows"]
    assert proxy.rpc("db_text.query", "SELEC") == ["error executing sql statement"]
    assert load().rpc("db_text.query", ask) == ["invalid connection : "]
