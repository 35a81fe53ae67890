"""The registry of a proxy's modules, by which routes run commands too."""

import json
from collections.abc import Sequence
from typing import Any

from sipproxy.core.mi import MiNode, MiReply
from sipproxy.rpc.commands import commands_of
from sipproxy.testing import load_cfg_text

CFG = """#!sipproxy compat=3.0
loadmodule "htable.so"
modparam("htable", "htable", "t=>size=4")
request_route { exit; }
"""


def test_what_the_modules_declare() -> None:
    host = load_cfg_text(CFG).host
    registry = commands_of(host)
    assert {"htable.get", "sipproxy.table.page", "system.listMethods"} <= set(registry.names())
    assert set(registry.mi) == {"sht_dump", "sht_reload"}


def test_documents_of_routes() -> None:
    host = load_cfg_text(CFG).host
    commands_of(host)
    told: list[Any] = []

    async def run(document: str) -> None:
        told.append(await host.run_json(document, False))

    for document in ('{"jsonrpc":"2.0","method":"htable.flush","params":["none"]}', "nojson"):
        host.begin(run(document), lambda: None)
    (code, reason, answer), nothing = told
    assert (code, reason, nothing) == (500, "No such htable", None)
    assert json.loads(answer)["error"] == {"code": 500, "message": "No such htable"}


def test_a_command_that_breaks_is_told() -> None:
    proxy = load_cfg_text(CFG)
    told: list[str] = []
    registry = commands_of(proxy.host, lambda name, error: told.append(name))

    def broken(arguments: Sequence[MiNode]) -> MiReply:
        raise OSError("no")

    registry.mi = {"sht_dump": broken}
    registry.begin_mi("sht_dump", (), lambda reply: told.append(str(reply)))
    assert told == ["sht_dump", "None"]
