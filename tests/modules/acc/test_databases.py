"""Records as rows of databases of each kind."""

from pathlib import Path
from typing import Any

import pytest

from sipproxy.clock import Chance, VirtualClock
from sipproxy.core.flow import Flow
from sipproxy.core.log import LogList
from sipproxy.errors import CfgError, ModuleError
from sipproxy.program import load_text
from sipproxy.proxy import Proxy
from sipproxy.sip.message import Message
from sipproxy.testing import load_cfg_text, request, response
from tests.bases import Base
from tests.opened import START, Served

CFG = """#!KAMAILIO
listen=udp:127.0.0.1:5060
{loads}loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "acc.so"
modparam("acc", "db_url", "{url}")
modparam("acc", "db_flag", 1)
modparam("acc", "db_missed_flag", 2)
modparam("acc", "db_extra", "src=$fU;x=$avp(x)")
{more}
request_route {{
    if ($rU == "says") {{
        $var(code) = acc_db_request("404 Not $fU", "$hdr(X-Table)");
        $var(again) = acc_request("text", "acc");
        sl_send_reply("200", "$var(code) $var(again)");
        exit;
    }}
    if (is_method("ACK")) {{ t_relay(); exit; }}
    setflag(1);
    setflag(2);
    $avp(a) = 1;
    $avp(a) = "two";
    $avp(b) = "only";
    $du = "sip:127.0.0.1:5090";
    t_relay();
}}
"""
COLUMNS = ("method", "to_tag", "sip_code", "sip_reason", "src", "x")


def add_column(base: Base, table: str, column: str) -> None:
    """A column of texts, behind the others."""
    if base.kind == "text":
        file = Path(base.url.removeprefix("text://")) / table
        file.write_text(file.read_text().replace("\n", f" {column}(string)\n", 1))
    else:
        base.run(f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR(64)")


class Calls:
    """A server that keeps accounts, and calls through it."""

    def __init__(self, base: Base, more: str = "", columns: tuple[str, ...] = ()) -> None:
        base.make("acc", "missed_calls")
        for table in ("acc", "missed_calls"):
            for column in ("src", "x", *columns):
                add_column(base, table, column)
        self.base = base
        cfg = CFG.format(loads=base.loads, url=base.url, more=more.replace(";;", "\n"))
        self.served = Served(cfg).open()

    def feed(self, data: bytes) -> list[bytes]:
        proxy = self.served.proxy
        peer = ("127.0.0.1", 5090)
        proxy.receive(data, Flow("udp", ("127.0.0.1", 5060), peer), self.served.clock.now())
        proxy.settle()
        sent = [data for data, _ in proxy.outbox]
        proxy.outbox.clear()
        return sent

    def call(self, status: int, reason: str, method: str = "INVITE", number: int = 1) -> None:
        """A request that is answered."""
        sent = self.feed(request(method, "sip:bob@127.0.0.1", number=number))
        [relayed] = [data for data in sent if not data.startswith(b"SIP/2.0")]
        self.feed(response(relayed, status, reason))

    def rows(self, *columns: str, table: str = "acc") -> list[Any]:
        return self.base.rows(table, *columns)


@pytest.fixture
def lite(tmp_path: Path) -> Base:
    """An SQLite database."""
    return Base("sqlite", f"sqlite:///{tmp_path}/acc.db")


def test_answers_and_missed_calls(base: Base) -> None:
    calls = Calls(base)
    calls.call(200, "Fine")
    calls.call(486, "Busy's", number=2)
    calls.call(404, "Gone", "MESSAGE", number=3)
    assert calls.rows(*COLUMNS) == [("INVITE", "uas", "200", "Fine", "alice", "")]
    assert calls.rows(*COLUMNS, table="missed_calls") == [
        ("INVITE", "uas", "486", "Busy's", "alice", "")
    ]
    [(time, callid, tag)] = calls.rows("time", "callid", "from_tag")
    assert calls.served.host.database(base.url).second(time) == START
    assert (callid, tag) == ("call-1", "t1")
    calls.served.proxy.close()


def test_what_the_script_says(base: Base) -> None:
    calls = Calls(base)
    data = request("OPTIONS", "sip:says@127.0.0.1", headers="X-Table: acc")
    [reply] = calls.feed(data)
    assert Message.parse(reply, source=("x", 1), dest=("x", 1)).reason == "1 1"
    assert calls.rows("sip_code", "sip_reason") == [("", "text"), ("404", "Not alice")]
    [reply] = calls.feed(request("OPTIONS", "sip:says@127.0.0.1", number=2, headers="X-Table: no"))
    assert Message.parse(reply, source=("x", 1), dest=("x", 1)).reason == "-1 1"
    assert calls.served.said("failed to insert into database")
    calls.served.proxy.close()


def test_a_row_for_each_leg(lite: Base) -> None:
    more = 'modparam("acc", "multi_leg_info", "a=$avp(a);b=$avp(b)")'
    calls = Calls(lite, more, ("a", "b"))
    calls.call(200, "Fine")
    assert calls.rows("sip_code", "a", "b") == [("200", "1", ""), ("200", "two", "only")]


def test_what_has_no_value(lite: Base) -> None:
    calls = Calls(lite, 'modparam("acc", "acc_extra_nullable", 1)')
    calls.call(200, "Fine")
    assert calls.rows("x") == [(None,)]


@pytest.mark.parametrize(
    ("mode", "columns", "expected"),
    [
        (1, ("time_attr", "time_exten"), (str(int(START)), "250000")),
        (2, ("time_attr",), (str(START + 0.25),)),
        (4, ("time_attr",), ("2001-09-09 01:46:40",)),
    ],
)
def test_times(lite: Base, mode: int, columns: tuple[str, ...], expected: tuple[str, ...]) -> None:
    calls = Calls(lite, f'modparam("acc", "time_mode", {mode})', columns)
    calls.served.clock.set(START + 0.25)
    calls.call(200, "Fine")
    assert calls.rows(*columns) == [expected]


def test_other_tables_and_columns(lite: Base) -> None:
    more = (
        'modparam("acc", "db_table_acc", "acc_$rm");;modparam("acc", "acc_sip_code_column", "src2")'
    )
    calls = Calls(lite, more, ("src2",))
    lite.run("CREATE TABLE acc_INVITE AS SELECT * FROM acc")
    calls.call(200, "Fine")
    assert calls.rows("src2", table="acc_INVITE") == [("200",)]


def test_rows_that_wait_are_written_at_the_end(lite: Base) -> None:
    calls = Calls(lite)
    proxy = calls.served.proxy
    settle, proxy.settle = proxy.settle, lambda: None  # type: ignore[method-assign]
    for number in range(5):
        calls.call(200, "Fine", number=number)
    proxy.settle = settle  # type: ignore[method-assign]
    proxy.close()
    assert len(calls.rows("id")) == 5


def test_a_row_that_is_refused_harms_no_call(lite: Base) -> None:
    calls = Calls(lite)
    lite.run("ALTER TABLE acc RENAME TO lost")
    calls.call(200, "Fine")
    assert calls.served.said("failed to insert into database")
    lite.run("ALTER TABLE lost RENAME TO acc")
    calls.call(200, "Fine", number=2)
    assert len(calls.rows("id")) == 1


def test_the_ack_counts_too(lite: Base) -> None:
    calls = Calls(lite, 'modparam("acc", "report_ack", 1)')
    calls.call(200, "Fine")
    calls.feed(request("ACK", "sip:bob@127.0.0.1", to_tag="uas"))
    assert [row[0] for row in calls.rows("method")] == ["ACK", "INVITE"]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ('modparam("acc", "db_flag", 32)', "db_flag: 32 is no flag"),
        ('modparam("acc", "db_extra", "x")', "db_extra: name=$variable is wanted"),
        ('modparam("acc", "db_extra", "method=$rm")', "two columns are called method"),
        ('modparam("acc", "db_table_acc", "$nothing(x)")', "db_table_acc"),
    ],
)
def test_parameters_that_are_refused(lite: Base, more: str, error: str) -> None:
    cfg = CFG.format(loads=lite.loads, url=lite.url, more=more)
    with pytest.raises(CfgError) as failed:
        load_cfg_text(cfg)
    assert error in str(failed.value)


def test_a_database_that_is_not_there(lite: Base, tmp_path: Path) -> None:
    cfg = CFG.format(loads=lite.loads, url=f"sqlite:///{tmp_path}/none.db", more="")
    with pytest.raises(ModuleError, match="there is no such file"):
        Served(cfg).open()


def test_a_replay_needs_no_database(tmp_path: Path) -> None:
    base = Base("sqlite", f"sqlite:///{tmp_path}/none.db")
    cfg = CFG.format(loads=base.loads, url=base.url, more="")
    log = LogList()
    clock = VirtualClock(START)
    proxy = Proxy(load_text(cfg), clock=clock, chance=Chance(1), log=log, read_only=True)
    data = request("OPTIONS", "sip:says@127.0.0.1", headers="X-Table: acc")
    proxy.receive(data, Flow("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5090)), START)
    proxy.settle()
    [(reply, _)] = proxy.outbox
    assert reply.startswith(b"SIP/2.0 200 1 1\r\n")
    proxy.close()
    assert not any("failed to insert" in text for _, _, text in log.records)
