"""What the types of database servers are in a cfg, as Kamailio 5.6.3 showed them."""

import time
from typing import TYPE_CHECKING

import pytest

from sipproxy import testing

if TYPE_CHECKING:
    from tests.servers import DatabaseServer

INSTANT = int(time.mktime((2026, 1, 31, 12, 30, 5, 0, 0, -1)))

ANY = {"mariadb": "mysql", "postgres": "postgres"}
"""A database that is always there."""

CASES = {
    "mariadb": {
        "CAST('2026-01-31 12:30:05' AS DATETIME)": str(INSTANT),
        "CAST('2026-01-31' AS DATE)": "2026-01-31",
        "CAST('12:30:05' AS TIME)": "12:30:05",
        "1.5": "1.5",
        "CAST(5 AS DECIMAL)": "5",
        "CAST(1.25 AS DOUBLE)": "<null>",
        "true": "1",
        "5000000000": "5000000000",
        "CAST('abc' AS BINARY)": "abc",
        "'é'": "é",
        "NULL": "<null>",
    },
    "postgres": {
        "TIMESTAMP '2026-01-31 12:30:05'": str(INSTANT),
        "TIME '12:30:05'": "12:30:05",
        "INTERVAL '1 day'": "1 day",
        "'1.2.3.4'::inet": "1.2.3.4",
        "'a'::char(3)": "a  ",
        "1.5::numeric": "<null>",
        "1.25::real": "<null>",
        "true": "t",
        "5::smallint": "5",
        "5000000000::bigint": "5000000000",
        "'abc'::bytea": "abc",
        "'é'::text": "é",
        "NULL": "<null>",
    },
}


@pytest.mark.parametrize(
    ("kind", "sql", "value"),
    [(kind, sql, value) for kind, cases in CASES.items() for sql, value in cases.items()],
)
def test_a_value(request: pytest.FixtureRequest, kind: str, sql: str, value: str) -> None:
    server: DatabaseServer = request.getfixturevalue(kind)
    proxy = testing.load_cfg_text(f"""
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "db_{server.scheme}.so"
loadmodule "sqlops.so"
modparam("sqlops", "sqlcon", "c=>{server.url(ANY[kind])}")
request_route {{
    sql_query("c", "SELECT {sql}", "r");
    xlog("$dbr(r=>[0,0])\\n");
}}
""")
    assert proxy.feed(testing.request()).log == [f"{value}\n"]
    proxy.host.databases.close()
