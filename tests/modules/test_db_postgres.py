"""db_postgres: what its parameters tell of how servers are reached."""

from typing import TYPE_CHECKING

import pytest

from sipproxy.errors import CfgError
from sipproxy.testing import ProxyUnderTest, load_cfg_text, request

if TYPE_CHECKING:
    from tests.servers import Postgres


def load(*parameters: str, more: str = "", route: str = "exit;") -> ProxyUnderTest:
    told = "".join(f'modparam("db_postgres", {one})\n' for one in parameters)
    return load_cfg_text(f'loadmodule "db_postgres.so"\n{told}{more}\nrequest_route {{ {route} }}')


def test_time_outs() -> None:
    databases = load('"timeout", 7', '"tcp_keepalive", 9').host.databases
    assert databases.timeouts["postgres"] == 7.0
    assert databases.arguments["postgres"] == {"keepalives_idle": 9}
    assert load('"timeout", 0').host.databases.timeouts["postgres"] == 5.0
    with pytest.raises(CfgError, match="timeout is not below 0: -1"):
        load('"timeout", -1')


def test_parameters_of_a_connection() -> None:
    told = load('"con_param", "sslmode=require"', '"con_param", "a = b=c"')
    assert told.host.databases.arguments["postgres"] == {"sslmode": "require", "a": "b=c"}
    with pytest.raises(CfgError, match='con_param takes name=value, not "sslmode"'):
        load('"con_param", "sslmode"')


def test_they_reach_the_server(postgres: "Postgres") -> None:
    more = f"""
    loadmodule "pv.so"
    loadmodule "xlog.so"
    loadmodule "sqlops.so"
    modparam("sqlops", "sqlcon", "c=>{postgres.url(postgres.database())}")
    """
    route = """
        sql_query("c", "SELECT current_setting('application_name')", "r");
        xlog("$dbr(r=>[0,0])\\n");
    """
    proxy = load('"con_param", "application_name=a proxy"', more=more, route=route)
    assert proxy.feed(request()).log == ["a proxy\n"]
    proxy.host.databases.close()
