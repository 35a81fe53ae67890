"""`sht_dump` and `sht_reload` of Kamailio 3, with and without a database."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sipproxy.core.mi import MiNode, MiReply
from sipproxy.testing import ProxyUnderTest, load_cfg_text

CFG = """#!sipproxy compat=3.0
loadmodule "db_sqlite.so"
loadmodule "htable.so"
{params}
modparam("htable", "htable", "db=>size=4;dbtable=htable")
modparam("htable", "htable", "plain=>size=4")
request_route {{ exit; }}
"""


def call(proxy: ProxyUnderTest, command: str, *arguments: str | None) -> MiReply:
    handler = proxy.host.mi[command]
    nodes = [MiNode(None, text) for text in arguments]
    told: list[MiReply] = []

    async def run() -> None:
        answer: Any = handler(nodes)
        told.append(answer if isinstance(answer, MiReply) else await answer)

    proxy.host.begin(run(), lambda: None)
    proxy.proxy.settle()
    return told[0]


@pytest.fixture
def proxy(tmp_path: Path) -> ProxyUnderTest:
    file = tmp_path / "t.db"
    with closing(sqlite3.connect(file)) as db:
        db.executescript(
            "CREATE TABLE htable (key_name, key_type, value_type, key_value, expires);"
            "INSERT INTO htable VALUES ('a', 0, 1, '5', 0), ('b', 0, 0, 'x y', 0);"
        )
    return load_cfg_text(CFG.format(params=f'modparam("htable", "db_url", "sqlite:///{file}")'))


def test_a_reload_and_what_it_brought(proxy: ProxyUnderTest) -> None:
    assert call(proxy, "sht_dump", "db") == MiReply()
    assert call(proxy, "sht_reload", "db") == MiReply(200, "OK")
    reply = call(proxy, "sht_dump", "db")
    assert [node.name for node in reply.nodes] == ["Entry"] * len(reply.nodes)
    items = [(one.name, one.value) for node in reply.nodes for one in node.below]
    assert sorted(map(str, items)) == ["('a', '5')", "('b', 'x y')"]
    slots = [int(node.value or "") for node in reply.nodes]
    assert slots == sorted(slots)


@pytest.mark.parametrize(
    ("command", "arguments", "reply"),
    [
        ("sht_dump", (), MiReply(400, "Too few or too many arguments")),
        ("sht_dump", (None,), MiReply(500, "bad hash table name")),
        ("sht_dump", ("",), MiReply(500, "bad hash table name")),
        ("sht_dump", ("none",), MiReply(500, "no such hash table")),
        ("sht_reload", (), MiReply(400, "Too few or too many arguments")),
        ("sht_reload", ("none",), MiReply(500, "no such hash table")),
        ("sht_reload", ("plain",), MiReply(500, "no such hash table")),
    ],
)
def test_refusals(
    proxy: ProxyUnderTest, command: str, arguments: Sequence[str | None], reply: MiReply
) -> None:
    assert call(proxy, command, *arguments) == reply


def test_without_a_database_nothing_is_reloaded() -> None:
    proxy = load_cfg_text(CFG.format(params=""))
    assert call(proxy, "sht_reload") == MiReply(500, "ERROR Reloading data")


def test_a_database_that_fails(proxy: ProxyUnderTest, tmp_path: Path) -> None:
    call(proxy, "sht_reload", "db")
    with closing(sqlite3.connect(tmp_path / "t.db")) as db:
        db.executescript("DROP TABLE htable;")
    assert call(proxy, "sht_reload", "db") == MiReply(500, "ERROR Reloading data")
    assert proxy.sht["db"]["a"] == 5


def test_later_kamailios_have_no_such_commands() -> None:
    assert load_cfg_text(CFG.format(params="").replace("=3.0", "=5.6")).host.mi == {}
