"""avp_db_query, beside its conformance case."""

import sqlite3
from pathlib import Path

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import load_cfg_text, request

CFG = """
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_sqlite.so"
loadmodule "avpops.so"
{}
request_route {{
    $var(code) = avp_db_query({});
    xlog("$var(code) $(avp(a)[*]) | $(avp(b)[*]) | $(avp(i:1)[*])\\n");
}}
"""


def params(path: Path) -> str:
    return (
        f'modparam("avpops", "db_url", "sqlite:///{path}")\nmodparam("avpops", "avp_table", "t")\n'
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (n INTEGER, x TEXT, f REAL, b BLOB)")
        connection.execute("INSERT INTO t VALUES (4294967297, 'é', 0.5, x'4142')")
    return path


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ('"SELECT n, x FROM t", "$avp(a);$avp(b)"', "1 1 | é | <null>"),
        ('"SELECT x, n FROM t", "$avp(a)"', "1 é | <null> | <null>"),
        ('"SELECT f, b FROM t", "$avp(a), $avp(b)"', "1 <null> | AB | <null>"),
        ('" ( SELECT b FROM t )"', "-1 <null> | <null> | <null>"),
        ("\"SELECT b FROM t WHERE x LIKE '%'\"", "1 <null> | <null> | AB"),
        ('"INSERT INTO t (n) VALUES (1)"', "-2 <null> | <null> | <null>"),
        ('"$var(empty)"', "-1 <null> | <null> | <null>"),
        (f"\"SELECT '{'x' * 1100}'\"", "-1 <null> | <null> | <null>"),
    ],
)
def test_queries(path: Path, call: str, line: str) -> None:
    proxy = load_cfg_text(CFG.format(params(path), call))
    run = proxy.feed(request())
    proxy.proxy.close()
    assert run.log[-1].strip() == line


@pytest.mark.parametrize(
    ("settings", "call", "says"),
    [
        ("", '"SELECT 1"', "db_url"),
        ('modparam("avpops", "db_url", "sqlite:////x")', '"SELECT 1"', "avp_table"),
        ("", '"SELECT 1", "$var(x)"', "no AVP|db_url"),
        ("", '"SELECT 1", "x"', "list of AVPs"),
        ("", '"SELECT 1", "$avp("', "missing"),
    ],
)
def test_refused(settings: str, call: str, says: str) -> None:
    with pytest.raises(CfgError, match=says):
        load_cfg_text(CFG.format(settings, call))
