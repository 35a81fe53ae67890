"""Kamailio and sipproxy at work on the same tables, of each kind of database."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.opened import START, Served
from tests.ports import free_port

if TYPE_CHECKING:
    from tests.bases import Base

MODULES = Path("/usr/lib/x86_64-linux-gnu/kamailio/modules")

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("kamailio") is None, reason="needs kamailio"),
]

CFG = """
loadmodule "pv.so"
{loads}
{more}
loadmodule "htable.so"
modparam("htable", "db_url", "{url}")
modparam("htable", "db_expires", 1)
modparam("htable", "htable", "t=>size=4;dbtable=htable")
modparam("htable", "htable", "e=>size=4;dbtable=e;autoexpire=100000000")
request_route {{ exit; }}
"""

KAMAILIO = """
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:{folder}/ctl")
listen=udp:127.0.0.1:{port}
disable_tcp=yes
children=1
"""

Command = Callable[..., str]
_ITEM = re.compile(r"name: (.*)\n\s*value: (.*)\n\s*type: (int|str)")


@pytest.fixture
def kamailio(base: "Base", tmp_path: Path) -> Iterator[Command]:
    """`kamailio("htable.dump", "t")`: a command of a Kamailio that has the tables."""
    if not (MODULES / base.module).exists():
        pytest.skip(f"needs Kamailio's {base.module}")
    base.make("htable")
    if base.kind == "text":
        # Kamailio stores no row that lacks a value: a table without autoexpire has no expiries.
        folder = Path(base.url.removeprefix("text://"))
        heading = (folder / "htable").read_text().replace("expires(int)", "expires(int,null)")
        for name in ("htable", "e"):
            (folder / name).write_text(heading)
    else:
        base.run("CREATE TABLE e AS SELECT * FROM htable")
        base.run("ALTER TABLE e DROP COLUMN id")
    base.fill("htable", [{"key_name": "first", "key_value": "made", "expires": 0}])
    more = KAMAILIO.format(folder=tmp_path, port=free_port())
    cfg = tmp_path / "k.cfg"
    cfg.write_text(CFG.format(loads=base.loads, url=base.url, more=more))
    words = ["kamailio", "-f", str(cfg), "-DD", "-E", "-m", "64", "-M", "8", "-Y", str(tmp_path)]
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True)

    def command(*words: str) -> str:
        asked = ["kamcmd", "-s", f"unix:{tmp_path}/ctl", *words]
        return subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False).stdout

    for _ in range(200):
        if "up" in command("core.uptime") or process.poll() is not None:
            break
        time.sleep(0.05)
    assert process.poll() is None, (tmp_path / "log").read_text(errors="replace")
    yield command
    process.terminate()
    process.wait(20)


def items(said: str) -> dict[str, int | str]:
    """What htable.dump shows."""
    found = _ITEM.findall(said)
    return {name: int(value) if kind == "int" else value for name, value, kind in found}


def test_what_one_stores_the_other_reads(kamailio: Command, base: "Base") -> None:
    served = Served(CFG.format(loads=base.loads, url=base.url, more="")).open()
    assert served.items() == items(kamailio("htable.dump", "t")) == {"first": "made"}
    ours: dict[str, int | str] = {
        "quotes ' \" \\": "it's; -- \\' \\n",
        "é 漢": "ü:%s",
        "number": -5,
    }
    for key, value in ours.items():
        served.module.tables["t"].put(key, value, START)
    assert served.rpc("htable.store", "t") == "Ok. Htable successfully stored to DB."
    if base.kind == "text":  # Kamailio takes a file for changed when it is of a later second
        file = Path(base.url.removeprefix("text://")) / "htable"
        later = file.stat().st_mtime + 10
        os.utime(file, (later, later))
    assert kamailio("htable.reload", "t") == "Ok. Htable reloaded.\n"
    assert items(kamailio("htable.dump", "t")) == ours | {"first": "made"}

    kamailio("htable.delete", "t", "first")
    kamailio("htable.sets", "t", "theirs", "a:b'c")
    kamailio("htable.seti", "t", "count", "7")
    kamailio("htable.setex", "e", "late", "50")
    expected = items(kamailio("htable.dump", "t"))
    assert {"theirs", "count"} <= expected.keys() and "first" not in expected
    kamailio("htable.store", "t")
    kamailio("db_text.dump")
    assert served.rpc("htable.reload", "t") == "Ok. Htable reloaded."
    assert served.items() == expected
    served.host.databases.close()


def test_expiries_are_the_same_instants(kamailio: Command, base: "Base") -> None:
    kamailio("htable.sets", "e", "key", "value")
    shown = re.search(r"expire: (.*)", kamailio("htable.get", "e", "key"))
    kamailio("htable.store", "e")
    kamailio("db_text.dump")
    served = Served(CFG.format(loads=base.loads, url=base.url, more="")).open()
    last = served.module.tables["e"].store.get("key")
    assert last is not None and shown is not None
    assert time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(last[1])) == shown[1]
    served.host.databases.close()
