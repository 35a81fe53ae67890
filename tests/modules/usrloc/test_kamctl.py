"""The real kamctl with locations in a database: shown, added and removed there too."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.bases import Base
from tests.phones import CFG
from tests.ports import free_port

Served = Callable[[Sequence[str], Path], AbstractContextManager[None]]

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("kamctl") is None, reason="needs kamctl"),
]

CONTROL = """loadmodule "ctl.so"
loadmodule "jsonrpcs.so"
modparam("ctl", "binrpc", "unix:{folder}/ctl")
modparam("jsonrpcs", "fifo_name", "{folder}/fifo")
modparam("usrloc", "db_mode", {mode})
"""


@pytest.mark.parametrize("mode", [1, 3])
def test_users(served: Served, lite: Base, tmp_path: Path, mode: int) -> None:
    more = CONTROL.format(folder=tmp_path, mode=mode)
    text = CFG.format(loads=lite.loads, url=lite.url, more=more)
    cfg = tmp_path / "t.cfg"
    cfg.write_text(text.replace("5060", str(free_port())))

    def kamctl(*words: str) -> Any:
        done = subprocess.run(
            ["kamctl", "ul", *words],
            capture_output=True,
            text=True,
            timeout=30,
            env=os.environ
            | {"RPCFIFOPATH": str(tmp_path / "fifo"), "HOME": "/", "SIP_DOMAIN": "example.com"},
            check=True,
        )
        return json.loads(done.stdout)

    with served([sys.executable, "-m", "sipproxy", "run", str(cfg), "-Y", str(tmp_path)], tmp_path):
        kamctl("add", "alice@example.com", "sip:alice@10.0.0.9", "100")
        assert lite.rows("location", "username", "contact", "cseq", "callid") == [
            ("alice", "sip:alice@10.0.0.9", 1, "dfjrewr12386fd6-343@kamailio.rpc")
        ]
        found = kamctl("show", "alice@example.com")["result"]
        contact = found["Contacts"][0]["Contact"]
        assert (contact["Address"], contact["State"]) == ("sip:alice@10.0.0.9", "CS_SYNC")
        [domain] = kamctl("show")["result"]["Domains"]
        assert domain["Domain"]["Stats"]["Records"] == (1 if mode == 1 else 0)
        kamctl("rm", "alice@example.com")
        assert lite.rows("location", "username") == []
