"""A replay of a cfg that writes wherever it can leaves everything as it was."""

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sipproxy.program import load_text
from sipproxy.replay.pcap import PcapWriter
from sipproxy.replay.run import Replayed, replay
from sipproxy.testing.messages import Messages

if TYPE_CHECKING:
    from tests.bases import Base

ME, PHONE, GATEWAY = ("192.0.2.100", 5060), ("192.0.2.1", 5060), ("192.0.2.50", 5060)
TABLES = ("location", "acc", "missed_calls", "subscriber", "usr_preferences", "htable")
COLUMNS = {
    "location": ("username", "contact"),
    "acc": ("method", "callid"),
    "missed_calls": ("method", "callid"),
    "subscriber": ("username", "ha1"),
    "usr_preferences": ("username", "attribute", "value"),
    "htable": ("key_name", "key_value"),
}

CFG = """#!KAMAILIO
debug=3
log_stderror=no
listen=udp:192.0.2.100:5060
{load}
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "xlog.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "acc.so"
loadmodule "htable.so"
loadmodule "sqlops.so"
loadmodule "avpops.so"
loadmodule "mqueue.so"
loadmodule "corex.so"
loadmodule "ctl.so"
loadmodule "xhttp.so"
loadmodule "jsonrpcs.so"
modparam("usrloc", "db_url", "{url}")
modparam("usrloc", "db_mode", {db_mode})
modparam("usrloc", "timer_interval", 1)
modparam("acc", "db_url", "{url}")
modparam("acc", "db_flag", 1)
modparam("acc", "db_missed_flag", 2)
modparam("acc", "log_flag", 1)
modparam("htable", "db_url", "{url}")
modparam("htable", "htable", "kept=>size=4;dbtable=htable;dbmode=1;")
modparam("htable", "htable", "short=>size=4;autoexpire=2;")
modparam("htable", "snapshot", "{folder}/snapshot")
modparam("htable", "snapshot_interval", 1)
modparam("sqlops", "sqlcon", "cb=>{url}")
modparam("avpops", "db_url", "{url}")
modparam("avpops", "avp_table", "usr_preferences")
modparam("mqueue", "mqueue", "name=waiting")
modparam("ctl", "binrpc", "unix:{folder}/ctl")
modparam("jsonrpcs", "transport", 7)
modparam("jsonrpcs", "fifo_name", "{folder}/fifo")
modparam("jsonrpcs", "dgram_socket", "{folder}/dgram")
request_route {{
    xlog("L_ERR", "$rm\\n");
    $sht(kept=>$ci) = "seen";
    $sht(short=>$ci) = 1;
    mq_add("waiting", "$ci", "$rm");
    sql_query("cb", "delete from subscriber where username='bob'", "ra");
    sql_query("cb", "insert into htable (id, key_name, key_value) values (77, 'x', 'y')", "rb");
    $avp(color) = "blue";
    avp_db_store("$fu", "$avp(color)");
    file_write("{folder}/written", "$ci");
    file_write("{folder}/there", "$ci");
    if (is_method("REGISTER")) {{ save("location"); exit; }}
    setflag(1);
    setflag(2);
    if (is_method("INVITE")) {{ t_relay_to_udp("192.0.2.50", "5060"); exit; }}
    sql_query("cb", "select username from subscriber", "rc");
    t_newtran();
    if ($dbr(rc=>rows) == 0) t_reply("200", "Nobody is left"); else t_reply("403", "He is there");
}}
event_route[xhttp:request] {{ jsonrpc_dispatch(); }}
"""


@pytest.fixture
def capture(tmp_path: Path) -> str:
    """Registrations, a call that fails, an OPTIONS at the end."""
    folder = tmp_path / "captures"
    folder.mkdir()
    messages = Messages()
    path = str(folder / "c.pcap")
    source = "192.0.2.1:5060"
    with PcapWriter(path) as writer:
        for second in range(3):
            writer.add(1000.0 + second, PHONE, ME, messages.register("bob", source=source))
        invite = messages.invite(source=source)
        writer.add(1004.0, PHONE, ME, invite)
        writer.add(1005.0, GATEWAY, ME, messages.response(invite, 486, "Busy"))
        writer.add(1100.0, PHONE, ME, messages.options(source=source))
    return path


def listing(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Every file and folder below one: its size, its time, a hash of it."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place) / name
            known = path.stat()
            digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path)] = known.st_size, known.st_mtime_ns, digest
    return found


def played(base: "Base", folder: Path, capture: str, db_mode: int) -> Replayed:
    cfg = CFG.format(load=base.loads, url=base.url, folder=folder, db_mode=db_mode)
    return replay(load_text(cfg, file=str(folder / "t.cfg")), [capture])


def test_nothing_is_written(base: "Base", tmp_path: Path, capture: str) -> None:
    base.make(*TABLES)
    base.fill("subscriber", [{"username": "bob", "domain": "x", "ha1": "0", "ha1b": "0"}])
    (tmp_path / "there").write_text("as it was")
    rows = {name: base.rows(name, *COLUMNS[name]) for name in TABLES}
    before = listing(tmp_path)
    for db_mode in (1, 2, 3):
        found = played(base, tmp_path, capture, db_mode)
        found.player.proxy.close()
        assert listing(tmp_path) == before
        assert {name: base.rows(name, *COLUMNS[name]) for name in TABLES} == rows
        judge(found, changes=base.server is None, db_mode=db_mode)


def judge(found: Replayed, *, changes: bool, db_mode: int) -> None:
    """The cfg did what it could: `changes` tells that later statements see earlier ones."""
    source = found.player.sources["192.0.2.1"]
    assert source.requests == {"REGISTER": 3, "INVITE": 1, "OPTIONS": 1}
    assert found.player.proxy.host.counters["core.faults"] == 0
    assert [one.uses for one in found.player.stand_ins if one.name == "file_write"] == [10]
    assert source.answers[486] >= 1
    assert source.answers[200 if changes else 403] >= 1
    if changes:
        assert (source.answers[200], source.answers[500]) == (4, 0)
