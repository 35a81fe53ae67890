"""What a case does beside SIP: kamcmd, JSON-RPC over a datagram socket, SQL."""

import json
import socket
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from .normalise import sorted_dump


def kamcmd(program: str, rundir: Path, arguments: Sequence[str]) -> str:
    """The output of one kamcmd call over the case's control socket."""
    done = subprocess.run(
        [program, "-s", f"unix:{rundir}/ctl", *arguments],
        capture_output=True,
        text=True,
        timeout=10,
    )
    text = (done.stdout + done.stderr).replace(str(rundir), "@RUNDIR@")
    return sorted_dump(text) if arguments[0] == "htable.dump" else text


def jsonrpc(rundir: Path, call: dict[str, Any]) -> dict[str, Any]:
    """The answer to a call through the case's jsonrpcs datagram socket."""
    answer: dict[str, Any]
    mine = rundir / "reply.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(mine))
        mine.chmod(0o666)
        sock.settimeout(3)
        sock.sendto(
            json.dumps({"jsonrpc": "2.0", "id": 1, **call}).encode(), str(rundir / "rpc.sock")
        )
        try:
            answer = json.loads(sock.recv(65535))
        except (TimeoutError, ValueError) as problem:
            answer = {"no answer": str(problem)}
    mine.unlink()
    if call["method"] == "htable.dump" and isinstance(answer.get("result"), list):
        items = [item for slot in answer["result"] for item in slot["slot"]]
        answer["result"] = sorted(items, key=lambda item: str(item["name"]))
    return answer


def run_sql(database: Path, script: str) -> dict[str, Any]:
    """Run a script in the case's database; the rows of a SELECT are the result."""
    with closing(sqlite3.connect(database, timeout=5)) as db:
        if script.lstrip()[:6].upper() == "SELECT":
            return {"sql": [list(row) for row in db.execute(script)]}
        db.executescript(script)
    return {}
