"""Modules that ask a database, on SQLite, MariaDB, PostgreSQL and text files alike."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from sipproxy.core.flow import Flow
from tests.opened import Served

if TYPE_CHECKING:
    from tests.bases import Base

CFG = """
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "sl.so"
loadmodule "textops.so"
loadmodule "auth.so"
{loads}
loadmodule "auth_db.so"
loadmodule "permissions.so"
loadmodule "secfilter.so"
loadmodule "pipelimit.so"
loadmodule "avpops.so"
loadmodule "sqlops.so"
modparam("auth_db|permissions|secfilter|pipelimit|avpops", "db_url", "{url}")
modparam("auth_db", "load_credentials", "$avp(hash)=ha1;password")
modparam("permissions", "db_mode", 1)
modparam("permissions", "peer_tag_avp", "$avp(tag)")
modparam("avpops", "avp_table", "usr_preferences")
modparam("sqlops", "sqlcon", "c=>{url}")
request_route {{
    {route}
}}
"""

TABLES = ("subscriber", "address", "trusted", "secfilter", "pl_pipes", "htable", "usr_preferences")

MESSAGE = (
    b"OPTIONS sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK-1\r\n"
    b"Max-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=f1\r\nTo: <sip:bob@example.com>\r\n"
    b"Call-ID: c1\r\nCSeq: 1 OPTIONS\r\nUser-Agent: friendly-scanner/1.0\r\n"
    b"Content-Length: 0\r\n\r\n"
)

Ask = Callable[[str], list[str]]


@pytest.fixture
def ask(base: "Base") -> Iterator[Ask]:
    """What this request_route writes to the log for one message."""
    base.make(*TABLES)
    base.fill("subscriber", [{"username": "alice", "domain": "example.com", "ha1": "h"}])
    base.fill("address", [{"grp": 2, "ip_addr": "10.0.0.0", "mask": 8, "tag": "inner"}])
    base.fill("trusted", [{"src_ip": "10.0.0.9", "proto": "any", "tag": "peer"}])
    base.fill("secfilter", [{"action": 0, "type": 0, "data": "friendly-scanner"}])
    base.fill("pl_pipes", [{"pipeid": "one", "algorithm": "TAILDROP", "plimit": 1}])
    made: list[Served] = []

    def run(route: str) -> list[str]:
        served = Served(CFG.format(loads=base.loads, url=base.url, route=route)).open()
        made.append(served)
        before = len(served.log.records)
        flow = Flow("udp", ("127.0.0.1", 5060), ("10.0.0.9", 5060))
        assert served.proxy.receive(MESSAGE, flow, served.clock.now())
        served.proxy.settle()
        return [text.strip() for _, _, text in served.log.records[before:]]

    yield run
    for one in made:
        one.host.databases.close()


def test_users(ask: Ask) -> None:
    assert ask("""
        $var(a) = is_subscriber("sip:alice@example.com", "subscriber", "1");
        $var(b) = is_subscriber("sip:alice@example.org", "subscriber", "1");
        $var(c) = is_subscriber("sip:carol@example.com", "subscriber", "2");
        xlog("$var(a) $var(b) $var(c) $avp(hash) [$avp(password)]\\n");
    """) == ["1 -2 -2 h []"]


def test_addresses_and_peers(ask: Ask) -> None:
    assert ask("""
        if (allow_source_address("2")) xlog("in group 2\\n");
        if (allow_source_address("3")) xlog("in group 3\\n");
        if (allow_trusted()) xlog("trusted $avp(tag)\\n");
    """) == ["in group 2", "trusted peer"]


def test_filters_and_pipes(ask: Ask) -> None:
    assert ask("""
        secf_check_ua(); xlog("$rc\\n");
        pl_check("one"); xlog("$rc\\n");
        pl_check("one"); xlog("$rc\\n");
    """) == ["-2", "1", "-1"]


def test_queries(ask: Ask) -> None:
    *lines, failed, last = ask("""
        $var(q) = "INSERT INTO htable (key_name, key_value) VALUES ('k', 'it''s 5% ü')";
        $var(a) = sql_query("c", "$var(q)");
        $var(b) = sql_query("c", "SELECT key_name, key_type, key_value FROM htable", "r");
        xlog("$var(a) $var(b) $dbr(r=>rows) $dbr(r=>colname[2]) $dbr(r=>[0,1]) $dbr(r=>[0,2])\n");
        $var(c) = sql_query("c", "DELETE FROM htable WHERE key_name LIKE '%k%'");
        $var(d) = sql_query("c", "SELECT key_name FROM htable", "r");
        xlog("$var(c) $var(d)\n");
        $var(e) = sql_query("c", "SELECT missing FROM htable", "r");
        xlog("$var(e)\n");
    """)
    assert lines == ["2 1 1 key_value 0 it's 5% ü", "2 2"]
    assert failed.startswith("cannot do the query") and "missing" in failed
    assert last == "-1"


def test_attributes(ask: Ask) -> None:
    assert ask("""
        avp_db_query("SELECT username, ha1 FROM subscriber", "$avp(a);$avp(b)");
        xlog("$avp(a) $avp(b)\\n");
    """) == ["alice h"]


def test_queries_that_nobody_waits_for(ask: Ask, base: "Base") -> None:
    lines = ask("""
        $var(a) = sql_query_async("c", "DELETE FROM subscriber");
        xlog("$var(a)\\n");
    """)
    if base.server is None:
        assert lines == ["the db driver module doesn't support async query", "-1"]
        assert base.rows("subscriber", "username") == [("alice",)]
    else:
        assert lines == ["1"]
        assert base.rows("subscriber", "username") == []
